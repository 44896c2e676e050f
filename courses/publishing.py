"""Saving the files of a course: text and what it means together, or refuse and change nothing.

All reading and rendering happens before the transaction; inside it only rows are written, after a look that
nobody was faster. Whoever writes a FileRevision does it through here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.extensions import Problem
from courses.mirrors import lock_with_mirrors
from courses.models import Course, CourseFile, FileRevision
from courses.projecting import Projection, standing_fingerprints, write
from courses.source import LOCK, MAX_FILE_BYTES, MAX_PATH, PATH, Refused, read_lock

if TYPE_CHECKING:
    from formacion.models import User

__all__ = ["Refused", "StaleSave", "restore", "save", "save_new"]

TRIES = 3  # somebody else may save while this is being rendered


class StaleSave(Exception):
    """Somebody saved the file since it was opened. Nothing was written; `current` is what stands there now."""

    def __init__(self, current: FileRevision) -> None:
        self.current = current
        super().__init__(f"{current.file.path}: head is revision {current.pk}")


class TooBusy(Exception):
    """Others kept changing the course while this was being prepared."""


@dataclass(frozen=True, slots=True)
class State:
    """All files of a course as they are now: rows by path, and the bytes of what is published and stands."""

    files: Mapping[str, CourseFile]
    published: Mapping[str, bytes]
    version: tuple[tuple[object, ...], ...]

    @classmethod
    def of(cls, course: Course | None) -> State:
        if course is None:
            return cls({}, {}, ())
        rows = course.files.select_related("head", "published", "imported").order_by("pk")
        rows = list(rows.defer("head__content", "imported__content"))
        published = {
            file.path: bytes(file.published.content)
            for file in rows
            if file.published is not None and file.retired_at is None
        }
        return cls({file.path: file for file in rows}, published, tuple(_pointers(file) for file in rows))


def _pointers(file: CourseFile) -> tuple[object, ...]:
    return (file.pk, file.path, file.head_id, file.published_id, file.imported_id, file.retired_at)


def _is_still(course: Course, state: State) -> bool:
    return tuple(_pointers(file) for file in course.files.order_by("pk")) == state.version


def save(
    file: CourseFile,
    content: bytes,
    *,
    author: User | None,
    why: str,
    origin: str = FileRevision.Origin.SITE,
    publish: bool = True,
    base: int | None = None,
) -> FileRevision:
    """Save a file of a course and return the revision that stands now.

    `publish=False` keeps the text as a draft: readers see what they saw, and nothing is checked. `base` is the
    id of the revision that the author was shown (0: none): if another stands there now, StaleSave. What is
    published is parsed and rendered together with everything that it has to fit. New code references are locked
    where there is a mirror. Saving what stands already writes nothing.

    Raises Refused, with the problems, and StaleSave; both leave everything as it was.
    """
    _check_size(file.path, content)
    if not publish:
        return _save_draft(file, content, author=author, why=why, origin=origin, base=base)
    course = file.course

    def change(state: State) -> Change:
        _check_base(state.files[file.path], base)
        everything = {**state.published, file.path: content}
        return Change(everything, {file.path: content}, _nothing)

    settle(course, change, author=author, why=why, origin=origin, locks_references=True)
    file.refresh_from_db()
    assert file.head is not None
    return file.head


def save_new(course: Course, path: str, content: bytes, *, author: User | None, why: str) -> CourseFile:
    """Publish a file that the course does not have yet. Raises Refused."""
    if not PATH.fullmatch(path) or len(path) > MAX_PATH:
        raise Refused(
            [Problem(path, 0, _("la ruta solo puede tener letras sin acento, cifras, «.», «_», «+» y «-»"))]
        )
    _check_size(path, content)

    def change(state: State) -> Change:
        standing = state.files.get(path)
        if standing is not None and standing.head_id is not None and standing.retired_at is None:
            raise Refused([Problem(path, 0, _("ya existe: ábrelo para cambiarlo"))])
        return Change({**state.published, path: content}, {path: content}, _nothing)

    settle(course, change, author=author, why=why, origin=FileRevision.Origin.SITE, locks_references=True)
    return course.files.get(path=path)


def restore(
    file: CourseFile, revision: FileRevision, *, author: User | None, base: int | None = None
) -> FileRevision:
    """Publish again what an older revision says, as a new revision. Raises Refused, StaleSave."""
    why = _("Restaura la revisión %(number)s") % {"number": revision.pk}
    return save(file, bytes(revision.content), author=author, why=why, base=base)


# --- what import uses too -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """`everything` is what the course shall publish; `contents` the files that get a new revision, published.

    `prepare` writes, in the transaction and before the revisions, what else the change needs.
    """

    everything: Mapping[str, bytes]
    contents: Mapping[str, bytes]
    prepare: Callable[[Course], None]


def _nothing(course: Course) -> None:
    """There is nothing to prepare."""


def settle(
    course: Course | None,
    change: Callable[[State], Change],
    *,
    author: User | None,
    why: str,
    origin: str,
    locks_references: bool = False,
    make_course: Callable[[], Course] | None = None,
) -> Projection:
    """Work a change out against the course as it is, check the result whole, write it in one transaction.

    If the state moved in the meantime it is worked out again. Raises Refused, and what `change` raises.
    """
    for _try in range(TRIES):
        state = State.of(course)
        wanted = change(state)
        standing = standing_fingerprints(course) if course else {}
        slug = course.slug if course else ""
        projection = _projection(wanted.everything, standing, slug)
        contents = dict(wanted.contents)
        if locks_references:
            projection, grown = _with_locked_references(projection, wanted, standing, slug)
            contents |= grown
        with transaction.atomic():
            target = _lock_course(course) if course else make_course() if make_course else None
            assert target is not None
            if course and not _is_still(course, state):
                continue
            wanted.prepare(target)
            _write_revisions(target, contents, author=author, why=why, origin=origin)
            files = _standing_files(target, projection)
            write(projection, target, files)
            return projection
    raise TooBusy


def _projection(everything: Mapping[str, bytes], standing: Mapping[str, str], slug: str) -> Projection:
    projection, problems = Projection.of(everything, standing, slug=slug)
    if projection is None or projection.errors:
        raise Refused(problems)
    return projection


def _with_locked_references(
    projection: Projection, wanted: Change, standing: Mapping[str, str], slug: str
) -> tuple[Projection, dict[str, bytes]]:
    """The projection with its new references locked, and references.tsv where it grew."""
    fresh = [found for found in projection.unchecked if found[0] in wanted.contents]
    if not fresh:
        return projection, {}
    commits = {r.name: r.commit for r in projection.material.manifest.repositories}
    old, _problems = read_lock(wanted.everything)
    lock, faults = lock_with_mirrors(old, fresh, commits)
    if faults:
        raise Refused(Problem(path, line, message) for path, line, message in faults)
    if lock.rows.keys() == old.rows.keys():
        return projection, {}
    grown = {LOCK: lock.dump()}
    return _projection({**wanted.everything, **grown}, standing, slug), grown


def _lock_course(course: Course) -> Course:
    return Course.objects.select_for_update(no_key=True).get(pk=course.pk)


def _write_revisions(
    course: Course, contents: Mapping[str, bytes], *, author: User | None, why: str, origin: str
) -> None:
    found = {
        file.path: file for file in course.files.filter(path__in=contents).select_related("head", "published")
    }
    for path, content in contents.items():
        file = found.get(path) or CourseFile.objects.create(course=course, path=path)
        revision = revise(file, content, author=author, why=why, origin=origin)
        file.head = file.published = revision
        if origin == FileRevision.Origin.IMPORT:
            file.imported = revision
        file.retired_at = None
        file.publish_at = None
        file.save()


def revise(file: CourseFile, content: bytes, *, author: User | None, why: str, origin: str) -> FileRevision:
    """A revision of the file with this content: its head or what is published if they say it already, else new.

    An import that brings what the site wrote makes no new one either.
    """
    for standing in (file.head, file.published):
        if standing is not None and standing.sha256 == hashlib.sha256(content).hexdigest():
            return standing
    return FileRevision.objects.create(
        file=file, content=content, parent=file.head, author=author, why=why[:300], origin=origin
    )


def _standing_files(course: Course, projection: Projection) -> dict[str, CourseFile]:
    """All files by path, those of the index made where nobody has written them yet."""
    files = {file.path: file for file in course.files.all()}
    for path in projection.material.documents:
        if path not in files:
            files[path] = CourseFile.objects.create(course=course, path=path)
        elif files[path].published_id is None and files[path].retired_at is not None:
            files[path].retired_at = None
            files[path].save(update_fields=["retired_at"])
    for file in files.values():
        # announced once, never written, and no longer in the index
        if file.head_id is None and file.retired_at is None and file.path not in projection.material.documents:
            CourseFile.objects.filter(pk=file.pk).update(retired_at=timezone.now())
    return files


def _save_draft(
    file: CourseFile, content: bytes, *, author: User | None, why: str, origin: str, base: int | None
) -> FileRevision:
    with transaction.atomic():
        _lock_course(file.course)
        current = CourseFile.objects.select_related("head", "published").get(pk=file.pk)
        _check_base(current, base)
        current.head = revise(current, content, author=author, why=why, origin=origin)
        current.save(update_fields=["head"])
    file.refresh_from_db()
    return current.head


def _check_base(file: CourseFile, base: int | None) -> None:
    if base is not None and base != (file.head_id or 0):
        # an import may have taken the text away: then the last one is what the author has to know of
        last = file.revisions.select_related("author", "file")
        raise StaleSave(last.get(pk=file.head_id) if file.head_id else last.latest("pk"))


def _check_size(path: str, content: bytes) -> None:
    if len(content) > MAX_FILE_BYTES:
        raise Refused([Problem(path, 0, _("pasa de %(size)s MiB") % {"size": MAX_FILE_BYTES >> 20})])
