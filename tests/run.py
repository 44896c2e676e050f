"""Run all tests in stages and say what each took: `make test`, or `python -m tests.run STAGE…` for some.

Units run in parallel; attacks, jails, services and browser in series, because they measure or fill the machine.
Tests marked `db` run again on PostgreSQL with Redis as broker.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests import services

ROOT = Path(__file__).resolve().parent.parent
SERIAL = "attack or sandbox or e2e or services"


@dataclass(frozen=True)
class Stage:
    """One run of pytest."""

    name: str
    arguments: list[str]
    environment: dict[str, str] = field(default_factory=dict)


def stages(found: services.Services) -> list[Stage]:
    elsewhere = {"DATABASE_URL": found.database_url, "BROKER_URL": found.redis_url}
    return [
        Stage("unidades", ["-n", "2", "-m", f"not ({SERIAL})"]),
        Stage("postgresql", ["-m", "db and not (attack or sandbox or e2e)"], elsewhere),
        Stage("servicios", ["-m", "services and not (db or attack or e2e)"]),
        Stage("jaulas", ["-m", "sandbox and not (attack or e2e or services)"]),
        Stage("ataques", ["-m", "attack"]),
        Stage("navegador", ["-m", "e2e"]),
    ]


def run(stage: Stage, common: dict[str, str]) -> tuple[int, float]:
    """pytest's exit code and the seconds that it took."""
    print(f"\n=== {stage.name} ===", flush=True)
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="formacion-test-") as data:
        environment = {**os.environ, "DATA_DIR": data, **common, **stage.environment}
        command = [sys.executable, "-m", "pytest", "-q", "--durations=5", *stage.arguments]
        done = subprocess.run(command, cwd=ROOT, env=environment)
    return done.returncode, time.monotonic() - start


def main(wanted: list[str]) -> int:
    begin = time.monotonic()
    with services.running() as found:
        chosen = [stage for stage in stages(found) if not wanted or stage.name in wanted]
        if len(chosen) < len(wanted):
            print(f"Etapas: {', '.join(stage.name for stage in stages(found))}", file=sys.stderr)
            return 2
        results = [(stage.name, *run(stage, found.environment())) for stage in chosen]
    print("\n=== resumen ===")
    for name, code, seconds in results:
        print(f"{name:12} {seconds:7.1f} s  {'bien' if code == 0 else f'FALLO (pytest {code})'}")
    print(f"{'total':12} {time.monotonic() - begin:7.1f} s")
    return 0 if all(code == 0 for _, code, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
