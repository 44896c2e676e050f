"""Everything that can be checked without running the site: `make check`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BINARIES = Path(sys.executable).parent
PRODUCTION = {
    "PRODUCTION": "1",
    "SECRET_KEY": "x" * 25 + "abcdefghijklmnopqrstuvwxyz-0123456789",
    "ALLOWED_HOSTS": "formacion.example",
    "DATABASE_URL": "postgresql://formacion@127.0.0.1/formacion",
    "BROKER_URL": "redis://127.0.0.1:6379/0",
    "EMAIL_HOST": "mail.formacion.example",
}
CHECKS: list[tuple[str, list[str], dict[str, str]]] = [
    ("formato", [f"{BINARIES}/ruff", "format", "--check", "--quiet", "."], {}),
    ("estilo", [f"{BINARIES}/ruff", "check", "--quiet", "."], {}),
    ("plantas", [f"{BINARIES}/lint-imports"], {}),
    ("migraciones", [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"], {}),
    (
        "despliegue",
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        PRODUCTION,
    ),
]


def main() -> int:
    failed = []
    with tempfile.TemporaryDirectory(prefix="formacion-check-") as data:
        for name, command, extra in CHECKS:
            start = time.monotonic()
            environment = {**os.environ, "DATA_DIR": data, **extra}
            done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
            word = "bien" if done.returncode == 0 else "FALLO"
            print(f"{name:12} {time.monotonic() - start:6.1f} s  {word}", flush=True)
            if done.returncode:
                failed.append(name)
                print(done.stdout + done.stderr, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
