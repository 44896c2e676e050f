"""A course folder into the database: all or nothing, repeatable, without losing what was edited on the site.

Each file is merged from three sides: what was imported last (the base), what stands on the site, what the
folder holds. `references.tsv` is merged by row. The folder never overwrites an edit; both texts are kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import IntegrityError
from django.utils import timezone

from courses.extensions import Problem
from courses.models import CodeReference, Course, CourseFile, FileRevision
from courses.publishing import Change, State, revise, settle
from courses.rendering import BrokenLock, Lock, merge
from courses.source import (
    LOCK,
    MANIFEST,
    BadText,
    Refused,
    errors,
    front_matter,
    parse_manifest,
    read_folder,
)
from courses.strict_yaml import NotYaml

if TYPE_CHECKING:
    from formacion.models import User

WHY = "Importación"


@dataclass(slots=True)
class ImportReport:
    """What an import did, as paths. `renamed` are pairs of old and new; `rows` are rows of references.tsv."""

    slug: str
    is_new: bool = False
    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: int = 0
    renamed: list[tuple[str, str]] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)
    edited: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    edited_and_gone: list[str] = field(default_factory=list)
    only_on_site: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    unchecked: int = 0
    warnings: list[Problem] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """The report for people, in Spanish."""
        new = " (nuevo)" if self.is_new else ""
        counts = f"{len(self.created)} nuevos, {len(self.changed)} cambiados, {self.unchanged} iguales"
        yield f"Curso «{self.slug}»{new}: {counts}."
        yield from _listing("Cambian de ruta", [f"{old} → {new}" for old, new in self.renamed])
        yield from _listing("Vuelven", self.returned)
        yield from _listing(
            "Ya no están en la carpeta y se retiran; lo que las personas hicieron se conserva", self.retired
        )
        yield from _listing("Editados en el sitio; se dejan como están", self.edited)
        yield from _listing(
            "EN CONFLICTO: han cambiado en el sitio y en la carpeta; queda la versión del sitio, "
            "y la de la carpeta está en el historial",
            self.conflicts,
        )
        yield from _listing(
            "Editados en el sitio y borrados de la carpeta; se dejan como están", self.edited_and_gone
        )
        yield from _listing("Solo están en el sitio", self.only_on_site)
        yield from _listing(f"Filas de {LOCK} con dos huellas distintas; queda la del sitio", self.rows)
        if self.unchecked:
            yield f"Referencias a código sin comprobar: {self.unchecked}."
        yield from _listing("Avisos", [str(warning) for warning in self.warnings])


def _listing(title: str, entries: list[str]) -> Iterator[str]:
    if entries:
        yield f"{title}:"
        yield from (f"  {entry}" for entry in entries)


def import_course(folder: Path, *, author: User | None = None) -> ImportReport:
    """Take what changed in the folder into its course, or make the course. Raises Refused: nothing changed."""
    disk = read_folder(folder)
    manifest, problems = parse_manifest(disk[MANIFEST])
    if manifest is None or errors(problems):
        raise Refused(problems)
    slug, title = manifest.slug, manifest.title
    for is_last_try in (False, True):
        course = Course.objects.filter(slug=slug).first()
        report = ImportReport(slug)

        def change(state: State) -> Change:
            nonlocal report
            report = ImportReport(slug, is_new=not state.files)
            return _merge(state, disk, report)

        try:
            projection = settle(
                course,
                change,
                author=author,
                why=WHY,
                origin=FileRevision.Origin.IMPORT,
                make_course=lambda: Course.objects.create(slug=slug, title=title),
            )
        except IntegrityError:  # another process made the course at the same moment
            if course or is_last_try:
                raise
            continue
        break
    report.warnings = [problem for problem in projection.problems if problem.warning]
    unlocked = CodeReference.objects.filter(document__course__slug=slug, sha256="")
    report.unchecked = unlocked.count()
    return report


# --- the merge ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Writing:
    """What an import writes beside the revisions that it publishes."""

    renames: dict[str, str] = field(default_factory=dict)
    bases: dict[str, bytes] = field(default_factory=dict)
    agreed: list[str] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)
    announced_again: list[str] = field(default_factory=list)
    lock: tuple[bytes, bytes] | None = None

    def prepare(self, course: Course) -> None:
        for old, new in self.renames.items():
            _rename(course, old, new)
        by_path = {file.path: file for file in course.files.select_related("head", "published")}
        for path, content in self.bases.items():
            file = by_path[path]
            file.imported = _imported(file, content)
            file.save(update_fields=["imported"])
        for path in self.agreed:
            file = by_path[path]
            file.imported = file.published = file.head
            file.save(update_fields=["imported", "published"])
        now = timezone.now()
        course.files.filter(path__in=self.retired).update(retired_at=now)
        course.files.filter(path__in=self.announced_again).update(head=None, published=None, imported=None)
        if self.lock is not None:
            theirs, merged = self.lock
            file = by_path[LOCK]
            file.imported = _imported(file, theirs)
            file.head = file.published = revise(
                file, merged, author=None, why=WHY, origin=FileRevision.Origin.IMPORT
            )
            file.save(update_fields=["imported", "head", "published"])


def _imported(file: CourseFile, content: bytes) -> FileRevision:
    """The folder's text as a revision beside the site's: what the next merge starts from."""
    if file.imported is not None and file.imported.sha256 == _digest(content):
        return file.imported
    return FileRevision.objects.create(
        file=file, content=content, parent=file.imported, why=WHY, origin=FileRevision.Origin.IMPORT
    )


def _rename(course: Course, old: str, new: str) -> None:
    """Give a file its new path. What only announced the new path makes room."""
    placeholder = course.files.filter(path=new).first()
    if placeholder is not None:
        course.documents.filter(file=placeholder).delete()
        placeholder.delete()
    course.files.filter(path=old).update(path=new)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _merge(state: State, disk: Mapping[str, bytes], report: ImportReport) -> Change:
    """Which side each file is taken from."""
    writing = _Writing()
    files, published = _with_renames(state, disk, writing, report)
    everything = dict(published)
    contents: dict[str, bytes] = {}

    for path, theirs in sorted(disk.items()):
        file = files.get(path)
        if path == LOCK and file is not None and file.head is not None and file.retired_at is None:
            _merge_lock(file, published.get(path, b""), theirs, everything, contents, writing, report)
        elif file is None or file.head is None or file.retired_at is not None:
            contents[path] = everything[path] = theirs
            (report.created if file is None or file.head is None else report.returned).append(path)
        elif _is_edited(file):
            _leave(file, theirs, everything, writing, report)
        elif _digest(theirs) != file.head.sha256:
            contents[path] = everything[path] = theirs
            report.changed.append(path)
        else:
            report.unchanged += 1

    listed = _listed(everything)
    for path, file in sorted(files.items()):
        if path in disk or file.head is None or file.retired_at is not None:
            continue
        if file.imported is None:
            report.only_on_site.append(path)
        elif _is_edited(file):
            report.edited_and_gone.append(path)
        else:
            everything.pop(path, None)
            (writing.announced_again if path in listed else writing.retired).append(path)
            report.retired.append(path)
    return Change(everything, contents, writing.prepare)


def _is_edited(file: CourseFile) -> bool:
    """True where the site's text, a draft included, is not what was imported last."""
    assert file.head is not None
    return file.imported is None or file.head.sha256 != file.imported.sha256


def _leave(
    file: CourseFile, theirs: bytes, everything: dict[str, bytes], writing: _Writing, report: ImportReport
) -> None:
    """Both sides have a text of their own, or only the site has: the site's stays."""
    assert file.head is not None
    path = file.path
    if _digest(theirs) == file.head.sha256:
        writing.agreed.append(path)
        everything[path] = theirs
        report.changed.append(path)
    elif file.imported is not None and _digest(theirs) == file.imported.sha256:
        (report.conflicts if _is_in_conflict(file) else report.edited).append(path)
    else:
        writing.bases[path] = theirs
        report.conflicts.append(path)


def _is_in_conflict(file: CourseFile) -> bool:
    """True where the site's text was not made from what was imported last: nobody has joined the two yet."""
    assert file.imported is not None
    revision = file.head
    while revision is not None and revision.sha256 != file.imported.sha256:
        revision = revision.parent
    return revision is None


def _merge_lock(
    file: CourseFile,
    mine: bytes,
    theirs: bytes,
    everything: dict[str, bytes],
    contents: dict[str, bytes],
    writing: _Writing,
    report: ImportReport,
) -> None:
    try:
        base = Lock.parse(bytes(file.imported.content)) if file.imported else Lock()
        ours = Lock.parse(mine) if mine else Lock()
        there = Lock.parse(theirs)
    except BrokenLock as broken:
        raise Refused(Problem(LOCK, line, message) for line, message in broken.errors) from None
    joined, conflicts = merge(base, ours, there)
    merged = theirs if joined.rows == there.rows else joined.dump()
    report.rows += [str(conflict.reference) for conflict in conflicts]
    everything[LOCK] = merged
    if merged == mine and file.imported is not None and file.imported.sha256 == _digest(theirs):
        (report.edited.append(LOCK) if mine != theirs else None)
        report.unchanged += mine == theirs
    elif merged == theirs:
        contents[LOCK] = theirs
        report.changed.append(LOCK)
    else:
        writing.lock = (theirs, merged)
        report.changed.append(LOCK)


def _listed(everything: Mapping[str, bytes]) -> set[str]:
    manifest, _problems = parse_manifest(everything.get(MANIFEST, b""))
    return set(manifest.documents()) if manifest else set()


# --- renames ------------------------------------------------------------------------------------------------


def _with_renames(
    state: State, disk: Mapping[str, bytes], writing: _Writing, report: ImportReport
) -> tuple[dict[str, CourseFile], dict[str, bytes]]:
    """Files and published bytes by the paths that `was:` gives them."""
    files, published = dict(state.files), dict(state.published)
    for new, old in _former_paths(disk):
        if old in disk:
            raise Refused(
                [Problem(new, 1, f"«was» nombra «{old}», que sigue en la carpeta: borra uno de los dos")]
            )
        if old not in files or files[old].head is None or not _is_free(files.get(new)):
            continue  # moved already, or never here under the old path
        report.renamed.append((old, new))
        for source in [path for path in files if _goes_with(path, old)]:
            target = new.removesuffix(".md") + source.removeprefix(old.removesuffix(".md"))
            if _is_free(files.get(target)):
                writing.renames[source] = target
                file = files.pop(source)
                file.path = target
                files[target] = file
                if source in published:
                    published[target] = published.pop(source)
    return files, published


def _former_paths(disk: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """Pairs of path and the path that its front matter says it had."""
    for path, content in sorted(disk.items()):
        if path.endswith(".md"):
            try:
                fields, _body, _line = front_matter(content)
            except (NotYaml, BadText):
                continue  # it is refused where documents are read
            was = fields.get("was") if isinstance(fields, dict) else None
            if isinstance(was, str) and was != path:
                yield path, was


def _goes_with(path: str, document: str) -> bool:
    """A document's own file, its quiz, and the folder of an exercise."""
    stem = document.removesuffix(".md")
    return path == document or path == f"{stem}.quiz.yml" or path.startswith(f"{stem}/")


def _is_free(file: CourseFile | None) -> bool:
    return file is None or file.head is None
