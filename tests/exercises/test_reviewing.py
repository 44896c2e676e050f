"""Reviewing: whose work, what waits, drafts that nobody else sees, decisions, points by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from courses.models import Progress
from exercises import judging, reviewing, scoring
from exercises.models import Exercise, Grading, Review, ReviewComment, Submission
from tests import factories
from tests.conftest import Cast
from tests.exercises.test_judging import make_worker, report

pytestmark = pytest.mark.db
CODE = {"main.py": b"import sys\nprint(1)\n"}


@pytest.fixture
def work(cast: Cast, exercise: Exercise) -> Submission:
    submission = factories.make_submission(cast.ana_enrolled, exercise, CODE)
    factories.grade(submission, score=5, verdict="partial")
    return submission


@pytest.fixture
def review(cast: Cast, work: Submission) -> Review:
    return reviewing.open_review(work, cast.carla).review


def waiting(user: object) -> list[Submission]:
    return list(reviewing.waiting(reviewing.reviewable(user)))


# --- the queue ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "sees"),
    [("carla", True), ("olga", True), ("elena", False), ("ana", False), ("blas", False), ("eva", False)],
)
def test_an_instructor_reviews_the_work_of_their_cohorts(
    cast: Cast, work: Submission, who: str, sees: bool
) -> None:
    assert (work in reviewing.reviewable(getattr(cast, who))) is sees


def test_nobody_reviews_their_own_work(cast: Cast, exercise: Exercise) -> None:
    own = factories.make_submission(factories.enroll(cast.olga, cast.cohort), exercise)
    assert own not in reviewing.reviewable(cast.olga)


def test_a_quiz_is_not_reviewed(cast: Cast) -> None:
    quiz = factories.make_exercise(cast.course, kind="quiz")
    assert factories.make_submission(cast.ana_enrolled, quiz) not in reviewing.reviewable(cast.carla)


def test_only_the_newest_attempt_waits(cast: Cast, work: Submission) -> None:
    newer = factories.make_submission(cast.ana_enrolled, work.exercise)
    factories.make_grading(newer)
    assert waiting(cast.carla) == [newer]


def test_a_withdrawn_attempt_does_not_hide_the_one_before(cast: Cast, work: Submission) -> None:
    newer = factories.make_submission(cast.ana_enrolled, work.exercise)
    factories.make_grading(newer, status="cancelled", settled_at=timezone.now())
    assert waiting(cast.carla) == [work]


def test_what_is_decided_waits_no_more(cast: Cast, review: Review) -> None:
    reviewing.approve(review, cast.carla, review.revision)
    assert waiting(cast.carla) == []


def test_what_was_sent_back_is_among_the_changes_until_the_next_attempt(cast: Cast, review: Review) -> None:
    reviewing.ask_changes(review, cast.carla, review.revision, "Falta el cierre.")
    work = reviewing.reviewable(cast.carla)
    assert list(reviewing.changing(work)) == [review.submission]
    newer = factories.make_submission(cast.ana_enrolled, review.submission.exercise)
    factories.make_grading(newer)
    assert not reviewing.changing(work).exists()
    assert waiting(cast.carla) == [newer]


def test_an_answer_of_the_student_brings_it_back(cast: Cast, review: Review) -> None:
    reviewing.ask_changes(review, cast.carla, review.revision, "¿Quién cierra?")
    reviewing.reply(ReviewComment.objects.get(), cast.ana, "El segundo hilo.")
    assert waiting(cast.carla) == [review.submission]


# --- who is at it -------------------------------------------------------------------------------------------


def test_opening_says_who_else_is_at_it(cast: Cast, review: Review) -> None:
    opened = reviewing.open_review(review.submission, cast.olga)
    assert opened.other == cast.carla
    review.refresh_from_db()
    assert review.holder == cast.carla


def test_after_a_while_another_may_take_it(cast: Cast, review: Review) -> None:
    Review.objects.update(held_at=timezone.now() - timedelta(hours=1))
    assert reviewing.open_review(review.submission, cast.olga).other is None
    review.refresh_from_db()
    assert review.holder == cast.olga


def test_opening_again_at_once_writes_nothing(
    cast: Cast, review: Review, django_assert_num_queries: object
) -> None:
    with django_assert_num_queries(1):
        reviewing.open_review(review.submission, cast.carla)


# --- words --------------------------------------------------------------------------------------------------


def test_a_draft_is_its_author_s_alone(cast: Cast, review: Review) -> None:
    draft = reviewing.comment(review, cast.carla, "Ojo.", file_name="main.py", line=2)
    assert reviewing.visible_comments(review, cast.carla) == [draft]
    assert reviewing.visible_comments(review, cast.ana) == []
    assert reviewing.visible_comments(review, cast.olga) == []


def test_deciding_shows_what_one_wrote_and_not_what_others_write(cast: Cast, review: Review) -> None:
    mine = reviewing.comment(review, cast.carla, "Ojo.", file_name="main.py", line=2)
    reviewing.comment(review, cast.olga, "Aún lo pienso.", file_name="main.py", line=1)
    reviewing.approve(review, cast.carla, review.revision)
    assert reviewing.visible_comments(review, cast.ana) == [mine]


@pytest.mark.parametrize(
    ("name", "line"), [("otro.py", 1), ("main.py", 0), ("main.py", 3), ("main.py", None), ("", 1)]
)
def test_a_comment_hangs_on_a_line_that_exists(cast: Cast, review: Review, name: str, line: int | None) -> None:
    with pytest.raises(reviewing.Unsayable):
        reviewing.comment(review, cast.carla, "Ojo.", file_name=name, line=line)


@pytest.mark.parametrize("text", ["", "  \r\n ", "x" * 10_001, "a\x00b"])
def test_a_comment_says_something_and_ends(cast: Cast, review: Review, text: str) -> None:
    with pytest.raises(reviewing.Unsayable):
        reviewing.comment(review, cast.carla, text)


def test_what_is_written_is_cleaned(cast: Cast, review: Review) -> None:
    written = reviewing.comment(review, cast.carla, "<script>alert(1)</script> **sí**")
    assert "<script" not in written.html
    assert "<strong>sí</strong>" in written.html


def test_a_draft_without_words_is_thrown_away(cast: Cast, review: Review) -> None:
    draft = reviewing.comment(review, cast.carla, "Ojo.", file_name="main.py", line=2)
    reviewing.change_draft(draft, cast.carla, " ")
    assert not ReviewComment.objects.exists()


@pytest.mark.parametrize("released", [True, False])
def test_nobody_changes_the_words_of_others_nor_what_is_out(cast: Cast, review: Review, released: bool) -> None:
    draft = reviewing.comment(review, cast.carla, "Ojo.", file_name="main.py", line=2)
    if released:
        reviewing.approve(review, cast.carla, review.revision)
    reviewing.change_draft(draft, cast.carla if released else cast.olga, "Otra cosa.")
    draft.refresh_from_db()
    assert draft.text == "Ojo."


def test_the_general_comment_is_one_draft(cast: Cast, review: Review) -> None:
    for text in ("Uno.", "Dos."):
        reviewing.keep_general(review, cast.carla, text)
    assert [comment.text for comment in review.comments.all()] == ["Dos."]


def test_an_answer_to_an_answer_stays_in_its_thread(cast: Cast, review: Review) -> None:
    reviewing.ask_changes(review, cast.carla, review.revision, "¿Quién cierra?")
    first = ReviewComment.objects.get()
    answer = reviewing.reply(first, cast.ana, "El segundo.")
    assert reviewing.comment(review, cast.carla, "Bien.", reply_to=answer).reply_to == first


# --- deciding -----------------------------------------------------------------------------------------------


def test_changes_need_words(cast: Cast, review: Review) -> None:
    with pytest.raises(reviewing.NoWords):
        reviewing.ask_changes(review, cast.carla, review.revision, "  ")
    review.refresh_from_db()
    assert review.decision == "waiting"


def test_a_comment_on_a_line_is_words_enough(cast: Cast, review: Review) -> None:
    reviewing.comment(review, cast.carla, "Ciérralo.", file_name="main.py", line=2)
    assert reviewing.ask_changes(review, cast.carla, review.revision).decision == "changes_wanted"


def test_of_two_decisions_the_second_is_refused_and_nothing_of_it_is_lost(cast: Cast, review: Review) -> None:
    seen = review.revision
    draft = reviewing.comment(review, cast.olga, "Aún no.", file_name="main.py", line=2)
    reviewing.approve(review, cast.carla, seen)
    with pytest.raises(reviewing.Stale) as refusal:
        reviewing.ask_changes(review, cast.olga, seen, "Falta.")
    assert refusal.value.current.decision == "approved"
    assert refusal.value.current.decided_by == cast.carla
    draft.refresh_from_db()
    assert draft.is_draft


def test_a_decision_does_not_run_over_an_answer_that_came_meanwhile(cast: Cast, review: Review) -> None:
    reviewing.ask_changes(review, cast.carla, review.revision, "¿Quién cierra?")
    review.refresh_from_db()
    reviewing.reply(ReviewComment.objects.get(), cast.ana, "El segundo.")
    with pytest.raises(reviewing.Stale):
        reviewing.approve(review, cast.carla, review.revision)


def test_the_student_has_something_to_read_until_they_open_it(cast: Cast, review: Review) -> None:
    assert not reviewing.unread_for(cast.ana_enrolled).exists()
    reviewing.approve(review, cast.carla, review.revision, "Bien.")
    unread = reviewing.unread_for(cast.ana_enrolled).get()
    assert unread.remarks == 1
    reviewing.seen(unread)
    assert not reviewing.unread_for(cast.ana_enrolled).exists()


def test_reading_it_again_writes_nothing(cast: Cast, review: Review, django_assert_num_queries: object) -> None:
    reviewing.approve(review, cast.carla, review.revision)
    reviewing.seen(review)
    review.refresh_from_db()
    with django_assert_num_queries(0):
        reviewing.seen(review)


# --- points -------------------------------------------------------------------------------------------------


def points(work: Submission) -> float:
    found = scoring.points(work.enrollment, work.exercise)
    assert found is not None
    return found.value


def test_points_by_hand_count_at_once_and_reach_progress(cast: Cast, work: Submission) -> None:
    reviewing.give_points(work, cast.carla, 7.5, "La idea es buena.")
    assert points(work) == 7.5
    assert Progress.objects.get(file=work.exercise.file).points == 7.5


def test_points_by_hand_stand_through_a_regrade(cast: Cast, work: Submission) -> None:
    given = reviewing.give_points(work, cast.carla, 7.5, "La idea es buena.")
    factories.make_grading(work, purpose="regrade", lane=Grading.Lane.REGRADE)
    make_worker()
    judging.record(judging.claim("w@uno"), report(10.0))
    work.refresh_from_db()
    assert work.current == given
    assert points(work) == 7.5


def test_withdrawn_points_leave_what_the_machine_says(cast: Cast, work: Submission) -> None:
    reviewing.give_points(work, cast.carla, 7.5, "La idea es buena.")
    assert reviewing.withdraw_points(work) == 1
    assert points(work) == 5
    assert Grading.objects.filter(purpose="manual", status="cancelled").count() == 1


def test_withdrawing_what_is_not_there_changes_nothing(cast: Cast, work: Submission) -> None:
    assert reviewing.withdraw_points(work) == 0


@pytest.mark.parametrize("score", [-1, 10.5, float("nan"), float("inf")])
def test_points_stay_within_what_the_exercise_gives(cast: Cast, work: Submission, score: float) -> None:
    with pytest.raises(reviewing.BadPoints):
        reviewing.give_points(work, cast.carla, score, "Porque sí.")


def test_points_by_hand_need_a_reason(cast: Cast, work: Submission) -> None:
    with pytest.raises(reviewing.NoReason):
        reviewing.give_points(work, cast.carla, 5, " ")
    assert not Grading.objects.filter(purpose="manual").exists()
