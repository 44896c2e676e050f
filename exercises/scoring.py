"""How many points somebody has for an exercise, and where they come from. The one place that knows the rule."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import ExpressionWrapper, F, FloatField

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
    counting = Grading.objects.counting().defer("report").select_related("submission")
    by_a_person = counting.filter(submission__in=attempts, purpose=Grading.Purpose.MANUAL)
    share = ExpressionWrapper(F("score") / F("max_score"), output_field=FloatField())
    best = counting.filter(pk__in=attempts.values("current"), max_score__gt=0).order_by(
        share.desc(), "submission__number"
    )
    found = by_a_person.order_by("-settled_at", "-pk").first() or best.first()
    if found is None or found.score is None:
        return None
    of = found.max_score or exercise.points
    return Points(round(found.score / of * exercise.points, 2) if of else 0.0, exercise.points, found)
