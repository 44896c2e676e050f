"""A cell: a jail whose walls stand, and in which jinit waits for its one job.

Building the walls takes ten times as long as starting a program, so a cell may be built before its job is
known. No cell ever takes a second job.
"""

from __future__ import annotations

import contextlib
import math
import os
import select
import signal
import socket
import struct
import time
from collections.abc import Callable, Sequence

from exercises.sandbox.interface import SandboxBroken

START_SECONDS = 15.0  # for nsjail to build the walls, on a machine that does much else
OVERDUE_SECONDS = 5.0  # for nsjail to end once its child is dead
LOG_BYTES = 1 << 14
MESSAGE_BYTES = 256


class Cell:
    """nsjail, its walls and jinit. Holds them until `tear_down`."""

    def __init__(self, command: Callable[[int], list[str]], inherited: Sequence[int] = ()) -> None:
        """Start to build it; does not wait. `command` gives the command line for jinit's end of the socket, by
        number; `inherited` are more descriptors for the command. Raises SandboxBroken."""
        self.control, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.control.setblocking(False)
        read_log, log = os.pipe()
        os.set_blocking(read_log, False)
        self._log: int | None = read_log
        self._init: int | None = None
        self._box: int | None = None
        self._nsjail: int | None = None
        self._born_at = time.monotonic()
        self._torn_down_at = math.inf
        with far:
            argv = command(far.fileno())
            actions = [
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_DUP2, log, 2),
                # A descriptor put onto itself stays open in the new program.
                *((os.POSIX_SPAWN_DUP2, fd, fd) for fd in (far.fileno(), *inherited)),
            ]
            try:
                # vfork below: a worker with much memory starts a jail as fast as one with little.
                self._nsjail = os.posix_spawn(
                    argv[0], argv, {}, file_actions=actions, setsid=True, setsigmask=()
                )
            except OSError as error:
                self.tear_down()
                raise SandboxBroken(f"No se pudo lanzar {argv[0]}: {error.strerror}.") from error
            finally:
                os.close(log)

    @property
    def box(self) -> int:
        """A descriptor of /box, which keeps its files until `tear_down`, even when the jail is dead."""
        assert self._box is not None
        return self._box

    @property
    def init(self) -> int:
        """A descriptor that is readable once everything in the jail is dead."""
        assert self._init is not None
        return self._init

    def wait_until_ready(self) -> None:
        """Raises SandboxBroken with nsjail's complaint where the walls could not be put up."""
        if self._init is not None:
            return
        poller = select.poll()
        poller.register(self.control, select.POLLIN)
        if not poller.poll(START_SECONDS * 1000):
            raise SandboxBroken(f"La jaula no estuvo lista en {START_SECONDS:.0f} s. {self.last_words()}")
        message, descriptors, sender = self.listen() or (b"", [], None)
        if message != b"ready" or len(descriptors) != 1 or sender is None:
            for fd in descriptors:
                os.close(fd)
            heard = message.decode(errors="replace")
            raise SandboxBroken(f"No se pudo levantar la jaula. {heard} {self.last_words()}".strip())
        self._box = descriptors[0]
        try:
            self._init = os.pidfd_open(sender)
        except OSError as error:
            raise SandboxBroken("jinit murió nada más nacer.") from error

    def is_alive(self) -> bool:
        """False where it died while it waited for its job, or could not be built. Waits until it is ready."""
        try:
            self.wait_until_ready()
        except SandboxBroken:
            return False
        poller = select.poll()
        poller.register(self.init, select.POLLIN)
        return not poller.poll(0)

    def age_seconds(self) -> float:
        return time.monotonic() - self._born_at

    def send(self, message: bytes, descriptors: Sequence[int] = ()) -> None:
        """Tell jinit something. Raises OSError where it is gone."""
        socket.send_fds(self.control, [message], descriptors)

    def listen(self) -> tuple[bytes, list[int], int | None] | None:
        """jinit's next message: text (empty: it is gone), descriptors, sender's process id; None where there is
        none. The caller closes the descriptors."""
        try:
            message, ancillary, _flags, _address = self.control.recvmsg(MESSAGE_BYTES, MESSAGE_BYTES)
        except BlockingIOError:
            return None
        except ConnectionResetError:
            return b"", [], None
        descriptors, sender = _unpack(ancillary)
        return message, descriptors, sender

    def last_words(self) -> str:
        """nsjail's complaint, if there is one."""
        if self._log is None:
            return ""
        with contextlib.suppress(BlockingIOError):
            return os.read(self._log, LOG_BYTES).decode(errors="replace").strip()
        return ""

    def kill(self) -> None:
        """SIGKILL to jinit, with which its whole namespace dies; before there is one, to nsjail, whose child
        the kernel kills then."""
        if self._init is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._init, signal.SIGKILL)
        elif self._nsjail is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._nsjail, signal.SIGKILL)

    def tear_down(self) -> None:
        """Kill what lives, let the descriptors go. Does not wait: `is_gone` tells. Idempotent."""
        if self._init is not None:
            self.kill()
        self._torn_down_at = time.monotonic()
        self.control.close()  # a jinit that we never met ends on seeing this
        for fd in (self._box, self._init, self._log):
            if fd is not None:
                os.close(fd)
        self._box = self._init = self._log = None

    def is_gone(self) -> bool:
        """True once a cell that was torn down is reaped: jinit by nsjail, nsjail by us."""
        if self._nsjail is None:
            return True
        with contextlib.suppress(ChildProcessError):
            if os.waitpid(self._nsjail, os.WNOHANG)[0] == 0:
                # nsjail may have missed that its child died, and would sleep on for a second.
                overdue = time.monotonic() > self._torn_down_at + OVERDUE_SECONDS
                os.kill(self._nsjail, signal.SIGKILL if overdue else signal.SIGCHLD)
                return False
        self._nsjail = None
        return True


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """True as soon as the condition holds, False after that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.002)
    return True


def _unpack(ancillary: list[tuple[int, int, bytes]]) -> tuple[list[int], int | None]:
    """Descriptors and the sender's process id of a message."""
    descriptors: list[int] = []
    sender = None
    for level, kind, content in ancillary:
        if level != socket.SOL_SOCKET:
            continue
        if kind == socket.SCM_RIGHTS:
            descriptors += struct.unpack(f"{len(content) // 4}i", content[: len(content) // 4 * 4])
        elif kind == socket.SCM_CREDENTIALS:
            sender = struct.unpack("3i", content)[0] or None
    return descriptors, sender
