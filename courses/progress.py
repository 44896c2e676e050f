"""How far each student is: all rules of progress live here. Views, exercises and home ask and tell.

A lesson is opened by reading it, and done when its reader says so. An exercise is done with full points. What
someone has done stays done; fractions are taken of what is published now.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.db import IntegrityError, transaction
from django.db.models import F, FilteredRelation, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from courses import extensions
from courses.models import Course, CourseFile, Document, Enrollment, Progress
from courses.outline import Entry, OutlineModule
from courses.prepared import Prepared

MINE = {
    "progress": "mine__id",
    "seen": "mine__revision_id",
    "done_revision": "mine__done_revision_id",
    "opened_at": "mine__opened_at",
    "last_at": "mine__last_at",
    "done_at": "mine__done_at",
    "points": "mine__points",
    "max_points": "mine__max_points",
    "points_at": "mine__points_at",
}


def _index(with_progress: bool, *, course: int, enrollment: int) -> QuerySet[Document, dict[str, Any]]:
    """The lines of `outline()` in their order."""
    columns = {
        "document_id": F("pk"),
        "at": F("file__path"),
        "published": F("file__published_id"),
        "folder": F("module__folder"),
        "module_title": F("module__title"),
        "label": F("module__label"),
    }
    documents = Document.objects.standing().filter(course=course, module__retired_at=None)
    if with_progress:
        documents = documents.annotate(
            mine=FilteredRelation("file__progress", condition=Q(file__progress__enrollment=enrollment))
        )
        columns |= {name: F(path) for name, path in MINE.items()}
    # documents outside every module come last on both databases
    return documents.order_by(F("module__position").asc(nulls_last=True), "position", "pk").values(
        "file_id", "title", "short_title", "kind", "section", "minutes", **columns
    )


_public_index = Prepared(lambda _variant, course: _index(False, course=course, enrollment=0), course=int)
_own_index = Prepared(
    lambda _variant, course, enrollment: _index(True, course=course, enrollment=enrollment),
    course=int,
    enrollment=int,
)


def outline(course: Course, enrollment: Enrollment | None) -> list[OutlineModule]:
    """The whole index in its order, with this student's progress where there is one. One query."""
    if enrollment is None:
        rows = _public_index(course=course.pk)
    else:
        rows = _own_index(course=course.pk, enrollment=enrollment.pk)
    grouped: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        grouped[row["folder"] or ""].append(row)
    # one reversal for all: a document's address is its path below the course's
    base = reverse("course", args=[course.slug])
    return [_module(base, rows_of_module) for rows_of_module in grouped.values()]


def _module(base: str, rows: list[dict[str, Any]]) -> OutlineModule:
    first = rows[0]
    label = first["label"] or ""
    found = re.search(r"\d+$", label)
    number = found.group() if found else ""
    ordinal = 0
    entries = []
    for row in rows:
        is_lesson = row["kind"] == Document.Kind.LESSON
        ordinal += is_lesson
        entries.append(
            Entry(
                document=row["document_id"],
                file=row["file_id"],
                path=row["at"],
                url=f"{base}{quote(row['at'].removesuffix('.md'))}/",
                title=row["title"],
                short_title=row["short_title"],
                kind=row["kind"],
                section=row["section"],
                number=f"{number}.{ordinal}" if number and is_lesson else "",
                minutes=row["minutes"],
                published=row["published"],
                **{name: row.get(name) for name in MINE},
            )
        )
    title = first["module_title"] or _("Recursos")
    return OutlineModule(
        folder=first["folder"] or "recursos", title=title, label=label, number=number, entries=tuple(entries)
    )


def opened(document: Document, enrollment: Enrollment, entry: Entry) -> Entry:
    """Remember that the student has this text before them: one write for each student and text, none after.

    `entry` is the line of `outline()`, so that nothing is read again; the line as it is now comes back.
    """
    published = document.file.published_id
    now = timezone.now()
    if entry.opened_at and entry.seen == published:
        return entry
    if entry.progress is not None:
        Progress.objects.filter(pk=entry.progress).update(
            revision_id=published, last_at=now, opened_at=entry.opened_at or now
        )
    else:
        row = Progress(
            enrollment=enrollment,
            file_id=document.file_id,
            revision_id=published,
            opened_at=now,
            last_at=now,
        )
        # a plain INSERT, without a transaction around it; a second tab that was faster wrote the same
        with suppress(IntegrityError):
            row.save(force_insert=True)
    return replace(entry, seen=published, opened_at=entry.opened_at or now, last_at=now)


def mark_done(document: Document, enrollment: Enrollment, done: bool) -> Progress:
    """The student says that they are done with a lesson, or takes it back. Saying it twice changes nothing."""
    now = timezone.now()
    published = document.file.published_id
    with transaction.atomic():
        row, _is_new = Progress.objects.select_for_update().get_or_create(
            enrollment=enrollment,
            file_id=document.file_id,
            defaults={"revision_id": published, "opened_at": now},
        )
        row.opened_at = row.opened_at or now
        row.last_at = now
        if not done:
            row.done_at = row.done_revision = None
        elif row.done_at is None or row.done_revision_id != published:
            row.done_at, row.done_revision_id = now, published
        row.save()
    return row


def record(
    enrollment: Enrollment, file: CourseFile, points: float | None, max_points: float, at: datetime
) -> None:
    """The points that count now for an exercise or a quiz; None: it has none any more.

    To be called in the transaction that settles them. Full points make it done; later ones do not undo that.
    """
    row, _is_new = Progress.objects.select_for_update().get_or_create(enrollment=enrollment, file=file)
    row.points, row.max_points = points, max_points
    row.points_at = at if points is not None else None
    if points is not None and points >= max_points and row.done_at is None:
        row.done_at, row.done_revision_id = at, file.published_id
    row.save(update_fields=["points", "max_points", "points_at", "done_at", "done_revision"])


def available_points(course: Course) -> dict[int, float]:
    """CourseFile id -> points that can be had, for everything published that counts."""
    return {
        file: points for source in extensions.counted_results for file, points in source.totals(course).items()
    }


def with_points(modules: list[OutlineModule], available: Mapping[int, float]) -> list[OutlineModule]:
    """The same index, where an exercise that nobody has graded yet says too what it is worth."""
    return [
        replace(
            module,
            entries=tuple(
                replace(entry, max_points=available.get(entry.file, entry.max_points))
                for entry in module.entries
            ),
        )
        for module in modules
    ]


def points_by_module(
    enrollment: Enrollment | None, modules: list[OutlineModule], totals: Mapping[int, float]
) -> Mapping[str, tuple[float, float]]:
    """Folder of the module -> (points of the student, points that can be had).

    `totals` are the available points. A quiz counts where its lesson is.
    """
    if not totals:
        return {}
    home = {entry.path: module.folder for module in modules for entry in module.entries}
    owned: dict[int, float] = {}
    if enrollment is not None:
        owned = {
            file: points or 0
            for file, points in Progress.objects.filter(enrollment=enrollment, file__in=totals).values_list(
                "file", "points"
            )
        }
    sums: dict[str, tuple[float, float]] = {}
    for file, path in CourseFile.objects.filter(pk__in=totals).values_list("pk", "path"):
        folder = home.get(path) or home.get(path.removesuffix(".quiz.yml") + ".md")
        if folder is not None:
            had, can = sums.get(folder, (0.0, 0.0))
            sums[folder] = (had + min(owned.get(file, 0), totals[file]), can + totals[file])
    return sums
