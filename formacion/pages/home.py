"""The first page: for who is outside what there is to learn, for who is inside where they left off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count, Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from courses import progress
from courses.models import Course, Enrollment, Teaching
from courses.outline import OutlineModule, Resumption, Totals, entries_of, resume, totals
from exercises.models import Grading, Review, Submission

LATEST = 6


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return render(request, "pages/welcome.html", _welcome())
    return render(request, "pages/home.html", _desk(request.user))


def _welcome() -> dict[str, Any]:
    courses = list(Course.objects.open().annotate(openings=Count("cohorts", filter=Q(cohorts__is_open=True))))
    outlines = [(course, progress.outline(course, None)) for course in courses]
    return {
        "offers": [(course, modules, totals(modules)) for course, modules in outlines],
        "demo": settings.DEMO,
        "course_url": courses[0].get_absolute_url() if len(courses) == 1 else "",
    }


@dataclass(frozen=True, slots=True)
class Study:
    """One course that somebody is in, and how far they are."""

    course: Course
    enrollment: Enrollment
    modules: list[OutlineModule]
    totals: Totals

    @property
    def resumption(self) -> Resumption | None:
        return resume(self.modules)

    @property
    def touched(self) -> float:
        """When its student was last at a lesson, in seconds; 0 before the first."""
        return max((e.last_at.timestamp() for e in entries_of(self.modules) if e.last_at), default=0.0)


@dataclass(frozen=True, slots=True)
class ModuleRow:
    """A module in the table of progress. Points are None where the module has none to give."""

    module: OutlineModule
    had: float | None
    most: float | None


def _desk(user: Any) -> dict[str, Any]:
    enrollments = Enrollment.objects.active().filter(user=user).select_related("course")
    studies = sorted((_study(enrollment) for enrollment in enrollments), key=lambda s: s.touched, reverse=True)
    teachings = list(
        Teaching.objects.filter(user=user)
        .select_related("cohort__course")
        .order_by("cohort__course__title", "pk")
    )
    main = studies[0] if studies else None
    return {
        "main": main,
        "others": studies[1:],
        "rows": _rows(main) if main else [],
        "teachings": teachings,
        "may_review": bool(teachings),
        "courses": [] if studies else list(Course.objects.visible_to(user)),
        "unread": _unread(user),
        "submissions": _latest(user),
        "course_url": main.course.get_absolute_url() if main else "",
    }


def _study(enrollment: Enrollment) -> Study:
    modules = progress.outline(enrollment.course, enrollment)
    return Study(enrollment.course, enrollment, modules, totals(modules))


def _rows(study: Study) -> list[ModuleRow]:
    available = progress.available_points(study.course)
    points = progress.points_by_module(study.enrollment, study.modules, available)
    return [ModuleRow(m, *points.get(m.folder, (None, None))) for m in study.modules if m.counted]


def _unread(user: Any) -> list[Review]:
    """Reviews that were given back and that the student has not opened yet."""
    reviews = Review.objects.filter(
        submission__enrollment__user=user, released_at__isnull=False, seen_at__isnull=True
    )
    return list(
        reviews.select_related("decided_by", "submission__exercise__document")
        .annotate(remarks=Count("comments", filter=Q(comments__is_draft=False)))
        .order_by("-released_at")[:LATEST]
    )


def _latest(user: Any) -> list[Submission]:
    """The newest submissions with what counts of each; `running` lists the grading under way, if any."""
    under_way = Prefetch(
        "gradings", Grading.objects.unsettled().filter(purpose=Grading.Purpose.LIVE), to_attr="running"
    )
    return list(
        Submission.objects.by(user)
        .exclude(exercise__kind="quiz")
        .select_related("current", "exercise__document")
        .prefetch_related(under_way)[:LATEST]
    )
