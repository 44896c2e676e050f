"""One running jail, seen from outside: feeds it, listens to it, ends it, and says what happened.

What is judged comes from jinit's record and the control group, never from nsjail's exit status, which the program
can forge. Which walls the jail has is not known here.
"""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
import select
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from exercises.sandbox.cgroups import Group, Usage
from exercises.sandbox.collecting import collect
from exercises.sandbox.interface import Job, Limit, Run, SandboxBroken
from exercises.sandbox.record import End, NotStarted, pack, parse

START_SECONDS = 10.0  # for nsjail to build the walls, on a machine that does much else
DEATH_SECONDS = 10.0  # for a killed jail to be gone
TICK_SECONDS = 0.05  # how often what no descriptor tells is looked at: processor time, memory kills
PIPE_BYTES = 1 << 20
READ_BYTES = 1 << 16
LOG_BYTES = 1 << 14
MESSAGE_BYTES = 256


@dataclass(frozen=True, slots=True)
class Descriptors:
    """What a jail inherits beside its standard streams, by number."""

    control: int
    archive: int
    log: int
    groups: Sequence[int]

    @property
    def passed(self) -> tuple[int, ...]:
        """Those that reach jinit."""
        return (self.control, *((self.archive,) if self.archive >= 0 else ()), *self.groups)


CommandFor = Callable[[Descriptors], list[str]]


class _Output:
    """One stream of the program, up to its cap."""

    def __init__(self, fd: int, most_bytes: int) -> None:
        self.fd = fd
        self.content = bytearray()
        self.truncated = False
        self.open = True
        self._most_bytes = most_bytes

    def read(self) -> bool:
        """Take what is there. False where nothing is, or never will be."""
        try:
            part = os.read(self.fd, READ_BYTES)
        except BlockingIOError:
            return False
        if not part:
            self.open = False
            return False
        room = self._most_bytes - len(self.content)
        self.content += part[:room]
        self.truncated |= len(part) > room
        return True


class Jail:
    """A started jail. `watch` runs it to its end; `Running` in the background is `watch` in a thread."""

    def __init__(self, job: Job, group: Group, command: CommandFor, inherited: Sequence[int] = ()) -> None:
        """Start it. `command` gives the full command line once the descriptors are known; `inherited` are more
        descriptors for its first program, not for the jail."""
        self._job = job
        self._group = group
        self._inherited = inherited
        self._archive = pack(job.files, job.executable)
        self._opened: list[int] = []
        self._nsjail = 0
        self._ready_at = self._next_tick = math.inf
        self._init: int | None = None  # jinit: readable when all of the jail is dead
        self._box: int | None = None
        self._end: End | None = None
        self._not_started: NotStarted | None = None
        self._control_open = True
        self._hit: Limit | None = None
        self._deadline = time.monotonic() + START_SECONDS
        self._death: float | None = None
        self._stopping = False
        self._kill_at = math.inf
        self._run: Run | None = None
        self._broken: BaseException | None = None
        self._watched = threading.Lock()
        self._thread: threading.Thread | None = None
        try:
            self._start(command)
        except OSError as error:
            self._close()
            group.remove()
            raise SandboxBroken(f"No se pudo lanzar la jaula: {error}") from error

    # --- what Running promises ------------------------------------------------------------------------------

    def poll(self) -> Run | None:
        if self._thread is not None and not self._thread.is_alive():
            return self.wait()
        return self._run

    def wait(self) -> Run:
        if self._thread is not None:
            self._thread.join()
        else:
            self.watch()
        if self._broken is not None:
            raise self._broken
        assert self._run is not None
        return self._run

    def stop(self, *, grace_seconds: float = 1.0) -> Run:
        self._stopping = True
        self._kill_at = time.monotonic() + grace_seconds
        with contextlib.suppress(OSError):
            self._control.send(b"term")
        return self.wait()

    @property
    def seat(self) -> int:
        return self._job.seat

    @property
    def has_ended(self) -> bool:
        return self._run is not None or self._broken is not None

    def end(self) -> None:
        """Kill it if it still runs; its outcome no longer interests."""
        if not self.has_ended:
            with contextlib.suppress(SandboxBroken):
                self.stop(grace_seconds=0)

    def in_background(self) -> Jail:
        """Watch it in a thread of its own."""
        self._thread = threading.Thread(target=self.watch, name="jail", daemon=True)
        self._thread.start()
        return self

    # --- start ----------------------------------------------------------------------------------------------

    def _start(self, command: CommandFor) -> None:
        stdin_read, stdin_write = self._pipe()
        stdout_read, stdout_write = self._pipe()
        stderr_read, stderr_write = self._pipe()
        log_read, log_write = self._pipe()
        for fd in (stdin_write, stdout_read, stderr_read, log_read):
            os.set_blocking(fd, False)
        self._control, far_control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._control.setblocking(False)
        with far_control:
            groups = self._group.join_descriptors()
            self._opened += groups
            archive = self._archive_file()
            given = Descriptors(control=far_control.fileno(), archive=archive, log=log_write, groups=groups)
            argv = command(given)
            actions = [
                (os.POSIX_SPAWN_DUP2, stdin_read, 0),
                (os.POSIX_SPAWN_DUP2, stdout_write, 1),
                (os.POSIX_SPAWN_DUP2, stderr_write, 2),
                # A descriptor put onto itself stays open in the new program.
                *((os.POSIX_SPAWN_DUP2, fd, fd) for fd in (*given.passed, log_write, *self._inherited)),
            ]
            # vfork below: a worker with much memory starts a jail as fast as one with little.
            self._nsjail = os.posix_spawn(argv[0], argv, {}, file_actions=actions, setsid=True, setsigmask=())
        self._shut(
            stdin_read, stdout_write, stderr_write, log_write, *groups, *([archive] if archive >= 0 else [])
        )
        self._stdout = _Output(stdout_read, self._job.limits.stdout_bytes)
        self._stderr = _Output(stderr_read, self._job.limits.stderr_bytes)
        self._log = log_read
        self._stdin: int | None = stdin_write
        self._pending = memoryview(self._job.stdin)
        if len(self._pending) > READ_BYTES:
            with contextlib.suppress(OSError):  # fewer, larger writes; a limit of the system may forbid it
                fcntl.fcntl(stdin_write, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._feed()

    def _pipe(self) -> tuple[int, int]:
        ends = os.pipe()
        self._opened += ends
        return ends

    def _archive_file(self) -> int:
        if not self._archive:
            return -1
        fd = os.memfd_create("box", os.MFD_CLOEXEC)
        self._opened.append(fd)
        view = memoryview(self._archive)
        while view:
            view = view[os.write(fd, view) :]
        os.lseek(fd, 0, os.SEEK_SET)
        return fd

    # --- watch ----------------------------------------------------------------------------------------------

    def watch(self) -> None:
        """Run it to its end; the outcome is kept for `wait`."""
        with self._watched:
            if self._run is not None or self._broken is not None:
                return
            try:
                self._pump()
                self._run = self._conclude()
            except BaseException as error:
                self._broken = error
                self._kill()
            finally:
                self._let_go()

    def _pump(self) -> None:
        poller = select.poll()
        poller.register(self._stdout.fd, select.POLLIN)
        poller.register(self._stderr.fd, select.POLLIN)
        poller.register(self._control, select.POLLIN)
        if self._stdin is not None:
            poller.register(self._stdin, select.POLLOUT)
        while True:
            now = time.monotonic()
            until = min(now + TICK_SECONDS, self._deadline)
            events = poller.poll(max(0.0, until - now) * 1000 + 0.5)
            for fd, _event in events:
                if fd == self._control.fileno():
                    known = self._init
                    self._listen()
                    if known is None and self._init is not None:
                        poller.register(self._init, select.POLLIN)
                    if not self._control_open:
                        poller.unregister(self._control)
                elif fd == self._stdin:
                    if not self._feed():
                        poller.unregister(fd)
                elif fd == self._init:
                    return
                else:
                    output = self._stdout if fd == self._stdout.fd else self._stderr
                    output.read()
                    if not output.open:
                        poller.unregister(fd)
                    if output.truncated:
                        self._hit_limit(Limit.OUTPUT)
            if self._end is not None or (self._init is None and not self._control_open):
                return
            self._check_limits(time.monotonic())

    def _check_limits(self, now: float) -> None:
        if self._death is not None:
            if now > self._death + DEATH_SECONDS:
                raise SandboxBroken("Una jaula no muere.")
            return
        if self._init is None:
            if now > self._deadline:
                raise SandboxBroken(f"La jaula no estuvo lista en {START_SECONDS:.0f} s. {self._last_words()}")
            return
        if now >= self._deadline:
            self._hit_limit(Limit.WALL)
        elif now >= self._kill_at:
            self._kill()
        elif now >= self._next_tick:
            self._next_tick = now + TICK_SECONDS
            usage = self._group.usage()
            if usage.killed_for_memory:
                self._hit_limit(Limit.MEMORY)
            elif usage.cpu_seconds is not None and usage.cpu_seconds > self._job.limits.cpu_seconds:
                self._hit_limit(Limit.CPU)

    def _hit_limit(self, limit: Limit) -> None:
        if self._hit is None:
            self._hit = limit
        self._kill()

    def _kill(self) -> None:
        """Kill all of it: through jinit, whose namespace dies with it, or through nsjail before there is one."""
        if self._death is None:
            self._death = time.monotonic()
            self._deadline = math.inf
        if self._init is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._init, signal.SIGKILL)
        elif self._nsjail:
            # nsjail's child gets SIGKILL when nsjail dies.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._nsjail, signal.SIGKILL)

    def _feed(self) -> bool:
        """Write what stdin takes without waiting. False once there is nothing more to write."""
        if self._stdin is None:
            return False
        try:
            while self._pending:
                self._pending = self._pending[os.write(self._stdin, self._pending[:PIPE_BYTES]) :]
        except BlockingIOError:
            return True
        except BrokenPipeError:  # the program closed its stdin: its right
            pass
        self._shut(self._stdin)
        self._stdin = None
        return False

    def _listen(self) -> None:
        """Take jinit's messages."""
        while self._control_open:
            try:
                message, ancillary, _flags, _address = self._control.recvmsg(MESSAGE_BYTES, 256)
            except BlockingIOError:
                return
            except ConnectionResetError:
                message, ancillary = b"", []
            descriptors, sender = _unpack(ancillary)
            self._opened += descriptors
            if not message:
                self._control_open = False
            elif message == b"ready":
                if len(descriptors) != 1 or sender is None:
                    raise SandboxBroken("jinit no entregó /box.")
                self._box = descriptors[0]
                self._init = os.pidfd_open(sender)
                self._opened.append(self._init)
                self._ready_at = time.monotonic()
                self._deadline = self._ready_at + self._job.limits.wall_seconds
                self._next_tick = self._ready_at + TICK_SECONDS
            else:
                told = parse(message)
                if isinstance(told, NotStarted):
                    self._not_started = told
                else:
                    self._end = told

    # --- conclude -------------------------------------------------------------------------------------------

    def _conclude(self) -> Run:
        self._listen()
        # Every writer is dead: what the pipes hold is all there will be.
        for output in (self._stdout, self._stderr):
            while output.read() and not output.truncated:
                pass
        usage = self._group.usage()
        end = self._end
        if end is None and self._hit is None and not usage.killed_for_memory and not self._stopping:
            raise SandboxBroken(f"La jaula acabó sin decir cómo. {self._last_words()}")
        if self._not_started is not None and not self._program_is_in_box():
            raise SandboxBroken(
                f"No se puede ejecutar {self._job.argv[0]}: {os.strerror(self._not_started.errno)}"
            )
        collected, uncollected = ({}, {})
        if self._box is not None:
            collected, uncollected = collect(self._box, self._job.collect, self._job.collect_bytes)
        wall_seconds = end.wall_seconds if end else self._seconds_until_death()
        cpu_seconds = usage.cpu_seconds
        if cpu_seconds is None:
            cpu_seconds = end.cpu_seconds if end else 0.0
        hit = self._hit or self._limit_passed(usage, wall_seconds, cpu_seconds)
        killed_by_stop = end is None and hit is None
        return Run(
            exit_code=end.exit_code if end else None,
            signal=signal.SIGKILL.value if killed_by_stop else end.signal if end else None,
            hit=hit,
            stdout=bytes(self._stdout.content),
            stderr=bytes(self._stderr.content),
            stdout_truncated=self._stdout.truncated,
            stderr_truncated=self._stderr.truncated,
            wall_seconds=wall_seconds,
            cpu_seconds=cpu_seconds,
            memory_peak_bytes=usage.memory_peak_bytes,
            collected=collected,
            uncollected=uncollected,
        )

    def _limit_passed(self, usage: Usage, wall_seconds: float, cpu_seconds: float) -> Limit | None:
        """The limit that a program which ended by itself had passed by then."""
        if self._stdout.truncated or self._stderr.truncated:
            return Limit.OUTPUT
        if usage.killed_for_memory:
            return Limit.MEMORY
        if cpu_seconds > self._job.limits.cpu_seconds:
            return Limit.CPU
        if wall_seconds > self._job.limits.wall_seconds and not self._stopping:
            return Limit.WALL
        return None

    def _seconds_until_death(self) -> float:
        return max(0.0, (self._death or time.monotonic()) - self._ready_at)

    def _program_is_in_box(self) -> bool:
        """What is not there or cannot run is then the program's own affair: exit code 127."""
        program = self._job.argv[0]
        return program.startswith("/box/") or ("/" in program and not program.startswith("/"))

    def _last_words(self) -> str:
        """nsjail's complaint, if there is one."""
        with contextlib.suppress(BlockingIOError):
            return os.read(self._log, LOG_BYTES).decode(errors="replace").strip()
        return ""

    # --- the end --------------------------------------------------------------------------------------------

    def bury(self, *, patience_seconds: float = 0.0) -> bool:
        """Reap nsjail and remove the group of a jail that was watched to its end. True once nothing is left."""
        deadline = time.monotonic() + patience_seconds
        while not self._is_buried():
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.002)
        return True

    def _is_buried(self) -> bool:
        if self._nsjail:
            try:
                if os.waitpid(self._nsjail, os.WNOHANG)[0] == 0:
                    return False
            except ChildProcessError:
                pass
            self._nsjail = 0
        return self._group.remove()

    def _let_go(self) -> None:
        """End nsjail, whose work was done once jinit ran: waiting for it can take a second when it misses a signal."""
        self._group.kill()
        if self._nsjail:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._nsjail, signal.SIGKILL)
        self._close()

    def _shut(self, *descriptors: int) -> None:
        for fd in descriptors:
            self._opened.remove(fd)
            os.close(fd)

    def _close(self) -> None:
        if hasattr(self, "_control"):
            self._control.close()
        self._shut(*tuple(self._opened))


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
