"""Handing in: what is accepted, how often, in which order, and that nothing is lost."""

from __future__ import annotations

import threading
import uuid

import pytest
from django.db import connection

from exercises import submitting
from exercises.models import Draft, FileSet, Grading, Submission
from exercises.submitting import DraftConflict, NoAttemptsLeft, TooManyPending, Unacceptable
from tests import factories

pytestmark = pytest.mark.db

FILES = {"main.py": b"print(1)\n"}


def hand_in(enrollment, exercise, files=FILES):
    return submitting.submit(enrollment, exercise, files, uuid.uuid4())


def settle_all():
    Grading.objects.unsettled().update(
        status="graded", verdict="rejected", settled_at="2026-01-01T00:00Z", token=None
    )


@pytest.fixture
def limited(cast):
    return factories.make_exercise(cast.course, spec={**factories.PROGRAM_SPEC, "max_attempts": 2})


def test_handing_in_queues_one_live_grading_of_the_current_version(enrollment, exercise):
    submission = hand_in(enrollment, exercise)
    grading = submission.gradings.get()
    assert (grading.purpose, grading.status, grading.lane) == ("live", "queued", Grading.Lane.LIVE)
    assert grading.version == exercise.current
    assert grading.files.contents() == FILES
    assert submission.current is None


@pytest.mark.django_db(transaction=True)
def test_handing_in_rings_once_after_the_commit(enrollment, exercise, bells):
    hand_in(enrollment, exercise)
    assert bells.rung == 1


def test_the_same_request_is_the_same_submission(enrollment, exercise):
    key = uuid.uuid4()
    first = submitting.submit(enrollment, exercise, FILES, key)
    second = submitting.submit(enrollment, exercise, {"main.py": b"print(2)\n"}, key)
    assert first == second
    assert Grading.objects.count() == 1


def together(*calls):
    """Run the calls at the same time, each on its own connection. Their results, or what they raised."""
    ready = threading.Barrier(len(calls))
    results = [None] * len(calls)

    def run(number, call):
        ready.wait()
        try:
            results[number] = call()
        except Exception as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
def test_a_double_click_whose_requests_arrive_together_is_one_submission(enrollment, exercise, bells):
    key = uuid.uuid4()
    click = lambda: submitting.submit(enrollment, exercise, FILES, key)  # noqa: E731
    first, second = together(click, click)
    assert isinstance(first, Submission)
    assert first == second
    assert bells.rung == 1


@pytest.mark.django_db(transaction=True)
def test_attempts_that_arrive_together_get_different_numbers(enrollment, exercise, bells):
    results = together(*[lambda: hand_in(enrollment, exercise)] * 3)
    assert sorted(result.number for result in results) == [1, 2, 3]


@pytest.mark.django_db(transaction=True)
def test_of_attempts_that_arrive_together_no_more_are_pending_than_allowed(
    enrollment, exercise, bells, settings
):
    settings.MAX_PENDING_PER_USER = 2
    results = together(*[lambda: hand_in(enrollment, exercise)] * 4)
    assert sum(isinstance(result, TooManyPending) for result in results) == 2
    assert Grading.objects.count() == 2


def test_each_student_counts_their_own_attempts(cast, exercise):
    hand_in(cast.ana_enrolled, exercise)
    assert hand_in(cast.blas_enrolled, exercise).number == 1


@pytest.mark.parametrize(
    ("files", "where", "word"),
    [
        ({}, "", "vacía"),
        ({"main.py": b"  \n"}, "", "vacía"),
        ({"main.py": b"x" * 65_537}, "main.py", "máximo"),
        ({"main.py": b"\xff\xfe1"}, "main.py", "UTF-8"),
        ({"main.py": b"print(1)\x00"}, "main.py", "nulos"),
        ({"main.py": b"1", "otro.py": b"1"}, "otro.py", "no pide"),
        ({"../main.py": b"1"}, "../main.py", "no pide"),
        ({"/etc/passwd": b"1"}, "/etc/passwd", "no pide"),
        ({"main.py\n": b"1"}, "main.py\n", "no pide"),
    ],
)
def test_what_cannot_be_handed_in_is_said_by_file(enrollment, exercise, files, where, word):
    with pytest.raises(Unacceptable) as refused:
        hand_in(enrollment, exercise, files)
    assert word in refused.value.messages[where]
    assert not Submission.objects.exists()
    assert not Draft.objects.exists()


def test_a_retired_exercise_takes_nothing(enrollment, exercise):
    stale = type(exercise).objects.get(pk=exercise.pk)
    type(exercise).objects.update(retired_at="2026-01-01T00:00Z")
    with pytest.raises(Unacceptable):
        hand_in(enrollment, stale)


def test_a_submission_is_graded_by_the_version_that_stands_when_it_arrives(enrollment, exercise):
    opened = type(exercise).objects.get(pk=exercise.pk)
    exercise.current = factories.make_version(exercise)
    exercise.save()
    assert hand_in(enrollment, opened).version == exercise.current


def test_too_many_pending_are_refused_over_all_exercises(cast, enrollment, exercise, settings):
    settings.MAX_PENDING_PER_USER = 2
    hand_in(enrollment, exercise)
    submitting.try_out(enrollment, factories.make_exercise(cast.course), FILES)
    with pytest.raises(TooManyPending) as refused:
        hand_in(enrollment, exercise)
    assert refused.value.limit == 2
    settle_all()
    assert hand_in(enrollment, exercise).number == 2


def test_a_regrade_under_way_does_not_keep_a_student_from_handing_in(enrollment, exercise, settings):
    settings.MAX_PENDING_PER_USER = 1
    submission = factories.make_submission(enrollment, exercise)
    factories.make_grading(submission, purpose="regrade", lane=Grading.Lane.REGRADE)
    assert hand_in(enrollment, exercise)


def test_the_attempts_of_an_exercise_may_be_limited(enrollment, limited):
    assert submitting.attempts_left(enrollment, limited) == 2
    hand_in(enrollment, limited)
    hand_in(enrollment, limited)
    assert submitting.attempts_left(enrollment, limited) == 0
    with pytest.raises(NoAttemptsLeft) as refused:
        hand_in(enrollment, limited)
    assert refused.value.limit == 2


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_what_failed_for_us_or_was_withdrawn_is_no_attempt(enrollment, limited, status):
    hand_in(enrollment, limited)
    Grading.objects.update(status=status)
    assert submitting.attempts_left(enrollment, limited) == 2


def test_attempts_are_unlimited_unless_the_exercise_says_so(enrollment, exercise):
    assert submitting.attempts_left(enrollment, exercise) is None


def test_trying_out_leaves_no_submission(enrollment, exercise):
    grading = submitting.try_out(enrollment, exercise, FILES)
    assert (grading.purpose, grading.lane, grading.submission) == ("trial", Grading.Lane.TRIAL, None)
    assert not Submission.objects.exists()


def test_trying_out_uses_no_attempt(enrollment, limited):
    submitting.try_out(enrollment, limited, FILES)
    assert submitting.attempts_left(enrollment, limited) == 2


@pytest.mark.parametrize("act", [hand_in, lambda *given: submitting.try_out(*given, FILES)])
def test_what_is_sent_is_kept_as_the_draft_too(enrollment, exercise, act):
    act(enrollment, exercise)
    assert Draft.objects.get().files.contents() == FILES


def test_a_draft_may_be_what_could_not_be_handed_in(enrollment, exercise):
    draft = submitting.save_draft(enrollment, exercise, {"main.py": b"x" * 70_000}, 0)
    assert draft.revision == 1


@pytest.mark.parametrize("files", [{"otro.py": b"1"}, {"main.py": b"x" * (submitting.DRAFT_BYTES + 1)}])
def test_a_draft_holds_only_the_files_of_the_exercise_and_not_without_end(enrollment, exercise, files):
    with pytest.raises(Unacceptable):
        submitting.save_draft(enrollment, exercise, files, 0)
    assert not Draft.objects.exists()


def test_a_second_tab_does_not_overwrite_the_first(enrollment, exercise):
    first = submitting.save_draft(enrollment, exercise, {"main.py": b"uno"}, 0)
    submitting.save_draft(enrollment, exercise, {"main.py": b"dos"}, first.revision)
    with pytest.raises(DraftConflict) as conflict:
        submitting.save_draft(enrollment, exercise, {"main.py": b"tres"}, first.revision)
    assert conflict.value.current.files.contents() == {"main.py": b"dos"}
    assert conflict.value.current.revision == 2


def test_saving_the_same_draft_again_changes_nothing(enrollment, exercise):
    first = submitting.save_draft(enrollment, exercise, {"main.py": b"uno"}, 0)
    again = submitting.save_draft(enrollment, exercise, {"main.py": b"uno"}, 0)
    assert (again.revision, again.saved_at) == (first.revision, first.saved_at)


@pytest.mark.django_db(transaction=True)
def test_two_tabs_that_save_together_do_not_lose_one_in_silence(enrollment, exercise):
    results = together(
        lambda: submitting.save_draft(enrollment, exercise, {"main.py": b"uno"}, 0),
        lambda: submitting.save_draft(enrollment, exercise, {"main.py": b"dos"}, 0),
    )
    assert sorted(type(result).__name__ for result in results) == ["Draft", "DraftConflict"]


@pytest.mark.django_db(transaction=True)
def test_the_same_files_stored_together_are_one_set(db):
    results = together(*[lambda: FileSet.objects.store({"a": b"1", "b": b"2"})] * 3)
    assert len({result.pk for result in results}) == 1
    assert results[0].contents() == {"a": b"1", "b": b"2"}


@pytest.mark.parametrize(
    ("text", "content"),
    [("a\r\nb\r\n", b"a\nb\n"), ("a\rb", b"a\nb\n"), ("ñ", "ñ\n".encode()), ("", b""), ("a\n\n", b"a\n\n")],
)
def test_a_form_s_text_becomes_lines_that_end_in_lf(text, content):
    assert submitting.typed(text) == content
