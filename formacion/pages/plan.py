"""The recommended plan of a course, week by week, as its `course.yml` gives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from courses import progress
from courses.models import Course, Enrollment
from courses.outline import OutlineModule


@require_safe
def plan(request: HttpRequest) -> HttpResponse:
    """The plans of the reader's courses; of all that they may see where they are in none."""
    user = request.user
    mine = {}
    if user.is_authenticated:
        mine = {e.course_id: e for e in Enrollment.objects.active().filter(user=user)}
    courses = Course.objects.visible_to(user)
    if mine:
        courses = courses.filter(pk__in=mine)
    plans = [(course, _stages(course, mine.get(course.pk))) for course in courses if course.plan]
    course_url = plans[0][0].get_absolute_url() if len(plans) == 1 else ""
    return render(request, "pages/plan.html", {"plans": plans, "course_url": course_url})


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do, with the modules that it is about. It is done when all of them are."""

    text: str
    modules: tuple[OutlineModule, ...]

    @property
    def minutes(self) -> int:
        return sum(module.minutes for module in self.modules)

    @property
    def done(self) -> bool:
        return bool(self.modules) and all(0 < module.published == module.done for module in self.modules)


@dataclass(frozen=True, slots=True)
class Stage:
    label: str
    title: str
    tasks: tuple[Task, ...]


def _stages(course: Course, enrollment: Enrollment | None) -> list[Stage]:
    modules = {module.folder: module for module in progress.outline(course, enrollment)}
    return [
        Stage(step["label"], step["title"], tuple(_task(task, modules) for task in step["tasks"]))
        for step in course.plan
    ]


def _task(task: dict[str, Any], modules: dict[str, OutlineModule]) -> Task:
    # emphasis is all the Markdown that a task's text has
    text = task["text"].replace("*", "")
    return Task(text, tuple(modules[folder] for folder in task["modules"] if folder in modules))
