"""What instructors do with submissions: the queue, and the review of one. The rules are in reviewing.py."""

from __future__ import annotations

import contextlib
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Paginator
from django.db.models import Max, OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from courses.models import Teaching
from exercises import attempts, reading, reviewing
from exercises.following import anchor_of
from exercises.models import Review, ReviewComment, Submission, SubmissionQuerySet
from exercises.posting import posted_from
from exercises.submission_views import previous, whole

PER_PAGE = 50
BESIDE = 30  # rows of the queue beside a review
WAITING, CHANGES, ALL = "esperan", "cambios", "todas"


@never_cache
@require_safe
def review_list(request: HttpRequest) -> HttpResponse:
    """The work of my cohorts: what waits, what was sent back, or all of it."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    if not request.user.is_superuser and not Teaching.objects.filter(user=request.user).exists():
        raise Http404
    chosen = request.GET.get("ver", WAITING)
    work = reviewing.reviewable(request.user)
    rows = _rows(work, chosen)
    if rows is None:
        raise Http404
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "chosen": chosen,
        "filters": _filters(work, chosen),
        "query": f"ver={chosen}&",
        "may_review": True,
    }
    return render(request, "exercises/review_list.html", context)


def _rows(work: SubmissionQuerySet, chosen: str) -> SubmissionQuerySet | None:
    """What a filter shows, the longest waiting first; all of it, the newest first."""
    kinds = {
        WAITING: lambda: reviewing.waiting(work).order_by("handed_in_at", "pk"),
        CHANGES: lambda: reviewing.changing(work).order_by("handed_in_at", "pk"),
        ALL: lambda: work.order_by("-handed_in_at", "-pk"),
    }
    if chosen not in kinds:
        return None
    light = ("version__spec", "current__report", "current__fault", "exercise__document__body_html")
    return (
        kinds[chosen]()
        .select_related("enrollment__user", "exercise__document", "review", "current", "version")
        .defer(*light)
    )


def _filters(work: SubmissionQuerySet, chosen: str) -> list[dict[str, Any]]:
    return [
        {
            "name": WAITING,
            "title": _("Esperan"),
            "count": reviewing.waiting(work).count(),
            "here": chosen == WAITING,
        },
        {
            "name": CHANGES,
            "title": _("Cambios"),
            "count": reviewing.changing(work).count(),
            "here": chosen == CHANGES,
        },
        {"name": ALL, "title": _("Todas"), "count": None, "here": chosen == ALL},
    ]


# --- one review ---------------------------------------------------------------------------------------------


@never_cache
@require_safe
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """A submission to review: its code with comments, what the machine said, the decision."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    found = _reviewable(request, pk)
    return _page(request, found, reviewing.open_review(found, request.user))


def _reviewable(request: HttpRequest, pk: int) -> Submission:
    newest = (
        Submission.objects.filter(enrollment=OuterRef("enrollment"), exercise=OuterRef("exercise"))
        .order_by()
        .values("exercise")
        .annotate(newest=Max("number"))
        .values("newest")
    )
    work = whole(reviewing.reviewable(request.user)).annotate(newest=Subquery(newest))
    return get_object_or_404(work, pk=pk)


def _page(
    request: HttpRequest,
    found: Submission,
    opened: reviewing.Opened,
    *,
    status: int = 200,
    **typed: Any,
) -> HttpResponse:
    """`typed`: what was posted and refused: `general` and its `general_error`; `line_text` and `line_error` of
    the comment under the line in the address; `score`, `reason` and `points_error`."""
    review = opened.review
    comments = reviewing.visible_comments(review, request.user)
    threads = reading.threads_of(comments)
    general = next((c for c in comments if c.is_draft and not c.file_name and c.reply_to_id is None), None)
    before = previous(found) if "diferencia" in request.GET and found.number > 1 else None
    work = reviewing.reviewable(request.user)
    queue = list(_rows(work, WAITING)[:BESIDE])
    others = [each for each in queue if each.pk != found.pk]
    context = {
        "submission": found,
        "exercise": found.exercise,
        "document": found.exercise.document,
        "course_url": found.exercise.document.course.get_absolute_url(),
        "may_review": True,
        "review": review,
        "opened": opened,
        "attempt": attempts.attempt_with(found, found.exercise.kind, for_staff=True),
        "files": reading.source_files(
            found.files.contents(),
            threads,
            compared_with=before.files.contents() if before else None,
        ),
        "compared": before,
        "general_threads": [t for t in threads if not t.comment.file_name and not t.comment.is_draft],
        "drafts": len(reviewing.line_drafts(comments)),
        "general": general.text if general else "",
        "commented": _commented(request, found),
        "edited": _edited(request, comments),
        "queue": queue,
        "position": next((n for n, each in enumerate(queue, 1) if each.pk == found.pk), None),
        "filters": _filters(work, WAITING),
        "after": others[0] if others else None,
        **typed,
    }
    return render(request, "exercises/review.html", context, status=status)


def _commented(request: HttpRequest, found: Submission) -> str:
    """The anchor of the line under which the address opens a comment."""
    data = request.POST if request.method == "POST" else request.GET
    line = data.get("linea", "")
    if not (line.isascii() and line.isdigit() and len(line) < 8):
        return ""
    return anchor_of(data.get("archivo", ""), int(line))


def _edited(request: HttpRequest, comments: list[ReviewComment]) -> int | None:
    """The draft that the address opens for writing."""
    wanted = request.GET.get("borrador", "")
    return next((c.pk for c in comments if c.is_draft and str(c.pk) == wanted), None)


@posted_from(lambda request, pk: reverse("review", args=[pk]))
def comment(request: HttpRequest, pk: int) -> HttpResponse:
    """Write a draft under a line, or an answer; or change one (`borrador`), or throw it away without words."""
    if not request.user.is_authenticated:
        return redirect_to_login(reverse("review", args=[pk]))
    found = _reviewable(request, pk)
    opened = reviewing.open_review(found, request.user)
    text = request.POST.get("text", "")
    file_name, line = request.POST.get("archivo", ""), request.POST.get("linea", "")
    place = ""
    try:
        if changed := request.POST.get("borrador", ""):
            draft = _comment(opened.review, changed)
            place = anchor_of(draft.file_name, draft.line) if draft.line else f"comentario-{draft.pk}"
            reviewing.change_draft(draft, request.user, "" if "descartar" in request.POST else text)
        elif answered := request.POST.get("a", ""):
            to = _comment(opened.review, answered)
            place = f"comentario-{reviewing.comment(opened.review, request.user, text, reply_to=to).pk}"
        else:
            number = int(line) if line.isascii() and line.isdigit() and len(line) < 8 else None
            written = reviewing.comment(opened.review, request.user, text, file_name=file_name, line=number)
            place = anchor_of(written.file_name, written.line) if written.line else "decidir"
    except reviewing.Unsayable as refusal:
        return _page(request, found, opened, status=422, line_text=text, line_error=refusal.message)
    return HttpResponseRedirect(f"{reverse('review', args=[pk])}#{place}")


def _comment(review: Review, pk: str) -> ReviewComment:
    number = int(pk) if pk.isascii() and pk.isdigit() and len(pk) < 18 else 0
    return get_object_or_404(review.comments.select_related("reply_to"), pk=number)


@posted_from(lambda request, pk: reverse("review", args=[pk]))
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """`decision`: approved, changes_wanted, or draft, which only keeps the words."""
    if not request.user.is_authenticated:
        return redirect_to_login(reverse("review", args=[pk]))
    found = _reviewable(request, pk)
    opened = reviewing.open_review(found, request.user)
    text, decision = request.POST.get("general", ""), request.POST.get("decision", "")
    revision = request.POST.get("revision", "")
    base = int(revision) if revision.isascii() and revision.isdigit() and len(revision) < 10 else -1
    try:
        if decision == "draft":
            reviewing.keep_general(opened.review, request.user, text)
            messages.success(request, _("Borrador guardado: solo lo ves tú."))
            return HttpResponseRedirect(f"{reverse('review', args=[pk])}#decidir")
        if decision == Review.Decision.APPROVED:
            reviewing.approve(opened.review, request.user, base, text)
        elif decision == Review.Decision.CHANGES_WANTED:
            reviewing.ask_changes(opened.review, request.user, base, text)
        else:
            raise Http404
    except reviewing.NoWords:
        error = _("Para pedir cambios, di qué hay que cambiar. Escribe al menos una frase.")
        return _page(request, found, opened, status=422, general=text, general_error=error)
    except reviewing.Unsayable as refusal:
        return _page(request, found, opened, status=422, general=text, general_error=refusal.message)
    except reviewing.Stale as stale:
        current = reviewing.Opened(stale.current, opened.other, opened.since)
        return _page(request, found, current, status=409, general=text, stale=True)
    messages.success(request, _told(found, decision))
    following = _rows(reviewing.reviewable(request.user), WAITING).exclude(pk=pk).first()
    return HttpResponseRedirect(reverse("review", args=[following.pk]) if following else reverse("review_list"))


def _told(found: Submission, decision: str) -> str:
    name = found.enrollment.user.get_full_name()
    if decision == Review.Decision.APPROVED:
        return _("Entrega de %s aprobada.") % name
    return _("Cambios pedidos a %s.") % name


@posted_from(lambda request, pk: reverse("review", args=[pk]))
def give_points(request: HttpRequest, pk: int) -> HttpResponse:
    """Points by hand, with a reason; `retirar` takes them back."""
    if not request.user.is_authenticated:
        return redirect_to_login(reverse("review", args=[pk]))
    found = _reviewable(request, pk)
    if "retirar" in request.POST:
        gone = reviewing.withdraw_points(found)
        if gone:
            messages.success(request, _("Puntos retirados: vuelve a valer lo que dice la corrección."))
        return HttpResponseRedirect(f"{reverse('review', args=[pk])}#puntos-a-mano")
    typed, reason = request.POST.get("score", "").strip(), request.POST.get("reason", "")
    score = -1.0
    with contextlib.suppress(ValueError):
        score = float(typed.replace(",", "."))
    try:
        given = reviewing.give_points(found, request.user, score, reason)
    except reviewing.BadPoints as refusal:
        error = _("Escribe un número entre 0 y %(most)s.") % {"most": f"{refusal.most:g}".replace(".", ",")}
        refused = {"score_error": error}
    except reviewing.NoReason:
        refused = {"reason_error": _("Di por qué: quien entregó lo leerá junto a los puntos.")}
    else:
        whole_points = ngettext("%(points)s punto", "%(points)s puntos", round(given.score or 0)) % {
            "points": f"{given.score:g}".replace(".", ",")
        }
        messages.success(request, _("Valen ahora %s, hasta que los retires.") % whole_points)
        return HttpResponseRedirect(f"{reverse('review', args=[pk])}#puntos-a-mano")
    opened = reviewing.open_review(found, request.user)
    return _page(request, found, opened, status=422, score=typed, reason=reason, **refused)
