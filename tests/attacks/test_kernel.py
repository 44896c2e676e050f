"""Programs that ask the kernel for what a jail must not have."""

from __future__ import annotations

import pytest

from exercises.sandbox.interface import Network
from exercises.sandbox.nsjail import NsjailSandbox
from tests.sandboxes import python

# name -> (number on x86-64, arguments). What matters is the number that comes back.
REFUSED = {
    "unshare of a user namespace": (272, "0x10000000"),
    "unshare of a network": (272, "0x40000000"),
    "unshare of mounts": (272, "0x20000"),
    "clone into a user namespace": (56, "0x10000000 | 17, 0, 0, 0, 0"),
    "clone into a process namespace": (56, "0x20000000 | 17, 0, 0, 0, 0"),
    "setns": (308, "0, 0"),
    "mount": (165, "b'none', b'/box', b'tmpfs', 0, None"),
    "bind mount": (165, "b'/', b'/box', None, 4096, None"),
    "umount": (166, "b'/etc', 2"),
    "pivot_root": (155, "b'/box', b'/box'"),
    "chroot": (161, "b'/box'"),
    "open_tree": (428, "-100, b'/', 1"),
    "fsopen": (430, "b'tmpfs', 0"),
    "mount_setattr": (442, "-100, b'/', 0, None, 0"),
    "ptrace": (101, "0, 0, 0, 0"),
    "ptrace of process 1": (101, "16, 1, 0, 0"),
    "process_vm_readv": (310, "1, None, 0, None, 0, 0"),
    "process_vm_writev": (311, "1, None, 0, None, 0, 0"),
    "pidfd_getfd": (438, "0, 0, 0"),
    "kcmp": (312, "1, 2, 0, 0, 0"),
    "bpf": (321, "0, None, 0"),
    "perf_event_open": (298, "None, 0, -1, -1, 0"),
    "userfaultfd": (323, "1"),
    "keyctl": (250, "0, -3, 1"),
    "add_key": (248, "b'user', b'name', b'secret', 6, -3"),
    "request_key": (249, "b'user', b'name', None, -3"),
    "kexec_load": (246, "0, 0, None, 0"),
    "init_module": (175, "None, 0, b''"),
    "finit_module": (313, "0, b'', 0"),
    "reboot": (169, "0xfee1dead, 672274793, 0, None"),
    "swapon": (167, "b'/box/swap', 0"),
    "acct": (163, "None"),
    "syslog": (103, "3, None, 0"),
    "iopl": (172, "3"),
    "ioperm": (173, "0, 1, 1"),
    "modify_ldt": (154, "0, None, 0"),
    "settimeofday": (164, "None, None"),
    "clock_settime": (227, "0, None"),
    "sethostname": (170, "b'mine', 4"),
    "open_by_handle_at": (304, "-100, None, 0"),
    "name_to_handle_at": (303, "-100, b'/', None, None, 0"),
    "fanotify_init": (300, "0, 0"),
    "mknod of a device": (133, "b'/box/sda', 0o60600, 0x800"),
    "mknod of a FIFO": (133, "b'/box/pipe', 0o10600, 0"),
    "memfd_secret": (447, "0"),
    "sched_setscheduler": (144, "0, 1, None"),
    "setpriority": (141, "0, 1, 19"),
    "clearing the signal that comes when the parent dies": (157, "1, 0, 0, 0, 0"),
    "limits of process 1": (302, "1, 7, None, None"),
    "personality without address randomisation, and more": (135, "0x0400000"),
    "putting a key press into a terminal": (16, "0, 0x5412, b'x'"),
    "setgroups": (116, "0, None"),
    "capset": (126, "None, None"),
    "setxattr": (188, "b'/box', b'user.x', b'y', 1, 0"),
}
UNKNOWN = {
    "io_uring_setup": (425, "1, None"),
    "io_uring_enter": (426, "0, 0, 0, 0, None, 0"),
    "io_setup": (206, "1, None"),
    "clone3": (435, "None, 0"),
    "a number of no system call": (1000, "0"),
}
CALL = """
    import ctypes, errno, sys
    libc = ctypes.CDLL(None, use_errno=True)
    for name, number, arguments in {calls}:
        wrapped = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
        result = libc.syscall(ctypes.c_long(number), *wrapped)
        print(name, result, errno.errorcode.get(ctypes.get_errno()) if result < 0 else "done", sep="|")
"""


def call(sandbox: NsjailSandbox, table: dict[str, tuple[int, str]]) -> dict[str, str]:
    """What each call of the table gave, all in one jail."""
    rows = ", ".join(f"({name!r}, {number}, [{arguments}])" for name, (number, arguments) in table.items())
    run = sandbox.run(python(CALL.format(calls=f"[{rows}]")))
    assert run.ended_well, run.stderr.decode()
    lines = (line.split("|") for line in run.stdout.decode().splitlines())
    return {name: outcome for name, _result, outcome in lines}


def test_the_kernel_is_asked_in_vain(sandbox: NsjailSandbox) -> None:
    outcomes = call(sandbox, REFUSED)
    assert outcomes == dict.fromkeys(REFUSED, "EPERM")


def test_what_no_filter_can_look_into_reads_as_unknown(sandbox: NsjailSandbox) -> None:
    outcomes = call(sandbox, UNKNOWN)
    assert outcomes == dict.fromkeys(UNKNOWN, "ENOSYS")


FAMILIES = {
    "inet": 2,
    "inet6": 10,
    "netlink": 16,
    "packet": 17,
    "alg": 38,
    "vsock": 40,
    "bluetooth": 31,
    "xdp": 44,
}


@pytest.mark.parametrize(
    ("network", "allowed"),
    [(Network.NONE, set()), (Network.LOOPBACK, {"inet", "inet6", "netlink"})],
)
def test_only_harmless_families_of_sockets_exist(
    sandbox: NsjailSandbox, network: Network, allowed: set[str]
) -> None:
    run = sandbox.run(
        python(
            f"""
            import errno, socket
            for name, family in {FAMILIES}.items():
                kind = socket.SOCK_RAW if name in ("packet", "netlink") else socket.SOCK_STREAM
                try:
                    socket.socket(family, kind, 0).close()
                    print(name)
                except OSError as error:
                    assert error.errno == errno.EAFNOSUPPORT, (name, error)
            """,
            network=network,
        )
    )
    assert run.ended_well, run.stderr.decode()
    assert set(run.stdout.decode().split()) == allowed


def test_raw_sockets_are_refused_even_with_a_network(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            import errno, socket
            try:
                socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
            except OSError as error:
                print(errno.errorcode[error.errno])
            """,
            network=Network.LOOPBACK,
        )
    )
    assert run.stdout == b"EPERM\n"


def test_a_foreign_architecture_kills(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            import ctypes, mmap
            # mov eax, 20 (getpid); int 0x80; ret: a 32-bit system call, whose numbers mean something else
            code = bytes([0xB8, 20, 0, 0, 0, 0xCD, 0x80, 0xC3])
            page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
            page.write(code)
            address = ctypes.addressof(ctypes.c_char.from_buffer(page))
            print(ctypes.CFUNCTYPE(ctypes.c_int)(address)())
            """
        )
    )
    assert run.signal is not None
    assert run.stdout == b""


def test_setuid_programs_gain_nothing(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            import os
            assert os.statvfs("/usr").f_flag & os.ST_NOSUID
            assert "NoNewPrivs:\\t1" in open("/proc/self/status").read()
            print(os.getresuid() == (1000, 1000, 1000), os.getgroups() in ([], [1000], [65534]))
            for attempt in (os.setuid, os.setgid, os.seteuid):
                try:
                    attempt(0)
                    print("became root")
                except OSError:
                    pass
            """
        )
    )
    assert run.ended_well, run.stderr.decode()
    assert run.stdout == b"True True\n"


def test_a_file_made_setuid_gains_nothing(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            import os, shutil, subprocess
            shutil.copy("/usr/bin/id", "id")
            os.chmod("id", 0o6755)
            print(subprocess.run(["./id", "-u"], capture_output=True, text=True).stdout, end="")
            """
        )
    )
    assert run.stdout == b"1000\n"


def test_no_capability_is_left(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            for line in open("/proc/self/status"):
                if line.startswith("Cap"):
                    print(int(line.split()[1], 16))
            """
        )
    )
    assert run.stdout == b"0\n" * 5


def test_limits_cannot_be_raised(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            import resource
            for name in ("NOFILE", "NPROC", "FSIZE", "CPU", "CORE", "STACK", "MEMLOCK"):
                kind = getattr(resource, f"RLIMIT_{name}")
                soft, hard = resource.getrlimit(kind)
                try:
                    resource.setrlimit(kind, (hard + 1, hard + 1))
                    print(name)
                except (ValueError, OSError):
                    pass
            """
        )
    )
    assert run.ended_well, run.stderr.decode()
    assert run.stdout == b""


def test_no_core_is_dumped(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            import os, resource, signal
            child = os.fork()
            if child == 0:
                os.abort()
            status = os.waitpid(child, 0)[1]
            print(os.WTERMSIG(status) == signal.SIGABRT, os.WCOREDUMP(status), sorted(os.listdir(".")))
            """
        )
    )
    assert run.stdout == b"True False ['program.py']\n"


def test_nobody_rises_above_nice(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            import os
            try:
                os.nice(-10)
                print("raised")
            except OSError:
                print("refused")
            """
        )
    )
    assert run.stdout == b"refused\n"
