"""Staging: copies by digest, in a folder that nobody else can touch and every jail can reach."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from exercises.sandbox.interface import SandboxBroken
from exercises.sandbox.staging import Stage


@pytest.fixture
def root() -> Iterator[Path]:
    # pytest's own folders are 0700: no jail could reach into them.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def test_a_file_keeps_its_name_and_its_right_to_run(root: Path, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"#!")
    program.chmod(0o700)
    staged = Stage(root).put(program)
    assert staged.name == "program"
    assert staged.read_bytes() == b"#!"
    assert staged.stat().st_mode & 0o777 == 0o755


def test_a_private_file_can_be_read_once_staged(root: Path, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x")
    (tmp_path / "data").chmod(0o600)
    staged = Stage(root).put(tmp_path / "data")
    assert staged.stat().st_mode & 0o777 == 0o644
    assert all(folder.stat().st_mode & 0o001 for folder in staged.parents)


def test_the_same_content_is_copied_once(root: Path, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "f").write_text("same")
    first, second = (Stage(root).put(tmp_path / folder / "f") for folder in ("a", "b"))
    assert first == second


def test_changed_content_is_another_copy(root: Path, tmp_path: Path) -> None:
    stage = Stage(root)
    (tmp_path / "f").write_text("old")
    old = stage.put(tmp_path / "f")
    (tmp_path / "f").write_text("new!")
    new = stage.put(tmp_path / "f")
    assert (old.read_text(), new.read_text()) == ("old", "new!")


def test_a_file_that_becomes_executable_is_another_copy(root: Path, tmp_path: Path) -> None:
    stage = Stage(root)
    (tmp_path / "f").write_text("x")
    plain = stage.put(tmp_path / "f")
    (tmp_path / "f").chmod(0o755)
    assert stage.put(tmp_path / "f") != plain


def test_a_folder_is_copied_with_its_links_but_without_caches(root: Path, tmp_path: Path) -> None:
    (tmp_path / "p/sub").mkdir(parents=True)
    (tmp_path / "p/sub/a.py").write_text("A = 1")
    (tmp_path / "p/link").symlink_to("sub/a.py")
    (tmp_path / "p/__pycache__").mkdir()
    staged = Stage(root).put(tmp_path / "p")
    assert sorted(path.relative_to(staged).as_posix() for path in staged.rglob("*")) == [
        "link",
        "sub",
        "sub/a.py",
    ]
    assert os.readlink(staged / "link") == "sub/a.py"


def test_the_made_etc_holds_nobody_real(root: Path, tmp_path: Path) -> None:
    machine = tmp_path / "etc"
    (machine / "alternatives").mkdir(parents=True)
    (machine / "alternatives/java").symlink_to("/usr/lib/jvm/bin/java")
    (machine / "passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    (machine / "shadow").write_text("root:secret\n")
    etc = Stage(root).put_etc(machine)
    assert sorted(path.name for path in etc.iterdir()) == [
        "alternatives",
        "group",
        "hosts",
        "nsswitch.conf",
        "passwd",
    ]
    assert "root" not in (etc / "passwd").read_text()
    assert os.readlink(etc / "alternatives/java") == "/usr/lib/jvm/bin/java"


def test_something_missing_is_our_fault(root: Path, tmp_path: Path) -> None:
    with pytest.raises(SandboxBroken, match="nothing"):
        Stage(root).put(tmp_path / "nothing")


def test_a_stage_that_others_may_write_is_refused(root: Path) -> None:
    root.chmod(0o777)
    with pytest.raises(SandboxBroken, match="Otros pueden escribir"):
        Stage(root)


def test_a_stage_that_no_jail_can_reach_is_refused(root: Path) -> None:
    root.chmod(0o700)
    with pytest.raises(SandboxBroken, match="no puede atravesar"):
        Stage(root / "below")


def test_only_what_lies_below_is_held(root: Path, tmp_path: Path) -> None:
    stage = Stage(root)
    (root / "link").symlink_to("/etc")
    assert stage.holds(root / "x")
    assert not stage.holds(root / ".." / "x")
    assert not stage.holds(root / "link" / "passwd")
    assert not stage.holds(tmp_path)
