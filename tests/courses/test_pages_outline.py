"""The index as values: states, fractions, bars, neighbours, where to go on. No database."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from courses.outline import (
    Entry,
    OutlineModule,
    State,
    aside,
    place_of,
    resume,
    totals,
    tree,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 3, 2, 12, tzinfo=UTC)


def entry(path: str, **fields: object) -> Entry:
    defaults = {"document": 1, "file": 1, "url": f"/{path}", "title": path, "minutes": 60, "published": 7}
    return Entry(path=path, **{**defaults, **fields})


def module(*entries: Entry, number: str = "1") -> OutlineModule:
    return OutlineModule(
        folder=f"m{number}", title="Redes", label=f"Módulo {number}", number=number, entries=entries
    )


@pytest.mark.parametrize(
    ("fields", "state", "word"),
    [
        ({"published": None}, State.IN_PREPARATION, "En preparación"),
        ({"published": None, "done_at": NOON}, State.IN_PREPARATION, "En preparación"),
        ({}, State.NOT_OPENED, "Sin abrir"),
        ({"opened_at": NOON}, State.READING, "Leyendo"),
        ({"opened_at": NOON, "done_at": NOON}, State.DONE, "Hecha"),
        ({"kind": "exercise"}, State.NOT_OPENED, "Sin empezar"),
        ({"kind": "exercise", "opened_at": NOON}, State.READING, "Empezado"),
        ({"kind": "exercise", "points_at": NOON, "points": 8}, State.READING, "Entregado"),
        ({"kind": "exercise", "points_at": NOON, "done_at": NOON}, State.DONE, "Resuelto"),
    ],
)
def test_the_state_of_a_document_in_a_word(fields: dict, state: State, word: str) -> None:
    found = entry("a.md", **fields)
    assert (found.state, found.word) == (state, word)


def test_a_text_that_changed_after_it_was_done_says_so() -> None:
    done = entry("a.md", done_at=NOON, done_revision=6)
    assert done.changed_since_done
    assert not replace(done, published=6).changed_since_done


def test_what_is_in_preparation_counts_for_nothing() -> None:
    found = module(entry("a.md", done_at=NOON), entry("b.md"), entry("c.md", published=None))
    assert found.tally == "1/2"


def test_exercises_do_not_count_where_there_are_lessons() -> None:
    assert module(entry("a.md"), entry("e.md", kind="exercise", done_at=NOON)).tally == "0/1"


def test_a_module_of_exercises_counts_them() -> None:
    assert module(entry("e.md", kind="exercise", done_at=NOON), entry("f.md", kind="exercise")).tally == "1/2"


def test_a_module_without_anything_published_has_a_dash_for_a_fraction() -> None:
    found = module(entry("a.md", published=None))
    assert (found.tally, found.sentence) == ("–", "Módulo 1: en preparación")


def test_the_bar_says_in_words_what_it_shows() -> None:
    assert module(entry("a.md", done_at=NOON), entry("b.md")).sentence == "Módulo 1: 1 de 2 lecciones hechas"


def test_whole_hours_are_drawn_to_scale() -> None:
    found = module(entry("a.md", minutes=120), entry("b.md", minutes=240))
    assert [segment.minutes for segment in found.segments] == [120, 240]


def test_short_lessons_are_drawn_in_proportion_too() -> None:
    found = module(entry("a.md", minutes=10), entry("b.md", minutes=30))
    assert [segment.minutes for segment in found.segments] == [120, 360]


def test_the_segment_of_this_page_is_marked() -> None:
    found = module(entry("a.md"), entry("b.md")).segments_at("b.md")
    assert [segment.here for segment in found] == [False, True]


def test_neighbours_are_the_written_lessons_before_and_after() -> None:
    modules = [
        module(entry("a.md"), entry("x.md", kind="exercise")),
        module(entry("b.md", published=None), entry("c.md"), entry("d.md"), number="2"),
    ]
    place = place_of(modules, "c.md")
    assert (place.previous.path, place.following.path, place.ordinal) == ("a.md", "d.md", 2)


def test_what_is_not_in_the_index_has_no_place() -> None:
    with pytest.raises(LookupError):
        place_of([module(entry("a.md"))], "b.md")


def test_one_goes_on_with_the_lesson_opened_last() -> None:
    found = resume(
        [module(entry("a.md", opened_at=NOON, last_at=LATER), entry("b.md", opened_at=NOON, last_at=NOON))]
    )
    assert (found.entry.path, found.is_reading) == ("a.md", True)


def test_after_a_lesson_that_is_done_comes_the_next_that_is_not() -> None:
    done = {"done_at": NOON, "opened_at": NOON, "last_at": NOON}
    found = resume(
        [module(entry("a.md"), entry("b.md", **done), entry("c.md", published=None)), module(entry("d.md"))]
    )
    assert found.entry.path == "d.md"


def test_after_the_last_lesson_come_those_that_were_skipped() -> None:
    done = {"done_at": NOON, "opened_at": NOON, "last_at": NOON}
    assert resume([module(entry("a.md"), entry("b.md", **done))]).entry.path == "a.md"


def test_there_is_nothing_to_go_on_with_when_all_is_done() -> None:
    assert resume([module(entry("a.md", done_at=NOON, last_at=NOON))]) is None


def test_the_tree_opens_the_module_of_the_page() -> None:
    modules = [module(entry("a.md")), module(entry("b.md", section="Envoy"), number="2")]
    found = tree("Curso", "/c/", modules, "b.md")
    assert [m.open for m in found.modules] == [False, True]
    assert [(row.heading, row.title, row.here) for row in found.modules[1].rows] == [
        ("Envoy", "", False),
        ("", "b.md", True),
    ]


def test_what_is_in_preparation_is_no_link_in_the_tree() -> None:
    (row,) = tree("Curso", "/c/", [module(entry("a.md", published=None))]).modules[0].rows
    assert (row.url, row.state) == ("", "draft")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"minutes": 150}, "2 h 30 min"),
        ({"minutes": None}, ""),
        ({"kind": "exercise", "minutes": 30}, ""),
        ({"kind": "exercise", "points": 7.5, "max_points": 10}, "7,5/10"),
        ({"kind": "exercise", "points": 0, "max_points": 10}, "0/10"),
    ],
)
def test_beside_a_document_stand_its_points_or_its_time(fields: dict, words: str) -> None:
    assert aside(entry("a.md", **fields)) == words


def test_a_course_in_figures() -> None:
    found = totals([module(entry("a.md", done_at=NOON), entry("b.md", minutes=None, published=None))])
    assert (found.modules, found.lessons, found.published, found.done) == (1, 2, 1, 1)
    assert (found.minutes, found.untimed) == (60, 1)
