"""Exercise folders and quizzes of a course, imported: rows, versions, and what a fault says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from courses.importing import import_course
from courses.source import Refused
from exercises.grading import ExerciseSpec
from exercises.importing import ExerciseFolders, Quizzes, starter_path
from exercises.models import Exercise, ExerciseVersion, Question
from tests.courses.builders import example as example_course
from tests.courses.builders import put
from tests.exercises.grading.builders import EXAMPLES, folder_of

pytestmark = [pytest.mark.django_db, pytest.mark.db]

LAB = "ejercicios/laboratorios/palabras"
LESSON = "01_inicio/01_primera.md"
QUIZ_PATH = "01_inicio/01_primera.quiz.yml"
QUIZ = """\
format: 1
questions:
- id: donde
  kind: code
  prompt: ¿Dónde se **decide**?
  answer: motor:src/a.cc:10-20
  why: Lo decide `f()`.
- id: quien
  kind: single
  prompt: ¿Quién?
  options:
  - {id: uno, text: El *uno*., right: true, why: Sí.}
  - {id: dos, text: El dos., why: "No, mira la [otra](02_segunda.md)."}
"""


def course(changes: Mapping[str, Any] | None = None) -> dict[str, bytes]:
    """The example course with a laboratory and a quiz, but for what is changed or taken out (None)."""
    statement = (EXAMPLES / "palabras.md").read_text().replace("01_fundamentos/01_tcp.md", LESSON)
    files = example_course()
    files |= {f"{LAB}/{path}": content for path, content in folder_of("palabras").items()}
    files |= {f"{LAB}.md": statement.encode(), QUIZ_PATH: QUIZ.encode()}
    for path, content in (changes or {}).items():
        if content is None:
            files.pop(path)
        else:
            files[path] = content.encode() if isinstance(content, str) else content
    return files


def take(folder: Path, changes: Mapping[str, Any] | None = None) -> None:
    import_course(put(folder, course(changes)))


def lab() -> Exercise:
    return Exercise.objects.get(file__path=f"{LAB}.md")


def quiz() -> Exercise:
    return Exercise.objects.get(file__path=QUIZ_PATH)


def test_a_folder_becomes_an_exercise_beside_its_statement(tmp_path: Path) -> None:
    take(tmp_path)
    exercise = lab()
    assert (exercise.kind, exercise.points, exercise.retired_at) == ("program", 10, None)
    assert exercise.document.file.path == f"{LAB}.md"
    assert exercise.lesson is not None
    assert exercise.lesson.file.path == LESSON
    assert set(Exercise.objects.standing()) == {exercise, quiz()}


def test_a_version_holds_what_grades_and_nothing_else(tmp_path: Path) -> None:
    take(tmp_path)
    version = lab().current
    assert version is not None
    assert sorted(version.files.contents()) == ["casos/mayusculas.out", "casos/mayusculas.txt"]
    spec = ExerciseSpec.from_json(version.spec)
    assert [case.name for case in spec.cases][:2] == [
        "Cuenta las palabras de una línea",
        "No distingue mayúsculas",
    ]
    assert starter_path(lab(), spec.accepts[0]["starter"]) == f"{LAB}/starter/palabras.py"


def test_importing_twice_makes_nothing_new(tmp_path: Path) -> None:
    take(tmp_path)
    before = [Exercise.objects.count(), ExerciseVersion.objects.count(), Question.objects.count()]
    first = lab().current
    take(tmp_path)
    assert [Exercise.objects.count(), ExerciseVersion.objects.count(), Question.objects.count()] == before
    assert lab().current == first


def test_another_case_is_another_version_and_the_old_one_stays(tmp_path: Path) -> None:
    take(tmp_path)
    first = lab().current
    take(tmp_path, {f"{LAB}/casos/mayusculas.out": "luna 1\nsol 4\n"})
    assert lab().current != first
    assert first in lab().versions.all()
    take(tmp_path)
    assert lab().current == first


def test_another_solution_is_the_same_version(tmp_path: Path) -> None:
    take(tmp_path)
    first = lab().current
    take(tmp_path, {f"{LAB}/solution/contador/palabras.py": "print()"})
    assert lab().current == first


def test_other_points_are_another_version(tmp_path: Path) -> None:
    take(tmp_path)
    first = lab().current
    text = course()[f"{LAB}.md"].decode().replace("points: 10", "points: 20")
    take(tmp_path, {f"{LAB}.md": text})
    assert (lab().points, lab().current == first) == (20, False)


def test_what_vanished_is_retired_and_comes_back(tmp_path: Path) -> None:
    take(tmp_path)
    gone = {path: None for path in course() if path.startswith(LAB) or path == QUIZ_PATH}
    take(tmp_path, gone)
    assert lab().retired_at is not None
    assert quiz().retired_at is not None
    assert lab().versions.count() == 1
    take(tmp_path)
    assert lab().retired_at is None
    assert quiz().retired_at is None


def test_a_quiz_hangs_on_its_lesson(tmp_path: Path) -> None:
    take(tmp_path)
    assert (quiz().kind, quiz().points) == ("quiz", 2)
    assert quiz().document.file.path == LESSON


def test_questions_are_rendered_part_by_part(tmp_path: Path) -> None:
    take(tmp_path)
    where, who = quiz().questions.order_by("position")
    assert where.prompt_html == "<p>¿Dónde se <strong>decide</strong>?</p>"
    assert where.parts_html == {"why": "<p>Lo decide <code>f()</code>.</p>"}
    assert who.parts_html["option:uno"] == "<p>El <em>uno</em>.</p>"
    assert "documento=01_inicio/02_segunda" in who.parts_html["option:dos:why"]
    assert where.data["answer"] == "motor:src/a.cc:10-20"


def test_a_changed_question_retires_the_old_one(tmp_path: Path) -> None:
    take(tmp_path)
    take(tmp_path, {QUIZ_PATH: QUIZ.replace("¿Quién?", "¿Quién de los dos?")})
    rows = quiz().questions.filter(question_id="quien").order_by("pk")
    assert [row.retired_at is None for row in rows] == [False, True]
    assert quiz().versions.count() == 2


def test_a_quiz_that_is_not_there_any_more_leaves_its_questions(tmp_path: Path) -> None:
    take(tmp_path)
    take(tmp_path, {QUIZ_PATH: None})
    assert Question.objects.count() == 2


@pytest.mark.parametrize(
    ("changes", "where", "words"),
    [
        ({f"{LAB}.md": None}, f"{LAB}/exercise.yml:0", "falta el enunciado"),
        ({f"{LAB}/exercise.yml": "format: 1\nkind: nada"}, f"{LAB}/exercise.yml:2", "«kind» es «nada»"),
        ({f"{LAB}/casos/mayusculas.out": None}, f"{LAB}/exercise.yml:22", "no existe «casos/mayusculas.out»"),
        ({f"{LAB}.md": "---\ntitle: X\nkind: envoy\npoints: 1\n---\nx"}, f"{LAB}.md:3", "dice «program»"),
        ({f"{LAB}.md": "---\ntitle: X\nkind: program\n---\nx"}, f"{LAB}.md:", "falta «points»"),
        (
            {"ejercicios/laboratorios/otro.md": f"---\ntitle: X\nkind: program\nlesson: {LESSON}\n---\nx"},
            "ejercicios/laboratorios/otro.md:3",
            "falta la carpeta",
        ),
        ({QUIZ_PATH: QUIZ.replace("kind: single", "kind: uno")}, f"{QUIZ_PATH}:9", "tiene que ser single o"),
        (
            {QUIZ_PATH: QUIZ.replace("`f()`", "`nada:src/a.cc:1`")},
            f"{QUIZ_PATH}:7",
            "ningún repositorio «nada»",
        ),
        ({QUIZ_PATH: QUIZ.replace("02_segunda.md", "09_nada.md")}, f"{QUIZ_PATH}:13", "09_nada.md"),
        ({"01_inicio/09_nada.quiz.yml": QUIZ}, "01_inicio/09_nada.quiz.yml:0", "no hay ninguna lección"),
    ],
)
def test_a_fault_refuses_everything_and_is_named(
    tmp_path: Path, changes: dict[str, str | None], where: str, words: str
) -> None:
    with pytest.raises(Refused) as refused:
        take(tmp_path, changes)
    found = [str(problem) for problem in refused.value.problems]
    assert any(line.startswith(where) and words in line for line in found), found
    assert not Exercise.objects.exists()


@pytest.mark.parametrize(
    ("path", "folders", "quizzes"),
    [
        (f"{LAB}/exercise.yml", True, False),
        (f"{LAB}/casos/a/b.txt", True, False),
        (f"{LAB}.md", False, False),
        ("ejercicios/envoy/figura.png", False, False),
        (QUIZ_PATH, False, True),
        ("01_inicio/01_primera.md", False, False),
    ],
)
def test_each_kind_claims_its_own_paths(path: str, folders: bool, quizzes: bool) -> None:
    assert (ExerciseFolders().claims(path), Quizzes().claims(path)) == (folders, quizzes)
