"""What a student has handed in and tried out at an exercise, as pages show it, in few queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from courses.models import Enrollment
from exercises import following, judging
from exercises.following import ShownVerdict, Step
from exercises.models import Exercise, Grading, GradingQuerySet, Review, Submission

PER_PAGE = 10
RUNS = (Grading.Purpose.LIVE, Grading.Purpose.REGRADE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A submission or a trial. `run` is the grading that a machine did or does, `judged` the one that counts.

    They differ where a person gave the points. `verdict` is None where a page shows only a line of it.
    """

    kind: str
    run: Grading | None
    judged: Grading | None
    submission: Submission | None = None
    position: int | None = None
    verdict: ShownVerdict | None = None
    is_regraded: bool = False  # a new run is under way while the old one still counts

    @property
    def is_trial(self) -> bool:
        return self.submission is None

    @property
    def title(self) -> str:
        return _("Prueba") if self.submission is None else _("Intento %d") % self.submission.number

    @property
    def anchor(self) -> str:
        return f"prueba-{self.run.pk}" if self.submission is None else f"intento-{self.submission.number}"

    @property
    def at(self) -> datetime:
        return self.run.queued_at if self.submission is None else self.submission.handed_in_at

    @property
    def is_running(self) -> bool:
        return self.run is not None and not self.run.is_settled

    @property
    def is_failed(self) -> bool:
        """A fault of ours: nothing of it counts."""
        return self.judged is None and self.run is not None and self.run.status == Grading.Status.FAILED

    @property
    def is_withdrawn(self) -> bool:
        return self.judged is None and self.run is not None and self.run.status == Grading.Status.CANCELLED

    @property
    def is_from_a_person(self) -> bool:
        return self.judged is not None and self.judged.purpose == Grading.Purpose.MANUAL

    @property
    def steps(self) -> list[Step]:
        return following.steps_of(self.run, self.kind, self.position)

    @property
    def pace(self) -> int:
        return following.pace_of(self.run)

    @property
    def stamp(self) -> str:
        return following.stamp_of(self.run, self.position, self.pace)

    @property
    def words(self) -> str:
        """How it ended, in a sentence for who hears it and does not see it."""
        if self.is_failed:
            return _("%s: fallo nuestro, no cuenta.") % self.title
        if self.is_withdrawn:
            return _("%s: retirado.") % self.title
        if self.judged is None or self.judged.status != Grading.Status.GRADED:
            return ""
        word = following.VERDICT_WORDS[following.Verdict(self.judged.verdict)]
        return _("%(title)s: %(word)s, %(score)s de %(max)s puntos.") % {
            "title": self.title,
            "word": word,
            "score": f"{self.judged.score or 0:g}".replace(".", ","),
            "max": f"{self.judged.max_score or 0:g}".replace(".", ","),
        }

    @property
    def review(self) -> Review | None:
        """What a person said of it, as soon as it was released."""
        review = getattr(self.submission, "review", None) if self.submission is not None else None
        return review if review is not None and review.released_at is not None else None


@dataclass(frozen=True, slots=True)
class Attempts:
    """The newest attempts: in full, the others as lines. `before`: the number below which older ones are."""

    shown: Sequence[Attempt]
    lines: Sequence[Attempt]
    before: int | None

    @property
    def is_empty(self) -> bool:
        return not self.shown and not self.lines


def attempts_at(enrollment: Enrollment, exercise: Exercise, *, before: int | None = None) -> Attempts:
    """The newest submissions, or those below number `before`, and the trial that is newer than all of them.

    In full: what is under way, the newest that has a verdict, and that trial. Three queries, four with a queue.
    """
    mine = Submission.objects.filter(enrollment=enrollment, exercise=exercise).select_related("review")
    if before is not None:
        mine = mine.filter(number__lt=before)
    submissions = list(mine.order_by("-number")[: PER_PAGE + 1])
    page, is_more = submissions[:PER_PAGE], len(submissions) > PER_PAGE
    newest_trial = Grading.objects.filter(
        enrollment=enrollment, version__exercise=exercise, purpose=Grading.Purpose.TRIAL
    ).order_by("-pk")
    wanted = Q(submission__in=[submission.pk for submission in page])
    if before is None:
        wanted |= Q(pk__in=newest_trial.values("pk")[:1])
    gradings = list(_light(Grading.objects.filter(wanted)))
    trials = [grading for grading in gradings if grading.submission_id is None]
    attempts = [attempt_of(submission, gradings, exercise.kind) for submission in page]
    for trial in trials:
        is_newest = not page or trial.queued_at >= page[0].handed_in_at
        if is_newest or not trial.is_settled:
            attempts.insert(0, Attempt(kind=exercise.kind, run=trial, judged=trial))
    shown, lines, has_verdict = [], [], before is not None
    for attempt in attempts:
        if attempt.is_running or attempt.is_trial:
            shown.append(attempt)
        elif not has_verdict and attempt.run is not None:
            shown.append(attempt)
            has_verdict = attempt.run.status == Grading.Status.GRADED
        else:
            lines.append(attempt)
    return Attempts(in_full(shown), lines, page[-1].number if is_more else None)


def attempt_of(submission: Submission, gradings: Iterable[Grading], kind: str) -> Attempt:
    """The submission with what became of it. `gradings` may hold those of others too; the newest come first."""
    mine = [g for g in gradings if g.submission_id == submission.pk]
    runs = [grading for grading in mine if grading.purpose in RUNS]
    judged = next((grading for grading in mine if grading.pk == submission.current_id), None)
    graded = next((grading for grading in runs if grading.status == Grading.Status.GRADED), None)
    under_way = next((grading for grading in runs if not grading.is_settled), None)
    if judged is not None and judged.purpose in RUNS:
        run = judged
    elif graded is not None or judged is not None:
        run = graded
    else:
        run = under_way or (runs[0] if runs else None)
    return Attempt(
        kind=kind,
        submission=submission,
        run=run,
        judged=judged,
        is_regraded=under_way is not None and run is not under_way,
    )


def in_full(attempts: Sequence[Attempt], *, for_staff: bool = False) -> list[Attempt]:
    """The same attempts with verdicts and places in the queue. One query, and one more where one waits."""
    settled = [a.run.pk for a in attempts if a.run is not None and a.run.status == Grading.Status.GRADED]
    failed = [a.run.pk for a in attempts if a.run is not None and a.run.status == Grading.Status.FAILED]
    wanted = settled + (failed if for_staff else [])
    reports = dict(Grading.objects.filter(pk__in=wanted).values_list("pk", "report")) if wanted else {}
    full = []
    for attempt in attempts:
        verdict = None
        if attempt.run is not None and attempt.run.pk in reports:
            attempt.run.report = reports[attempt.run.pk]
            verdict = following.verdict_of(attempt.run, for_staff=for_staff)
        # of several that wait only the newest tells its place: each place is a query
        waits = (
            attempt.is_running
            and attempt.run.status == Grading.Status.QUEUED
            and not any(other.position for other in full)
        )
        position = judging.queue_position(attempt.run) if waits else None
        full.append(
            Attempt(
                kind=attempt.kind,
                run=attempt.run,
                judged=attempt.judged,
                submission=attempt.submission,
                position=position,
                verdict=verdict,
                is_regraded=attempt.is_regraded,
            )
        )
    return full


def attempt_with(submission: Submission, kind: str, *, for_staff: bool = False) -> Attempt:
    """One submission in full. Two queries, three while it waits."""
    gradings = list(_light(submission.gradings.all()).select_related("person"))
    return in_full([attempt_of(submission, gradings, kind)], for_staff=for_staff)[0]


def _light(gradings: GradingQuerySet) -> GradingQuerySet:
    """Without their reports, which hold logs, the newest first."""
    return gradings.exclude(purpose=Grading.Purpose.DRY_RUN).defer("report", "fault").order_by("-pk")
