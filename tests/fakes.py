"""Stand-ins for what is slow, far away or not ours to start in a unit test."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from exercises.sandbox.interface import Job, Run


def a_run(stdout: bytes | str = b"", **fields: Any) -> Run:
    """A Run that ended well; keywords say what differs."""
    content = stdout.encode() if isinstance(stdout, str) else stdout
    usual: dict[str, Any] = {
        "exit_code": 0,
        "signal": None,
        "hit": None,
        "stdout": content,
        "stderr": b"",
        "stdout_truncated": False,
        "stderr_truncated": False,
        "wall_seconds": 0.25,
        "cpu_seconds": 0.2,
        "memory_peak_bytes": 5_000_001,
    }
    return Run(**{**usual, **fields})


class FakeRunning:
    """A jail that has ended, or, with `ends=False`, one that runs until it is stopped."""

    def __init__(self, run: Run, *, ends: bool = True) -> None:
        self._run = run
        self._ends = ends

    def poll(self) -> Run | None:
        return self._run if self._ends else None

    def stop(self, *, grace_seconds: float = 1.0) -> Run:
        return self._run

    def wait(self) -> Run:
        return self._run


class FakeSandbox:
    """Answers every job with what `play` gives and keeps the jobs. It starts nothing.

    `keeps_running` tells the jobs that go on until they are stopped, as a server does.
    """

    def __init__(
        self, play: Callable[[Job], Run], *, keeps_running: Callable[[Job], bool] = lambda job: False
    ) -> None:
        self.jobs: list[Job] = []
        self._play = play
        self._keeps_running = keeps_running

    def run(self, job: Job) -> Run:
        self.jobs.append(job)
        return self._play(job)

    def start(self, job: Job) -> FakeRunning:
        return FakeRunning(self.run(job), ends=not self._keeps_running(job))

    @contextmanager
    def network(self) -> Iterator[FakeSandbox]:
        yield self

    def stage(self, source: Path) -> Path:
        return Path("/staged") / source.name

    def digest(self) -> str:
        return hashlib.sha256(b"fake").hexdigest()

    def close(self) -> None:
        """Nothing runs."""


def a_finding(**said: Any) -> Run:
    """What a checker's jail gives: `outcome`, `message` and so on, or `error`."""
    return a_run(json.dumps(said))
