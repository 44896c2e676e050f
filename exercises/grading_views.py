"""Following a grading from the page that shows it: its news, taking it back, its logs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from courses import progress
from courses.outline import place_of, tree
from exercises import attempts, following, judging
from exercises.models import Exercise, Grading, Submission
from exercises.views import facts_of


def _followed(request: HttpRequest, pk: int) -> Grading:
    """A grading of one's own, or of a submission that one may review. Light: without its report."""
    found = get_object_or_404(
        Grading.objects.select_related("submission", "version__exercise", "enrollment").defer(
            "report", "fault", "version__spec"
        ),
        pk=pk,
    )
    if found.enrollment.user_id == request.user.pk:
        return found
    if found.submission_id is None:
        raise Http404
    get_object_or_404(Submission.objects.reviewable_by(request.user), pk=found.submission_id)
    return found


@never_cache
@require_safe
def grading_status(request: HttpRequest, pk: int) -> HttpResponse:
    """What has changed since the stamp in `visto`: 204 where nothing has. The page asks again and again.

    Without htmx it leads to the page that shows the grading.
    """
    if not request.user.is_authenticated:
        if request.htmx:
            # away to the log-in page would lose what is being typed; 286 ends the asking
            return HttpResponse(
                _("La sesión ha caducado. Entra otra vez en otra pestaña y recarga esta."), status=286
            )
        return _to_login_from(request)
    grading = _followed(request, pk)
    exercise = grading.version.exercise
    if not request.htmx:
        return HttpResponseRedirect(_home_of(grading))
    position = judging.queue_position(grading)
    pace = following.pace_of(grading)
    seen = request.GET.get("visto", "")
    if not grading.is_settled and following.stamp_of(grading, position, pace) == seen:
        return HttpResponse(status=204)
    attempt = _attempt_of(grading, exercise.kind)
    if not grading.is_settled:
        attempt = replace(attempt, position=position)
        is_only_slower = following.stamp_of(grading, position, 0) == f"{seen.rpartition('-')[0]}-0"
        response = render(
            request, "exercises/_following.html", {"attempt": attempt, "is_only_slower": is_only_slower}
        )
        if is_only_slower:
            response["HX-Reswap"] = "none"
        return response
    return render(request, "exercises/_settled.html", _settled_context(request, grading, attempt))


def _attempt_of(grading: Grading, kind: str) -> attempts.Attempt:
    if grading.submission is None:
        return attempts.in_full([attempts.Attempt(kind=kind, run=grading, judged=grading)])[0]
    return attempts.attempt_with(grading.submission, kind)


def _settled_context(request: HttpRequest, grading: Grading, attempt: attempts.Attempt) -> dict[str, Any]:
    """The verdict, and what else on the exercise's page it changes."""
    shown_on = request.htmx.current_url_abs_path or ""
    context: dict[str, Any] = {"attempt": attempt, "is_own_page": shown_on.startswith("/entregas/")}
    if (
        shown_on.startswith("/cursos/")
        and grading.submission is not None
        and grading.enrollment.user_id == request.user.pk
    ):
        whole = Exercise.objects.select_related("current", "file", "document__course", "document__file")
        exercise = whole.get(pk=grading.version.exercise_id)
        course, path = exercise.document.course, exercise.document.file.path
        modules = progress.outline(course, grading.enrollment)
        context |= facts_of(exercise, grading.enrollment) | {
            "entry": place_of(modules, path).entry,
            "tree": tree(course.title, course.get_absolute_url(), modules, path),
            "updates_page": True,
        }
    return context


def _home_of(grading: Grading) -> str:
    if grading.submission is not None:
        return grading.submission.get_absolute_url()
    return Exercise.objects.get(pk=grading.version.exercise_id).get_absolute_url() + "#intentos"


@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back what still waits. What is being graded already is graded to its end."""
    if not request.user.is_authenticated:
        return _to_login_from(request)
    grading = get_object_or_404(
        Grading.objects.filter(enrollment__user=request.user, enrollment__is_active=True).select_related(
            "version__exercise__document__course", "version__exercise__document__file"
        ),
        pk=pk,
    )
    if not judging.cancel(grading):
        messages.info(request, _("Ya no se puede retirar: la corrección había empezado."))
    elif grading.submission_id is None:
        messages.success(request, _("Prueba retirada."))
    else:
        messages.success(request, _("Entrega retirada de la cola: no cuenta como intento."))
    return HttpResponseRedirect(f"{grading.version.exercise.get_absolute_url()}#intentos")


@never_cache
@require_safe
def log(request: HttpRequest, pk: int, case: int, name: str) -> HttpResponse:
    """The whole of what a process said in a visible case, as plain text."""
    if not request.user.is_authenticated:
        return _to_login_from(request)
    grading = _followed(request, pk)
    text = following.log_of(grading, case, name)
    if text is None:
        raise Http404
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _to_login_from(request: HttpRequest) -> HttpResponse:
    address = (
        request.get_full_path() if request.method in ("GET", "HEAD") and not request.htmx else "/ejercicios/"
    )
    response = redirect_to_login(address)
    return HttpResponseClientRedirect(response.url) if request.htmx else response
