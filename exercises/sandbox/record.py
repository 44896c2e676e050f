"""The two texts between worker and jinit: the order that starts a program, the record that tells its end.

Values only: no socket, no file. jinit.c has the other side.
"""

from __future__ import annotations

import math
import os
import resource
import struct
from dataclasses import dataclass
from pathlib import PurePosixPath

from exercises.sandbox.interface import Job, Limits, SandboxBroken

RESERVED_BYTES = 16 << 30


@dataclass(frozen=True, slots=True)
class Started:
    """The program's own time has begun."""


@dataclass(frozen=True, slots=True)
class NotStarted:
    """The program could not be executed, with the reason as errno."""

    errno: int


@dataclass(frozen=True, slots=True)
class End:
    """How the program ended. Exactly one of `exit_code` and `signal` is set."""

    exit_code: int | None
    signal: int | None
    wall_seconds: float
    cpu_seconds: float


def parse(message: bytes) -> Started | NotStarted | End:
    """A message of jinit about the program. Raises SandboxBroken for any other."""
    try:
        word, *numbers = message.decode("ascii").split()
        match word, numbers:
            case "started", []:
                return Started()
            case "exec", [number]:
                return NotStarted(int(number))
            case "end", [status, wall_ns, user_us, system_us]:
                exited = os.WIFEXITED(int(status))
                return End(
                    exit_code=os.WEXITSTATUS(int(status)) if exited else None,
                    signal=None if exited else os.WTERMSIG(int(status)),
                    wall_seconds=int(wall_ns) / 1e9,
                    cpu_seconds=(int(user_us) + int(system_us)) / 1e6,
                )
            case "broken", [where, number]:
                raise SandboxBroken(f"La jaula no se pudo preparar ({where}): {os.strerror(int(number))}.")
    except ValueError as error:
        raise SandboxBroken(f"jinit dijo algo ilegible: {message!r}") from error
    raise SandboxBroken(f"jinit dijo algo desconocido: {message!r}")


def order(job: Job, *, memory_by_rlimit: bool) -> bytes:
    """What jinit is told to do. Raises ValueError for a job that is ill made: the caller's mistake.

    `memory_by_rlimit`: no control group limits memory, so each process is limited by itself.
    """
    if not job.argv:
        raise ValueError("argv is empty")
    limits = _rlimits(job.limits, memory_by_rlimit=memory_by_rlimit)
    variables = []
    for name, value in job.environment.items():
        if not name.isidentifier() or not name.isascii():
            raise ValueError(f"not the name of a variable: {name!r}")
        variables.append(f"{name}={value}")
    parts = [struct.pack("=IIII", len(limits), len(job.argv), len(variables), len(job.files))]
    parts += [struct.pack("=QQ", kind, most) for kind, most in limits.items()]
    parts += [_string(text) for text in (*job.argv, *variables)]
    for name, content in job.files.items():
        mode = 0o755 if name in job.executable else 0o644
        parts += [struct.pack("=QQ", mode, len(content)), _string(_plain(name)), content]
    return b"".join(parts)


def _rlimits(limits: Limits, *, memory_by_rlimit: bool) -> dict[int, int]:
    rlimits = {
        # A backstop for each process, in whole seconds; what the whole tree used is counted outside.
        resource.RLIMIT_CPU: math.ceil(limits.cpu_seconds) + 1,
        resource.RLIMIT_FSIZE: limits.file_mib << 20,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_NPROC: limits.processes + 1,  # jinit counts
    }
    if memory_by_rlimit:
        # Java, Go and Envoy reserve gigabytes without touching them: RLIMIT_DATA counts what can be written.
        # RLIMIT_AS is for what that does not count, shared memory.
        rlimits[resource.RLIMIT_DATA] = limits.memory_mib << 20
        rlimits[resource.RLIMIT_AS] = (limits.memory_mib << 20) + RESERVED_BYTES
    return rlimits


def _plain(name: str) -> str:
    pure = PurePosixPath(name)
    if not pure.parts or pure.is_absolute() or ".." in pure.parts or str(pure) != name:
        raise ValueError(f"not a plain relative name: {name!r}")
    return name


def _string(text: str) -> bytes:
    encoded = os.fsencode(text)
    if b"\0" in encoded:
        raise ValueError(f"holds a NUL: {text!r}")
    return encoded + b"\0"
