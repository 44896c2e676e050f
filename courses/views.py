"""The reader's pages of a course: its index, its documents, the code that they cite, the files beside them."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import quote_etag
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from courses import assets, enrolling, extensions, pointing, progress
from courses.models import Course, Document, DocumentQuerySet, Enrollment
from courses.outline import OutlineModule, entries_of, place_of, resume, totals, tree, with_entry
from courses.prepared import Prepared

# what a file of the course may do where it is opened by itself: nothing
FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

# where the text of a document goes: as a part of the template it would be copied at each of its levels, which
# takes longer than all the rest. Nobody who writes a page knows it.
BODY = mark_safe(f"<!-- {secrets.token_hex(16)} -->")


@require_safe
def course_list(request: HttpRequest) -> HttpResponse:
    """All courses that the reader may see; where it is one, that one."""
    courses = list(Course.objects.visible_to(request.user))
    if len(courses) == 1:
        return redirect(courses[0])
    return render(request, "courses/courses.html", {"courses": courses})


@require_safe
def course(request: HttpRequest, slug: str) -> HttpResponse:
    """The index: public where the course is open."""
    found = Course.objects.visible_to(request.user).filter(slug=slug).first()
    if found is None:
        return _refuse(request)
    user = request.user
    enrollment = enrollment_in(found, user)
    modules = progress.outline(found, enrollment)
    teaches = user.is_authenticated and enrolling.teaches(user, found)
    repositories = list(found.repositories.all())
    context = {
        "course": found,
        "course_url": found.get_absolute_url(),
        "enrollment": enrollment,
        "may_read": enrollment is not None or teaches or user.is_superuser,
        "may_review": teaches,
        "may_open": enrollment is not None or teaches or user.is_superuser or not user.is_authenticated,
        "may_enroll": enrollment is None and found.cohorts.filter(is_open=True).exists(),
        "modules": progress.with_points(modules, progress.available_points(found)),
        "resumption": resume(modules) if enrollment else None,
        "totals": totals(modules),
        "repositories": zip(repositories, row_widths(len(repositories) + bool(enrollment)), strict=False),
        "done_width": row_widths(len(repositories) + 1)[-1],
    }
    return render(request, "courses/course.html", context)


def row_widths(cells: int) -> list[int]:
    """How wide the fields of a header are so that every row of at most three adds up to 32 columns."""
    rows = {0: [], 1: [32], 2: [16, 16], 3: [12, 12, 8]}
    return rows[3] * ((cells - 1) // 3) + rows[cells - 3 * ((cells - 1) // 3)] if cells else []


@require_safe
def document(request: HttpRequest, slug: str, address: str) -> HttpResponse:
    """A lesson, a resource or an exercise, for those who are in its course. Opening it is remembered."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    found = readable(request.user, slug, address)
    enrollment = found.enrollment_of(request.user)
    modules = progress.outline(found.course, enrollment)
    if enrollment is not None:
        entry = place_of(modules, found.file.path).entry
        modules = with_entry(modules, progress.opened(found, enrollment, entry))
    if found.kind == Document.Kind.EXERCISE:
        if not extensions.exercise_pages:
            raise Http404
        return extensions.exercise_pages[0].respond(request, found, enrollment, modules)
    context = reading_context(found, enrollment, modules)
    context["parts"] = [
        render_to_string(part.template_name, part_context, request)
        for part in extensions.lesson_parts
        if (part_context := part.context(found, enrollment, request)) is not None
    ]
    template = "courses/lesson.html" if found.kind == Document.Kind.LESSON else "courses/resource.html"
    page = render_to_string(template, {**context, "body": BODY}, request)
    return HttpResponse(page.replace(BODY, found.body_html, 1))


def _readable(is_superuser: bool, user: int, slug: str, path: str) -> DocumentQuerySet:
    person = get_user_model()(pk=user, is_superuser=is_superuser)
    documents = Document.objects.visible_to(person).with_reader(person)
    return documents.filter(course__slug=slug, file__path=path)


_find_readable = Prepared(_readable, user=int, slug=str, path=str)


def readable(user: Any, slug: str, address: str) -> Document:
    """The published document at this address, with the reader's enrolment, if they may open it. One query.

    Raises Http404.
    """
    found = _find_readable(user.is_superuser, user=user.pk, slug=slug, path=f"{address}.md")
    if not found:
        raise Http404
    return found[0]


def reading_context(
    document: Document, enrollment: Enrollment | None, modules: list[OutlineModule]
) -> dict[str, Any]:
    """What surrounds a document: its place in the index, its neighbours, what it builds on, what it cites."""
    place = place_of(modules, document.file.path)
    by_path = {entry.path: entry for entry in entries_of(modules)}
    required = [by_path[path] for path in document.requires if path in by_path]
    return {
        "document": document,
        "course": document.course,
        "course_url": document.course.get_absolute_url(),
        "may_review": document.is_taught,
        "enrollment": enrollment,
        "place": place,
        "tree": tree(document.course.title, document.course.get_absolute_url(), modules, document.file.path),
        "segments": place.module.segments_at(document.file.path),
        "numbered_modules": sum(bool(module.number) for module in modules),
        "missing": [entry for entry in required if entry.is_written and not entry.done_at]
        if enrollment
        else [],
        "places": len(document.cited),
        "cited_repositories": sorted({row["repository"] for row in document.cited}),
        "contents": document.contents,
    }


@require_POST
def complete(request: HttpRequest, slug: str, address: str) -> HttpResponse:
    """The student marks a lesson as done (`done=1`) or takes that back (`done=0`)."""
    url = reverse("document", args=[slug, address])
    if not request.user.is_authenticated:
        return _to_login(request, url)
    found = readable(request.user, slug, address)
    enrollment = found.enrollment_of(request.user)
    if enrollment is None or found.kind != Document.Kind.LESSON or request.POST.get("done") not in {"0", "1"}:
        raise Http404
    progress.mark_done(found, enrollment, request.POST["done"] == "1")
    if not request.htmx:
        return HttpResponseRedirect(f"{url}#terminar")
    context = reading_context(found, enrollment, progress.outline(found.course, enrollment))
    return render(request, "courses/_done.html", context | {"oob": True})


@require_POST
def enroll(request: HttpRequest, slug: str) -> HttpResponse:
    """Join the course's open cohort."""
    if not request.user.is_authenticated:
        return _to_login(request, reverse("course", args=[slug]))
    found = get_object_or_404(Course.objects.visible_to(request.user), slug=slug)
    try:
        enrolling.enroll(request.user, found)
    except enrolling.NoOpenCohort:
        messages.error(
            request, _("Ahora no hay ninguna cohorte abierta en este curso. Vuelve a intentarlo más adelante.")
        )
    except enrolling.EnrollmentEnded:
        messages.error(
            request,
            _("Tu inscripción en este curso está de baja. Quien administra el sitio puede reactivarla."),
        )
    else:
        messages.success(request, _("Ya estás en el curso. Empieza por donde quieras: tu progreso se guarda."))
    return redirect(found)


@require_safe
def reference(request: HttpRequest, slug: str, repository: str, path: str, lines: str) -> HttpResponse:
    """The page of a code reference; its fragment alone for the panel (htmx, or `?panel`)."""
    found = Course.objects.visible_to(request.user).filter(slug=slug).first()
    if found is None:
        return _refuse(request)
    is_panel = bool(request.htmx) or "panel" in request.GET
    first, _dash, last = lines.partition("-")
    pointer = pointing.point_at(
        found,
        repository,
        path,
        int(first),
        int(last or first),
        url=request.path,
        user=request.user,
        came_from=urlsplit(request.headers.get("Referer", "")).path if is_panel else "",
    )
    if pointer is None:
        raise Http404
    template = "_components/reference.html" if is_panel else "courses/reference.html"
    context = {
        "reference": pointer,
        "panel": is_panel,
        "page": not is_panel,
        "course": found,
        "course_url": found.get_absolute_url(),
    }
    response = render(request, template, context)
    patch_vary_headers(response, ("HX-Request",))
    return response


@require_safe
def course_asset(request: HttpRequest, slug: str, path: str) -> HttpResponse:
    """A file of the course as it is, where readers may have it; or a document's address without its slash."""
    if "." not in path.rpartition("/")[2]:
        return HttpResponseRedirect(request.get_full_path(force_append_slash=True), status=301)
    if not assets.could_be_served(path):
        raise Http404
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    found = get_object_or_404(Course.objects.read_by(request.user), slug=slug)
    file = assets.find(found, path)
    if file is None:
        raise Http404
    etag = quote_etag(file.published.sha256)
    response = get_conditional_response(request, etag=etag) or HttpResponse(
        bytes(file.published.content), content_type=assets.content_type(path)
    )
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = FILE_POLICY
    return response


def enrollment_in(course: Course, user: Any) -> Enrollment | None:
    """The reader's active enrolment."""
    if not user.is_authenticated:
        return None
    return Enrollment.objects.active().filter(user=user, course=course).first()


def _refuse(request: HttpRequest) -> HttpResponse:
    """What one may not see does not exist; who has not logged in may do that first."""
    if request.user.is_authenticated:
        raise Http404
    return _to_login(request, request.get_full_path())


def _to_login(request: HttpRequest, url: str) -> HttpResponse:
    response = redirect_to_login(url)
    # htmx would put the login page where the fragment goes
    return HttpResponseClientRedirect(response.url) if request.htmx else response
