"""What is thrown away in time: trials of long ago, files that nothing points at, workers that are gone.

What was handed in never is.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from exercises.models import Blob, Draft, ExerciseVersion, FileSet, FileSetEntry, Grading, Submission, Worker

FORGOTTEN_WORKER = timedelta(days=1)
AT_A_TIME = 200  # short transactions: others wait to write


def tidy() -> None:
    """Throw away what has had its time. Safe to repeat, and to run in several places at once."""
    old_trials = Grading.objects.filter(
        purpose=Grading.Purpose.TRIAL, settled_at__lt=Now() - timedelta(days=settings.TRIAL_DAYS)
    )
    forgotten = Worker.objects.filter(beat_at__lt=Now() - FORGOTTEN_WORKER)
    # blobs after the sets that held them
    for useless in (old_trials, forgotten, _unused_file_sets(), _unused_blobs()):
        while _throw_away(useless):
            pass


def _unused_file_sets() -> QuerySet[FileSet]:
    """Sets that nothing points at: a draft leaves one behind with every save."""
    unused = FileSet.objects.all()
    for model in (Draft, Submission, Grading, ExerciseVersion):
        unused = unused.exclude(Exists(model.objects.filter(files=OuterRef("pk"))))
    return unused


def _unused_blobs() -> QuerySet[Blob]:
    return Blob.objects.exclude(Exists(FileSetEntry.objects.filter(blob=OuterRef("pk"))))


def _throw_away(useless: QuerySet) -> bool:
    """Delete some of them. True where there may be more."""
    some = list(useless.order_by("pk").values_list("pk", flat=True)[:AT_A_TIME])
    if not some:
        return False
    try:
        with transaction.atomic():
            useless.filter(pk__in=some).delete()
    except IntegrityError:
        return False  # somebody has just found a use for one of them: another time
    return True
