"""Compiles the sandbox's two C programs, once for each text of theirs.

`python -m exercises.sandbox.build` does it at set-up. They land below the virtual environment, as its other
programs do; what jails see of them is staged from there.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from exercises.sandbox.interface import SandboxBroken

SOURCES = Path(__file__).parent
COMPILER_FLAGS = ("-O2", "-Wall", "-Wextra")


@dataclass(frozen=True, slots=True)
class Tools:
    """The compiled programs."""

    jinit: Path
    launch: Path


def build_tools(into: Path | None = None) -> Tools:
    """The tools, compiled now if they are not there yet. Raises SandboxBroken with the remedy in Spanish."""
    folder = into or Path(sys.prefix) / "libexec" / "formacion"
    return Tools(jinit=_build("jinit", folder), launch=_build("launch", folder))


def _build(name: str, folder: Path) -> Path:
    source = SOURCES / f"{name}.c"
    digest = hashlib.sha256(source.read_bytes() + " ".join(COMPILER_FLAGS).encode()).hexdigest()[:16]
    target = folder / f"{name}-{digest}"
    if target.is_file():
        return target
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise SandboxBroken(f"Falta {name} y no hay compilador de C. Instala gcc y ejecuta make setup.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as workshop:
            fresh = Path(workshop) / name
            # A static program starts in half the time; not every system has what it takes to link one.
            for linking in (["-static"], []):
                command = [compiler, *COMPILER_FLAGS, *linking, "-o", str(fresh), str(source)]
                result = subprocess.run(command, capture_output=True, text=True, check=False)
                if result.returncode == 0:
                    break
            else:
                raise SandboxBroken(f"No se pudo compilar {name}: {result.stderr.strip()[-500:]}")
            fresh.chmod(0o755)
            os.replace(fresh, target)
    except OSError as error:
        raise SandboxBroken(f"No se pudo compilar {name} en {folder}: {error}. Ejecuta make setup.") from error
    return target


def main() -> int:
    try:
        build_tools()
    except SandboxBroken as broken:
        print(f"✗ {broken}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
