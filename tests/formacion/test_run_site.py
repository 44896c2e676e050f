"""A site as `manage.py run` starts it: who is killed comes back, who stops leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from formacion.broker import embedded_socket
from tests.services import free_port

pytestmark = pytest.mark.sandbox
ROOT = Path(__file__).resolve().parent.parent.parent
Found = TypeVar("Found")


def wait_for(look: Callable[[], Found], what: str, seconds: float = 60) -> Found:
    """What `look` finds, once it finds something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what}: not after {seconds} s")


@dataclass
class Site:
    data: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> str:
        return (self.data / "run.log").read_text(errors="replace")

    def health(self) -> dict[str, object] | None:
        """What /healthz says with 200, else nothing."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as answer:
                return json.load(answer)
        except (urllib.error.URLError, OSError):
            return None

    def processes(self, pattern: str = "") -> set[int]:
        """All that run with this site's data and whose command matches."""
        found = set()
        mark = f"DATA_DIR={self.data}\0".encode()
        socket = os.fsencode(embedded_socket(self.data))  # Redis writes its title over its environment
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                command = (folder / "cmdline").read_bytes()
                if mark in (folder / "environ").read_bytes() or socket in command:
                    text = command.replace(b"\0", b" ").decode(errors="replace")
                    found |= {int(folder.name)} if text and re.search(pattern, text) else set()
        return found

    def started(self, pattern: str) -> set[int]:
        """Those of them that the supervisor itself started."""
        found = set()
        for number in self.processes(pattern):
            with suppress(OSError):
                if f"\nPPid:\t{self.process.pid}\n" in Path(f"/proc/{number}/status").read_text():
                    found.add(number)
        return found


def start(data: Path, port: int, **variables: str) -> Site:
    data.mkdir(parents=True, exist_ok=True)
    left_out = {"DATABASE_URL", "BROKER_URL", "REQUIRE_SANDBOX"}
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    environment |= {"DATA_DIR": str(data), "PORT": str(port), "DEMO": "1", **variables}
    with (data / "run.log").open("w") as log:
        command = [sys.executable, "manage.py", "run"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    site = Site(data, port, process)
    wait_for(lambda: "Ctrl-C" in site.log or process.poll() is not None, "start", 180)
    assert process.poll() is None, site.log
    return site


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Too deep for the address of a socket."""
    folder = tmp_path_factory.mktemp("sitio") / ("carpeta-" * 12)
    yield folder
    shutil.rmtree(embedded_socket(folder).parent, ignore_errors=True)


@pytest.fixture(scope="module")
def site(data_dir: Path) -> Iterator[Site]:
    """The tests below use it one after the other; the first ones leave it whole."""
    site = start(data_dir, free_port())
    yield site
    for left in site.processes():
        os.kill(left, signal.SIGKILL)
    site.process.wait(60)


def test_the_log_holds_no_noise_of_the_start(site):
    for noise in ("healthz", "overcommit", "Booting", "Traceback", "DEBUG"):
        assert noise not in site.log


@pytest.mark.parametrize(
    "part", ["valkey-server|redis-server", "gunicorn", "manage.py worker"], ids=["cola", "web", "corrector"]
)
def test_a_part_that_is_killed_comes_back(site, part):
    before = site.processes(part)
    [killed] = site.started(part)
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: not before & site.processes(part), "the end of what it had started")
    wait_for(lambda: site.started(part), "the next one")
    assert wait_for(site.health, "healthz")["grading"] == "on"


def test_one_process_of_the_web_server_is_replaced(site):
    before = site.processes("gunicorn")
    killed = max(before)
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: len(site.processes("gunicorn") - {killed}) == len(before), "gunicorn")
    assert wait_for(site.health, "healthz")


def test_a_second_site_with_the_same_data_is_refused(site):
    environment = {**os.environ, "DATA_DIR": str(site.data), "PORT": str(free_port())}
    command = [sys.executable, "manage.py", "run"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode != 0
    assert f"(proceso {site.process.pid})" in done.stderr


def test_a_supervisor_that_is_killed_takes_all_others_along(site):
    site.process.kill()
    site.process.wait(10)
    wait_for(lambda: not site.processes(), "the end of all")


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_also_where_no_jail_can_run(site, sign):
    """On the data and the port of a site that was killed."""
    again = start(site.data, site.port, NSJAIL_BIN="/bin/false")
    assert "AVISO: no se corrige ningún ejercicio." in again.log
    health = again.health()
    assert health
    assert health["grading"] == "off"
    assert health["reason"]
    assert len(again.processes()) >= 5
    again.process.send_signal(sign)
    again.process.wait(60)
    assert again.processes() == set()
