"""What staff see of exercises and gradings. Nothing is changed or deleted here; a grading can be done again."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from exercises import judging, tasks
from exercises.models import Exercise, Grading, Review, ReviewComment, Submission, Worker

SHOWN_REPORT = 60_000  # characters


class Looked(admin.ModelAdmin):
    """Rows to look at: what made them changes them."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Exercise)
class ExerciseAdmin(Looked):
    """An exercise is its files: they are changed in the course."""

    list_display = ("__str__", "kind", "points", "tried", "version", "retired_at")
    list_filter = ("kind", ("retired_at", admin.EmptyFieldListFilter), "document__course")
    search_fields = ("document__title", "file__path")
    fields = ("document", "file", "lesson", "kind", "points", "version", "specification", "retired_at")
    readonly_fields = ("version", "specification")
    list_select_related = ("document", "current")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Exercise]:
        return super().get_queryset(request).annotate(handed_in=Count("submissions"))

    @admin.display(description=_("entregas"), ordering="handed_in")
    def tried(self, exercise: Any) -> int:
        return exercise.handed_in

    @admin.display(description=_("versión"))
    def version(self, exercise: Exercise) -> str:
        return exercise.current.digest[:12] if exercise.current else "—"

    @admin.display(description=_("qué corrige"))
    def specification(self, exercise: Exercise) -> SafeString:
        return _as_json(exercise.current.spec if exercise.current else {})


class GradingInline(admin.TabularInline):
    model = Grading
    fk_name = "submission"
    fields = ("purpose", "status", "verdict", "score", "max_score", "queued_at", "settled_at", "worker")
    readonly_fields = fields
    extra = 0
    can_delete = False
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Grading]:
        return super().get_queryset(request).defer("report")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Submission)
class SubmissionAdmin(Looked):
    list_display = ("__str__", "student", "handed_in_at", "is_late", "points", "page")
    list_filter = ("is_late", "exercise", "enrollment__cohort")
    search_fields = ("enrollment__user__email", "enrollment__user__name", "exercise__document__title")
    date_hierarchy = "handed_in_at"
    fields = ("exercise", "student", "number", "handed_in_at", "is_late", "version", "points", "page")
    readonly_fields = ("student", "points", "page")
    inlines = (GradingInline,)
    list_select_related = ("exercise__document", "enrollment__user", "current")
    actions = ("grade_again",)

    @admin.display(description=_("estudiante"), ordering="enrollment__user__name")
    def student(self, submission: Submission) -> str:
        return submission.enrollment.user.get_full_name()

    @admin.display(description=_("puntos"))
    def points(self, submission: Submission) -> str:
        current = submission.current
        return f"{current.score:g} / {current.max_score:g}".replace(".", ",") if current else "—"

    @admin.display(description=_("página"))
    def page(self, submission: Submission) -> SafeString:
        return format_html('<a href="{}">{}</a>', submission.get_absolute_url(), _("ver"))

    @admin.action(description=_("Corregir de nuevo"), permissions=["grade_again"])
    def grade_again(self, request: HttpRequest, submissions: QuerySet[Submission]) -> None:
        _grade_again(request, submissions)

    def has_grade_again_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("exercises.change_grading")


class OursFilter(admin.SimpleListFilter):
    """Whether the fault is ours."""

    title = _("de quién es el fallo")
    parameter_name = "fallo"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("nuestro", _("Nuestro")), ("reintento", _("Se reintentó"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = {"nuestro": Q(status=Grading.Status.FAILED), "reintento": Q(tries__gt=1)}.get(
            self.value() or ""
        )
        return queryset.filter(chosen) if chosen is not None else queryset


@admin.register(Grading)
class GradingAdmin(Looked):
    list_display = (
        "id",
        "exercise",
        "student",
        "purpose",
        "status",
        "verdict",
        "score",
        "tries",
        "wall_seconds",
        "queued_at",
        "worker",
    )
    list_filter = (OursFilter, "status", "purpose", "verdict", "version__exercise")
    search_fields = ("enrollment__user__email", "enrollment__user__name", "worker", "fault")
    date_hierarchy = "queued_at"
    list_select_related = ("version__exercise__document", "enrollment__user")
    fields = (
        "exercise",
        "student",
        "submission",
        ("purpose", "status", "verdict"),
        ("score", "max_score"),
        ("person", "reason"),
        ("lane", "tries", "worker", "step"),
        ("queued_at", "started_at", "settled_at", "lease_until"),
        ("wall_seconds", "memory_bytes"),
        "fault_text",
        "whole_report",
        "tools",
        "sandbox_digest",
    )
    readonly_fields = ("exercise", "student", "fault_text", "whole_report")
    actions = ("grade_again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Grading]:
        found = super().get_queryset(request)
        match = request.resolver_match
        is_list = match is not None and (match.url_name or "").endswith("_changelist")
        return found.defer("report") if is_list else found

    @admin.display(description=_("ejercicio"))
    def exercise(self, grading: Grading) -> SafeString:
        exercise = grading.version.exercise
        url = reverse("admin:exercises_exercise_change", args=[exercise.pk])
        return format_html('<a href="{}">{}</a>', url, exercise)

    @admin.display(description=_("estudiante"), ordering="enrollment__user__name")
    def student(self, grading: Grading) -> str:
        return grading.enrollment.user.get_full_name()

    @admin.display(description=_("qué falló"))
    def fault_text(self, grading: Grading) -> SafeString | str:
        return format_html("<pre>{}</pre>", grading.fault) if grading.fault else "—"

    @admin.display(description=_("informe"))
    def whole_report(self, grading: Grading) -> SafeString:
        return _as_json(grading.report)

    @admin.action(description=_("Corregir de nuevo"), permissions=["grade_again"])
    def grade_again(self, request: HttpRequest, gradings: QuerySet[Grading]) -> None:
        handed_in = gradings.filter(submission__isnull=False).values("submission")
        _grade_again(request, Submission.objects.filter(pk__in=handed_in))

    def has_grade_again_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("exercises.change_grading")


class CommentInline(admin.StackedInline):
    model = ReviewComment
    fields = ("author", "file_name", "line", "text", "at")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReviewComment]:
        # a draft is its author's alone
        return super().get_queryset(request).filter(is_draft=False).select_related("author")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Review)
class ReviewAdmin(Looked):
    list_display = ("submission", "decision", "decided_by", "decided_at", "seen_at")
    list_filter = ("decision",)
    search_fields = ("submission__enrollment__user__email", "submission__enrollment__user__name")
    fields = (
        "submission",
        "decision",
        ("decided_by", "decided_at"),
        ("released_at", "seen_at"),
        ("holder", "held_at"),
    )
    inlines = (CommentInline,)
    list_select_related = ("submission__exercise__document", "decided_by")


@admin.register(Worker)
class WorkerAdmin(Looked):
    list_display = ("name", "answers", "can_grade", "slots", "started_at", "beat_at", "reason")
    fields = (
        "name",
        ("started_at", "beat_at"),
        "slots",
        ("can_grade", "reason"),
        "warnings",
        "tools",
        "sandbox_digest",
    )

    @admin.display(description=_("responde"), boolean=True)
    def answers(self, worker: Worker) -> bool:
        return Worker.objects.alive().filter(pk=worker.pk).exists()


def _grade_again(request: HttpRequest, submissions: QuerySet[Submission]) -> None:
    made = judging.regrade(submissions.order_by("pk"), again=True)
    tasks.ring()
    words = ngettext("%d entrega se corregirá de nuevo.", "%d entregas se corregirán de nuevo.", made) % made
    messages.success(request, words)


def _as_json(value: Any) -> SafeString:
    text = json.dumps(value, ensure_ascii=False, indent=1)
    if len(text) > SHOWN_REPORT:
        text = text[:SHOWN_REPORT] + "\n…"
    return format_html("<pre>{}</pre>", text)
