"""`manage.py grade`, on which scripts outside of the project rely. Jails are played; real ones elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from courses.importing import import_course
from exercises import slots
from exercises.sandbox.interface import Job, Limit, Run, SandboxBroken
from tests import factories
from tests.courses.builders import put
from tests.exercises.grading.builders import EXAMPLES
from tests.exercises.test_importing import LAB, course
from tests.fakes import FakeSandbox, a_run

pytestmark = pytest.mark.django_db

EXERCISE = str(EXAMPLES / "palabras")
SOLUTION = str(EXAMPLES / "palabras/solution/contador/palabras.py")
ANSWERS = {b"el agua y el vino": "agua 1 el 2 vino 1 y 1", b"": "", b"Sol sol\nluna SOL\n": "luna 1 sol 3"}


def counts(job: Job) -> Run:
    """What the solution would write; the wrong ones know only the first case, or nothing."""
    if "--version" in job.argv:
        return a_run("Python 3.11.2")
    code = job.files["palabras.py"]
    if b".lower()" in code and b"sorted" in code:
        return a_run(ANSWERS[job.stdin])
    if b"while True" in code:
        return a_run(exit_code=None, signal=9, hit=Limit.WALL)
    return a_run(ANSWERS[job.stdin] if b"sorted" in code and b"agua" in job.stdin else "nada")


@pytest.fixture(autouse=True)
def jails(monkeypatch: pytest.MonkeyPatch) -> FakeSandbox:
    sandbox = FakeSandbox(counts)
    monkeypatch.setattr(slots, "sandbox", lambda: sandbox)
    return sandbox


def grade(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit code and standard output."""
    code: Any = 0
    try:
        call_command("grade", *arguments)
    except SystemExit as ended:
        code = ended.code
    except CommandError as error:
        code = error.returncode
    return code, capsys.readouterr().out


def test_the_json_is_what_outsiders_rely_on(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = grade(capsys, EXERCISE, SOLUTION, "--format", "json")
    assert code == 0
    assert json.loads(out) == {
        "verdict": "accepted",
        "score": 10.0,
        "max_score": 10.0,
        "cases": [
            {"name": "Cuenta las palabras de una línea", "outcome": "passed", "message": "", "hidden": False},
            {"name": "No distingue mayúsculas", "outcome": "passed", "message": "", "hidden": False},
            {"name": "Admite un texto vacío", "outcome": "passed", "message": "", "hidden": True},
        ],
    }


def test_a_wrong_answer_is_judged_too(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = str(EXAMPLES / "palabras/wrong/mayusculas/palabras.py")
    code, out = grade(capsys, EXERCISE, wrong)
    assert code == 0
    assert "partial  2.5 de 10" in out
    assert "No distingue mayúsculas: no superado" in out


def test_options_may_stand_before_the_files(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = grade(capsys, EXERCISE, "--format", "json", SOLUTION)
    assert (code, json.loads(out)["verdict"]) == (0, "accepted")


@pytest.mark.parametrize(
    "arguments",
    [
        ["nada", SOLUTION],
        [EXERCISE],
        [EXERCISE, SOLUTION, "--all"],
        [EXERCISE, "/nowhere/palabras.py"],
        [EXERCISE, SOLUTION, SOLUTION],
        [EXERCISE, SOLUTION, "--user", "nadie@ejemplo.test"],
        [EXERCISE, "--all", "--repeat", "0"],
    ],
)
def test_bad_usage_is_2(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert grade(capsys, *arguments)[0] == 2


def test_an_exercise_with_faults_is_bad_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a.md").write_text("---\ntitle: A\nkind: program\npoints: 1\n---\nx\n")
    (tmp_path / "a/exercise.yml").write_text("format: 1\n")
    assert grade(capsys, str(tmp_path / "a"), SOLUTION)[0] == 2


def test_a_person_may_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    factories.make_user("ana@ejemplo.test", name="Ana")
    assert grade(capsys, EXERCISE, SOLUTION, "--user", "ana@ejemplo.test")[0] == 0


def test_a_machine_without_jails_is_our_fault(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise SandboxBroken("no hay nsjail")

    monkeypatch.setattr(slots, "sandbox", broken)
    assert grade(capsys, EXERCISE, SOLUTION)[0] == 3


def test_a_missing_tool_is_our_fault(capsys: pytest.CaptureFixture[str], jails: FakeSandbox) -> None:
    jails._play = lambda job: a_run(exit_code=127)
    code, out = grade(capsys, EXERCISE, SOLUTION, "--format", "json")
    assert (code, json.loads(out)["verdict"]) == (3, "internal_error")


def test_all_that_is_shipped_is_graded(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = grade(capsys, EXERCISE, "--all", "--repeat", "2")
    assert code == 0
    assert out.count("solution/contador") == 2
    assert "8 correcciones" in out
    assert "todo como se espera" in out


def test_a_surprise_is_1(capsys: pytest.CaptureFixture[str], jails: FakeSandbox) -> None:
    jails._play = lambda job: a_run("agua 1 el 2 vino 1 y 1")
    code, out = grade(capsys, EXERCISE, "--all", "--format", "json")
    assert code == 1
    found = {row["solution"]: row["ok"] for row in json.loads(out)["solutions"]}
    assert found["solution/contador"] is False


def test_an_imported_exercise_is_graded_as_its_version_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import_course(put(tmp_path, course()))
    for named in (LAB, f"{LAB}.md"):
        assert grade(capsys, named, SOLUTION)[0] == 0
    assert grade(capsys, LAB, "--all")[0] == 0
