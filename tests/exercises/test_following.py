"""What people see of a grading: its steps, its verdict, and how outputs are compared. No browser here."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from exercises import following
from exercises.models import Grading
from tests.exercises.pages import HIDDEN, a_case, a_report

NOW = timezone.now()


def a_grading(**fields: object) -> Grading:
    defaults = {"pk": 7, "status": "queued", "queued_at": NOW, "tries": 0, "step": ""}
    return Grading(**{**defaults, **fields})


def states(grading: Grading, kind: str = "program", position: int | None = None) -> list[tuple[str, str]]:
    return [(step.state, step.text) for step in following.steps_of(grading, kind, position)]


def test_who_waits_sees_the_place_in_the_queue() -> None:
    assert states(a_grading(), position=3)[0] == ("here", "puesto 3")


def test_once_it_has_begun_one_sees_how_long_one_waited_and_what_is_done() -> None:
    grading = a_grading(status="grading", started_at=NOW + timedelta(seconds=0.24), step="Compilando")
    assert states(grading)[:2] == [("past", "0,2 s"), ("here", "compilando")]


def test_while_cases_run_one_sees_which() -> None:
    grading = a_grading(status="grading", started_at=NOW, step="Caso 2 de 5")
    assert states(grading)[1:] == [("past", "listo"), ("here", "2 de 5"), ("todo", "pendiente")]


def test_the_second_step_of_envoy_validates() -> None:
    assert following.steps_of(a_grading(), "envoy")[1].title == "2 · Valida"


@pytest.mark.parametrize(("waited", "pace"), [(0, 200), (10, 500), (45, 1000), (200, 2000), (4000, 5000)])
def test_a_page_asks_less_often_the_longer_it_waits(waited: int, pace: int) -> None:
    assert following.pace_of(a_grading(), NOW + timedelta(seconds=waited)) == pace


def test_the_stamp_changes_with_what_the_page_shows() -> None:
    before = following.stamp_of(a_grading(), 2, 250)
    assert before == following.stamp_of(a_grading(), 2, 250)
    assert before != following.stamp_of(a_grading(), 1, 250)
    assert before != following.stamp_of(a_grading(status="grading"), 2, 250)


# --- verdicts -----------------------------------------------------------------------------------------------


def verdict(*cases: dict[str, object], for_staff: bool = False, **fields: object) -> following.ShownVerdict:
    shown = following.verdict_of(a_grading(report=a_report(*cases, **fields)), for_staff=for_staff)
    assert shown is not None
    return shown


def test_failed_cases_come_first_and_those_that_did_not_run_last() -> None:
    shown = verdict(a_case("uno"), a_case("dos", "skipped"), a_case("tres", "wrong"), a_case("cuatro"))
    assert [case.name for case in shown.sorted_cases] == ["tres", "uno", "cuatro", "dos"]


def test_visible_and_hidden_cases_are_numbered_apart() -> None:
    shown = verdict(a_case("uno"), HIDDEN, a_case("dos"))
    assert [case.label for case in shown.cases] == ["1", "O1", "2"]


def test_of_a_hidden_case_a_student_gets_its_name_alone() -> None:
    case = verdict(HIDDEN).cases[0]
    assert (case.given, list(case.expected), list(case.obtained), list(case.logs)) == ("", [], [], [])
    assert (case.message, dict(case.staff)) == ("", {})


def test_staff_see_what_happened_in_a_hidden_case() -> None:
    assert verdict(HIDDEN, for_staff=True).cases[0].staff == {"Qué pasó": "el mensaje del equipo"}


def test_our_fault_is_told_to_staff_alone() -> None:
    report = {"verdict": "internal_error", "fault": "checker.py raised"}
    assert verdict(a_case(outcome="internal_error"), **report).fault == ""
    assert verdict(a_case(outcome="internal_error"), for_staff=True, **report).fault == "checker.py raised"


def test_each_case_is_worth_its_share_of_the_points() -> None:
    shown = verdict(a_case(weight=1), a_case(outcome="wrong", weight=3))
    assert [(case.points, case.most) for case in shown.cases] == [(2.5, 2.5), (0, 7.5)]


def test_only_the_end_of_a_long_log_stands_on_the_page() -> None:
    log = verdict(a_case(logs={"stderr": "a" * 50_000 + "fin"})).cases[0].logs[0]
    assert log.is_cut
    assert len(log.text) == following.LOG_SHOWN
    assert log.text.endswith("fin")


def test_lines_that_a_compiler_names_lead_to_the_file() -> None:
    pieces = verdict(verdict="compile_error", output="main.cc:12:3: error\nen main.cc:13\n").output
    assert [(text, anchor) for text, anchor in pieces if anchor] == [("main.cc:12", "main-cc-l12")]
    assert "".join(text for text, _anchor in pieces) == "main.cc:12:3: error\nen main.cc:13\n"


def test_points_from_a_person_have_no_report() -> None:
    assert following.verdict_of(a_grading(report={})) is None


# --- comparing ----------------------------------------------------------------------------------------------


def marked(pieces: list[following.Piece]) -> str:
    return "".join(f"[{piece.text}]" if piece.differs else piece.text for piece in pieces)


def test_the_words_that_differ_are_marked_on_both_sides() -> None:
    left, right = following.compare_outputs("uno 2 tres\n", "uno 5 tres\n")
    assert (marked(left), marked(right)) == ("uno [2] tres\n", "uno [5] tres\n")


def test_a_missing_line_is_marked_where_it_was() -> None:
    left, right = following.compare_outputs("a\nb\n", "a\n")
    assert (marked(left), marked(right)) == ("a\n[b\n]", "a\n")


@pytest.mark.parametrize("texts", [("", ""), ("a\n", "a\n"), ("a\n" * 900, "b\n" * 900), ("a b " * 900, "b")])
def test_comparing_loses_no_character(texts: tuple[str, str]) -> None:
    left, right = following.compare_outputs(*texts)
    assert ("".join(p.text for p in left), "".join(p.text for p in right)) == texts
