"""What exercises plug into courses: their pages, the cards below a lesson, the points that can be had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import FilteredRelation, Q
from django.http import HttpRequest

from courses.models import Course, Document, Enrollment
from exercises.models import Exercise


@dataclass(frozen=True, slots=True)
class Card:
    """An exercise below its lesson, and how far the reader is with it."""

    title: str
    url: str
    summary: str
    minutes: int | None
    points: float | None
    max_points: float
    is_done: bool


class Practice:
    """The exercises of a lesson, as cards below its text. One query."""

    template_name = "exercises/_practice.html"

    def context(
        self, document: Document, enrollment: Enrollment | None, request: HttpRequest
    ) -> dict[str, Any] | None:
        if document.kind != Document.Kind.LESSON:
            return None
        exercises = (
            Exercise.objects.standing()
            .graded_outside()
            .filter(lesson=document, document__retired_at=None, document__file__published__isnull=False)
            .annotate(
                mine=FilteredRelation(
                    "file__progress",
                    condition=Q(file__progress__enrollment=enrollment.pk if enrollment else 0),
                )
            )
            .select_related("document__file")
            .values_list(
                "document__title",
                "document__file__path",
                "document__summary",
                "document__minutes",
                "points",
                "mine__points",
                "mine__done_at",
            )
            .order_by("document__position", "pk")
        )
        base = document.course.get_absolute_url()
        cards = [
            Card(title, f"{base}{path.removesuffix('.md')}/", summary, minutes, had, most, bool(done))
            for title, path, summary, minutes, most, had, done in exercises
        ]
        return {"cards": cards} if cards else None


class ExercisePoints:
    """What exercises are worth. Quizzes count as soon as they can be answered."""

    def totals(self, course: Course) -> Mapping[int, float]:
        standing = Exercise.objects.standing().graded_outside()
        published = standing.filter(document__retired_at=None, document__file__published__isnull=False)
        return dict(published.filter(file__course=course).values_list("file", "points"))
