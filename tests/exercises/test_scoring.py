"""How many points somebody has for an exercise, and where they come from."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from exercises import scoring
from exercises.models import Grading
from tests import factories

pytestmark = pytest.mark.db


def attempt(enrollment, exercise, score, **fields):
    submission = factories.make_submission(enrollment, exercise)
    return factories.grade(submission, score=score, verdict="partial", **fields)


def by_a_person(submission, person, score, day, **fields):
    return factories.make_grading(
        submission,
        purpose="manual",
        **{"status": "graded", "verdict": "partial", **fields},
        score=score,
        max_score=10,
        person=person,
        settled_at=datetime(2026, 3, day, tzinfo=UTC),
    )


def test_without_an_attempt_there_are_no_points(enrollment, exercise):
    assert scoring.points(enrollment, exercise) is None


def test_an_attempt_that_waits_or_failed_for_us_gives_none(enrollment, exercise):
    factories.make_grading(factories.make_submission(enrollment, exercise))
    failed = factories.make_submission(enrollment, exercise)
    factories.make_grading(failed, status="failed", settled_at=timezone.now())
    assert scoring.points(enrollment, exercise) is None


def test_the_best_attempt_counts_not_the_last(enrollment, exercise):
    attempt(enrollment, exercise, 3)
    best = attempt(enrollment, exercise, 8)
    attempt(enrollment, exercise, 5)
    points = scoring.points(enrollment, exercise)
    assert (points.value, points.max_points, points.grading) == (8, 10, best)
    assert not points.is_from_a_person


def test_of_equal_attempts_the_first_counts(enrollment, exercise):
    first = attempt(enrollment, exercise, 8)
    attempt(enrollment, exercise, 8)
    assert scoring.points(enrollment, exercise).grading == first


def test_an_attempt_counts_by_its_current_grading_alone(enrollment, exercise):
    older = attempt(enrollment, exercise, 9)
    newer = factories.grade(older.submission, score=2, verdict="partial", purpose="regrade")
    assert scoring.points(enrollment, exercise).grading == newer


def test_the_newest_standing_points_from_a_person_win_over_better_runs(cast, enrollment, exercise):
    run = attempt(enrollment, exercise, 10)
    by_a_person(run.submission, cast.carla, 9, day=1)
    newest = by_a_person(factories.make_submission(enrollment, exercise), cast.carla, 6, day=2)
    by_a_person(run.submission, cast.carla, 1, day=3, status="cancelled")
    points = scoring.points(enrollment, exercise)
    assert (points.value, points.grading) == (6, newest)
    assert points.is_from_a_person


def test_points_of_an_older_version_count_as_their_share_of_what_the_exercise_is_worth_now(
    enrollment, exercise
):
    attempt(enrollment, exercise, 5)
    exercise.points = 20
    exercise.save()
    assert scoring.points(enrollment, exercise).value == 10


def test_points_of_others_and_of_other_exercises_are_not_mine(cast, exercise):
    attempt(cast.blas_enrolled, exercise, 9)
    attempt(cast.ana_enrolled, factories.make_exercise(cast.course), 9)
    assert scoring.points(cast.ana_enrolled, exercise) is None


def test_trials_and_dry_runs_give_no_points(enrollment, exercise):
    submission = factories.make_submission(enrollment, exercise)
    factories.grade(submission, score=10, purpose="dry_run")
    assert Grading.objects.count() == 1
    assert scoring.points(enrollment, exercise) is None
