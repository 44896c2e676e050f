from __future__ import annotations

from typing import Any

import pytest

from exercises.grading.expecting import expected_result, surprise
from exercises.grading.report import CaseResult, Outcome, Report, Verdict
from tests.exercises.grading.builders import program


def a_report(verdict: str, score: float, *outcomes: str) -> Report:
    cases = [CaseResult(f"Caso {n}", Outcome(o), False, 1) for n, o in enumerate(outcomes, start=1)]
    return Report(Verdict(verdict), score, 10, cases)


FULL = a_report("accepted", 10, "passed", "passed")
HALF = a_report("partial", 5, "passed", "wrong")
NONE = a_report("rejected", 0, "time_limit", "skipped")
OURS = Report(Verdict.INTERNAL_ERROR, 0, 10, fault="no Envoy")


@pytest.mark.parametrize(
    ("name", "wanted", "report", "words"),
    [
        ("solution/a", None, FULL, None),
        ("solution/a", None, HALF, "da partial: «Caso 2»"),
        ("wrong/a", None, HALF, None),
        ("wrong/a", None, NONE, None),
        ("wrong/a", None, FULL, "se acepta"),
        ("wrong/a", None, OURS, "fallo nuestro: no Envoy"),
        ("wrong/a", {"verdict": "rejected"}, HALF, "da partial y se esperaba rejected"),
        ("wrong/a", {"fails": "Caso 2"}, HALF, None),
        ("wrong/a", {"fails": "Caso 1"}, HALF, "falla primero «Caso 2»"),
        ("wrong/a", {"fails": "Caso 1"}, FULL, "se acepta"),
        ("wrong/a", {"outcome": "time_limit"}, NONE, None),
        ("wrong/a", {"outcome": "time_limit"}, HALF, "falla con wrong y se esperaba time_limit"),
    ],
)
def test_a_shipped_solution_gives_what_it_should(
    name: str, wanted: dict[str, Any] | None, report: Report, words: str | None
) -> None:
    said = surprise(program(expect={name: wanted} if wanted is not None else {}), name, report)
    assert said == words if words is None else said is not None and said.startswith(words)


def test_what_is_expected_can_be_read() -> None:
    spec = program(expect={"wrong/b": {"verdict": "partial", "fails": "Saluda", "outcome": "wrong"}})
    assert expected_result(spec, "solution/a") == "todos los puntos"
    assert expected_result(spec, "wrong/a") == "no aceptada"
    assert expected_result(spec, "wrong/b") == "partial, falla «Saluda», con wrong"
