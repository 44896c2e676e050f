"""What moves progress, and what does not."""

import pytest
from django.db import transaction
from django.utils import timezone

from courses import extensions, progress
from courses.models import FileRevision, Progress
from courses.outline import Entry, State, place_of, totals
from tests import factories
from tests.conftest import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.db]


def publish_again(document: object) -> None:
    file = document.file
    file.published = FileRevision.objects.create(file=file, content=b"Otro texto.", origin="site")
    file.save()


def open_it(cast: Cast, document: object = None) -> Entry:
    document = document or cast.lesson
    modules = progress.outline(cast.course, cast.ana_enrolled)
    return progress.opened(document, cast.ana_enrolled, place_of(modules, document.file.path).entry)


def state(cast: Cast) -> State:
    (module,) = progress.outline(cast.course, cast.ana_enrolled)
    return module.entries[0].state


def test_opening_a_lesson_is_remembered_with_the_text_that_was_seen(cast: Cast) -> None:
    open_it(cast)
    row = Progress.objects.get()
    assert (row.enrollment, row.revision) == (cast.ana_enrolled, cast.lesson.file.published)
    assert state(cast) is State.READING


def test_opening_the_same_text_again_writes_nothing(cast: Cast, django_assert_num_queries) -> None:
    open_it(cast)
    (module,) = progress.outline(cast.course, cast.ana_enrolled)
    with django_assert_num_queries(0):
        progress.opened(cast.lesson, cast.ana_enrolled, module.entries[0])


def test_who_opens_a_lesson_sees_at_once_that_they_are_reading_it(cast: Cast) -> None:
    assert open_it(cast).state is State.READING


def test_two_tabs_that_open_a_lesson_at_once_are_one_opening(cast: Cast) -> None:
    (module,) = progress.outline(cast.course, cast.ana_enrolled)
    for _tab in range(2):
        with transaction.atomic():
            progress.opened(cast.lesson, cast.ana_enrolled, module.entries[0])
    assert Progress.objects.count() == 1


def test_a_new_text_is_remembered_and_the_first_opening_stays(cast: Cast) -> None:
    open_it(cast)
    first = Progress.objects.get().opened_at
    publish_again(cast.lesson)
    open_it(cast)
    row = Progress.objects.get()
    assert (row.revision, row.opened_at) == (cast.lesson.file.published, first)


def test_what_i_have_done_stays_done_when_the_text_changes(cast: Cast) -> None:
    progress.mark_done(cast.lesson, cast.ana_enrolled, True)
    publish_again(cast.lesson)
    open_it(cast)
    (module,) = progress.outline(cast.course, cast.ana_enrolled)
    assert (module.entries[0].state, module.entries[0].changed_since_done) == (State.DONE, True)


def test_done_can_be_taken_back(cast: Cast) -> None:
    progress.mark_done(cast.lesson, cast.ana_enrolled, True)
    progress.mark_done(cast.lesson, cast.ana_enrolled, False)
    assert state(cast) is State.READING


def test_saying_done_twice_keeps_the_first_date(cast: Cast) -> None:
    first = progress.mark_done(cast.lesson, cast.ana_enrolled, True).done_at
    assert progress.mark_done(cast.lesson, cast.ana_enrolled, True).done_at == first


def test_the_progress_of_one_student_is_not_that_of_another(cast: Cast) -> None:
    progress.mark_done(cast.lesson, cast.blas_enrolled, True)
    assert state(cast) is State.NOT_OPENED


def test_the_fraction_is_taken_of_what_is_published_now(cast: Cast) -> None:
    progress.mark_done(cast.lesson, cast.ana_enrolled, True)
    other = factories.make_document(cast.course, module=cast.lesson.module)
    factories.make_document(cast.course, module=cast.lesson.module, written=False)
    found = totals(progress.outline(cast.course, cast.ana_enrolled))
    assert (found.done, found.published, found.lessons) == (1, 2, 3)
    other.retired_at = timezone.now()
    other.save()
    found = totals(progress.outline(cast.course, cast.ana_enrolled))
    assert (found.done, found.published) == (1, 1)


def test_full_points_make_an_exercise_done_and_a_later_grading_does_not_undo_it(cast: Cast) -> None:
    exercise = factories.make_exercise(cast.course, "ejercicios/eco.md")
    now = timezone.now()
    with transaction.atomic():
        progress.record(cast.ana_enrolled, exercise.file, 8, 10, now)
    assert Progress.objects.get().done_at is None
    with transaction.atomic():
        progress.record(cast.ana_enrolled, exercise.file, 10, 10, now)
        progress.record(cast.ana_enrolled, exercise.file, 9, 10, now)
    row = Progress.objects.get()
    assert (row.points, row.done_at) == (9, now)


def test_points_that_were_withdrawn_are_none(cast: Cast) -> None:
    exercise = factories.make_exercise(cast.course, "ejercicios/eco.md")
    with transaction.atomic():
        progress.record(cast.ana_enrolled, exercise.file, 8, 10, timezone.now())
        progress.record(cast.ana_enrolled, exercise.file, None, 10, timezone.now())
    assert (Progress.objects.get().points, Progress.objects.get().points_at) == (None, None)


def test_points_that_came_before_the_first_opening_do_not_hide_it(cast: Cast) -> None:
    exercise = factories.make_exercise(cast.course, "ejercicios/eco.md")
    with transaction.atomic():
        progress.record(cast.ana_enrolled, exercise.file, 8, 10, timezone.now())
    open_it(cast, exercise.document)
    row = Progress.objects.get()
    assert row.opened_at is not None
    assert row.points == 8


def test_the_outline_is_one_query(cast: Cast, django_assert_num_queries) -> None:
    for _ in range(3):
        factories.make_document(cast.course, module=factories.make_module(cast.course))
    with django_assert_num_queries(1):
        modules = progress.outline(cast.course, cast.ana_enrolled)
    assert len(modules) == 4


def test_lessons_are_numbered_after_their_module(cast: Cast) -> None:
    module = factories.make_module(cast.course, label="Módulo 7", position=70)
    factories.make_document(cast.course, module=module, position=1)
    factories.make_document(cast.course, module=module, position=2, kind="exercise")
    factories.make_document(cast.course, module=module, position=3, section="A fondo")
    found = next(m for m in progress.outline(cast.course, None) if m.label == "Módulo 7")
    assert [entry.number for entry in found.entries] == ["7.1", "", "7.2"]


class Worth:
    """Everything is worth ten points."""

    def __init__(self, *files: int) -> None:
        self.files = files

    def totals(self, course: object) -> dict[int, float]:
        return dict.fromkeys(self.files, 10.0)


def test_points_count_in_the_module_of_the_exercise_and_of_the_quizs_lesson(cast: Cast, monkeypatch) -> None:
    exercise = factories.make_exercise(cast.course, "ejercicios/eco.md")
    exercise.document.module = cast.lesson.module
    exercise.document.save()
    quiz = factories.make_file(cast.course, "01_fundamentos/01_tcp.quiz.yml", b"format: 1\n")
    monkeypatch.setattr(extensions, "counted_results", [Worth(exercise.file_id, quiz.pk)])
    with transaction.atomic():
        progress.record(cast.ana_enrolled, quiz, 4, 10, timezone.now())
    modules = progress.outline(cast.course, cast.ana_enrolled)
    points = progress.points_by_module(cast.ana_enrolled, modules, progress.available_points(cast.course))
    assert points == {"01_fundamentos": (4, 20)}
