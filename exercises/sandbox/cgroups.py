"""Control groups, v1, v2 or none: one fresh group for each jail, so that no counter outlives its job.

A jail moves itself into its group through descriptors that the worker opened; nsjail stays outside, where the
memory limit cannot kill it.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
import shutil
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from exercises.sandbox.interface import Limits, SandboxBroken

PREFIX = "formacion"
SPARE_PROCESSES = 2  # jinit, and one for the moment in which it forks
CPU_PERIOD_MICROSECONDS = 50_000
V1_CONTROLLERS = ("memory", "pids", "cpu", "cpuacct")
V2_CONTROLLERS = ("memory", "pids", "cpu")
REMOVAL_SECONDS = 5.0


class Mode(StrEnum):
    """Which control groups this worker can use."""

    V1 = "v1"
    V2 = "v2"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Usage:
    """What a group used so far. None where nothing counts it."""

    cpu_seconds: float | None
    memory_peak_bytes: int | None
    killed_for_memory: int


class Group(Protocol):
    """The group of one jail."""

    def join_descriptors(self) -> list[int]:
        """Open descriptors through which a process moves itself in by writing 0. The caller closes them."""

    def usage(self) -> Usage: ...

    def kill(self) -> None:
        """SIGKILL to everything inside."""

    def remove(self) -> bool:
        """True once the group is gone; False while something inside has not died yet."""


class Groups(Protocol):
    """Makes groups. One for each slot of a worker."""

    mode: Mode

    def make(self, limits: Limits) -> Group:
        """A fresh group with these limits. Raises SandboxBroken where it cannot be made."""


class NoGroup:
    """Stands for a group where there is none."""

    def join_descriptors(self) -> list[int]:
        return []

    def usage(self) -> Usage:
        return Usage(cpu_seconds=None, memory_peak_bytes=None, killed_for_memory=0)

    def kill(self) -> None:
        """Nothing to do: the death of jinit takes its namespace with it."""

    def remove(self) -> bool:
        return True


class NoGroups:
    """Limits by rlimits alone."""

    mode = Mode.NONE

    def make(self, limits: Limits) -> Group:
        return NoGroup()


class V1Group:
    """One folder in each of the hierarchies."""

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = folders

    def join_descriptors(self) -> list[int]:
        # `tasks`, not `cgroup.procs`: moving one thread, oneself, takes no global lock.
        return [os.open(folder / "tasks", os.O_WRONLY | os.O_CLOEXEC) for folder in self._folders.values()]

    def usage(self) -> Usage:
        memory = self._folders["memory"]
        return Usage(
            cpu_seconds=int(_read(self._folders["cpuacct"] / "cpuacct.usage")) / 1e9,
            memory_peak_bytes=int(_read(memory / "memory.max_usage_in_bytes")),
            killed_for_memory=_table(memory / "memory.oom_control").get("oom_kill", 0),
        )

    def kill(self) -> None:
        _kill_members(self._folders["pids"])

    def remove(self) -> bool:
        removed = [_remove(folder) for folder in self._folders.values()]
        return all(removed)


class V1Groups:
    """Folders below `<mount>/<controller>/formacion`."""

    mode = Mode.V1

    def __init__(self, mount: Path, owner: str) -> None:
        self._bases = {name: mount / name / PREFIX for name in V1_CONTROLLERS}
        self._names = _names(owner)
        for base in self._bases.values():
            _make(base, exist_ok=True)
        self._swap = (self._bases["memory"] / "memory.memsw.limit_in_bytes").exists() and _machine_swaps()

    def make(self, limits: Limits) -> Group:
        name = next(self._names)
        folders = {controller: base / name for controller, base in self._bases.items()}
        # Hierarchies mounted together, cpu and cpuacct on most systems, are one folder under two names.
        for folder in folders.values():
            _make(folder, exist_ok=True)
        most = limits.memory_mib << 20
        _write(folders["memory"] / "memory.limit_in_bytes", most)
        if self._swap:
            _write(folders["memory"] / "memory.memsw.limit_in_bytes", most)
        _write(folders["pids"] / "pids.max", limits.processes + SPARE_PROCESSES)
        _write(folders["cpu"] / "cpu.cfs_period_us", CPU_PERIOD_MICROSECONDS)
        _write(folders["cpu"] / "cpu.cfs_quota_us", CPU_PERIOD_MICROSECONDS)
        return V1Group(folders)


class V2Group:
    """One folder of the unified hierarchy."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def join_descriptors(self) -> list[int]:
        return [os.open(self._folder / "cgroup.procs", os.O_WRONLY | os.O_CLOEXEC)]

    def usage(self) -> Usage:
        try:
            peak = int(_read(self._folder / "memory.peak"))
        except SandboxBroken:  # before Linux 5.19
            peak = None
        return Usage(
            cpu_seconds=_table(self._folder / "cpu.stat")["usage_usec"] / 1e6,
            memory_peak_bytes=peak,
            killed_for_memory=_table(self._folder / "memory.events").get("oom_kill", 0),
        )

    def kill(self) -> None:
        try:
            _write(self._folder / "cgroup.kill", 1)
        except SandboxBroken:  # before Linux 5.14
            _kill_members(self._folder)

    def remove(self) -> bool:
        return _remove(self._folder)


class V2Groups:
    """Folders below `base`, whose controllers are made available to its children first."""

    mode = Mode.V2

    def __init__(self, base: Path, owner: str) -> None:
        self._base = base
        self._names = _names(owner)
        self._enable()

    def make(self, limits: Limits) -> Group:
        folder = self._base / next(self._names)
        _make(folder)
        _write(folder / "memory.max", limits.memory_mib << 20)
        if (folder / "memory.swap.max").exists():
            _write(folder / "memory.swap.max", 0)
        _write(folder / "memory.oom.group", 1)
        _write(folder / "pids.max", limits.processes + SPARE_PROCESSES)
        _write(folder / "cpu.max", f"{CPU_PERIOD_MICROSECONDS} {CPU_PERIOD_MICROSECONDS}")
        return V2Group(folder)

    def _enable(self) -> None:
        control = self._base / "cgroup.subtree_control"
        wanted = " ".join(f"+{name}" for name in V2_CONTROLLERS)
        if set(V2_CONTROLLERS) <= set(_read(control).split()):
            return
        try:
            _write(control, wanted)
        except SandboxBroken as broken:
            if not isinstance(broken.__cause__, OSError) or broken.__cause__.errno != errno.EBUSY:
                raise
            # A group that hands controllers down may hold no process itself: move ours to a leaf.
            leaf = self._base / f"{PREFIX}-worker"
            _make(leaf, exist_ok=True)
            for member in _read(self._base / "cgroup.procs").split():
                with contextlib.suppress(SandboxBroken):  # it may have ended meanwhile
                    _write(leaf / "cgroup.procs", member)
            _write(control, wanted)


def find_groups(
    owner: str, *, mount: Path = Path("/sys/fs/cgroup"), process: Path = Path("/proc/self")
) -> Groups:
    """What this worker can use, tried out by making one group. `owner` comes from `owner_name`."""
    makers = []
    if (mount / "cgroup.controllers").exists():
        base = _v2_base(mount, process)
        if base is not None:
            makers.append(lambda: V2Groups(base, owner))
    elif all((mount / name).is_dir() for name in V1_CONTROLLERS):
        makers.append(lambda: V1Groups(mount, owner))
    for maker in makers:
        with contextlib.suppress(SandboxBroken):
            groups = maker()
            groups.make(Limits()).remove()
            return groups
    return NoGroups()


def owner_name(pid: int, slot: int) -> str:
    """The part of a group's name that tells whose it is: process, its start in clock ticks, slot."""
    return f"{PREFIX}-{pid}-{_started(pid)}-{slot}"


def sweep_orphans(*, mount: Path = Path("/sys/fs/cgroup"), process: Path = Path("/proc/self")) -> int:
    """Kill and remove the groups of workers that are no more. Returns how many folders went."""
    bases = [mount / name / PREFIX for name in V1_CONTROLLERS]
    v2_base = _v2_base(mount, process)
    if v2_base is not None:
        bases.append(v2_base)
    swept = 0
    for base in bases:
        for folder in sorted(base.glob(f"{PREFIX}-*-*-*-*")) if base.is_dir() else []:
            owner = re.fullmatch(rf"{PREFIX}-(\d+)-(\d+)-\d+-\d+", folder.name)
            if owner is None or _started(int(owner[1])) == int(owner[2]):
                continue
            _kill_members(folder)
            deadline = time.monotonic() + REMOVAL_SECONDS
            while not (gone := _remove(folder)) and time.monotonic() < deadline:
                time.sleep(0.01)
            swept += gone
    return swept


def delegated_prefix() -> Sequence[str]:
    """What makes systemd delegate a group to an ordinary user's command, put before it; or empty."""
    if os.geteuid() == 0 or not os.environ.get("XDG_RUNTIME_DIR") or not shutil.which("systemd-run"):
        return ()
    if not (Path("/sys/fs/cgroup/cgroup.controllers")).exists():
        return ()
    return ("systemd-run", "--user", "--scope", "--quiet", "-p", "Delegate=yes", "--")


def _v2_base(mount: Path, process: Path) -> Path | None:
    """Our own group where it is ours to divide, for root else the top of the tree; None where there is none."""
    if not (mount / "cgroup.controllers").exists():
        return None
    own = re.search(r"^0::(/.*)$", (process / "cgroup").read_text(), re.MULTILINE)
    base = mount / own[1].lstrip("/") if own else mount
    if base.name == f"{PREFIX}-worker":  # moved there by an earlier slot of this worker
        base = base.parent
    if os.geteuid() == 0 and not _is_delegated(base):
        return mount
    divisible = os.access(base / "cgroup.subtree_control", os.W_OK) and os.access(
        base / "cgroup.procs", os.W_OK
    )
    return base if divisible else None


def _is_delegated(folder: Path) -> bool:
    for name in ("trusted.delegate", "user.delegate"):
        with contextlib.suppress(OSError):
            return os.getxattr(folder, name) == b"1"
    return False


def _names(owner: str) -> Iterator[str]:
    return (f"{owner}-{number}" for number in itertools.count())


def _started(pid: int) -> int | None:
    """When the process started, in clock ticks since boot; None where there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    return int(text.rpartition(")")[2].split()[19])  # the name in parentheses may hold anything


def _machine_swaps() -> bool:
    found = re.search(r"^SwapTotal:\s+(\d+)", Path("/proc/meminfo").read_text(), re.MULTILINE)
    return bool(found and int(found[1]))


def _kill_members(folder: Path) -> None:
    with contextlib.suppress(SandboxBroken):
        for member in _read(folder / "cgroup.procs").split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(member), signal.SIGKILL)


def _table(path: Path) -> dict[str, int]:
    """A file of lines `name number`."""
    pairs = (line.split() for line in _read(path).splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}


def _make(folder: Path, *, exist_ok: bool = False) -> None:
    try:
        folder.mkdir(exist_ok=exist_ok)
    except OSError as error:
        raise SandboxBroken(f"No se puede crear el grupo de control {folder}: {error.strerror}") from error


def _remove(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise SandboxBroken(f"No se puede leer {path}: {error.strerror}") from error


def _write(path: Path, value: object) -> None:
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(fd, str(value).encode())
        finally:
            os.close(fd)
    except OSError as error:
        raise SandboxBroken(f"No se puede escribir {value} en {path}: {error.strerror}") from error
