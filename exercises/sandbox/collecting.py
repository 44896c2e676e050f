"""Takes named files out of a jail's /box, and neither follows nor waits for what the program planted there."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
from collections.abc import Sequence

SYS_OPENAT2 = 437
NO_XDEV, NO_MAGICLINKS, NO_SYMLINKS, BENEATH = 0x01, 0x02, 0x04, 0x08
RESOLVE = NO_XDEV | NO_MAGICLINKS | NO_SYMLINKS | BENEATH

MISSING = "missing"
TOO_BIG = "too big"
NOT_REGULAR = "not regular"
UNREADABLE = "unreadable"

_libc = ctypes.CDLL(None, use_errno=True)


def collect(box: int, names: Sequence[str], most_bytes: int) -> tuple[dict[str, bytes], dict[str, str]]:
    """Read each named file below the directory descriptor `box`: what was read, and why the others were not.

    Regular files of one link alone, each at most `most_bytes`: a second link might be a name for anything.
    """
    collected: dict[str, bytes] = {}
    refused: dict[str, str] = {}
    for name in names:
        outcome = _read(box, name, most_bytes)
        if isinstance(outcome, bytes):
            collected[name] = outcome
        else:
            refused[name] = outcome
    return collected, refused


def _read(box: int, name: str, most_bytes: int) -> bytes | str:
    try:
        # Without O_NONBLOCK opening a FIFO would wait for ever.
        fd = _openat2(box, name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return MISSING
        # ELOOP: a symbolic link; EXDEV: out of /box; ENXIO: a socket.
        return NOT_REGULAR if error.errno in (errno.ELOOP, errno.EXDEV, errno.ENXIO) else UNREADABLE
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            return NOT_REGULAR
        if status.st_size > most_bytes:
            return TOO_BIG
        content = bytearray()
        while len(content) <= most_bytes and (part := os.read(fd, most_bytes + 1 - len(content))):
            content += part
        return bytes(content) if len(content) <= most_bytes else TOO_BIG
    except OSError:
        return UNREADABLE
    finally:
        os.close(fd)


def _openat2(folder: int, name: str, flags: int) -> int:
    how = struct.pack("QQQ", flags, 0, RESOLVE)
    fd = _libc.syscall(SYS_OPENAT2, folder, os.fsencode(name), how, ctypes.c_size_t(len(how)))
    if fd < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)
    return fd
