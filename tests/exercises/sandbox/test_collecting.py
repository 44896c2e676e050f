"""Collecting from a real folder, with what a jail's own policy would not even let a program make."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from exercises.sandbox.collecting import MISSING, NOT_REGULAR, TOO_BIG, collect


@pytest.fixture
def box(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "box").mkdir()
    fd = os.open(tmp_path / "box", os.O_PATH | os.O_DIRECTORY)
    yield fd
    os.close(fd)


def test_a_regular_file_is_read(box: int, tmp_path: Path) -> None:
    (tmp_path / "box/a").mkdir()
    (tmp_path / "box/a/out").write_bytes(b"data")
    assert collect(box, ["a/out"], 100) == ({"a/out": b"data"}, {})


@pytest.mark.parametrize(("size", "outcome"), [(100, "read"), (101, TOO_BIG)])
def test_the_cap_is_exact(box: int, tmp_path: Path, size: int, outcome: str) -> None:
    (tmp_path / "box/out").write_bytes(bytes(size))
    collected, refused = collect(box, ["out"], 100)
    assert (refused.get("out") or "read") == outcome
    assert len(collected.get("out", b"")) == (size if outcome == "read" else 0)


def test_a_fifo_does_not_block(box: int, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "box/out")
    assert collect(box, ["out"], 100) == ({}, {"out": NOT_REGULAR})


def test_a_hard_link_to_a_file_outside_is_refused(box: int, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    os.link(tmp_path / "secret", tmp_path / "box/out")
    assert collect(box, ["out"], 100) == ({}, {"out": NOT_REGULAR})


@pytest.mark.parametrize("target", ["../secret", "/etc/passwd", "out", "/proc/self/exe"])
def test_a_symbolic_link_is_refused(box: int, tmp_path: Path, target: str) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "box/out").symlink_to(target)
    assert collect(box, ["out"], 100) == ({}, {"out": NOT_REGULAR})


def test_a_linked_folder_on_the_way_is_refused(box: int, tmp_path: Path) -> None:
    (tmp_path / "box/folder").symlink_to(tmp_path)
    (tmp_path / "secret").write_text("secret")
    assert collect(box, ["folder/secret"], 100) == ({}, {"folder/secret": NOT_REGULAR})


@pytest.mark.parametrize("name", ["../secret", "a/../../secret", "/etc/passwd"])
def test_a_name_does_not_lead_out(box: int, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "box/a").mkdir()
    assert collect(box, [name], 100) == ({}, {name: NOT_REGULAR})


def test_another_file_system_below_is_not_entered(tmp_path: Path) -> None:
    root = os.open("/", os.O_PATH | os.O_DIRECTORY)
    try:
        assert collect(root, ["proc/version"], 1000) == ({}, {"proc/version": NOT_REGULAR})
    finally:
        os.close(root)


def test_what_is_not_there_is_missing(box: int, tmp_path: Path) -> None:
    (tmp_path / "box/file").write_text("")
    outcome = collect(box, ["none", "none/deeper", "file/below"], 100)
    assert outcome == ({}, {"none": MISSING, "none/deeper": MISSING, "file/below": MISSING})
