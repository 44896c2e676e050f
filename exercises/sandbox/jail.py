"""A job in its cell: feeds the program, listens to it, ends it, and says what happened.

What is judged comes from jinit's record and the control group, never from nsjail's exit status, which a program
can forge.
"""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
import select
import signal
import threading
import time

from exercises.sandbox.cells import Cell
from exercises.sandbox.cgroups import Group, Usage
from exercises.sandbox.collecting import collect
from exercises.sandbox.interface import Job, Limit, Run, SandboxBroken
from exercises.sandbox.record import End, NotStarted, Started, parse

BEGIN_SECONDS = 15.0  # for jinit to fill /box
DEATH_SECONDS = 10.0  # for a killed jail to be gone
TICK_SECONDS = 0.05  # how often to look at what no descriptor tells: processor time, memory kills
PIPE_BYTES = 1 << 20
READ_BYTES = 1 << 16


class _Output:
    """One stream of the program, up to its cap."""

    def __init__(self, fd: int, most_bytes: int) -> None:
        self.fd = fd
        self.content = bytearray()
        self.truncated = False
        self.is_open = True
        self._most_bytes = most_bytes

    def read(self) -> bool:
        """Take what is there. False where nothing is, or never will be."""
        try:
            part = os.read(self.fd, READ_BYTES)
        except BlockingIOError:
            return False
        if not part:
            self.is_open = False
            return False
        room = self._most_bytes - len(self.content)
        self.content += part[:room]
        self.truncated |= len(part) > room
        return True


class Jail:
    """A running job. Implements `Running`."""

    def __init__(self, job: Job, order: bytes, cell: Cell, group: Group) -> None:
        """Give the cell its job. Raises SandboxBroken where it has died; the caller clears cell and group."""
        self._job = job
        self._cell = cell
        self._group = group
        self._opened: list[int] = []
        self._deadline = time.monotonic() + BEGIN_SECONDS
        self._started_at: float | None = None
        self._next_tick = math.inf
        self._death: float | None = None
        self._stop_requested = False
        self._kill_at = math.inf
        self._hit: Limit | None = None
        self._end: End | None = None
        self._not_started: NotStarted | None = None
        self._is_heard_out = False
        self._run: Run | None = None
        self._broken: Exception | None = None
        self._thread: threading.Thread | None = None
        try:
            self._begin(order)
        except OSError as error:
            self._close()
            raise SandboxBroken(f"La jaula no aceptó el trabajo: {error}. {cell.last_words()}") from error

    @property
    def seat(self) -> int:
        return self._job.seat

    @property
    def has_ended(self) -> bool:
        return self._run is not None or self._broken is not None

    def poll(self) -> Run | None:
        if self._thread is not None and self._thread.is_alive():
            return None
        return self.wait() if self.has_ended else None

    def wait(self) -> Run:
        if self._thread is not None:
            self._thread.join()
        elif not self.has_ended:
            self._watch()
        if self._broken is not None:
            raise self._broken
        assert self._run is not None
        return self._run

    def stop(self, *, grace_seconds: float = 1.0) -> Run:
        self._stop_requested = True
        self._kill_at = time.monotonic() + grace_seconds
        with contextlib.suppress(OSError):
            self._cell.send(b"term")
        return self.wait()

    def watch_in_background(self) -> Jail:
        """Watch it in a thread of its own."""
        self._thread = threading.Thread(target=self._watch, name="jail", daemon=True)
        self._thread.start()
        return self

    def end(self) -> None:
        """Kill it if it still runs: its outcome no longer interests."""
        if not self.has_ended:
            with contextlib.suppress(SandboxBroken):
                self.stop(grace_seconds=0)

    def is_gone(self) -> bool:
        """True once a job that has ended has left nothing behind, neither process nor group."""
        return self.has_ended and self._cell.is_gone() and self._group.remove()

    # --- beginning ------------------------------------------------------------------------------------------

    def _begin(self, order: bytes) -> None:
        stdin, self._stdin_fd = self._pipe()
        stdout_fd, stdout = self._pipe()
        stderr_fd, stderr = self._pipe()
        for fd in (self._stdin_fd, stdout_fd, stderr_fd):
            os.set_blocking(fd, False)
        memory = os.memfd_create("order", os.MFD_CLOEXEC)
        self._opened.append(memory)
        rest = memoryview(order)
        while rest:
            rest = rest[os.write(memory, rest) :]
        groups = self._group.join_descriptors()
        self._opened += groups
        theirs = (memory, stdin, stdout, stderr, *groups)
        self._cell.send(b"go", theirs)
        self._shut(*theirs)
        self._stdout = _Output(stdout_fd, self._job.limits.stdout_bytes)
        self._stderr = _Output(stderr_fd, self._job.limits.stderr_bytes)
        self._stdin: int | None = self._stdin_fd
        self._unfed = memoryview(self._job.stdin)
        if len(self._unfed) > READ_BYTES:
            with contextlib.suppress(OSError):  # fewer, larger writes; a limit of the system may forbid it
                fcntl.fcntl(self._stdin_fd, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._feed()

    def _pipe(self) -> tuple[int, int]:
        ends = os.pipe()
        self._opened += ends
        return ends

    # --- watching -------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Run it to its end; the outcome is kept for `wait`."""
        try:
            self._pump()
            self._run = self._conclude()
        except SandboxBroken as broken:
            self._broken = broken
        except Exception as error:
            self._broken = SandboxBroken(f"Fallo al vigilar una jaula: {error!r}")
            self._broken.__cause__ = error
        finally:
            self._group.kill()
            self._cell.tear_down()
            self._close()

    def _pump(self) -> None:
        poller = select.poll()
        control = self._cell.control.fileno()
        for fd in (control, self._cell.init, self._stdout.fd, self._stderr.fd):
            poller.register(fd, select.POLLIN)
        if self._stdin is not None:
            poller.register(self._stdin, select.POLLOUT)
        outputs = {self._stdout.fd: self._stdout, self._stderr.fd: self._stderr}
        while True:
            seconds = min(TICK_SECONDS, max(0.0, self._deadline - time.monotonic()))
            ready = [fd for fd, _event in poller.poll(seconds * 1000)]
            for fd in ready:
                if fd == control:
                    self._listen()
                    if self._is_heard_out:
                        poller.unregister(fd)
                elif fd in outputs:
                    outputs[fd].read()
                    if outputs[fd].truncated:
                        self._hit_limit(Limit.OUTPUT)
                    if not outputs[fd].is_open:
                        poller.unregister(fd)
                elif fd == self._stdin_fd and not self._feed():
                    poller.unregister(fd)
            if self._end is not None or self._cell.init in ready:
                return
            self._check(time.monotonic())

    def _check(self, now: float) -> None:
        """The limits that only time tells."""
        if self._death is not None:
            if now > self._death + DEATH_SECONDS:
                raise SandboxBroken("Una jaula no muere.")
        elif now >= self._deadline:
            if self._started_at is None:
                raise SandboxBroken("La jaula no empezó su trabajo a tiempo.")
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
        if self._death is None:
            self._hit = limit
            self._kill()

    def _kill(self) -> None:
        self._death = time.monotonic()
        self._deadline = math.inf
        self._cell.kill()

    def _feed(self) -> bool:
        """Write what stdin takes without waiting. False once there is nothing more to write."""
        if self._stdin is None:
            return False
        try:
            while self._unfed:
                self._unfed = self._unfed[os.write(self._stdin, self._unfed[:PIPE_BYTES]) :]
        except BlockingIOError:
            return True
        except BrokenPipeError:  # the program closed its stdin: its right
            pass
        self._shut(self._stdin)
        self._stdin = None
        return False

    def _listen(self) -> None:
        while not self._is_heard_out and (heard := self._cell.listen()) is not None:
            message, descriptors, _sender = heard
            self._opened += descriptors
            if not message:
                self._is_heard_out = True
                continue
            told = parse(message)
            if isinstance(told, End):
                self._end = told
            elif isinstance(told, NotStarted):
                self._not_started = told
            elif isinstance(told, Started) and self._death is None:
                self._started_at = time.monotonic()
                self._deadline = self._started_at + self._job.limits.wall_seconds
                self._next_tick = self._started_at + TICK_SECONDS

    # --- concluding -----------------------------------------------------------------------------------------

    def _conclude(self) -> Run:
        self._listen()
        # Every writer is dead: what the pipes hold is all there will be.
        for output in (self._stdout, self._stderr):
            while output.read() and not output.truncated:
                pass
        usage = self._group.usage()
        end = self._end
        if end is None and self._hit is None and not usage.killed_for_memory and not self._stop_requested:
            raise SandboxBroken(f"La jaula acabó sin decir cómo. {self._cell.last_words()}")
        if self._not_started is not None and not self._is_program_in_box():
            reason = os.strerror(self._not_started.errno)
            raise SandboxBroken(f"No se puede ejecutar {self._job.argv[0]}: {reason}.")
        if end is not None:
            wall_seconds = end.wall_seconds
        else:
            wall_seconds = (self._death or time.monotonic()) - (self._started_at or time.monotonic())
        cpu_seconds = usage.cpu_seconds
        if cpu_seconds is None:
            cpu_seconds = end.cpu_seconds if end is not None else 0.0
        hit = self._hit or self._limit_passed(usage, wall_seconds, cpu_seconds)
        collected, uncollected = collect(self._cell.box, self._job.collect, self._job.collect_bytes)
        was_stopped = end is None and hit is None
        return Run(
            exit_code=end.exit_code if end else None,
            signal=signal.SIGKILL.value if was_stopped else end.signal if end else None,
            hit=hit,
            stdout=bytes(self._stdout.content),
            stderr=bytes(self._stderr.content),
            stdout_truncated=self._stdout.truncated,
            stderr_truncated=self._stderr.truncated,
            wall_seconds=max(0.0, wall_seconds),
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
        if wall_seconds > self._job.limits.wall_seconds and not self._stop_requested:
            return Limit.WALL
        return None

    def _is_program_in_box(self) -> bool:
        """Whether it can be executed is then the program's own affair, and reads exit code 127."""
        program = self._job.argv[0]
        return program.startswith("/box/") or ("/" in program and not program.startswith("/"))

    def _shut(self, *descriptors: int) -> None:
        for fd in descriptors:
            self._opened.remove(fd)
            os.close(fd)

    def _close(self) -> None:
        self._shut(*tuple(self._opened))
