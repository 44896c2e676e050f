"""Every exercise of the course: its solutions get full marks, its wrong ones do not; each run once."""

from __future__ import annotations

from pathlib import Path

import pytest

from exercises.grading import grade
from exercises.grading.expecting import stops_at_failure, surprise
from exercises.grading.spec import FILE, SOLUTIONS, WRONG, shipped
from exercises.importing import read_exercise_folder
from exercises.sandbox.nsjail import NsjailSandbox
from tests.sandboxes import sandbox

__all__ = ["sandbox"]

CONTENT = Path(__file__).parents[2] / "content"
FOLDERS = [file.parent for file in sorted(CONTENT.glob(f"*/ejercicios/*/*/{FILE}"))]
NAMES = [folder.name for folder in FOLDERS]


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


SOLVED = [(folder, name) for folder in FOLDERS for name in shipped(files_of(folder))]


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_an_exercise_ships_a_solution_and_three_wrong_ones(folder: Path) -> None:
    spec, problems = read_exercise_folder(folder.with_suffix(".md").read_bytes(), files_of(folder))
    assert spec is not None, problems
    names = list(shipped(files_of(folder)))
    assert sum(name.startswith(SOLUTIONS) for name in names) >= 1
    assert sum(name.startswith(WRONG) for name in names) >= 3
    assert problems == []


@pytest.mark.sandbox
@pytest.mark.parametrize(("folder", "name"), SOLVED, ids=[f"{folder.name}/{name}" for folder, name in SOLVED])
def test_a_shipped_solution_gives_what_it_should(sandbox: NsjailSandbox, folder: Path, name: str) -> None:
    files = files_of(folder)
    spec, problems = read_exercise_folder(folder.with_suffix(".md").read_bytes(), files)
    assert spec is not None, problems
    grading = {path: files[path] for path in spec.paths()}
    report = grade(spec, shipped(files)[name], grading, sandbox, stop_at_failure=stops_at_failure(name))
    assert surprise(spec, name, report) is None, report
