"""Bring the site up on this machine: migrate, import the course, then broker, web server and worker."""

from __future__ import annotations

import getpass
import hashlib
import os
import shlex
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from exercises.models import Worker
from exercises.sandbox.machine import probe
from formacion import env
from formacion.broker import embedded_broker_command, is_embedded
from formacion.management.commands import demo
from formacion.preflight import port_taken

COURSE = settings.BASE_DIR / "content" / "proxies-envoy-ztunnel"
PROGRAM = """
[program:{name}]
command={command}
priority={priority}
environment=LOG_PART="{name}"
autorestart={restart}
startsecs={startsecs}
startretries=10000
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
        port = env.number("PORT", 8000, minimum=1)
        configuration = settings.DATA_DIR / "supervisord.conf"
        if process := running_with(configuration):
            raise CommandError(
                f"Ya hay un sitio en marcha con los datos de {settings.DATA_DIR} (proceso {process}). "
                "Páralo o usa otros datos: DATA_DIR=otra/carpeta make run"
            )
        if lacks := port_taken(port):
            raise CommandError(f"{lacks[0].what} {lacks[0].remedy}")
        if settings.REQUIRE_SANDBOX and (reason := probe(settings.SANDBOX_DIR)):
            raise CommandError(f"REQUIRE_SANDBOX=1 y en esta máquina no se puede corregir: {reason}")
        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        if is_embedded():
            # no other machine reaches the embedded broker: whose row is still there died without a word
            Worker.objects.all().delete()
        collect_static()
        call_command("import_course", str(COURSE), verbosity=1)
        if settings.DEMO:
            call_command("demo", verbosity=0)
        self.stdout.write("Arranco el sitio…")
        self.stdout.flush()
        configuration.write_text(supervisor_configuration(f"http://127.0.0.1:{port}"))
        os.chdir(settings.BASE_DIR)
        # as a module: a script names the Python of the place where its environment was made
        command = [sys.executable, "-m", "supervisor.supervisord", "--nodaemon", "--silent"]
        os.execv(sys.executable, [*command, "-c", str(configuration)])


def running_with(configuration: Path) -> int | None:
    """The process that looks after a site with this configuration, if there is one."""
    with suppress(OSError, ValueError):
        process = int((configuration.parent / "supervisord.pid").read_text())
        if os.fsencode(configuration) in Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0"):
            return process
    return None


def supervisor_configuration(address: str) -> str:
    """The text of supervisord.conf: broker (where embedded), web server, worker, the lines that say ready."""
    python = sys.executable
    accounts = []
    if settings.DEMO:
        accounts = [f"Cuentas (contraseña: {demo.password()}):", *(f"  {email}" for email in demo.ACCOUNTS)]
    web = [python, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "formacion.wsgi"]
    programs = [
        ("web", web, 20, "true", 1, "true"),
        # the pool's children are told by their parent, so that a grading under way can be handed back
        ("corrector", [python, "manage.py", "worker"], 30, "true", 1, "false"),
        ("listo", [python, "-m", "formacion.ready", address, *accounts], 40, "false", 0, "true"),
    ]
    if is_embedded():
        programs.insert(0, ("cola", embedded_broker_command(settings.DATA_DIR), 10, "true", 1, "true"))
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
    rows = [dict(zip(keys, program, strict=True)) for program in programs]
    for row in rows:
        # nobody outlives the supervisor, however it ended
        row["command"] = shlex.join([python, "-m", "formacion.tether", *row["command"]]).replace("%", "%%")
    return head + "".join(PROGRAM.format(**row) for row in rows)


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
