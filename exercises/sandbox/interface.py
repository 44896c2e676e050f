"""What the rest of the project may know of the sandbox: a Job goes in, a Run comes out.

Nothing else in the project starts a foreign program. No Django here, no policy, no nsjail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol


class SandboxBroken(Exception):
    """The walls could not be put up, or the jail's own record is missing: ours, never the student's fault."""


class Network(StrEnum):
    """What a jail sees of the network."""

    NONE = "none"  # its own namespace, loopback down, only AF_UNIX sockets
    LOOPBACK = "loopback"  # a namespace with loopback up, shared by the jails of one `Sandbox.network()`


class Limit(StrEnum):
    """A limit that a run hit."""

    WALL = "wall"
    CPU = "cpu"
    MEMORY = "memory"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use. Times in seconds, sizes in MiB or bytes as named."""

    wall_seconds: float = 5.0
    cpu_seconds: float = 5.0
    memory_mib: int = 256
    processes: int = 64
    open_files: int = 128
    file_mib: int = 32
    stdout_bytes: int = 1 << 20
    stderr_bytes: int = 64 << 10


@dataclass(frozen=True, slots=True)
class Job:
    """One run of one foreign program in a fresh jail.

    `argv[0]` is looked up in PATH unless it holds a slash. What cannot be executed below /box reads exit code
    127; anywhere else it is a toolchain that is missing: SandboxBroken.
    `files` are written to /box before the start, names relative, POSIX, without `..`. A name maps to bytes.
    Those in `executable` may be executed.
    `mounts` are read-only: path inside -> staged path outside (see `Sandbox.stage`).
    `collect` names files below /box that are taken out afterwards, each at most `collect_bytes`.
    Jobs that share a network must differ in `seat` (0-15): each seat has its own uid outside, if the worker is
    root. Only a job with Network.LOOPBACK has network sockets at all; Envoy does not even validate without.
    """

    argv: Sequence[str]
    files: Mapping[str, bytes] = field(default_factory=dict)
    executable: Sequence[str] = ()
    stdin: bytes = b""
    environment: Mapping[str, str] = field(default_factory=dict)
    mounts: Mapping[str, Path] = field(default_factory=dict)
    collect: Sequence[str] = ()
    collect_bytes: int = 1 << 20
    limits: Limits = field(default_factory=Limits)
    network: Network = Network.NONE
    seat: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """What happened in one jail. Exactly one of `exit_code` and `signal` is set unless a limit ended the run.

    `wall_seconds` is the program's own time as jinit measured it, so that the start of the jail is not charged.
    `hit` is the limit that ended the run, None otherwise. Sizes in bytes, `memory_peak_bytes` None where no
    memory cgroup is to be had; it counts files in /box and /tmp too. Where there is none, a program that is out
    of memory gets errors of its own instead of Limit.MEMORY. One killed by `Running.stop` reads signal 9.
    """

    exit_code: int | None
    signal: int | None
    hit: Limit | None
    stdout: bytes
    stderr: bytes
    stdout_truncated: bool
    stderr_truncated: bool
    wall_seconds: float
    cpu_seconds: float
    memory_peak_bytes: int | None
    collected: Mapping[str, bytes] = field(default_factory=dict)
    uncollected: Mapping[str, str] = field(default_factory=dict)  # name -> why (missing, too big, not regular)

    @property
    def ended_well(self) -> bool:
        """True where the program itself exited with 0 within all limits."""
        return self.exit_code == 0 and self.hit is None


class Running(Protocol):
    """A jail that was started with `Sandbox.start` and runs beside others."""

    def poll(self) -> Run | None:
        """The Run if it has ended, else None."""

    def stop(self, *, grace_seconds: float = 1.0) -> Run:
        """Ask the program to end (SIGTERM), kill the jail after the grace, return its Run. Idempotent."""

    def wait(self) -> Run:
        """Block until the program ends or a limit ends it."""


class SharedNetwork(Protocol):
    """One network namespace, loopback up, that several jails of one grading share."""

    def run(self, job: Job) -> Run: ...

    def start(self, job: Job) -> Running: ...


class Sandbox(Protocol):
    """One slot of this machine. One grading at a time, in one thread; its jails may run beside one another.

    Make it in the process that uses it: a fork would keep its jails alive. A job that is ill made (a name that
    leads out of /box, a mount that is not staged) raises ValueError: the caller's mistake.
    """

    def run(self, job: Job) -> Run:
        """Run to the end. Raises SandboxBroken where the walls or the record failed."""

    def start(self, job: Job) -> Running: ...

    def network(self) -> AbstractContextManager[SharedNetwork]:
        """A network namespace for jobs with Network.LOOPBACK; gone, with all its jails, on leaving."""

    def stage(self, source: Path) -> Path:
        """Copy a file or folder, by digest, once, to where jails can bind it. Returns the staged path."""

    def digest(self) -> str:
        """SHA-256 of everything that makes the walls: nsjail, configuration, policies, jinit."""

    def close(self) -> None: ...
