"""jinit's messages and orders, as text."""

from __future__ import annotations

import struct

import pytest

from exercises.sandbox.interface import Job, Limits, SandboxBroken
from exercises.sandbox.record import End, NotStarted, Started, order, parse


@pytest.mark.parametrize(
    ("message", "meaning"),
    [
        (b"started", Started()),
        (b"exec 2", NotStarted(2)),
        (b"end 0 1500000000 200000 50000", End(0, None, 1.5, 0.25)),
        (b"end 256 1 0 0", End(1, None, 1e-9, 0.0)),
        (b"end 35072 0 0 0", End(137, None, 0.0, 0.0)),
        (b"end 9 0 0 0", End(None, 9, 0.0, 0.0)),
        (b"end 134 0 0 0", End(None, 6, 0.0, 0.0)),  # SIGABRT with the core bit
    ],
)
def test_a_message_is_understood(message: bytes, meaning: object) -> None:
    assert parse(message) == meaning


@pytest.mark.parametrize(
    "message",
    [b"", b"end", b"end 0", b"end x 1 1 1", b"end 0 1 1 1 1", b"hello", b"exec", b"\xff\xfe", b"started 1"],
)
def test_anything_else_breaks_the_sandbox(message: bytes) -> None:
    with pytest.raises(SandboxBroken):
        parse(message)


def test_a_jail_that_could_not_be_prepared_says_where() -> None:
    with pytest.raises(SandboxBroken, match=r"\(file\): No space left on device"):
        parse(b"broken file 28")


def test_an_order_counts_what_it_holds() -> None:
    job = Job(argv=["a", "b"], files={"x/y": b"123"}, executable=["x/y"], environment={"PUERTO": "8080"})
    text = order(job, memory_by_rlimit=False)
    assert struct.unpack_from("=IIII", text) == (4, 2, 1, 1)
    assert text.endswith(b"a\0b\0PUERTO=8080\0" + struct.pack("=QQ", 0o755, 3) + b"x/y\x00123")


def test_memory_is_an_rlimit_only_where_no_group_counts_it() -> None:
    job = Job(argv=["a"], limits=Limits(memory_mib=100))
    limits = [
        struct.unpack_from("=I", order(job, memory_by_rlimit=by_rlimit))[0] for by_rlimit in (False, True)
    ]
    assert limits == [4, 6]


@pytest.mark.parametrize(
    "job",
    [
        Job(argv=[]),
        Job(argv=["a\0b"]),
        Job(argv=["a"], files={"../x": b""}),
        Job(argv=["a"], files={"/x": b""}),
        Job(argv=["a"], files={"": b""}),
        Job(argv=["a"], files={"x/": b""}),
        Job(argv=["a"], environment={"A=B": "c"}),
        Job(argv=["a"], environment={"A": "c\0"}),
        Job(argv=["a"], environment={"": "c"}),
    ],
)
def test_an_ill_made_job_is_the_callers_mistake(job: Job) -> None:
    with pytest.raises(ValueError, match=r"."):
        order(job, memory_by_rlimit=False)
