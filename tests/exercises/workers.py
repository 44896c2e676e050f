"""Real workers and brokers for tests: processes of their own against the test's database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection

from exercises import tasks
from exercises.models import Worker
from formacion import broker

CELERY = ("-m", "celery", "-A", "formacion", "worker", "-l", "WARNING")
PATIENCE_SECONDS = 90  # for conditions that come in a moment on an idle machine


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Poll until the condition holds. Fails the test, saying what did not happen, after a generous while."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"this did not happen: {what}"
        time.sleep(0.05)


def database_url() -> str:
    """The URL of the test's database, for another process."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


class Place:
    """A data folder and a broker; the bells of this process go there too, and workers can be started there."""

    def __init__(self, data_dir: Path, broker_url: str, stack: ExitStack) -> None:
        self.data_dir = data_dir
        self._stack = stack
        self._broker_url = broker_url
        self._broker: subprocess.Popen[bytes] | None = None

    def start_broker(self) -> None:
        """Start the embedded broker, where the place has one."""
        if self._broker_url:
            return
        command = broker.embedded_broker_command(self.data_dir)
        self._broker = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        self._stack.callback(self.kill_broker)
        socket = broker.embedded_socket(self.data_dir)
        wait_until(socket.exists, "the broker makes its socket")

    def kill_broker(self) -> None:
        if self._broker is not None:
            self._broker.kill()
            self._broker.wait()
            self._broker = None

    def start_worker(
        self,
        name: str = "uno",
        *,
        is_there: bool = True,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] = (),
    ) -> subprocess.Popen[bytes]:
        """A worker with two slots and short leases, killed with all its children at the end of the test.

        `is_there`: wait until its row is.
        """
        whole = {
            **os.environ,
            "DATABASE_URL": database_url(),
            "DATA_DIR": str(self.data_dir),
            "BROKER_URL": self._broker_url,
            "LEASE_SECONDS": "2",
            "HEARTBEAT_SECONDS": "0.5",
            "SWEEP_SECONDS": "0.5",
            "GRADING_SLOTS": "2",
            "REQUIRE_SANDBOX": "1",
            "CELERY_SKIP_CHECKS": "1",
            "LOG_LEVEL": "WARNING",
            **(environment or {}),
        }
        log = self.data_dir / f"{name}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, *(command or (*CELERY, "-n", f"{name}@prueba"))],
                cwd=settings.BASE_DIR,
                env=whole,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self._stack.callback(kill, process)
        if is_there:
            wait_until(
                lambda: process.poll() is not None or Worker.objects.filter(pk=f"{name}@prueba").exists(),
                f"worker {name} is there",
            )
            assert process.poll() is None, log.read_text()
        return process


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL for the worker and all processes of its pool, at the same moment."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


def children_of(process: subprocess.Popen[bytes]) -> list[int]:
    """The processes of the worker's pool."""
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


@contextmanager
def place(data_dir: Path, broker_url: str) -> Iterator[Place]:
    """A place whose broker this process rings too."""
    app = tasks.grade_next.app
    url = broker_url or f"redis+socket://{broker.embedded_socket(data_dir)}"
    own = {
        "broker_url": url,
        "broker_write_url": url,
        "broker_transport_options": broker.transport_options(url, 60),
        "task_default_queue_type": "quorum" if broker.is_amqp(url) else "classic",
    }
    before = {name: app.conf[name] for name in own}
    with ExitStack() as stack:
        try:
            _adopt(own)
            yield Place(data_dir, broker_url, stack)
        finally:
            _adopt(before)


def _adopt(configuration: Mapping[str, object]) -> None:
    app = tasks.grade_next.app
    app.conf.update(configuration)
    app.__dict__.pop("amqp", None)  # it keeps the queues of the configuration that it was made of
    tasks._line = tasks._Line()
