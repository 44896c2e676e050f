"""Programs that multiply, hide, refuse to die, or kill what watches them."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

from exercises.sandbox.cgroups import owner_name, sweep_orphans
from exercises.sandbox.interface import Limit
from exercises.sandbox.nsjail import NsjailSandbox
from tests.sandboxes import eventually, processes_with, python, sandbox_root

ROOT = Path(__file__).parents[2]


def test_a_fork_bomb_ends_with_its_time_and_leaves_nothing(sandbox: NsjailSandbox) -> None:
    marker = f"bomb-{secrets.token_hex(8)}"
    bomb = """
        import os
        while True:
            try:
                os.fork()
            except OSError:
                pass
    """
    run = sandbox.run(python(bomb, marker, wall_seconds=1, cpu_seconds=9))
    assert run.hit in (Limit.WALL, Limit.MEMORY)
    assert run.exit_code is None
    assert processes_with(marker) == []


def test_no_more_processes_than_the_limit_can_be_alive(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            import os, time
            alive = 1
            try:
                while alive < 500:
                    if os.fork() == 0:
                        time.sleep(60)
                    alive += 1
            except BlockingIOError:
                print(alive)
            """,
            processes=20,
        )
    )
    assert run.ended_well
    assert int(run.stdout) <= 20


def test_threads_count_as_processes(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            import threading, time
            alive = 1
            try:
                while alive < 500:
                    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
                    alive += 1
            except RuntimeError:
                print(alive)
            """,
            processes=20,
        )
    )
    assert run.ended_well
    assert int(run.stdout) <= 20


def test_zombies_count_as_processes(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            import os
            dead = 0
            try:
                while dead < 500:
                    if os.fork() == 0:
                        os._exit(0)
                    dead += 1
            except BlockingIOError:
                print(dead)
            """,
            processes=20,
        )
    )
    assert run.ended_well
    assert int(run.stdout) <= 20


def test_a_daemon_does_not_outlive_its_program(sandbox: NsjailSandbox) -> None:
    marker = f"daemon-{secrets.token_hex(8)}"
    run = sandbox.run(
        python(
            """
            import os, signal, time
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                        signal.signal(number, signal.SIG_IGN)
                    time.sleep(600)
                os._exit(0)
            os.wait()
            print("gone")
            """,
            marker,
        )
    )
    assert run.ended_well
    assert run.stdout == b"gone\n"
    assert processes_with(marker) == []


def test_a_daemon_that_holds_the_output_open_delays_nothing(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            import os, time
            if os.fork() == 0:
                time.sleep(600)
            print("done")
            """,
            wall_seconds=4,
        )
    )
    assert run.ended_well
    assert run.stdout == b"done\n"


def ignores_sigterm(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    ignored = next(line for line in status.splitlines() if line.startswith("SigIgn:"))
    return bool(int(ignored.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


def test_ignoring_sigterm_ends_in_sigkill(sandbox: NsjailSandbox) -> None:
    marker = f"stubborn-{secrets.token_hex(8)}"
    jail = sandbox.start(
        python(
            """
            import signal, time
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            while True:
                time.sleep(1)
            """,
            marker,
            wall_seconds=60,
        )
    )
    assert eventually(lambda: any(map(ignores_sigterm, processes_with(marker))))
    run = jail.stop(grace_seconds=0.3)
    assert (run.exit_code, run.signal, run.hit) == (None, signal.SIGKILL, None)


def test_ignoring_every_signal_does_not_stretch_the_time(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            import signal, time
            for number in range(1, 65):
                try:
                    signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError):
                    pass
            while True:
                time.sleep(1)
            """,
            wall_seconds=0.5,
        )
    )
    assert run.hit is Limit.WALL


def test_a_program_that_stops_itself_runs_out_of_time(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(python("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)", wall_seconds=0.5))
    assert run.hit is Limit.WALL
    assert run.exit_code is None


def test_the_parent_survives_being_killed(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            import os, signal, sys
            for number in range(1, 65):
                if number not in (signal.SIGCHLD,):
                    try:
                        os.kill(os.getppid(), number)
                        os.kill(1, number)
                    except (OSError, ValueError):
                        pass
            sys.exit(3)
            """
        )
    )
    assert (run.exit_code, run.signal, run.hit) == (3, None, None)


def test_killing_everything_finds_nobody_to_kill(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            import os
            try:
                os.kill(-1, 9)
            except ProcessLookupError:
                print("alone")
            """
        )
    )
    assert run.ended_well
    assert run.stdout == b"alone\n"


def test_the_limits_of_the_parent_cannot_be_lowered(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            import resource
            try:
                resource.prlimit(1, resource.RLIMIT_CPU, (0, 0))
                print("lowered")
            except PermissionError:
                print("refused")
            """
        )
    )
    assert run.ended_well
    assert run.stdout == b"refused\n"


WORKER = """
import sys
from pathlib import Path
from exercises.sandbox.interface import Job, Limits
from exercises.sandbox.nsjail import NsjailSandbox

sandbox = NsjailSandbox(901, Path(sys.argv[1]))
job = Job(argv=["/bin/sh", "-c", "sleep 600; : " + sys.argv[2]], limits=Limits(wall_seconds=600))
sandbox.start(job)
sandbox.run(Job(argv=["/bin/sh", "-c", "sleep 600; : " + sys.argv[2]], limits=Limits(wall_seconds=600)))
"""


def test_a_killed_worker_leaves_no_process_and_no_group() -> None:
    marker = f"orphan-{secrets.token_hex(8)}"
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(sandbox_root()), marker],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
    )
    inside = lambda: [pid for pid in processes_with(marker) if pid != worker.pid]  # noqa: E731
    try:
        assert eventually(lambda: len(inside()) >= 2), "the jails never started"
        owner = owner_name(worker.pid, 901)
    finally:
        worker.kill()
        worker.wait()
    assert eventually(lambda: inside() == []), "a jail outlived its worker"
    sweep_orphans()
    assert not list(Path("/sys/fs/cgroup").glob(f"**/{owner}-*"))
