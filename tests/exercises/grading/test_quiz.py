from __future__ import annotations

import textwrap
from typing import Any

import pytest

from exercises.grading.quiz import answer_is_right, near_answer, parse_quiz, shown_parts

TEXT = """\
format: 1
questions:
- id: quien-cierra
  kind: single
  prompt: ¿Quién cierra?
  options:
  - {id: cliente, text: El cliente., why: No.}
  - {id: servidor, text: El servidor., right: true, why: Sí.}
- id: banderas
  kind: multiple
  prompt: ¿Cuáles llegan?
  options:
  - {id: syn, text: SYN, right: true, why: Sí.}
  - {id: fin, text: FIN, right: true, why: Sí.}
  - {id: rst, text: RST, why: No.}
- id: cuanto
  kind: number
  prompt: ¿Cuánto?
  answer: 0.3
  tolerance: 0.05
  unit: s
  why: Por el retardo.
  near: [{at: 3, why: Son décimas.}]
- id: pasos
  kind: order
  prompt: Ordena.
  steps: [{id: a, text: Uno}, {id: b, text: Dos}, {id: c, text: Tres}]
  why: Así.
- id: nombre
  kind: text
  prompt: ¿Cómo se llama?
  accepted: [medio cierre, half-close]
  why: Así.
  near: [{at: cierre, why: Le falta algo.}]
- id: donde
  kind: code
  prompt: ¿Dónde?
  answer: envoy:source/a.cc:10-20
  why: Ahí.
  near: [{at: "envoy:source/a.cc:30-40", why: Eso es después.}]
"""


def questions() -> dict[str, dict[str, Any]]:
    quiz, problems = parse_quiz(TEXT.encode())
    assert quiz is not None, problems
    return {question.id: dict(question.data) for question in quiz.questions}


@pytest.mark.parametrize(
    ("question", "answer", "right"),
    [
        ("quien-cierra", "servidor", True),
        ("quien-cierra", "cliente", False),
        ("quien-cierra", "nadie", False),
        ("quien-cierra", ["servidor"], False),
        ("quien-cierra", None, False),
        ("banderas", ["fin", "syn"], True),
        ("banderas", ["fin"], False),
        ("banderas", ["fin", "syn", "rst"], False),
        ("banderas", [], False),
        ("banderas", "fin", False),
        ("banderas", [["fin"], "syn"], False),
        ("cuanto", 0.3, True),
        ("cuanto", "0,35", True),
        ("cuanto", " .25 ", True),
        ("cuanto", "3e-1", True),
        ("cuanto", "0,36", False),
        ("cuanto", "nan", False),
        ("cuanto", True, False),
        ("cuanto", {}, False),
        ("pasos", ["a", "b", "c"], True),
        ("pasos", ["b", "a", "c"], False),
        ("pasos", "abc", False),
        ("nombre", "  Medio   CIERRE ", True),
        ("nombre", "HALF-CLOSE", True),
        ("nombre", "cierre medio", False),
        ("nombre", 7, False),
        ("donde", "envoy:source/a.cc:20-25", True),
        ("donde", "`source/a.cc:15`", True),
        ("donde", "envoy:source/a.cc:21-25", False),
        ("donde", "ztunnel:source/a.cc:15", False),
        ("donde", "envoy:source/b.cc:15", False),
        ("donde", "envoy:source/a.cc:1-100000", False),
        ("donde", "envoy:source/a.cc:20-10", False),
        ("donde", "en a.cc", False),
        ("donde", 15, False),
    ],
)
def test_whether_an_answer_is_right(question: str, answer: Any, right: bool) -> None:
    assert answer_is_right(questions()[question], answer) is right


@pytest.mark.parametrize(
    ("question", "answer", "near"),
    [
        ("cuanto", "3,04", 0),
        ("cuanto", "30", None),
        ("cuanto", "0,3", None),
        ("nombre", "CIERRE", 0),
        ("donde", "envoy:source/a.cc:35", 0),
        ("quien-cierra", "cliente", None),
    ],
)
def test_a_known_mistake_has_its_own_explanation(question: str, answer: str, near: int | None) -> None:
    assert near_answer(questions()[question], answer) == near


def test_what_is_shown_before_answering_tells_nothing() -> None:
    shown = {question: shown_parts(data) for question, data in questions().items()}
    assert shown["quien-cierra"] == ["prompt", "option:cliente", "option:servidor"]
    assert shown["donde"] == ["prompt"]
    assert shown["pasos"] == ["prompt", "step:a", "step:b", "step:c"]


def test_a_question_changes_its_digest_with_its_text() -> None:
    one, _ = parse_quiz(TEXT.encode())
    other, _ = parse_quiz(TEXT.replace("¿Cuánto?", "¿Cuánto tarda?").encode())
    assert one is not None
    assert other is not None
    same = [a.digest == b.digest for a, b in zip(one.questions, other.questions, strict=True)]
    assert same == [True, True, False, True, True, True]


def test_a_quiz_is_worth_a_point_for_each_question() -> None:
    quiz, _ = parse_quiz(TEXT.encode())
    assert quiz is not None
    assert quiz.points == 6


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (", right: true, why: Sí.}\n- id: banderas", ", why: Sí.}\n- id: banderas", "6: hay 0 opciones"),
        ("{id: cliente", "{id: syn", "13: el id «syn» está dos veces"),
        ("id: cuanto", "id: pasos", "24: el id «pasos» está dos veces"),
        ("kind: text", "kind: texto", "30: "),
        ("answer: 0.3", "answer: mucho", "19: «questions[3].answer» tiene que ser un número"),
        ("at: 3,", "at: 0.31,", "23: esta respuesta es la correcta"),
        ("at: cierre", "at: Medio cierre", "34: esta respuesta es la correcta"),
        ("source/a.cc:10-20", "source/a.cc:20-10", "38: el intervalo de líneas"),
        ("source/a.cc:10-20", "a.cc", "38: «questions[6].answer» no vale"),
        (", why: No.}\n  - {id: servidor", "}\n  - {id: servidor", "7: falta «why»"),
        ("format: 1", "format: 3", "1: "),
    ],
)
def test_a_fault_is_named_with_its_line(old: str, new: str, words: str) -> None:
    assert old in TEXT
    quiz, problems = parse_quiz(textwrap.dedent(TEXT.replace(old, new)).encode())
    assert quiz is None
    said = [f"{problem.line}: {problem.message}" for problem in problems]
    assert any(line.startswith(words) for line in said), said
