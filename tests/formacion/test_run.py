"""What `manage.py run` hands to its supervisor, what it refuses, and what it says at the end."""

from __future__ import annotations

import configparser
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from formacion import ready
from formacion.management.commands import run
from tests.services import free_port

ADDRESS = "http://127.0.0.1:8000"


@pytest.fixture
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    return tmp_path


def programs() -> dict[str, list[str]]:
    """Name -> command, as supervisor reads them."""
    read = configparser.RawConfigParser()
    read.read_string(run.supervisor_configuration(ADDRESS))
    return {
        section.removeprefix("program:"): shlex.split(read[section]["command"].replace("%%", "%"))
        for section in read.sections()
        if section.startswith("program:")
    }


def test_broker_web_server_worker_and_greeting_are_started(settings, data_dir):
    settings.BROKER_URL = ""
    assert list(programs()) == ["cola", "web", "corrector", "listo"]


def test_a_broker_of_its_own_is_left_alone(settings, data_dir):
    settings.BROKER_URL = "redis://127.0.0.1:6379/0"
    assert "cola" not in programs()


def test_nobody_outlives_the_supervisor(settings, data_dir):
    settings.BROKER_URL = ""
    for command in programs().values():
        assert command[:3] == [sys.executable, "-m", "formacion.tether"]


def test_the_accounts_are_told_only_where_they_were_made(settings, data_dir, monkeypatch):
    monkeypatch.setenv("DEMO_PASSWORD", 'un "100 %" %(raro)s')
    settings.DEMO = True
    assert 'Cuentas (contraseña: un "100 %" %(raro)s):' in programs()["listo"]
    settings.DEMO = False
    assert programs()["listo"][-1] == ADDRESS


def test_two_sites_do_not_share_their_data(data_dir):
    configuration = data_dir / "supervisord.conf"
    command = [sys.executable, "-c", "input()", "-c", str(configuration)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as first:
        (data_dir / "supervisord.pid").write_text(f"{first.pid}\n")
        with pytest.raises(CommandError, match=rf"proceso {first.pid}\).*DATA_DIR=otra/carpeta"):
            call_command("run")
        first.kill()
    assert run.running_with(configuration) is None


def test_the_number_of_a_site_that_was_killed_stops_nobody(data_dir):
    (data_dir / "supervisord.pid").write_text(f"{os.getpid()}\n")
    assert run.running_with(data_dir / "supervisord.conf") is None


def test_where_the_sandbox_is_required_a_machine_without_one_is_an_error(settings, data_dir, monkeypatch):
    settings.REQUIRE_SANDBOX = True
    monkeypatch.setenv("PORT", str(free_port()))
    monkeypatch.setattr(run, "probe", lambda _: "No hay jaulas aquí.")
    with pytest.raises(CommandError, match="No hay jaulas aquí"):
        call_command("run")


def test_what_is_tethered_ends_when_its_parent_is_killed():
    """Parent and child share a pipe; it closes when both have ended."""
    child = f"[{sys.executable!r}, '-m', 'formacion.tether', 'sleep', '600']"
    parent = f"import subprocess, time; print(subprocess.Popen({child}).pid, flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        tethered = int(process.stdout.readline())
        try:
            # once it has become the command
            while Path(f"/proc/{tethered}/comm").read_text() != "sleep\n":
                pass
            process.kill()
            assert process.stdout.read() == ""
        finally:
            with suppress(ProcessLookupError):
                os.kill(tethered, signal.SIGKILL)


def test_the_last_lines_say_where_the_site_is_and_what_is_amiss():
    health = {"grading": "off", "reason": "No hay jaulas.", "warnings": ["Sin grupos. Haz algo."]}
    told = ready.banner(ADDRESS, health, ["Cuentas:"]).splitlines()
    assert "  Formación está en http://127.0.0.1:8000/" in told
    assert "  AVISO: no se corrige ningún ejercicio. No hay jaulas." in told
    assert "  AVISO: Sin grupos. Haz algo." in told
    assert "AVISO" not in ready.banner(ADDRESS, {"grading": "on"}, [])


@pytest.fixture
def site():
    """A server that answers /healthz with each of the given (status, body), the last one for ever."""
    answers: list[tuple[int, dict[str, object]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers.pop(0) if len(answers) > 1 else answers[0]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", answers
        server.shutdown()


def test_it_waits_until_all_parts_answer(site):
    url, answers = site
    answers += [(503, {"missing": ["worker"]}), (200, {"grading": "on"})]
    assert ready.wait_for_health(url) == {"grading": "on"}


def test_a_site_that_does_not_come_up_is_told_with_what_is_missing(site):
    url, answers = site
    answers += [(503, {"missing": ["broker", "worker"]})]
    with pytest.raises(ready.NotReady, match="503, falta: broker, worker"):
        ready.wait_for_health(url, seconds=0.3)
