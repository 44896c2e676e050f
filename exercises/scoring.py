"""How many points somebody has for an exercise, and where they come from. The one place that knows the rule."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Case, F, Q, When

from courses.models import Enrollment
from exercises.models import Exercise, Grading, Submission


@dataclass(frozen=True, slots=True)
class Points:
    """Points of `max_points`, what the exercise is worth now. `grading` says where they come from."""

    value: float
    max_points: float
    grading: Grading

    @property
    def is_from_a_person(self) -> bool:
        return self.grading.purpose == Grading.Purpose.MANUAL


def points(enrollment: Enrollment, exercise: Exercise) -> Points | None:
    """The newest standing points from a person, else those of the best attempt; None without any.

    Of equally good attempts the first one counts. Points that an older version gave are a share of what it was
    worth, and count as that share of what the exercise is worth now.
    """
    attempts = Submission.objects.filter(enrollment=enrollment, exercise=exercise)
    is_manual = Q(purpose=Grading.Purpose.MANUAL)
    share = Case(When(max_score__gt=0, then=F("score") / F("max_score")), default=0.0)
    found = (
        Grading.objects.counting()
        .filter(
            Q(is_manual, submission__in=attempts) | Q(pk__in=attempts.values("current")), score__isnull=False
        )
        .order_by(
            Case(When(is_manual, then=0), default=1),
            # of several by a person the newest, of several runs the best, and of those the first
            Case(When(is_manual, then=F("settled_at"))).desc(),
            share.desc(),
            "submission__number",
        )
        .select_related("submission")
        .defer("report")
        .first()
    )
    if found is None:
        return None
    value = (found.score or 0.0) * exercise.points / found.max_score if found.max_score else 0.0
    return Points(round(value, 2), exercise.points, found)
