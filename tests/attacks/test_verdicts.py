"""Programs that try to make their end look like another."""

from __future__ import annotations

import signal

import pytest

from exercises.sandbox.interface import Limit, SandboxBroken
from exercises.sandbox.nsjail import NsjailSandbox
from tests.sandboxes import python


@pytest.mark.parametrize("code", [0, 1, 2, 111, 127, 128, 134, 137, 139, 143, 254, 255])
def test_an_exit_code_is_only_an_exit_code(sandbox: NsjailSandbox, code: int) -> None:
    run = sandbox.run(python(f"import os; os._exit({code})"))
    assert (run.exit_code, run.signal, run.hit) == (code, None, None)


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGABRT,
        signal.SIGSEGV,
        signal.SIGKILL,
        signal.SIGTERM,
        signal.SIGFPE,
        signal.SIGPIPE,
        signal.SIGXCPU,
    ],
)
def test_a_signal_is_told_as_it_was(sandbox: NsjailSandbox, number: signal.Signals) -> None:
    run = sandbox.run(
        python(
            f"""
            import os, signal
            if {number.value} not in (signal.SIGKILL,):
                signal.signal({number.value}, signal.SIG_DFL)
            os.kill(os.getpid(), {number.value})
            """
        )
    )
    assert (run.exit_code, run.signal, run.hit) == (None, number, None)


def test_abort_is_sigabrt(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(python("import os; os.abort()"))
    assert (run.exit_code, run.signal) == (None, signal.SIGABRT)


def test_a_program_that_kills_itself_did_not_run_out_of_memory(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(python("x = bytearray(8 << 20); import os; os.kill(os.getpid(), 9)", memory_mib=64))
    assert run.signal == signal.SIGKILL
    assert run.hit is None


def test_the_record_cannot_be_written_by_the_program(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            import os, socket, sys
            for fd in range(3, 128):
                try:
                    os.write(fd, b"end 0 1 1 1")
                except OSError:
                    pass
                try:
                    socket.socket(fileno=fd).send(b"end 0 1 1 1")
                except OSError:
                    pass
            print("end 0 1 1 1")
            sys.exit(5)
            """
        )
    )
    assert run.exit_code == 5


def test_what_was_printed_in_time_is_kept_and_gains_nothing(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python("import time; print('early', flush=True); time.sleep(60)", wall_seconds=0.5, stdin=b"x")
    )
    assert run.hit is Limit.WALL
    assert not run.ended_well
    assert run.stdout == b"early\n"


def test_closing_every_stream_hides_nothing(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            import os, time
            for fd in range(3):
                os.close(fd)
            time.sleep(0.1)
            os._exit(7)
            """
        )
    )
    assert (run.exit_code, run.hit, run.stdout) == (7, None, b"")


def test_a_program_of_the_box_that_cannot_run_reads_127(sandbox: NsjailSandbox) -> None:
    job = python("", files={"broken": b"\x7fELF not really"}, executable=["broken"])
    run = sandbox.run(type(job)(argv=["./broken"], files=job.files, executable=job.executable))
    assert run.exit_code in (126, 127)
    assert not run.ended_well


def test_a_missing_toolchain_is_our_fault_and_no_verdict(sandbox: NsjailSandbox) -> None:
    job = python("")
    with pytest.raises(SandboxBroken, match="/usr/bin/not-there"):
        sandbox.run(type(job)(argv=["/usr/bin/not-there"]))


def test_output_after_the_end_of_the_program_is_not_awaited(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            import os, sys, time
            if os.fork() == 0:
                time.sleep(0.3)
                os.write(1, b"late")
                os._exit(0)
            os.write(1, b"in time ")
            os._exit(0)
            """
        )
    )
    assert run.ended_well
    assert run.stdout == b"in time "
