"""Compiling the sandbox's own programs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from exercises.sandbox.build import build_tools
from exercises.sandbox.interface import SandboxBroken


def test_a_second_build_finds_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = build_tools(tmp_path)
    monkeypatch.setenv("PATH", "")  # no compiler is needed any more
    assert build_tools(tmp_path) == first
    assert os.access(first.jinit, os.X_OK)
    assert os.access(first.launch, os.X_OK)


def test_without_a_compiler_the_remedy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SandboxBroken, match="Instala gcc"):
        build_tools(tmp_path)


def test_a_compiler_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/cc").write_text("#!/bin/sh\necho ay >&2\nexit 1\n")
    (tmp_path / "bin/cc").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin")
    with pytest.raises(SandboxBroken, match="ay"):
        build_tools(tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
