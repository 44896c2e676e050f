"""What people say of a submission: who is at it, comments on its lines, the decision, points by hand.

A Review holds no points: those that a person gives are a Grading. What is written stays a draft of its author's
until they decide; a decision on something that has changed meanwhile is refused, and nothing of it is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.models import Enrollment
from courses.rendering.comments import render_comment
from exercises import judging
from exercises.grading.report import Verdict
from exercises.models import Exercise, Grading, Review, ReviewComment, Submission, SubmissionQuerySet
from exercises.reading import count_lines

LONGEST_COMMENT = 10_000  # characters
HELD = timedelta(minutes=15)  # how long opening a review tells others that somebody is at it
TOLD_AGAIN = timedelta(minutes=1)


class Unsayable(Exception):
    """A comment that cannot be kept. `message`: why and what to do, in Spanish."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


class NoWords(Exception):
    """Changes were asked for without saying which."""


class NoReason(Exception):
    """Points were given without saying why."""


class BadPoints(Exception):
    """Points outside what the exercise gives. `most` is that."""

    def __init__(self, most: float) -> None:
        self.most = most
        super().__init__(f"points go from 0 to {most}")


class Stale(Exception):
    """Somebody changed the review meanwhile. `current` is what stands; the caller still has its own words."""

    def __init__(self, current: Review) -> None:
        self.current = current
        super().__init__(f"the review is at revision {current.revision}")


# --- the queue ----------------------------------------------------------------------------------------------


def reviewable(user: Any) -> SubmissionQuerySet:
    """What this person may review: the work of their cohorts, never their own, and no quizzes."""
    work = Submission.objects.reviewable_by(user).exclude(enrollment__user=user.pk)
    return work.exclude(exercise__kind=Exercise.Kind.QUIZ)


def standing(submissions: SubmissionQuerySet) -> SubmissionQuerySet:
    """The newest of each student and exercise that was not withdrawn: older ones need no answer any more."""
    happened = Grading.objects.filter(submission=OuterRef("pk")).exclude(status=Grading.Status.CANCELLED)
    newer = Submission.objects.filter(
        Exists(happened),
        enrollment=OuterRef("enrollment"),
        exercise=OuterRef("exercise"),
        number__gt=OuterRef("number"),
    )
    return submissions.filter(Exists(happened)).exclude(Exists(newer))


def waiting(submissions: SubmissionQuerySet) -> SubmissionQuerySet:
    """Those of `standing` that nobody has decided about, and those whose student answered last."""
    last = ReviewComment.objects.filter(review__submission=OuterRef("pk"), is_draft=False).order_by(
        "-at", "-pk"
    )
    return (
        standing(submissions)
        .annotate(spoke_last=Subquery(last.values("author")[:1]))
        .filter(
            Q(review__isnull=True)
            | Q(review__decision=Review.Decision.WAITING)
            | Q(spoke_last=F("enrollment__user"))
        )
    )


def changing(submissions: SubmissionQuerySet) -> SubmissionQuerySet:
    """Those of `standing` that were sent back: their student is to hand in again."""
    return standing(submissions).filter(review__decision=Review.Decision.CHANGES_WANTED)


def unread_for(enrollment: Enrollment) -> QuerySet[Review]:
    """The reviews that the student has been given and has not opened yet, the newest first."""
    return (
        Review.objects.filter(
            submission__enrollment=enrollment, released_at__isnull=False, seen_at__isnull=True
        )
        .select_related("decided_by", "submission__exercise__document")
        .annotate(remarks=Count("comments", filter=Q(comments__is_draft=False)))
        .order_by("-released_at")
    )


# --- opening ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Opened:
    """A review that somebody opened. `other` has it open too, since `since`."""

    review: Review
    other: Any = None
    since: datetime | None = None


def open_review(submission: Submission, person: Any) -> Opened:
    """Begin or go on with a review, and say who else is at it. It writes once a minute at most."""
    review = Review.objects.filter(submission=submission).select_related("holder", "decided_by").first()
    if review is None:
        review, _is_new = Review.objects.get_or_create(submission=submission)
    now = timezone.now()
    is_held = review.holder_id is not None and review.held_at is not None and review.held_at > now - HELD
    if is_held and review.holder_id != person.pk:
        return Opened(review, review.holder, review.held_at)
    if not is_held or review.held_at < now - TOLD_AGAIN:
        Review.objects.filter(pk=review.pk).update(holder=person, held_at=now)
    return Opened(review)


def seen(review: Review) -> None:
    """The student has it before them. One write, the first time."""
    if review.released_at is not None and review.seen_at is None:
        Review.objects.filter(pk=review.pk, seen_at=None).update(seen_at=timezone.now())


# --- words --------------------------------------------------------------------------------------------------


def visible_comments(review: Review, reader: Any) -> list[ReviewComment]:
    """What this reader sees: what was released, and their own drafts. One query."""
    return list(
        review.comments.filter(Q(is_draft=False) | Q(author=reader.pk))
        .select_related("author")
        .order_by("at", "pk")
    )


def comment(
    review: Review,
    author: Any,
    text: str,
    *,
    file_name: str = "",
    line: int | None = None,
    reply_to: ReviewComment | None = None,
) -> ReviewComment:
    """Write a draft: on a line of a file, on the whole, or as an answer. Raises Unsayable."""
    checked = _words(text)
    if reply_to is not None:
        if reply_to.review_id != review.pk or reply_to.is_draft:
            raise Unsayable(_("Ese comentario ya no está. Recarga la página."))
        file_name, line = reply_to.file_name, reply_to.line
        reply_to = reply_to.reply_to or reply_to
    elif file_name or line is not None:
        content = review.submission.files.contents().get(file_name)
        if content is None or line is None or not 1 <= line <= count_lines(content):
            raise Unsayable(_("Esa línea no existe. Elige una de las del archivo."))
    return ReviewComment.objects.create(
        review=review,
        author=author,
        file_name=file_name,
        line=line,
        reply_to=reply_to,
        text=checked,
        html=render_comment(checked),
        at=timezone.now(),
        is_draft=True,
    )


def change_draft(draft: ReviewComment, author: Any, text: str) -> None:
    """Put other words into one's own draft; without words it is thrown away. Raises Unsayable."""
    mine = ReviewComment.objects.filter(pk=draft.pk, author=author, is_draft=True)
    if not text.strip():
        mine.delete()
        return
    checked = _words(text)
    mine.update(text=checked, html=render_comment(checked), at=timezone.now())


def keep_general(review: Review, author: Any, text: str) -> None:
    """Keep the comment on the whole as its author's draft: one for each author. Raises Unsayable."""
    draft = general_draft(review, author)
    if draft is not None:
        change_draft(draft, author, text)
    elif text.strip():
        comment(review, author, text)


def general_draft(review: Review, author: Any) -> ReviewComment | None:
    return review.comments.filter(author=author, is_draft=True, file_name="", reply_to=None).first()


def reply(to: ReviewComment, author: Any, text: str) -> ReviewComment:
    """Answer something that was released; the answer is there at once. Raises Unsayable.

    It changes the review: who decides meanwhile hears of it.
    """
    checked = _words(text)
    if to.is_draft:
        raise Unsayable(_("Ese comentario ya no está. Recarga la página."))
    with transaction.atomic():
        Review.objects.filter(pk=to.review_id).update(revision=F("revision") + 1)
        return ReviewComment.objects.create(
            review_id=to.review_id,
            author=author,
            file_name=to.file_name,
            line=to.line,
            reply_to=to.reply_to or to,
            text=checked,
            html=render_comment(checked),
            at=timezone.now(),
        )


def _words(text: str) -> str:
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise Unsayable(_("El comentario está vacío: escribe algo."))
    if len(text) > LONGEST_COMMENT:
        raise Unsayable(
            _("El comentario tiene %(length)d caracteres y el máximo son %(most)d: acórtalo.")
            % {"length": len(text), "most": LONGEST_COMMENT}
        )
    if "\x00" in text:
        raise Unsayable(_("El comentario contiene un carácter nulo: quítalo."))
    return text


# --- the decision -------------------------------------------------------------------------------------------


def approve(review: Review, person: Any, revision: int, text: str = "") -> Review:
    """Accept the work, with all that this person has written. Raises Stale, Unsayable."""
    return _decide(review, person, revision, Review.Decision.APPROVED, text)


def ask_changes(review: Review, person: Any, revision: int, text: str = "") -> Review:
    """Send the work back, with all that this person has written. Raises NoWords, Stale, Unsayable."""
    if not text.strip() and not review.comments.filter(author=person, is_draft=True).exists():
        raise NoWords
    return _decide(review, person, revision, Review.Decision.CHANGES_WANTED, text)


def _decide(review: Review, person: Any, revision: int, decision: str, text: str) -> Review:
    if text.strip():
        _words(text)
    now = timezone.now()
    with transaction.atomic():
        took = Review.objects.filter(pk=review.pk, revision=revision).update(
            decision=decision,
            revision=F("revision") + 1,
            decided_by=person,
            decided_at=now,
            released_at=now,
            seen_at=None,
            holder=None,
            held_at=None,
        )
        if took:
            keep_general(review, person, text)
            release(review, person)
    review.refresh_from_db()
    if not took:
        raise Stale(review)
    return review


def release(review: Review, person: Any) -> int:
    """Show the student what this person has written so far. How many comments there were."""
    return review.comments.filter(author=person, is_draft=True).update(is_draft=False, at=timezone.now())


# --- points -------------------------------------------------------------------------------------------------


def give_points(submission: Submission, person: Any, score: float, reason: str) -> Grading:
    """Points by hand: they count until withdrawn, whatever a machine says. Raises BadPoints, NoReason."""
    most = submission.version.points
    if not 0 <= score <= most:
        raise BadPoints(most)
    if not reason.strip():
        raise NoReason
    now = timezone.now()
    verdict = Verdict.ACCEPTED if score >= most else Verdict.PARTIAL if score > 0 else Verdict.REJECTED
    with transaction.atomic():
        grading = Grading.objects.create(
            enrollment_id=submission.enrollment_id,
            version_id=submission.version_id,
            files_id=submission.files_id,
            submission=submission,
            purpose=Grading.Purpose.MANUAL,
            status=Grading.Status.GRADED,
            lane=Grading.Lane.LIVE,
            queued_at=now,
            settled_at=now,
            verdict=verdict,
            score=round(score, 2),
            max_score=most,
            person=person,
            reason=reason.strip(),
        )
        judging.settle(submission.pk)
    return grading


def withdraw_points(submission: Submission) -> int:
    """Take the points by hand back: what the machine says counts again. How many there were."""
    with transaction.atomic():
        gone = submission.gradings.filter(purpose=Grading.Purpose.MANUAL, status=Grading.Status.GRADED).update(
            status=Grading.Status.CANCELLED
        )
        if gone:
            judging.settle(submission.pk)
    return gone


def line_drafts(comments: Sequence[ReviewComment]) -> list[ReviewComment]:
    """The drafts among these that hang on a line or on an answer."""
    return [each for each in comments if each.is_draft and (each.file_name or each.reply_to_id)]
