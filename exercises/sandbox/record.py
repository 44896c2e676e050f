"""What jinit says over its socket, parsed; and the archive that it unpacks, packed. Values only."""

from __future__ import annotations

import os
import struct
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from exercises.sandbox.interface import SandboxBroken

NAME_BYTES = 4095  # as jinit's buffer has it, without the NUL


@dataclass(frozen=True, slots=True)
class End:
    """How the program ended. Exactly one of `exit_code` and `signal` is set."""

    exit_code: int | None
    signal: int | None
    wall_seconds: float
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class NotStarted:
    """The program could not be executed, with the reason as errno."""

    errno: int


def parse(message: bytes) -> End | NotStarted:
    """A message of jinit that tells of the program. Raises SandboxBroken for any other."""
    word, *numbers = message.decode("ascii", errors="replace").split()
    try:
        if word == "end":
            status, wall_ns, user_us, system_us, _peak_kib = map(int, numbers)
            exited = os.WIFEXITED(status)
            return End(
                exit_code=os.WEXITSTATUS(status) if exited else None,
                signal=None if exited else os.WTERMSIG(status),
                wall_seconds=wall_ns / 1e9,
                cpu_seconds=(user_us + system_us) / 1e6,
            )
        if word == "exec":
            return NotStarted(int(numbers[0]))
        if word == "broken":
            where, number = numbers
            raise SandboxBroken(f"La jaula no se pudo preparar ({where}): {os.strerror(int(number))}")
    except (ValueError, IndexError) as error:
        raise SandboxBroken(f"jinit dijo algo ilegible: {message!r}") from error
    raise SandboxBroken(f"jinit dijo algo desconocido: {message!r}")


def pack(files: Mapping[str, bytes], executable: Collection[str]) -> bytes:
    """The archive for /box: for each file mode, length of the name, size, name with NUL, bytes.

    Raises ValueError for a name that is not a relative path of plain parts, or that is also a folder of another.
    """
    parts: list[bytes] = []
    for name, content in files.items():
        encoded = os.fsencode(name)
        pure = PurePosixPath(name)
        if not name or "\0" in name or pure.is_absolute() or ".." in pure.parts or str(pure) != name:
            raise ValueError(f"not a plain relative name: {name!r}")
        if len(encoded) > NAME_BYTES or name == ".":
            raise ValueError(f"not a name for a file: {name!r}")
        mode = 0o755 if name in executable else 0o644
        parts += [struct.pack("=IIQ", mode, len(encoded) + 1, len(content)), encoded, b"\0", content]
    return b"".join(parts)
