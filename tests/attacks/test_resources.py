"""Programs that take all there is: memory, processor, time, output, disk."""

from __future__ import annotations

import pytest

from exercises.sandbox.cgroups import Mode
from exercises.sandbox.interface import Limit
from exercises.sandbox.nsjail import NsjailSandbox
from tests.sandboxes import python

MIB = 1 << 20

MEMORY_BOMBS = {
    "heap": """
        hoard = []
        while True:
            hoard.append(bytearray(1 << 20))
    """,
    "anonymous shared mapping": """
        import mmap
        hoard = mmap.mmap(-1, 1 << 30)
        for page in range(0, 1 << 30, 4096):
            hoard[page] = 1
    """,
    "memory file": """
        import os
        for name in range(64):
            fd = os.memfd_create(str(name))
            for _ in range(31):
                os.write(fd, bytes(1 << 20))
    """,
    "System V segment": """
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        libc.shmat.restype = ctypes.c_void_p
        segment = libc.shmget(0, ctypes.c_size_t(512 << 20), 0o1600)
        assert segment >= 0
        address = libc.shmat(segment, None, 0)
        ctypes.memset(address, 1, 512 << 20)
    """,
    "shared by many children": """
        import os, time
        for _ in range(30):
            if os.fork() == 0:
                hoard = bytearray(os.urandom(1 << 20) * 16)
                time.sleep(60)
        os.wait()
        time.sleep(60)
    """,
    "files in /box": """
        for name in range(3):
            with open(str(name), "wb") as file:
                for _ in range(20):
                    file.write(bytes(1 << 20))
        with open("/tmp/more", "wb") as file:
            for _ in range(31):
                file.write(bytes(1 << 20))
    """,
}


@pytest.mark.parametrize("bomb", MEMORY_BOMBS.values(), ids=MEMORY_BOMBS)
def test_a_memory_bomb_hits_the_limit_of_the_whole_job(sandbox: NsjailSandbox, groups: Mode, bomb: str) -> None:
    run = sandbox.run(python(bomb, memory_mib=64, wall_seconds=30, cpu_seconds=20))
    assert run.hit is Limit.MEMORY
    assert not run.ended_well
    assert run.memory_peak_bytes is not None
    assert run.memory_peak_bytes <= 65 * MIB


def test_memory_killed_in_a_child_is_seen_though_the_parent_hides_it(
    sandbox: NsjailSandbox, groups: Mode
) -> None:
    run = sandbox.run(
        python(
            """
            import subprocess, sys
            subprocess.run([sys.executable, "-c", "x = bytearray(512 << 20)"])
            sys.exit(0)
            """,
            memory_mib=64,
        )
    )
    assert run.hit is Limit.MEMORY
    assert not run.ended_well


def test_pipes_are_no_hiding_place_for_memory(sandbox: NsjailSandbox, groups: Mode) -> None:
    run = sandbox.run(
        python(
            """
            import fcntl, os
            hoard = []
            try:
                while True:
                    ends = os.pipe()
                    os.set_blocking(ends[1], False)
                    try:
                        fcntl.fcntl(ends[1], fcntl.F_SETPIPE_SZ, 1 << 20)
                    except PermissionError:
                        pass
                    try:
                        while True:
                            os.write(ends[1], bytes(1 << 16))
                    except BlockingIOError:
                        pass
                    hoard.append(ends)
            except OSError:
                print(len(hoard))
            """,
            memory_mib=64,
        )
    )
    assert run.hit is Limit.MEMORY or run.ended_well
    assert run.memory_peak_bytes is not None
    assert run.memory_peak_bytes <= 65 * MIB


def test_spinning_hits_the_processor_limit(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(python("while True: pass", cpu_seconds=0.5, wall_seconds=60))
    assert run.hit is Limit.CPU
    assert not run.ended_well


def test_the_processor_limit_is_not_dodged_by_forking(sandbox: NsjailSandbox, groups: Mode) -> None:
    run = sandbox.run(
        python(
            """
            import os, time
            while True:
                child = os.fork()
                if child == 0:
                    until = time.process_time() + 0.05
                    while time.process_time() < until:
                        pass
                    os._exit(0)
                os.waitpid(child, 0)
            """,
            cpu_seconds=0.5,
            wall_seconds=60,
        )
    )
    assert run.hit is Limit.CPU
    assert run.cpu_seconds >= 0.5


def test_sleeping_hits_the_wall_limit(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(python("import time; time.sleep(600)", wall_seconds=0.5))
    assert run.hit is Limit.WALL
    assert run.wall_seconds >= 0.5


def test_waiting_for_an_input_that_ended_is_no_wait(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(python("import sys; print(repr(sys.stdin.read()))", wall_seconds=60))
    assert run.stdout == b"''\n"


def test_an_input_that_nobody_reads_blocks_nobody(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(python("print('bye')", stdin=bytes(8 << 20)))
    assert run.ended_well
    assert run.stdout == b"bye\n"


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_flood_is_cut_and_ended(sandbox: NsjailSandbox, stream: str) -> None:
    flood = f"""
        import sys
        while True:
            sys.{stream}.write("x" * 65536)
    """
    run = sandbox.run(python(flood, stdout_bytes=100_000, stderr_bytes=100_000, wall_seconds=60))
    assert run.hit is Limit.OUTPUT
    assert getattr(run, stream) == b"x" * 100_000
    assert run.stdout_truncated is (stream == "stdout")
    assert run.stderr_truncated is (stream == "stderr")


def test_one_byte_too_much_is_a_flood_and_the_cap_itself_is_not(sandbox: NsjailSandbox) -> None:
    exact = sandbox.run(python("print('x' * 99)", stdout_bytes=100))
    over = sandbox.run(python("print('x' * 100)", stdout_bytes=100))
    assert exact.ended_well
    assert over.hit is Limit.OUTPUT


@pytest.mark.parametrize("folder", ["/box", "/tmp", "/dev/shm"])
def test_a_full_disk_is_the_jails_own(sandbox: NsjailSandbox, folder: str) -> None:
    run = sandbox.run(
        python(
            f"""
            import errno
            try:
                for name in range(100):
                    with open(f"{folder}/{{name}}", "wb") as file:
                        for _ in range(20):
                            file.write(bytes(1 << 20))
            except OSError as error:
                print(errno.errorcode[error.errno])
            """
        )
    )
    assert run.ended_well
    assert run.stdout == b"ENOSPC\n"


@pytest.mark.parametrize("folder", ["/box", "/tmp", "/dev/shm"])
def test_inodes_run_out_in_the_jail(sandbox: NsjailSandbox, folder: str) -> None:
    run = sandbox.run(
        python(
            f"""
            import errno, os
            made = 0
            try:
                while made < 100_000:
                    os.mkdir(f"{folder}/{{made}}")
                    made += 1
            except OSError as error:
                print(errno.errorcode[error.errno], made < 5000)
            """
        )
    )
    assert run.ended_well
    assert run.stdout == b"ENOSPC True\n"


def test_a_file_over_its_limit_ends_with_sigxfsz(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            import os, signal
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            fd = os.open("big", os.O_CREAT | os.O_WRONLY)
            for _ in range(40):
                os.write(fd, bytes(1 << 20))
            """,
            file_mib=8,
        )
    )
    assert run.signal == 25
    assert run.exit_code is None


def test_a_sparse_file_is_limited_too(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            try:
                open("sparse", "wb").truncate(1 << 40)
            except OSError as error:
                print(error.strerror)
            """
        )
    )
    assert run.stdout == b"File too large\n"


def test_a_deep_tree_of_folders_is_let_go_at_once(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            import os
            depth = 0
            try:
                while True:
                    os.mkdir("d")
                    os.chdir("d")
                    depth += 1
            except OSError:
                print(depth > 3000)
            """,
            collect=["d/d/d", "out"],
        )
    )
    assert run.stdout == b"True\n"
    assert run.uncollected == {"d/d/d": "not regular", "out": "missing"}


def test_a_file_that_is_not_for_running_cannot_fill_the_descriptors(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            import os
            opened = 0
            try:
                while opened < 5000:
                    os.dup(0)
                    opened += 1
            except OSError:
                print(opened)
            """,
            open_files=50,
        )
    )
    assert run.ended_well
    assert int(run.stdout) < 50
