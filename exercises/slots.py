"""Which slot of the machine this process grades in: a number that nobody else holds, and its sandbox."""

from __future__ import annotations

import fcntl
import itertools
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from exercises.sandbox.interface import Sandbox, SandboxBroken
from exercises.sandbox.nsjail import NsjailSandbox

logger = logging.getLogger(__name__)

_number: int | None = None
_mine: Sandbox | None = None


def sandbox() -> Sandbox:
    """The sandbox of this process's slot, made when it is first asked for. Raises SandboxBroken."""
    global _mine, _number
    if _number is None:
        _number, _descriptor = _take(settings.SANDBOX_DIR)
    if _mine is None:
        _mine = NsjailSandbox(_number, settings.SANDBOX_DIR)
    return _mine


def give_back() -> None:
    """End what still runs in the slot; the next `sandbox()` is made anew. The number goes with the process."""
    global _mine
    ended, _mine = _mine, None
    if ended is not None:
        try:
            ended.close()
        except SandboxBroken:
            logger.exception("slot %s", _number)


@contextmanager
def another() -> Iterator[Sandbox]:
    """A sandbox in a slot of its own for a moment, beside that of this process. Raises SandboxBroken."""
    number, descriptor = _take(settings.SANDBOX_DIR)
    try:
        made = NsjailSandbox(number, settings.SANDBOX_DIR, spares=False)
        try:
            yield made
        finally:
            made.close()
    finally:
        os.close(descriptor)


def _take(root: Path) -> tuple[int, int]:
    """The first free number and what holds it: a locked file, open for as long as the number is wanted.

    A process that was killed gives its number back too.
    """
    try:
        root.mkdir(mode=0o711, parents=True, exist_ok=True)
        folder = root / "slots"
        folder.mkdir(mode=0o700, exist_ok=True)
        for number in itertools.count():
            descriptor = os.open(folder / str(number), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
            else:
                return number, descriptor
    except OSError as error:
        raise SandboxBroken(
            f"No se puede reservar sitio en {root}: {error}. Indica otro SANDBOX_DIR."
        ) from error
    raise AssertionError("there is always another number")
