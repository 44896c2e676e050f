"""What staff do with courses: edit sources, open cohorts, enrol. Nothing that holds work is deleted here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, F, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from courses import editing
from courses.models import (
    Cohort,
    Course,
    CourseFile,
    Document,
    Enrollment,
    Lesson,
    Module,
    Repository,
    Resource,
    Teaching,
)
from courses.source import MANIFEST


class Kept(admin.ModelAdmin):
    """Rows that stay: neither one nor many can be deleted."""

    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Projected(Kept):
    """Rows that course.yml rules: they are looked at here and changed there."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


# --- what is taught -----------------------------------------------------------------------------------------


class RepositoryInline(admin.TabularInline):
    model = Repository
    fields = ("name", "url", "commit", "version", "language")
    readonly_fields = fields
    can_delete = False
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Course)
class CourseAdmin(Kept):
    """A course comes in with import_course. Only who sees its index is decided here."""

    list_display = ("title", "slug", "is_open", "published")
    fields = ("title", "slug", "summary", "index", "all_files", "is_open")
    readonly_fields = ("title", "slug", "summary", "index", "all_files")
    inlines = (RepositoryInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Course]:
        written = Q(documents__retired_at=None, documents__file__published__isnull=False)
        return super().get_queryset(request).annotate(written=Count("documents", filter=written))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description=_("documentos publicados"))
    def published(self, course: Any) -> int:
        return course.written

    @admin.display(description=_("índice"))
    def index(self, course: Course) -> SafeString | str:
        file = course.files.filter(path=MANIFEST).first()
        if file is None:
            return "—"
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:courses_coursefile_change", args=[file.pk]), MANIFEST
        )

    @admin.display(description=_("archivos"))
    def all_files(self, course: Course) -> SafeString:
        url = f"{reverse('admin:courses_coursefile_changelist')}?course__id__exact={course.pk}"
        return format_html('<a href="{}">{}</a>', url, course.files.filter(retired_at=None).count())


@admin.register(Module)
class ModuleAdmin(Projected):
    list_display = ("__str__", "course", "folder", "repository", "retired_at")
    list_filter = ("course",)


class WithSource(Kept):
    """An admin whose change page is the editor of a file's source. Subclasses say which file an object has."""

    def file_of(self, obj: Any) -> CourseFile:
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        mine = [
            path("<int:pk>/vista/", self.admin_site.admin_view(self.preview_view), name=f"{name}_preview"),
            path(
                "<int:pk>/revisiones/<int:number>/",
                self.admin_site.admin_view(self.revision_view),
                name=f"{name}_revision",
            ),
        ]
        return mine + super().get_urls()

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        obj, places = self._opened(request, object_id)
        if request.method == "POST" and not places.may_write:
            raise PermissionDenied
        response = editing.edit_page(request, self.file_of(obj), places)
        if request.method == "POST" and isinstance(response, HttpResponseRedirect):
            self.log_change(request, obj, str(request.POST.get("why", ""))[:200])
        return response

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        obj, places = self._opened(request, object_id)
        return editing.history_page(request, self.file_of(obj), places)

    def preview_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        obj, _places = self._opened(request, pk)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        return editing.preview_page(request, self.file_of(obj))

    def revision_view(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        obj, places = self._opened(request, pk)
        if request.method == "POST" and not places.may_write:
            raise PermissionDenied
        return editing.revision_page(request, self.file_of(obj), places, number)

    def _opened(self, request: HttpRequest, object_id: Any) -> tuple[Any, editing.Places]:
        """The object and the addresses around it, for who may see it."""
        obj = self.get_object(request, str(object_id))
        if obj is None:
            raise Http404
        if not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        revision = reverse(f"{name}_revision", args=[obj.pk, 0])
        return obj, editing.Places(
            edit=reverse(f"{name}_change", args=[obj.pk]),
            history=reverse(f"{name}_history", args=[obj.pk]),
            preview=reverse(f"{name}_preview", args=[obj.pk]),
            revision=revision.removesuffix("0/"),
            listing=reverse(f"{name}_changelist"),
            listing_title=str(self.opts.verbose_name_plural),
            may_write=self.has_change_permission(request, obj),
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


class StateFilter(admin.SimpleListFilter):
    """What readers have of a file."""

    title = _("estado")
    parameter_name = "estado"
    file = ""  # the way from the row to its file

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, Any]]:
        return [
            ("publicado", _("Publicado")),
            ("borrador", _("Con un borrador")),
            ("preparacion", _("En preparación")),
            ("retirado", _("Retirado")),
            ("carpeta", _("Distinto de la carpeta")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        file = self.file
        conditions = {
            "publicado": Q(**{f"{file}published__isnull": False, f"{file}retired_at": None}),
            "borrador": Q(**{f"{file}head__isnull": False})
            & ~Q(**{f"{file}published__isnull": False, f"{file}published": F(f"{file}head")}),
            "preparacion": Q(**{f"{file}head": None, f"{file}retired_at": None}),
            "retirado": Q(**{f"{file}retired_at__isnull": False}),
            "carpeta": Q(**{f"{file}head__isnull": False, f"{file}imported__isnull": False})
            & ~Q(**{f"{file}head__sha256": F(f"{file}imported__sha256")}),
        }
        chosen = conditions.get(self.value() or "")
        return queryset.filter(chosen) if chosen is not None else queryset


class DocumentStateFilter(StateFilter):
    file = "file__"


class DocumentAdmin(WithSource):
    list_display = ("title", "module", "section", "minutes", "state", "unchecked", "place")
    list_filter = ("course", "module", DocumentStateFilter)
    search_fields = ("title", "file__path")
    list_select_related = ("module", "file__head", "file__published", "course")
    ordering = ("course", "module__position", "position")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Document]:
        unlocked = Count("references", filter=Q(references__sha256=""))
        rows = super().get_queryset(request).annotate(unlocked=unlocked)
        return rows.defer("file__head__content", "file__published__content", "body_html")

    def file_of(self, obj: Document) -> CourseFile:
        return _whole(obj.file_id)

    @admin.display(description=_("estado"))
    def state(self, document: Document) -> str:
        return editing.state_of(document.file)

    @admin.display(description=_("sin comprobar"))
    def unchecked(self, document: Any) -> str:
        return str(document.unlocked or "")

    @admin.display(description=_("ruta"), ordering="file__path")
    def place(self, document: Document) -> str:
        return document.file.path


@admin.register(Lesson)
class LessonAdmin(DocumentAdmin):
    pass


@admin.register(Resource)
class ResourceAdmin(DocumentAdmin):
    pass


@admin.register(CourseFile)
class CourseFileAdmin(WithSource):
    """Every file of a course: index, quizzes, exercises, references, images."""

    list_display = ("path", "course", "state")
    list_filter = ("course", StateFilter)
    search_fields = ("path",)
    list_select_related = ("course",)

    def file_of(self, obj: CourseFile) -> CourseFile:
        return _whole(obj.pk)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("courses.add_coursefile")

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        courses = Course.objects.all()
        number = request.GET.get("course__id__exact") or request.GET.get("course")
        course = get_object_or_404(courses, pk=number) if number and number.isdigit() else courses.first()
        if course is None:
            raise Http404
        return editing.add_page(request, course, reverse("admin:courses_coursefile_changelist"))

    @admin.display(description=_("estado"))
    def state(self, file: CourseFile) -> str:
        return editing.state_of(file)


def _whole(pk: int) -> CourseFile:
    """The file with its texts, for one page."""
    return CourseFile.objects.select_related("course", "head__author", "published", "imported").get(pk=pk)


# --- people -------------------------------------------------------------------------------------------------


class TeachingInline(admin.TabularInline):
    model = Teaching
    autocomplete_fields = ("user",)
    extra = 0


@admin.register(Cohort)
class CohortAdmin(Kept):
    list_display = ("name", "course", "is_open", "starts_on", "students")
    list_filter = ("course", "is_open")
    search_fields = ("name",)
    inlines = (TeachingInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Cohort]:
        counted = Q(enrollments__is_active=True, enrollments__is_staff=False)
        return super().get_queryset(request).annotate(counted=Count("enrollments", filter=counted))

    def get_readonly_fields(self, request: HttpRequest, obj: Cohort | None = None) -> Sequence[str]:
        return ("course",) if obj else ()

    @admin.display(description=_("estudiantes"))
    def students(self, cohort: Any) -> int:
        return cohort.counted


class EnrollmentForm(forms.ModelForm):
    """An enrolment follows its cohort's course, and stays in it."""

    def clean_cohort(self) -> Cohort:
        cohort = self.cleaned_data["cohort"]
        if self.instance.pk and cohort.course_id != self.instance.course_id:
            raise forms.ValidationError(
                _("Esa cohorte es de otro curso: el trabajo hecho se queda en el suyo.")
            )
        self.instance.course = cohort.course
        return cohort

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        user, cohort = cleaned.get("user"), cleaned.get("cohort")
        if user and cohort and Enrollment.objects.filter(user=user, course=cohort.course).exists():
            raise forms.ValidationError(_("Esa persona ya está inscrita en el curso: cambia su inscripción."))
        return cleaned


@admin.register(Enrollment)
class EnrollmentAdmin(Kept):
    form = EnrollmentForm
    list_display = ("user", "course", "cohort", "is_active", "is_staff", "at")
    list_filter = ("course", "cohort", "is_active", "is_staff")
    search_fields = ("user__email", "user__name")
    list_select_related = ("user", "course", "cohort__course")
    fields = ("user", "cohort", "is_active", "is_staff")
    autocomplete_fields = ("user",)

    def get_readonly_fields(self, request: HttpRequest, obj: Enrollment | None = None) -> Sequence[str]:
        return ("user",) if obj else ()


@admin.register(Teaching)
class TeachingAdmin(admin.ModelAdmin):
    """Who teaches a cohort. Taking it away takes no work with it."""

    actions = None
    list_display = ("user", "cohort")
    list_filter = ("cohort",)
    list_select_related = ("user", "cohort__course")
    search_fields = ("user__email", "user__name")
    autocomplete_fields = ("user", "cohort")
