"""The queue of gradings: who takes which one, under which lease, and what becomes of it.

The row is the truth. How workers are woken up is in tasks.py, how files are judged in grading/, what a worker
does beside grading in worker.py.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, Self

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Case, Count, DateTimeField, ExpressionWrapper, F, Q, Sum, When
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from courses import progress
from exercises import scoring, slots
from exercises.grading import ExerciseSpec, Report, Verdict, grade
from exercises.models import Exercise, ExerciseVersion, Grading, GradingQuerySet, Submission, Worker
from exercises.sandbox.interface import SandboxBroken

logger = logging.getLogger(__name__)

RUNS_OF_A_SUBMISSION = (Grading.Purpose.LIVE, Grading.Purpose.REGRADE)
PEOPLE_WAIT = (Grading.Lane.LIVE, Grading.Lane.TRIAL)  # the lanes in which somebody looks at the page
STEP_SECONDS = 0.3  # a page cannot show more steps than it can fetch
CLAIM_RACES = 10


@dataclass(frozen=True, slots=True)
class GradingState:
    """What the workers say: how many answer, whether one of them can grade, and if not why, in Spanish."""

    workers: int
    is_on: bool
    reason: str
    warnings: tuple[str, ...]


class LeaseLost(Exception):
    """The grading is no longer ours: its lease lapsed and somebody else has it, or had it."""


# --- the queue ----------------------------------------------------------------------------------------------


def claim(worker: str) -> Grading | None:
    """Take the first grading that may start now, for `worker`, under a new lease; None where there is none.

    By lane, then by time. Nobody has more than MAX_RUNNING_PER_USER live or on trial at once; a regrade starts
    only where another slot is free or nobody waits. A conditional update lets one worker through.
    """
    if Worker.objects.filter(pk=worker, can_grade=False).exists():
        return None
    for _race in range(CLAIM_RACES):
        pk = claimable().values_list("pk", flat=True).first()
        if pk is None:
            return None
        token = uuid.uuid4()
        taken = (
            Grading.objects.queued()
            .filter(pk=pk)
            .update(
                status=Grading.Status.GRADING,
                token=token,
                worker=worker[:120],
                lease_until=_lease(),
                started_at=Now(),
                tries=F("tries") + 1,
                step="",
            )
        )
        if taken:
            # the token again: the row may be somebody else's by now
            return Grading.objects.select_related("version", "files").filter(pk=pk, token=token).first()
    return None


def claimable() -> GradingQuerySet:
    """The queued gradings that may start now, in their order."""
    queue = Grading.objects.queued().order_by("lane", "queued_at", "pk")
    at_their_limit = (
        Grading.objects.running()
        .filter(lane__in=PEOPLE_WAIT)
        .values("enrollment__user")
        .annotate(running=Count("pk"))
        .filter(running__gte=settings.MAX_RUNNING_PER_USER)
        .values("enrollment__user")
    )
    queue = queue.exclude(lane__in=PEOPLE_WAIT, enrollment__user__in=at_their_limit)
    if not _regrades_may_start():
        queue = queue.filter(lane__in=PEOPLE_WAIT)
    return queue


def _regrades_may_start() -> bool:
    if not Grading.objects.queued().filter(lane=Grading.Lane.REGRADE).exists():
        return True  # none there: the other questions can be spared
    return free_slots() >= 2 or not Grading.objects.queued().filter(lane__in=PEOPLE_WAIT).exists()


def free_slots() -> int:
    """Slots of all workers that answer and can grade, less the gradings that run."""
    slots_there = Worker.objects.grading().aggregate(sum=Sum("slots"))["sum"] or 0
    return max(0, slots_there - Grading.objects.running().count())


def queue_position(grading: Grading) -> int | None:
    """1 for the grading that comes next; None where it does not wait any more."""
    if grading.status != Grading.Status.QUEUED:
        return None
    earlier = Q(queued_at__lt=grading.queued_at) | Q(queued_at=grading.queued_at, pk__lt=grading.pk)
    before = Q(lane__lt=grading.lane) | (Q(lane=grading.lane) & earlier)
    return Grading.objects.queued().filter(before).count() + 1


def grading_state() -> GradingState:
    """Whether what is handed in will be graded now. One query."""
    workers = list(Worker.objects.alive())
    is_on = any(worker.can_grade for worker in workers)
    reason = ""
    if not workers:
        reason = _("No hay ningún corrector en marcha.")
    elif not is_on:
        reason = " ".join(sorted({worker.reason for worker in workers if worker.reason}))
    warnings = {f"{w['what']} {w['remedy']}" for worker in workers for w in worker.warnings}
    return GradingState(len(workers), is_on, reason, tuple(sorted(warnings)))


def cancel(grading: Grading) -> bool:
    """Take a grading that still waits out of the queue. False where it had already begun or was settled."""
    return (
        Grading.objects.queued()
        .filter(pk=grading.pk)
        .update(status=Grading.Status.CANCELLED, settled_at=Now(), step="")
        == 1
    )


def regrade(submissions: Iterable[Submission], *, again: bool = False) -> int:
    """Queue a grading by the exercise's current version for each submission that has none; say how many.

    Repeating it changes nothing. With `again` what that version has graded already is graded once more; what
    waits or runs is never queued twice. There is no bell: regrades wait for the next sweep.
    """
    made = 0
    for submission in submissions:
        with transaction.atomic():
            Submission.objects.select_for_update(no_key=True).get(pk=submission.pk)
            version = Exercise.objects.values_list("current", flat=True).get(pk=submission.exercise_id)
            same = submission.gradings.filter(version=version, purpose__in=RUNS_OF_A_SUBMISSION)
            stands = same.unsettled() if again else same.unsettled() | same.counting()
            if version is None or stands.exists():
                continue
            Grading.objects.create(
                enrollment_id=submission.enrollment_id,
                version_id=version,
                files_id=submission.files_id,
                submission=submission,
                purpose=Grading.Purpose.REGRADE,
                lane=Grading.Lane.REGRADE,
                queued_at=timezone.now(),
            )
        made += 1
    return made


def sweep() -> int:
    """Take gradings back whose worker was lost; after GRADING_TRIES they are failed. How many bells are due.

    One for each free slot at most: a bell more for each queued row would fill the broker.
    """
    lapsed = Grading.objects.lapsed()
    if lapsed.exists():
        back = lapsed.filter(tries__lt=settings.GRADING_TRIES).update(**_UNCLAIMED)
        fault = _("El corrector se perdió en cada uno de los intentos.")
        lost = lapsed.filter(tries__gte=settings.GRADING_TRIES).update(**_failed(fault))
        logger.warning("sweep: %d gradings back in the queue, %d failed", back, lost)
    free = free_slots()
    return min(free, claimable()[:free].count()) if free else 0


# --- under a lease ------------------------------------------------------------------------------------------


def grade_claimed(grading: Grading) -> None:
    """Grade what `claim` gave, and record it. Raises nothing: a fault of ours goes into the row."""
    with _Heart(grading) as heart:
        try:
            sandbox = slots.sandbox()
            spec, folder = _what_grades(grading.version_id)
            report = grade(
                spec,
                grading.files.contents(),
                folder,
                sandbox,
                visible_only=grading.purpose == Grading.Purpose.TRIAL,
                on_step=heart.step,
            )
            digest = sandbox.digest()
        except LeaseLost:
            logger.warning("grading %d: the lease was lost", grading.pk)
        except SandboxBroken as broken:
            logger.error("grading %d: %s", grading.pk, broken)
            # what it stands on may be gone: the next is made anew, once the worker has looked at its machine
            slots.give_back()
            Worker.objects.filter(pk=grading.worker).update(can_grade=False, reason=str(broken))
            release(grading, str(broken))
        except Exception:
            logger.exception("grading %d", grading.pk)
            release(grading, traceback.format_exc())
        else:
            record(grading, report, sandbox_digest=digest)


def beat(grading: Grading) -> bool:
    """Renew the lease. False where it is lost: nothing more will be recorded."""
    return _held(grading).update(lease_until=_lease()) == 1


def record(grading: Grading, report: Report, *, sandbox_digest: str = "") -> bool:
    """Settle the grading while its token holds: verdict, what counts for the submission, and progress, at once.

    False where the lease is lost: then nothing changed. A report whose fault is ours is never a verdict.
    """
    whole = {
        "report": report.as_json(),
        "tools": report.tools,
        "wall_seconds": report.seconds,
        "memory_bytes": report.memory_bytes,
        "sandbox_digest": sandbox_digest,
    }
    if report.verdict is Verdict.INTERNAL_ERROR:
        fault = report.fault or report.message
        return _held(grading).update(**_failed(fault), **whole) == 1
    with transaction.atomic():
        settled = _held(grading).update(
            status=Grading.Status.GRADED,
            verdict=report.verdict,
            score=report.score,
            max_score=report.max_score,
            settled_at=Now(),
            token=None,
            lease_until=None,
            step="",
            fault="",
            **whole,
        )
        if settled and grading.submission_id is not None and grading.purpose != Grading.Purpose.DRY_RUN:
            settle(grading.submission_id)
    return settled == 1


def release(grading: Grading, fault: str) -> None:
    """Give the grading back for another try, or fail it after the last one. `fault` is for staff."""
    if grading.tries < settings.GRADING_TRIES:
        _held(grading).update(**{**_UNCLAIMED, "fault": fault})
    else:
        _held(grading).update(**_failed(fault))


def settle(submission_id: int) -> None:
    """Choose the grading of a submission that counts, and tell progress: in the transaction of the change.

    Points that a person gave stand until they are withdrawn; else the newest run counts.
    """
    # one at a time for each student, or two that settle together would not see each other's points
    whole = (
        Submission.objects.select_for_update(of=("self", "enrollment"), no_key=True)
        .select_related("enrollment", "exercise__file")
        .get(pk=submission_id)
    )
    by_rank = whole.gradings.counting().order_by(
        Case(When(purpose=Grading.Purpose.MANUAL, then=0), default=1), "-pk"
    )
    current = by_rank.values_list("pk", flat=True).first()
    if current != whole.current_id:
        Submission.objects.filter(pk=whole.pk).update(current=current)
    points = scoring.points(whole.enrollment, whole.exercise)
    progress.record(
        whole.enrollment,
        whole.exercise.file,
        points.value if points else None,
        whole.exercise.points,
        timezone.now(),
    )


_UNCLAIMED = {
    "status": Grading.Status.QUEUED,
    "token": None,
    "lease_until": None,
    "worker": "",
    "step": "",
}


def _failed(fault: str) -> dict[str, Any]:
    return {
        **_UNCLAIMED,
        "status": Grading.Status.FAILED,
        "worker": F("worker"),
        "settled_at": Now(),
        "fault": fault,
    }


def _held(grading: Grading) -> GradingQuerySet:
    """The row, only while it is under the lease that `grading` was claimed with."""
    return Grading.objects.running().filter(pk=grading.pk, token=grading.token)


def _lease() -> ExpressionWrapper:
    seconds = timedelta(seconds=settings.LEASE_SECONDS)
    return ExpressionWrapper(Now() + seconds, output_field=DateTimeField())


@lru_cache(maxsize=64)
def _what_grades(version: int) -> tuple[ExerciseSpec, dict[str, bytes]]:
    """Specification and files of a version, kept: it never changes."""
    found = ExerciseVersion.objects.select_related("files").get(pk=version)
    return ExerciseSpec.from_json(found.spec), found.files.contents()


class _Heart:
    """Keeps the lease of one grading alive while it runs, and writes its steps, a few a second at most."""

    def __init__(self, grading: Grading) -> None:
        self._grading = grading
        self._stop = threading.Event()
        self._is_lost = False
        self._stepped_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        self._thread.join()

    def step(self, words: str) -> None:
        """Say what is being done. Raises LeaseLost where the rest of the work would be for nothing."""
        if self._is_lost:
            raise LeaseLost
        now = time.monotonic()
        if now - self._stepped_at >= STEP_SECONDS:
            self._stepped_at = now
            _held(self._grading).update(step=words[:80])

    def _run(self) -> None:
        try:
            while not self._stop.wait(settings.HEARTBEAT_SECONDS):
                try:
                    if not beat(self._grading):
                        self._is_lost = True
                        return
                except DatabaseError:
                    logger.warning("grading %d: no heartbeat", self._grading.pk, exc_info=True)
        finally:
            connection.close()
