from __future__ import annotations

import json

import pytest

from exercises.grading.spec import ExerciseSpec, parse_spec
from tests.exercises.grading.builders import example, folder_of, problems_of

HEAD = """
    format: 1
    kind: program
    files:
    - {name: main.py, language: python, max_bytes: 100}
"""
CASE = """
    cases:
    - {name: Saluda, output_text: hola}
"""


@pytest.mark.parametrize("name", ["palabras", "pasarela"])
def test_an_example_has_no_problems(name: str) -> None:
    _, problems = parse_spec(folder_of(name), 10)
    assert problems == []


@pytest.mark.parametrize("name", ["palabras", "pasarela"])
def test_a_row_gives_back_what_the_file_says(name: str) -> None:
    spec, _ = example(name)
    row = json.loads(json.dumps(spec.as_json()))
    assert ExerciseSpec.from_json(row).as_json() == spec.as_json()


def test_a_row_does_not_know_what_solutions_must_give() -> None:
    spec, _ = example("palabras")
    assert spec.expect
    assert ExerciseSpec.from_json(spec.as_json()).expect == {}


def test_accepts_names_files_and_their_starters() -> None:
    spec, _ = example("palabras")
    assert spec.accepts == [
        {
            "name": "palabras.py",
            "max_bytes": 16384,
            "optional": False,
            "language": "python",
            "starter": "starter/palabras.py",
        }
    ]


def test_only_the_files_that_are_named_grade() -> None:
    spec, _ = example("palabras")
    assert spec.paths() == ["casos/mayusculas.out", "casos/mayusculas.txt"]


@pytest.mark.parametrize(
    ("path", "content", "is_the_same"),
    [
        ("solution/contador/palabras.py", b"print()", True),
        ("starter/palabras.py", b"print()", True),
        ("casos/mayusculas.out", b"sol 4", False),
    ],
)
def test_a_version_changes_with_what_grades_alone(path: str, content: bytes, is_the_same: bool) -> None:
    spec, folder = example("palabras")
    other, _ = parse_spec({**folder, path: content}, 10)
    assert other is not None
    assert (other.digest({**folder, path: content}) == spec.digest(folder)) is is_the_same


def test_a_comment_makes_no_new_version() -> None:
    spec, folder = example("palabras")
    folder["exercise.yml"] += b"# otra cosa\n"
    other, _ = parse_spec(folder, 10)
    assert other is not None
    assert other.digest(folder) == spec.digest(folder)


def test_a_hidden_case_of_envoy_is_never_traced() -> None:
    spec, _ = example("pasarela")
    assert [case.log_level for case in spec.cases] == ["trace", "trace", "warning"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("format: 2\nkind: program\nfiles: []\ncases: []", "1: «format» es «2» y tiene que ser 1"),
        ("format: 1\nkind: evidence", "2: los ejercicios de tipo «evidence» todavía no se corrigen"),
        ("format: 1\nkind: review", "2: los ejercicios de tipo «review» todavía no se corrigen"),
        ("format: 1\nkind: otra", "2: «kind» es «otra» y tiene que ser program o envoy"),
        ("format: 1", "1: falta «kind»"),
        ("a: &x 1\nb: *x", "1: no se admiten anclas YAML"),
        ("a: 1\na: 2", "2: «a» está dos veces"),
        ("a: [1", "falta «,» o «]»"),
        (HEAD + "    cases: []\n", "5: «cases» no puede estar vacío"),
        (HEAD + "    casos: 1\n" + CASE, "5: no se conoce el campo «casos»"),
        (HEAD + "    cases:\n    - {name: Saluda}\n", "6: falta «output» u «output_text»"),
        (HEAD + "    cases:\n    - {name: Saluda, output: a.txt}\n", "6: no existe «a.txt»"),
        (HEAD + "    cases:\n    - {name: Saluda, output: ../a.txt}\n", "6: «cases[1].output» no vale"),
        (HEAD + "    cases:\n    - {name: Saluda, output: exercise.yml}\n", "6: «exercise.yml» no puede"),
        (
            HEAD + "    cases:\n    - {name: Saluda, output_text: a, hidden: true}\n",
            "5: todos los casos están ocultos",
        ),
        (
            HEAD + CASE + "    - {name: Saluda, output_text: a}\n",
            "8: hay otro caso con este nombre",
        ),
        (HEAD + "    compare: igual\n" + CASE, "5: "),
        (HEAD + "    limits: {seconds: 0}\n" + CASE, "5: «limits.seconds» es 0"),
        (HEAD + "    expect: {wrong/nada: {}}\n" + CASE, "5: no existe la carpeta «wrong/nada/»"),
        (HEAD + '    parameters: {A: "x\\ny"}\n' + CASE, "5: «A» tiene que ser de una línea"),
        (HEAD + "    parameters: {PUERTO_X: 1}\n" + CASE, "5: «PUERTO_…» se reserva"),
        (
            HEAD + "    cases:\n    - name: Saluda\n      output_text: a\n      output: exercise.yml\n",
            "8: «exercise.yml» no puede formar parte",
        ),
        (
            "format: 1\nkind: program\nfiles:\n- {name: main.cc, language: python, max_bytes: 9}\n"
            "cases:\n- {name: Saluda, output_text: a}\n",
            "4: un archivo de python termina en .py",
        ),
        (
            "format: 1\nkind: envoy\nfiles:\n- {name: a.yaml, max_bytes: 9}\nports: [ADMIN]\n"
            "checker: c.py\ncases:\n- {name: Atiende, check: x}\n",
            "5: ADMIN existe siempre",
        ),
    ],
)
def test_a_fault_is_named_with_its_line(text: str, words: str) -> None:
    assert any(words in problem for problem in problems_of(text)), problems_of(text)


def test_a_folder_without_its_file_says_so() -> None:
    spec, problems = parse_spec({}, 10)
    assert spec is None
    assert "falta exercise.yml" in problems[0].message


def test_what_nobody_uses_is_a_warning() -> None:
    spec, problems = parse_spec({**folder_of("palabras"), "casos/viejo.txt": b""}, 10)
    assert spec is not None
    assert [(problem.path, problem.warning) for problem in problems] == [("casos/viejo.txt", True)]


def test_fewer_than_three_wrong_solutions_are_a_warning() -> None:
    folder = {path: c for path, c in folder_of("pasarela").items() if not path.startswith("wrong/otro")}
    folder["exercise.yml"] = folder["exercise.yml"].partition(b"expect:")[0]
    folder = {path: content for path, content in folder.items() if not path.startswith("wrong/sin")}
    _, problems = parse_spec(folder, 10)
    assert [problem.message for problem in problems if problem.warning] == [
        "hay 1 soluciones equivocadas y hacen falta 3: crea wrong/<nombre>/"
    ]
