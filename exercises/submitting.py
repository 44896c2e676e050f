"""Handing in, trying out and keeping drafts: what is accepted, how often, and that nothing typed is lost."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Max, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.models import Enrollment
from exercises import tasks
from exercises.grading import ExerciseSpec, refusals
from exercises.models import Draft, Exercise, ExerciseVersion, FileSet, Grading, Submission

DRAFT_BYTES = 1 << 20  # of each file: a draft may be longer than what can be handed in, not without end


class Unacceptable(Exception):
    """The files cannot be handed in. `messages`: file name -> what is wrong and what to do; "" is the whole."""

    def __init__(self, messages: Mapping[str, str]) -> None:
        self.messages = dict(messages)
        super().__init__(" ".join(self.messages.values()))


class TooManyPending(Exception):
    """The person already has `limit` gradings that are not settled."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"{limit} gradings are pending")


class NoAttemptsLeft(Exception):
    """All `limit` attempts are used."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"all {limit} attempts are used")


class DraftConflict(Exception):
    """The draft was saved elsewhere meanwhile. `current` is what stands; the caller still has its own text."""

    def __init__(self, current: Draft) -> None:
        self.current = current
        super().__init__(f"the draft is at revision {current.revision}")


def submit(
    enrollment: Enrollment, exercise: Exercise, files: Mapping[str, bytes], request_key: uuid.UUID
) -> Submission:
    """Hand in, queue the grading, keep the files as the draft too. The same `request_key`, the same submission.

    Raises Unacceptable, TooManyPending, NoAttemptsLeft; then nothing changed.
    """
    with transaction.atomic():
        _one_at_a_time(enrollment)
        before = Submission.objects.filter(enrollment=enrollment, request_key=request_key).first()
        if before is not None:
            return before
        version = _standing_version(exercise)
        _check(version, files)
        left = attempts_left(enrollment, exercise)
        if left == 0:
            raise NoAttemptsLeft(version.max_attempts or 0)
        _check_pending(enrollment)
        last = Submission.objects.filter(enrollment=enrollment, exercise=exercise).aggregate(n=Max("number"))[
            "n"
        ]
        stored = FileSet.objects.store(files)
        now = timezone.now()
        submission = Submission.objects.create(
            enrollment=enrollment,
            exercise=exercise,
            version=version,
            files=stored,
            number=(last or 0) + 1,
            request_key=request_key,
            handed_in_at=now,
        )
        Grading.objects.create(
            enrollment=enrollment,
            version=version,
            files=stored,
            submission=submission,
            purpose=Grading.Purpose.LIVE,
            lane=Grading.Lane.LIVE,
            queued_at=now,
        )
        _keep(enrollment, exercise, stored)
        tasks.ring()
    return submission


def try_out(enrollment: Enrollment, exercise: Exercise, files: Mapping[str, bytes]) -> Grading:
    """Queue a run of the visible cases that counts for nothing. Raises Unacceptable, TooManyPending."""
    with transaction.atomic():
        _one_at_a_time(enrollment)
        version = _standing_version(exercise)
        _check(version, files)
        _check_pending(enrollment)
        stored = FileSet.objects.store(files)
        grading = Grading.objects.create(
            enrollment=enrollment,
            version=version,
            files=stored,
            purpose=Grading.Purpose.TRIAL,
            lane=Grading.Lane.TRIAL,
            queued_at=timezone.now(),
        )
        _keep(enrollment, exercise, stored)
        tasks.ring()
    return grading


def save_draft(
    enrollment: Enrollment, exercise: Exercise, files: Mapping[str, bytes], base_revision: int
) -> Draft:
    """Keep what is being written. `base_revision` is that of the draft it grew from, 0 where there was none.

    Raises DraftConflict where another tab or device saved something else meanwhile, and Unacceptable for what
    no draft can hold. Saving the same again changes nothing.
    """
    known = {file["name"] for file in _standing_version(exercise).spec["files"]}
    refused = {name: _("Este ejercicio no pide «%s».") % name[:80] for name in files if name not in known}
    for name, content in files.items():
        if name in known and len(content) > DRAFT_BYTES:
            refused[name] = _("«%(name)s» pasa de %(kib)d KiB: no se guarda el borrador. Redúcelo.") % {
                "name": name,
                "kib": DRAFT_BYTES >> 10,
            }
    if refused:
        raise Unacceptable(refused)
    with transaction.atomic():
        _one_at_a_time(enrollment)
        stored = FileSet.objects.store(files)
        draft = Draft.objects.filter(enrollment=enrollment, exercise=exercise).first()
        if draft is not None and draft.files_id != stored.pk and draft.revision != base_revision:
            raise DraftConflict(draft)
        return _keep(enrollment, exercise, stored)


def attempts_left(enrollment: Enrollment, exercise: Exercise) -> int | None:
    """How many times the exercise can still be handed in; None: without limit.

    What was withdrawn before it was graded, or failed for a reason of ours, is not counted.
    """
    limit = exercise.current.max_attempts if exercise.current else None
    if limit is None:
        return None
    happened = Grading.objects.filter(
        submission=OuterRef("pk"),
        status__in=[Grading.Status.QUEUED, Grading.Status.GRADING, Grading.Status.GRADED],
    )
    used = Submission.objects.filter(Exists(happened), enrollment=enrollment, exercise=exercise).count()
    return max(0, limit - used)


def typed(text: str) -> bytes:
    """The text of a form's field as the bytes of a file: lines end in LF, the last one too."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return (lines if lines.endswith("\n") or not lines else lines + "\n").encode()


def _one_at_a_time(enrollment: Enrollment) -> None:
    """Two requests of one student that arrive together go one after the other."""
    Enrollment.objects.select_for_update(no_key=True).get(pk=enrollment.pk)


def _standing_version(exercise: Exercise) -> ExerciseVersion:
    """What grades the exercise now, read anew: it may have changed since the page was opened."""
    exercise.refresh_from_db(fields=["current", "retired_at"])
    if exercise.current is None or exercise.retired_at is not None:
        raise Unacceptable({"": _("El ejercicio se ha retirado: ya no admite entregas.")})
    return exercise.current


def _check(version: ExerciseVersion, files: Mapping[str, bytes]) -> None:
    if refused := refusals(ExerciseSpec.from_json(version.spec), files):
        raise Unacceptable(refused)


def _check_pending(enrollment: Enrollment) -> None:
    pending = Grading.objects.unsettled().filter(
        enrollment__user=enrollment.user_id, lane__in=[Grading.Lane.LIVE, Grading.Lane.TRIAL]
    )
    if pending.count() >= settings.MAX_PENDING_PER_USER:
        raise TooManyPending(settings.MAX_PENDING_PER_USER)


def _keep(enrollment: Enrollment, exercise: Exercise, stored: FileSet) -> Draft:
    """The student's draft with these files; a new revision only where they differ."""
    now = timezone.now()
    draft, is_new = Draft.objects.get_or_create(
        enrollment=enrollment, exercise=exercise, defaults={"files": stored, "saved_at": now}
    )
    if not is_new and draft.files_id != stored.pk:
        draft.files, draft.saved_at = stored, now
        draft.revision += 1
        draft.save(update_fields=["files", "saved_at", "revision"])
    return draft
