"""A real sandbox for tests that start jails, and short ways to write what runs in one.

Where no jail can run these tests fail: a wall that was not tried is not a wall.
"""

from __future__ import annotations

import os
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exercises.sandbox.cgroups import Mode
from exercises.sandbox.interface import Job, Limits
from exercises.sandbox.nsjail import NsjailSandbox

SLOT = 900
PYTHON = "/usr/bin/python3"


def sandbox_root() -> Path:
    """Where jails' files are staged: the same place as outside of tests, so that Envoy is copied once."""
    return Path(os.environ.get("SANDBOX_DIR") or f"/var/tmp/formacion-{os.getuid()}")


@pytest.fixture(scope="session")
def sandbox() -> Iterator[NsjailSandbox]:
    """One slot of this machine, shared by the whole test run."""
    made = NsjailSandbox(SLOT, sandbox_root())
    yield made
    made.close()


@pytest.fixture
def groups(sandbox: NsjailSandbox) -> Mode:
    """For tests of what only control groups can hold: limits on a whole job."""
    if sandbox.groups.mode is Mode.NONE:
        pytest.skip("this user has no control groups; describe_machine() says so and warns")
    return sandbox.groups.mode


def python(code: str, *arguments: str, **job: Any) -> Job:
    """A job that runs this Python program. Further keywords are fields of Job, or of its Limits."""
    limits = {name: job.pop(name) for name in list(job) if name in Limits.__dataclass_fields__}
    files = {"program.py": textwrap.dedent(code).encode(), **job.pop("files", {})}
    argv = [PYTHON, "-I", "program.py", *arguments]
    return Job(argv=argv, files=files, limits=replace(Limits(), **limits), **job)


def processes_with(marker: str) -> list[int]:
    """Ids of all processes of this machine whose command line holds the marker."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if marker.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    """True as soon as the condition holds; False if it never did."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
