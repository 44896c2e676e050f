"""Control groups. v2 on a folder that plays the kernel; what a real kernel does is for the attacks."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from exercises.sandbox import cgroups
from exercises.sandbox.cgroups import Mode, NoGroups, V2Groups, find_groups, owner_name, sweep_orphans
from exercises.sandbox.interface import Limits, SandboxBroken

GROUP_FILES = {
    "cgroup.procs": "",
    "cgroup.kill": "",
    "cgroup.subtree_control": "",
    "memory.max": "max",
    "memory.swap.max": "max",
    "memory.oom.group": "0",
    "memory.peak": "4096",
    "memory.events": "low 0\nhigh 0\nmax 3\noom 1\noom_kill 2\n",
    "pids.max": "max",
    "cpu.max": "max 100000",
    "cpu.stat": "usage_usec 1500000\nuser_usec 1000000\nsystem_usec 500000\n",
}


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A unified hierarchy whose folders fill themselves, as the kernel's do."""
    make, remove = cgroups._make, cgroups._remove

    def make_filled(folder: Path, *, exist_ok: bool = False) -> None:
        make(folder, exist_ok=exist_ok)
        for name, content in GROUP_FILES.items():
            (folder / name).write_text(content)

    def remove_filled(folder: Path) -> bool:
        for name in GROUP_FILES:
            (folder / name).unlink(missing_ok=True)
        return remove(folder)

    monkeypatch.setattr(cgroups, "_make", make_filled)
    monkeypatch.setattr(cgroups, "_remove", remove_filled)
    make_filled(tmp_path / "unified")
    (tmp_path / "unified/cgroup.controllers").write_text("cpuset cpu io memory pids")
    return tmp_path / "unified"


def process_in(tmp_path: Path, line: str) -> Path:
    (tmp_path / "process").mkdir()
    (tmp_path / "process/cgroup").write_text(line)
    return tmp_path / "process"


def test_v2_hands_its_controllers_down(tree: Path) -> None:
    V2Groups(tree, "formacion-1-1-0")
    assert (tree / "cgroup.subtree_control").read_text() == "+memory +pids +cpu"


def test_v2_writes_the_limits_of_the_whole_job(tree: Path) -> None:
    V2Groups(tree, "formacion-1-1-0").make(Limits(memory_mib=64, processes=10))
    group = tree / "formacion-1-1-0-0"
    written = {name: (group / name).read_text() for name in GROUP_FILES}
    assert written["memory.max"].startswith(str(64 << 20))
    assert written["memory.swap.max"].startswith("0")
    assert written["memory.oom.group"] == "1"
    assert written["pids.max"].startswith("12")
    assert written["cpu.max"].startswith("50000 50000")


def test_v2_tells_what_was_used(tree: Path) -> None:
    usage = V2Groups(tree, "formacion-1-1-0").make(Limits()).usage()
    assert (usage.cpu_seconds, usage.memory_peak_bytes, usage.killed_for_memory) == (1.5, 4096, 2)


def test_v2_does_without_a_peak_on_an_old_kernel(tree: Path) -> None:
    group = V2Groups(tree, "formacion-1-1-0").make(Limits())
    (tree / "formacion-1-1-0-0/memory.peak").unlink()
    assert group.usage().memory_peak_bytes is None


def test_v2_is_joined_through_its_process_list(tree: Path) -> None:
    [fd] = V2Groups(tree, "formacion-1-1-0").make(Limits()).join_descriptors()
    os.write(fd, b"0")
    os.close(fd)
    assert (tree / "formacion-1-1-0-0/cgroup.procs").read_text() == "0"


def test_v2_kills_and_removes(tree: Path) -> None:
    group = V2Groups(tree, "formacion-1-1-0").make(Limits())
    group.kill()
    assert (tree / "formacion-1-1-0-0/cgroup.kill").read_text() == "1"
    assert group.remove()
    assert not (tree / "formacion-1-1-0-0").exists()


def test_every_jail_gets_a_group_of_its_own(tree: Path) -> None:
    groups = V2Groups(tree, "formacion-1-1-0")
    for _ in range(3):
        groups.make(Limits())
    assert len(list(tree.glob("formacion-*"))) == 3


def test_a_busy_v2_group_moves_its_processes_to_a_leaf_first(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "cgroup.procs").write_text("10\n11\n")
    write, moved = cgroups._write, []

    def refuse_while_busy(path: Path, value: object) -> None:
        if path == tree / "cgroup.subtree_control" and len(moved) < 2:
            raise SandboxBroken("busy") from OSError(16, "Device or resource busy")
        if path.parent.name == "formacion-worker":
            moved.append(value)
        write(path, value)

    monkeypatch.setattr(cgroups, "_write", refuse_while_busy)
    V2Groups(tree, "formacion-1-1-0")
    assert moved == ["10", "11"]
    assert (tree / "cgroup.subtree_control").read_text() == "+memory +pids +cpu"


def test_a_v2_group_that_cannot_be_divided_is_a_fault(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, value: object) -> None:
        raise SandboxBroken("no") from OSError(1, "Operation not permitted")

    monkeypatch.setattr(cgroups, "_write", refuse)
    with pytest.raises(SandboxBroken):
        V2Groups(tree, "formacion-1-1-0")


def test_v2_is_found_where_it_is_mounted(tree: Path, tmp_path: Path) -> None:
    groups = find_groups("formacion-1-1-0", mount=tree, process=process_in(tmp_path, "0::/\n"))
    assert groups.mode is Mode.V2
    assert list(tree.glob("formacion-1-*")) == []


def test_an_ordinary_user_divides_only_what_was_delegated(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    cgroups._make(tree / "user.scope")
    process = process_in(tmp_path, "0::/user.scope\n")
    assert find_groups("formacion-1-1-0", mount=tree, process=process).mode is Mode.V2
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert find_groups("formacion-1-1-0", mount=tree, process=process).mode is Mode.NONE


def test_the_scope_of_a_worker_that_was_moved_to_its_leaf_is_found_again(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    cgroups._make(tree / "user.scope")
    cgroups._make(tree / "user.scope/formacion-worker")
    process = process_in(tmp_path, "0::/user.scope/formacion-worker\n")
    find_groups("formacion-1-1-0", mount=tree, process=process).make(Limits())
    assert (tree / "user.scope/formacion-1-1-0-1").is_dir()


def test_without_control_groups_there_is_none(tmp_path: Path) -> None:
    groups = find_groups("formacion-1-1-0", mount=tmp_path, process=process_in(tmp_path, "0::/\n"))
    assert isinstance(groups, NoGroups)
    usage = groups.make(Limits()).usage()
    assert (usage.cpu_seconds, usage.memory_peak_bytes) == (None, None)


def test_the_groups_of_a_dead_worker_are_swept_and_those_of_a_live_one_stay(tree: Path, tmp_path: Path) -> None:
    dead = subprocess.Popen(["/bin/true"])
    dead.wait()
    V2Groups(tree, f"formacion-{dead.pid}-1-0").make(Limits())
    V2Groups(tree, owner_name(os.getpid(), 0)).make(Limits())
    swept = sweep_orphans(mount=tree, process=process_in(tmp_path, "0::/\n"))
    assert swept == 1
    assert [group.name for group in tree.glob("formacion-*")] == [f"{owner_name(os.getpid(), 0)}-0"]


def test_a_process_id_that_was_used_again_is_another_worker(tree: Path, tmp_path: Path) -> None:
    V2Groups(tree, f"formacion-{os.getpid()}-1-0").make(Limits())
    assert sweep_orphans(mount=tree, process=process_in(tmp_path, "0::/\n")) == 1
