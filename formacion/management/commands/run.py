"""Bring the site up on this machine: migrate, import the course, then broker, web server and worker."""

from __future__ import annotations

import getpass
import hashlib
import os
import shlex
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from formacion.broker import embedded_broker_command, is_embedded
from formacion.preflight import port_taken

COURSE = settings.BASE_DIR / "content" / "proxies-envoy-ztunnel"
PROGRAM = """
[program:{name}]
command={command}
priority={priority}
autorestart={restart}
startsecs={startsecs}
startretries=20
stopsignal=TERM
stopwaitsecs=8
stopasgroup={group}
killasgroup=true
stdout_logfile=/dev/fd/1
stdout_logfile_maxbytes=0
redirect_stderr=true
"""


class Command(BaseCommand):
    help = "Pone en marcha el sitio: base de datos, curso, servidor web y corrector. Ctrl-C lo para todo."

    def handle(self, *args: Any, **options: Any) -> None:
        port = os.environ.get("PORT") or "8000"
        if lacks := port_taken(int(port)):
            raise CommandError(f"{lacks[0].what} {lacks[0].remedy}")
        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        collect_static()
        call_command("import_course", str(COURSE), verbosity=1)
        if settings.DEMO:
            call_command("demo")
        self.stdout.write("Arranco el sitio…")
        self.stdout.flush()
        configuration = settings.DATA_DIR / "supervisord.conf"
        configuration.write_text(supervisor_configuration())
        supervisord = str(Path(sys.executable).with_name("supervisord"))
        os.chdir(settings.BASE_DIR)
        os.execv(supervisord, [supervisord, "--nodaemon", "--silent", "-c", str(configuration)])


def supervisor_configuration() -> str:
    """The text of supervisord.conf: broker (where embedded), web server, worker, the line that says ready."""
    binaries = Path(sys.executable).parent
    python = f"{sys.executable} -u"
    programs = [
        ("web", f"{binaries}/gunicorn -c deploy/gunicorn.conf.py formacion.wsgi", 20, "true", 1, "true"),
        # the pool's children are told by their parent, so that a grading under way can be handed back
        ("corrector", f"{python} manage.py worker", 30, "true", 1, "false"),
        ("listo", f"{python} manage.py ready", 40, "false", 0, "true"),
    ]
    if is_embedded():
        command = shlex.join(embedded_broker_command(settings.DATA_DIR))
        programs.insert(0, ("cola", command, 10, "true", 1, "true"))
    head = (
        "[supervisord]\n"
        f"user={getpass.getuser()}\n"
        "nodaemon=true\n"
        f"logfile={settings.DATA_DIR}/supervisord.log\n"
        f"pidfile={settings.DATA_DIR}/supervisord.pid\n"
        f"childlogdir={settings.DATA_DIR}\n"
        f"directory={settings.BASE_DIR}\n"
        "logfile_maxbytes=1MB\n"
        "logfile_backups=1\n"
    )
    keys = ("name", "command", "priority", "restart", "startsecs", "group")
    escaped = [{k: str(v).replace("%", "%%") for k, v in zip(keys, row, strict=True)} for row in programs]
    return head + "".join(PROGRAM.format(**row) for row in escaped)


def collect_static() -> None:
    """Collect and compress the static files, only where what they are made of has changed."""
    sources = [settings.BASE_DIR / "static" / "dist", settings.BASE_DIR / "static" / "img"]
    mark = hashlib.sha256(Path(__file__).read_bytes())
    for file in sorted(f for folder in sources for f in folder.rglob("*") if f.is_file()):
        mark.update(f"{file.relative_to(settings.BASE_DIR)} {file.stat().st_size}\n".encode())
        mark.update(file.read_bytes())
    mark.update((settings.BASE_DIR / "requirements.txt").read_bytes())
    stamp = settings.STATIC_ROOT / ".stamp"
    if stamp.exists() and stamp.read_text() == mark.hexdigest():
        return
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(mark.hexdigest())
