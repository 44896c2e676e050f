"""What a machine must have before anything is set up: every lack is listed with its remedy, then the exit is 1.

Runs on the system's Python with nothing installed: imports the standard library alone.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

PYTHON_MINIMUM = (3, 11)
NEWER_PYTHONS = ("python3.14", "python3.13", "python3.12", "python3.11")
# modules that a Python may have been built without -> what they are
BUILT_MODULES = {"_sqlite3": "SQLite", "_ssl": "TLS", "_ctypes": "ctypes", "zlib": "zlib"}
GLIBC_MINIMUM = (2, 35)
DISK_BYTES = 3 << 29  # 1.5 GiB: packages 0.9, Node's included; front end 0.1; Envoy again for the jails
# program that the tests look for, below /usr as jails see it -> Debian package that brings it
TEST_PROGRAMS = {
    "chromium": "chromium",
    "g++": "g++",
    "rustc": "rustc",
    "go": "golang-go",
    "javac": "openjdk-17-jdk-headless",
    "git": "git",
}
CLONE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Lack:
    """Something that is missing, and what to do about it, in Spanish."""

    what: str
    remedy: str


def missing_for_everything() -> list[Lack]:
    """What every command needs."""
    lacks = []
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        lacks.append(
            Lack(
                f"El sistema es {platform.system()} {platform.machine()}.",
                "Usa Linux en x86-64: Envoy y el motor de diagramas solo se publican para él.",
            )
        )
    told = os.confstr("CS_GNU_LIBC_VERSION") if "CS_GNU_LIBC_VERSION" in os.confstr_names else None
    library, _, version = (told or "").partition(" ")
    number = tuple(int(part) for part in version.split(".")[:2]) if version[:1].isdigit() else (0, 0)
    if library != "glibc" or number < GLIBC_MINIMUM:
        lacks.append(
            Lack(
                f"La biblioteca de C es {library or 'desconocida'} {version}; hace falta glibc 2.35 o más.",
                "Usa Debian 12, Ubuntu 22.04 o posteriores.",
            )
        )
    lacks += lacking_python() or lacking_modules()
    # what is compiled at set-up stays
    if not any((CLONE / ".venv" / "libexec").glob("*/jinit-*")):
        lacks += lacking_compiler()
    lacks += unwritable_folders()
    if not (CLONE / ".venv").exists() and not lacks and shutil.disk_usage(CLONE).free < DISK_BYTES:
        lacks.append(
            Lack(
                f"En {CLONE} quedan menos de {DISK_BYTES / 2**30:.1f} GiB libres.",
                "Libera espacio: los paquetes, Envoy entre ellos, ocupan casi todo eso.",
            )
        )
    return lacks


def lacking_python() -> list[Lack]:
    """A Lack where this Python is too old; its remedy names a newer one that is here."""
    if sys.version_info[:2] >= PYTHON_MINIMUM:
        return []
    newer = next((name for name in NEWER_PYTHONS if shutil.which(name)), None)
    remedy = f"Usa el que hay: make PYTHON={newer} …" if newer else "Instálalo y dilo: make PYTHON=python3.11 …"
    return [Lack(f"Python es {platform.python_version()}; hace falta 3.11 o posterior.", remedy)]


def lacking_modules() -> list[Lack]:
    """A Lack for each part of the standard library that was left out of this Python."""
    lacks = []
    if any(importlib.util.find_spec(name) is None for name in ("venv", "ensurepip")):
        lacks.append(Lack("A Python le falta el módulo venv.", "En Debian: apt install python3-venv"))
    for name, what in BUILT_MODULES.items():
        if importlib.util.find_spec(name) is None:
            lacks.append(
                Lack(f"A Python le falta {what}.", "Usa el Python del sistema: make PYTHON=/usr/bin/python3 …")
            )
    return lacks


def lacking_compiler() -> list[Lack]:
    """A Lack where no C program can be compiled: without compiler, or without the C library's headers."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    remedy = "En Debian: apt install gcc libc6-dev"
    if compiler is None:
        return [Lack("No hay compilador de C.", remedy)]
    command = [compiler, "-x", "c", "-fsyntax-only", "-"]
    tried = subprocess.run(command, input=b"#include <stdio.h>\n", capture_output=True)
    return [Lack("Al compilador de C le faltan las cabeceras.", remedy)] if tried.returncode else []


def unwritable_folders() -> list[Lack]:
    """A Lack for each folder that set-up or site must write and cannot."""
    data = Path(os.environ.get("DATA_DIR") or CLONE / "var")
    sandbox = Path(os.environ.get("SANDBOX_DIR") or "/var/tmp")
    remedies = {
        CLONE: "Haz el clon en una carpeta tuya.",
        data: "Indica otra: DATA_DIR=carpeta make …",
        sandbox: "Indica otra, por la que pueda pasar cualquiera (modo 0711): SANDBOX_DIR=carpeta make …",
    }
    lacks = {}
    for folder, remedy in remedies.items():
        nearest = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
        if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
            # one lack for one folder: what the clone cannot take, neither can the data below it
            lacks.setdefault(nearest, Lack(f"No se puede escribir en {nearest}.", remedy))
    return list(lacks.values())


def port_taken(port: int) -> list[Lack]:
    """A Lack where 127.0.0.1:port cannot be bound."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return [Lack(f"El puerto {port} está ocupado.", f"Elige otro: PORT={port + 1} make run")]
        except OverflowError:
            return [Lack(f"PORT={port} no es un puerto.", "Elige uno entre 1024 y 65535.")]
    return []


def missing_for_tests() -> list[str]:
    """Debian packages that the tests need and the machine lacks; services that answer are not needed again."""
    packages = [package for program, package in TEST_PROGRAMS.items() if not Path("/usr/bin", program).exists()]
    services = {
        "postgresql": (os.environ.get("TEST_DATABASE_URL"), 5432, "/usr/lib/postgresql"),
        "redis-server": (os.environ.get("TEST_REDIS_URL"), 6379, "/usr/bin/redis-server"),
        "rabbitmq-server": (os.environ.get("TEST_RABBITMQ_URL"), 5672, "/usr/sbin/rabbitmq-server"),
    }
    for package, (given, port, installed) in services.items():
        if not given and not answers(port) and not Path(installed).exists():
            packages.append(package)
    return packages


def answers(port: int) -> bool:
    """True where something listens on 127.0.0.1:port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def install(packages: list[str]) -> list[Lack]:
    """Install with apt as root; else say the one line that does."""
    line = f"apt-get install -y --no-install-recommends {' '.join(packages)}"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return [Lack(f"Faltan para las pruebas: {', '.join(packages)}.", f"sudo {line}")]
    print(f"Instalo lo que falta para las pruebas: {', '.join(packages)}", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with tempfile.TemporaryFile() as log:
        for command in ("apt-get update", line):
            if subprocess.run(command.split(), env=quiet, stdout=log, stderr=log).returncode:
                log.seek(0)
                sys.stderr.write(log.read().decode(errors="replace")[-2000:])
                return [Lack(f"No se pudo instalar: {', '.join(packages)}.", line)]
    return []


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", help="also: this port must be free")
    parser.add_argument("--test", action="store_true", help="also: what the tests need, installed as root")
    arguments = parser.parse_args()
    lacks = missing_for_everything()
    if arguments.port:
        if arguments.port.isdigit() and 0 < int(arguments.port) < 65536:
            lacks += port_taken(int(arguments.port))
        else:
            lacks.append(Lack(f"PORT={arguments.port} no es un puerto.", "Elige uno entre 1024 y 65535."))
    if arguments.test and not lacks:
        packages = missing_for_tests()
        lacks += install(packages) if packages else []
    for lack in lacks:
        print(f"✗ {lack.what}\n  → {lack.remedy}", file=sys.stderr)
    return 1 if lacks else 0


if __name__ == "__main__":
    sys.exit(main())
