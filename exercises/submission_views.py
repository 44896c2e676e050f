"""One submission: its files, what came of it, what was said about it, and what changed since the one before."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from exercises import attempts, judging, reading, reviewing
from exercises.models import Exercise, FileSetEntry, Review, ReviewComment, Submission, SubmissionQuerySet
from exercises.posting import posted_from

WHOLE = ("enrollment__user", "enrollment__cohort", "exercise__document__course", "exercise__document__file")


def whole(submissions: SubmissionQuerySet) -> SubmissionQuerySet:
    """With all that a page says of them."""
    return submissions.exclude(exercise__kind=Exercise.Kind.QUIZ).select_related(
        *WHOLE, "exercise__document__module", "version", "review__decided_by"
    )


@never_cache
@require_safe
def submission(request: HttpRequest, pk: int) -> HttpResponse:
    """For who handed it in, and for who may review it. Opening it tells that its review was read."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    found = get_object_or_404(whole(Submission.objects.visible_to(request.user)), pk=pk)
    review = review_of(found)
    if review is not None and found.enrollment.user_id == request.user.pk:
        reviewing.seen(review)
    return render(request, "exercises/submission.html", page_context(request, found, review))


def page_context(
    request: HttpRequest, found: Submission, review: Review | None, said: dict[str, Any] | None = None
) -> dict[str, Any]:
    """`said`: an answer that was refused: `comment` (its pk), `text`, `error`."""
    is_mine = found.enrollment.user_id == request.user.pk
    is_released = review is not None and review.released_at is not None
    comments = (
        reviewing.visible_comments(review, request.user) if review and (is_released or not is_mine) else []
    )
    threads = reading.threads_of(comment for comment in comments if not comment.is_draft)
    wants_difference = "diferencia" in request.GET and found.number > 1
    before = previous(found) if wants_difference else None
    attempt = attempts.attempt_with(found, found.exercise.kind)
    return {
        "submission": found,
        "exercise": found.exercise,
        "document": found.exercise.document,
        "course_url": found.exercise.document.course.get_absolute_url(),
        "attempt": attempt,
        "state": judging.grading_state() if attempt.is_running else None,
        "review": review if is_released else None,
        "files": reading.source_files(
            found.files.contents(),
            threads,
            compared_with=before.files.contents() if before else None,
        ),
        "compared": before,
        "general": [thread for thread in threads if not thread.comment.file_name],
        "is_mine": is_mine,
        "may_answer": is_mine and found.enrollment.is_active,
        "may_review": not is_mine,
        "said": said or {},
    }


def review_of(found: Submission) -> Review | None:
    """Its review, where somebody has begun one."""
    return getattr(found, "review", None)


def previous(found: Submission) -> Submission | None:
    """The same student's attempt before this one."""
    earlier = Submission.objects.filter(
        enrollment=found.enrollment_id, exercise=found.exercise_id, number__lt=found.number
    )
    return earlier.select_related("files").order_by("-number").first()


@require_safe
def submission_status(request: HttpRequest, pk: int) -> HttpResponse:
    """Where the news of a submission are: at its grading, if one is under way, else on its page."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    found = get_object_or_404(Submission.objects.visible_to(request.user).select_related("exercise"), pk=pk)
    attempt = attempts.attempt_with(found, found.exercise.kind)
    if not request.htmx:
        return HttpResponseRedirect(found.get_absolute_url())
    return render(request, "exercises/_run.html", {"attempt": attempt})


@require_safe
def download(request: HttpRequest, pk: int, name: str = "") -> HttpResponse:
    """A file as it was handed in, byte for byte; without a name all of them in one archive."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    found = get_object_or_404(
        Submission.objects.visible_to(request.user).exclude(exercise__kind=Exercise.Kind.QUIZ), pk=pk
    )
    if name:
        entry = FileSetEntry.objects.filter(files=found.files_id, name=name).select_related("blob").first()
        if entry is None:
            raise Http404
        content, kind = bytes(entry.blob.content), "text/plain; charset=utf-8"
    else:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for each, content in sorted(found.files.contents().items()):
                archive.writestr(each, content)
        content, kind, name = packed.getvalue(), "application/zip", f"entrega-{found.pk}.zip"
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = content_disposition_header(True, name)
    response["X-Content-Type-Options"] = "nosniff"
    return response


@posted_from(lambda request, pk: reverse("submission", args=[pk]))
def reply(request: HttpRequest, pk: int) -> HttpResponse:
    """The student answers a comment: it is there at once."""
    found = Submission.objects.by(request.user) if request.user.is_authenticated else None
    if found is None:
        return redirect_to_login(f"/entregas/{pk}/")
    mine = get_object_or_404(whole(found.filter(enrollment__is_active=True)), pk=pk)
    review = review_of(mine)
    if review is None or review.released_at is None:
        raise Http404
    text, target = request.POST.get("text", ""), request.POST.get("to", "")
    to = get_object_or_404(
        ReviewComment.objects.filter(review=review, is_draft=False).select_related("reply_to"),
        pk=target if target.isascii() and target.isdigit() and len(target) < 18 else 0,
    )
    try:
        answer = reviewing.reply(to, request.user, text)
    except reviewing.Unsayable as refusal:
        said = {"comment": (to.reply_to or to).pk, "text": text, "error": refusal.message}
        context = page_context(request, mine, review, said)
        return render(request, "exercises/submission.html", context, status=422)
    messages.success(request, _("Respuesta enviada."))
    return HttpResponseRedirect(f"{mine.get_absolute_url()}#comentario-{answer.pk}")
