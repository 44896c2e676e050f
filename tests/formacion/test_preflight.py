"""What a machine lacks is listed with its remedy before anything is done."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from formacion import preflight

CLONED = ("Makefile", "requirements.txt", "constraints.txt", "formacion/preflight.py")
ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A clone that is not set up, and a PATH without programs."""
    clone = tmp_path / "clone"
    clone.mkdir()
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setattr(preflight, "CLONE", clone)
    monkeypatch.setenv("PATH", str(programs))
    for name in ("DATA_DIR", "SANDBOX_DIR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def install(machine: Path, name: str, text: str = "exit 0") -> None:
    program = machine / "bin" / name
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)


def what(lacks: list[preflight.Lack]) -> list[str]:
    assert all(lack.remedy for lack in lacks)
    return [lack.what for lack in lacks]


def test_a_machine_that_has_all_lacks_nothing(machine):
    install(machine, "cc")
    assert preflight.missing_for_everything() == []


def test_without_a_compiler_its_package_is_named(machine):
    [lack] = preflight.missing_for_everything()
    assert "compilador de C" in lack.what
    assert "apt install gcc" in lack.remedy


def test_a_compiler_without_headers_is_not_enough(machine):
    install(machine, "gcc", "exit 1")
    assert what(preflight.missing_for_everything()) == ["Al compilador de C le faltan las cabeceras."]


def test_what_is_compiled_needs_no_compiler(machine):
    tools = machine / "clone" / ".venv" / "libexec" / "formacion"
    tools.mkdir(parents=True)
    (tools / "jinit-0123456789abcdef").touch()
    assert preflight.missing_for_everything() == []


def test_an_old_python_is_refused_and_a_newer_one_named(machine, monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 13))
    assert "Instálalo" in preflight.lacking_python()[0].remedy
    install(machine, "python3.12")
    assert "PYTHON=python3.12" in preflight.lacking_python()[0].remedy


@pytest.mark.parametrize(
    ("module", "named"),
    [("venv", "venv"), ("ensurepip", "venv"), ("_sqlite3", "SQLite"), ("_ssl", "TLS")],
)
def test_a_python_that_was_built_without_a_module_is_refused(machine, monkeypatch, module, named):
    find = preflight.importlib.util.find_spec
    monkeypatch.setattr(
        preflight.importlib.util, "find_spec", lambda name: (name != module and find(name)) or None
    )
    [found] = what(preflight.lacking_modules())
    assert named in found


@pytest.mark.parametrize(
    ("variable", "remedy"), [("DATA_DIR", "DATA_DIR=carpeta"), ("SANDBOX_DIR", "SANDBOX_DIR=carpeta")]
)
def test_a_place_that_is_no_folder_is_named(machine, monkeypatch, variable, remedy):
    install(machine, "cc")
    (machine / "file").touch()
    monkeypatch.setenv(variable, str(machine / "file" / "below"))
    [lack] = preflight.missing_for_everything()
    assert str(machine / "file") in lack.what
    assert remedy in lack.remedy


def test_a_clone_that_cannot_be_written_is_named_once(machine, monkeypatch):
    install(machine, "cc")
    monkeypatch.setattr(preflight.os, "access", lambda place, mode: Path(place).name != "clone")
    assert what(preflight.missing_for_everything()) == [f"No se puede escribir en {machine / 'clone'}."]


def test_a_full_disk_is_named_before_packages_are_fetched(machine, monkeypatch):
    install(machine, "cc")
    monkeypatch.setattr(preflight.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1))
    [found] = what(preflight.missing_for_everything())
    assert "GiB libres" in found


def test_a_port_that_is_taken_comes_with_another_one():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        [lack] = preflight.port_taken(port)
        assert lack.remedy == f"Elige otro: PORT={port + 1} make run"
    assert preflight.port_taken(port) == []


def make(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The Makefile in a folder that holds little else."""
    (folder / "formacion").mkdir()
    for name in CLONED:
        shutil.copy(ROOT / name, folder / name)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), **variables}
    return subprocess.run(["make", *words], cwd=folder, env=environment, capture_output=True, text=True)


def test_make_run_says_that_the_port_is_taken_and_does_nothing(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = make(tmp_path, "run", PORT=port, PYTHON=sys.executable)
    assert done.returncode != 0
    assert f"El puerto {port} está ocupado." in done.stderr
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert files == set(CLONED)


@pytest.mark.parametrize("port", ["ochenta", "0", "70000"])
def test_make_run_refuses_what_is_no_port(tmp_path, port):
    done = make(tmp_path, "run", PORT=port, PYTHON=sys.executable)
    assert f"PORT={port} no es un puerto." in done.stderr


def test_make_says_that_python_is_missing(tmp_path):
    done = make(tmp_path, "setup", PYTHON="no-python")
    assert done.returncode != 0
    assert "No hay no-python." in done.stderr
    assert not os.path.exists(tmp_path / ".venv")


def test_make_refuses_a_python_too_old_to_read_what_would_say_so(tmp_path):
    ancient = tmp_path / "python2"
    ancient.write_text("#!/bin/sh\nexit 1\n")
    ancient.chmod(0o755)
    done = make(tmp_path, "setup", PYTHON=str(ancient))
    assert done.returncode != 0
    assert "hace falta 3.11 o posterior" in done.stderr
    assert not (tmp_path / ".venv").exists()
