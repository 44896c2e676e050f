"""Programs that look for what is not theirs: the machine's files, the worker's memory, other jobs."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import pytest

from exercises.sandbox.interface import SandboxBroken
from exercises.sandbox.nsjail import NsjailSandbox
from tests.sandboxes import eventually, processes_with, python, sandbox_root


@pytest.mark.parametrize(
    "path",
    [
        "/etc/shadow",
        "/etc/hostname",
        "/root",
        "/home",
        "/var",
        "/run",
        "/srv",
        "/opt",
        "/sys",
        "/proc/sys/kernel",
        "/proc/cpuinfo",
        "/proc/kcore",
        "/proc/kallsyms",
        "/proc/keys",
        "/proc/net/tcp",
        "/dev/mem",
        "/dev/kmsg",
        "/dev/fuse",
        "/dev/net/tun",
        "/dev/vsock",
        "/dev/tty",
        str(Path(__file__).parents[2]),
        str(sandbox_root()),
    ],
)
def test_what_belongs_to_the_machine_is_not_there(sandbox: NsjailSandbox, path: str) -> None:
    run = sandbox.run(python(f"import os; print(os.path.lexists({path!r}))"))
    assert run.stdout == b"False\n"


def test_the_accounts_are_made_up(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(python("print(open('/etc/passwd').read(), end='')"))
    assert run.stdout == b"student:x:1000:1000::/box:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n"


def test_nothing_of_the_workers_environment_passes(
    sandbox: NsjailSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "do-not-tell")
    run = sandbox.run(
        python(
            """
            import glob, os
            print(sorted(os.environ))
            for path in glob.glob("/proc/*/environ"):
                try:
                    print(b"do-not-tell" in open(path, "rb").read())
                except OSError:
                    pass
            """
        )
    )
    assert run.ended_well, run.stderr.decode()
    assert b"True" not in run.stdout
    known = b"['HOME', 'LANG', 'PATH', 'PYTHONDONTWRITEBYTECODE', 'TMPDIR', 'TZ']"
    assert run.stdout.splitlines()[0] == known


def test_only_the_standard_streams_are_open(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            import os
            folder = os.open("/proc/self/fd", os.O_RDONLY)
            for name in sorted(os.listdir(folder)):
                if int(name) != folder:
                    print(name, os.readlink(f"/proc/self/fd/{name}").split(":")[0])
            """
        )
    )
    assert run.stdout == b"0 pipe\n1 pipe\n2 pipe\n"


@pytest.mark.parametrize("name", ["mem", "environ", "maps", "fd", "root", "cwd", "exe", "stat", "ns/net"])
def test_process_1_tells_nothing(sandbox: NsjailSandbox, name: str) -> None:
    run = sandbox.run(
        python(
            f"""
            import os
            try:
                os.stat("/proc/1/{name}")
                print("seen")
            except OSError:
                print("hidden")
            """
        )
    )
    assert run.stdout == b"hidden\n"


def test_only_ones_own_processes_are_seen(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(python("import os; print([name for name in os.listdir('/proc') if name.isdigit()])"))
    assert run.stdout == b"['2']\n"


def test_one_job_finds_nothing_of_the_job_before(sandbox: NsjailSandbox) -> None:
    secret = secrets.token_hex(8)
    leave = """
        import mmap, sys
        for folder in ("/box", "/tmp", "/dev/shm"):
            open(f"{folder}/left", "w").write(sys.argv[1])
    """
    look = """
        import os
        print([os.listdir(folder) for folder in ("/box", "/tmp", "/dev/shm")])
    """
    assert sandbox.run(python(leave, secret)).ended_well
    assert sandbox.run(python(look)).stdout == b"[['program.py'], [], []]\n"


def test_two_jobs_at_once_share_no_file_and_no_memory(sandbox: NsjailSandbox) -> None:
    keep = """
        import ctypes, time
        open("/tmp/mine", "w").write("x")
        ctypes.CDLL(None).shmget(4242, 4096, 0o1666)
        time.sleep(60)
    """
    look = """
        import ctypes, os
        print(os.listdir("/tmp"), ctypes.CDLL(None).shmget(4242, 4096, 0o666))
    """
    other = sandbox.start(python(keep, wall_seconds=60))
    try:
        run = sandbox.run(python(look))
    finally:
        other.stop(grace_seconds=0)
    assert run.stdout == b"[] -1\n"


def test_what_is_shared_cannot_be_written(sandbox: NsjailSandbox, tmp_path: Path) -> None:
    library = tmp_path / "library.py"
    library.write_text("ANSWER = 42\n")
    staged = sandbox.stage(library)
    run = sandbox.run(
        python(
            """
            import errno, os
            for path in ("/usr/new", "/etc/passwd", "/jinit", "/library.py", "/new", "/dev/new", "/proc/new"):
                try:
                    open(path, "a").write("x")
                    print("wrote", path)
                except OSError:
                    pass
            for path in ("/library.py", "/etc/passwd", "/jinit"):
                for change in (os.unlink, lambda p: os.chmod(p, 0o777), lambda p: os.rename(p, "/box/x")):
                    try:
                        change(path)
                        print("changed", path)
                    except OSError:
                        pass
            print(open("/library.py").read(), end="")
            """,
            mounts={"/library.py": staged},
        )
    )
    assert run.stdout == b"ANSWER = 42\n"
    assert staged.read_text() == "ANSWER = 42\n"


def test_only_what_was_staged_can_be_mounted(sandbox: NsjailSandbox, tmp_path: Path) -> None:
    link = sandbox_root() / "link-out"
    link.unlink(missing_ok=True)
    link.symlink_to("/etc")
    try:
        for outside in (Path("/etc/shadow"), sandbox_root() / ".." / ".." / "etc", link, tmp_path):
            with pytest.raises(ValueError, match="not staged"):
                sandbox.run(python("", mounts={"/in": outside}))
    finally:
        link.unlink()


@pytest.mark.parametrize("name", ["../out", "/etc/out", "a/../../out", "", ".", "./a", "a//b", "a/", "a\0b"])
def test_a_file_of_a_job_stays_below_box(sandbox: NsjailSandbox, name: str) -> None:
    with pytest.raises(ValueError, match=r"plain relative|NUL"):
        sandbox.run(python("", files={name: b"x"}))


def test_device_nodes_give_nothing_but_zeros_and_noise(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(python("import os; print(sorted(os.listdir('/dev')))"))
    assert run.stdout == b"['fd', 'full', 'null', 'random', 'shm', 'urandom', 'zero']\n"


def test_the_memory_of_the_machine_is_not_read_through_files(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            for path in ("/proc/self/pagemap", "/proc/self/auxv"):
                try:
                    data = open(path, "rb").read(8)
                    print(path, any(data) and path.endswith("pagemap"))
                except OSError:
                    print(path, False)
            """
        )
    )
    assert b"True" not in run.stdout


def test_outside_a_jail_the_program_is_nobody(sandbox: NsjailSandbox) -> None:
    jail = sandbox.start(python("import time; time.sleep(60)", "who-am-i-outside", wall_seconds=60))
    try:
        assert eventually(lambda: len(processes_with("who-am-i-outside")) == 1)
        uid = os.stat(f"/proc/{processes_with('who-am-i-outside')[0]}").st_uid
    finally:
        jail.stop(grace_seconds=0)
    assert uid != 0


def test_a_link_in_the_place_of_the_stage_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "stage").symlink_to(tmp_path / "real")
    with pytest.raises(SandboxBroken, match="no es una carpeta propia"):
        NsjailSandbox(903, tmp_path / "stage")
