"""What is thrown away in time, and what never is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from exercises import submitting, tidying
from exercises.models import Blob, FileSet, Grading, Submission, Worker
from tests import factories

pytestmark = pytest.mark.db

LONG_AGO = timezone.now() - timedelta(days=400)


def make_trial(enrollment, exercise, settled_at):
    grading = submitting.try_out(enrollment, exercise, {"main.py": b"print(1)\n"})
    fields = {"status": "graded", "verdict": "accepted"} if settled_at else {}
    Grading.objects.filter(pk=grading.pk).update(queued_at=LONG_AGO, settled_at=settled_at, **fields)


def test_trials_go_after_their_days_and_not_before(enrollment, exercise, settings):
    settings.TRIAL_DAYS = 30
    make_trial(enrollment, exercise, timezone.now() - timedelta(days=31))
    make_trial(enrollment, exercise, timezone.now() - timedelta(days=29))
    make_trial(enrollment, exercise, None)
    tidying.tidy()
    assert Grading.objects.count() == 2


def test_what_was_handed_in_stays_for_good(enrollment, exercise):
    submission = factories.make_submission(enrollment, exercise, handed_in_at=LONG_AGO)
    factories.grade(submission, settled_at=LONG_AGO, queued_at=LONG_AGO)
    tidying.tidy()
    assert Submission.objects.get().files.contents() == {"main.py": b"print(1)\n"}
    assert Submission.objects.get().current is not None


def test_files_that_a_draft_left_behind_go_and_those_in_use_stay(enrollment, exercise, monkeypatch):
    monkeypatch.setattr(tidying, "AT_A_TIME", 2)
    revision = 0
    for number in range(6):
        revision = submitting.save_draft(enrollment, exercise, {"main.py": b"%d" % number}, revision).revision
    tidying.tidy()
    kept = {bytes(blob.content) for blob in Blob.objects.all()}
    assert kept == {b"5", b"format: 1\n"}
    assert FileSet.objects.count() == 2


def test_a_worker_that_is_gone_for_a_day_is_forgotten(db):
    now = timezone.now()
    Worker.objects.create(name="viejo", started_at=LONG_AGO, beat_at=now - timedelta(days=2))
    Worker.objects.create(name="nuevo", started_at=LONG_AGO, beat_at=now)
    tidying.tidy()
    assert Worker.objects.get().name == "nuevo"
