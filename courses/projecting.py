"""What the published files of a course mean, as rows: course, modules, documents, references. Writes no text.

`Projection.of` reads and renders, without a transaction; `write` puts the result into rows, inside one. What
was rendered from the same things by the same renderer is not rendered again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from courses import extensions
from courses.extensions import Problem
from courses.models import (
    CodeReference,
    Course,
    CourseFile,
    Diagram,
    Document,
    Module,
    Repository,
)
from courses.rendering import VERSION, DiagramStore, Reference, RenderContext, Rendered, render
from courses.source import (
    MANIFEST,
    CourseManifest,
    DocumentSource,
    Material,
    errors,
    is_served,
    kind_of_document,
    read_material,
)

# Markdown of course.yml -> the field of Course that holds its HTML, and the prefix of its ids
COURSE_TEXTS = {
    "introduction": ("introduction_html", "presentacion-"),
    "conventions": ("conventions_html", "convenciones-"),
    "how_to": ("how_to_html", "uso-"),
}


class StoredDiagrams:
    """Drawn diagrams as rows, by digest."""

    def get(self, digest: str) -> str | None:
        return Diagram.objects.filter(digest=digest).values_list("drawing", flat=True).first()

    def put(self, digest: str, svg: str) -> None:
        Diagram.objects.bulk_create([Diagram(digest=digest, drawing=svg)], ignore_conflicts=True)


@dataclass(frozen=True, slots=True)
class Projection:
    """A course's material, read, with the HTML of what had to be rendered: documents by path, texts by name."""

    material: Material
    rendered: Mapping[str, Rendered]
    texts: Mapping[str, Rendered]
    fingerprints: Mapping[str, str]
    problems: Sequence[Problem]

    @classmethod
    def of(
        cls,
        everything: Mapping[str, bytes],
        standing: Mapping[str, str] | None = None,
        *,
        slug: str = "",
        diagrams: DiagramStore | None = None,
    ) -> tuple[Projection | None, list[Problem]]:
        """Read and render all published files. None where course.yml leaves nothing to go on with.

        `standing` are the fingerprints of what is rendered already, by path. Where `slug` is given, course.yml
        may name no other. Drawn diagrams are kept as rows unless there is another store.
        """
        material, problems = read_material(everything, extensions.file_kinds)
        if material is None:
            return None, problems
        if slug and material.manifest.slug != slug:
            problems.append(
                Problem(
                    MANIFEST,
                    1,
                    f"«slug» es «{material.manifest.slug}» y la dirección del curso no cambia: «{slug}»",
                )
            )
        store = StoredDiagrams() if diagrams is None else diagrams
        addresses = addresses_of(material)
        fingerprints = {}
        rendered = {}
        for path, document in material.documents.items():
            if not document.is_written:
                continue
            fingerprints[path] = fingerprint(document, material, addresses)
            if (standing or {}).get(path) != fingerprints[path]:
                rendered[path] = render_document(document, material, addresses, store)
                problems += [Problem(path, fault.line, fault.message) for fault in rendered[path].problems]
        texts = {}
        for name in COURSE_TEXTS:
            texts[name] = render_course_text(name, material, addresses, store)
            problems += [Problem(MANIFEST, fault.line, fault.message) for fault in texts[name].problems]
        return cls(material, rendered, texts, fingerprints, tuple(problems)), problems

    @property
    def unchecked(self) -> list[tuple[str, int, Reference]]:
        """Path, line and reference of all that was rendered now without a row of the lock."""
        results = [*self.rendered.items(), *((MANIFEST, text) for text in self.texts.values())]
        return [
            (path, cited.line, cited.reference)
            for path, result in results
            for cited in result.references
            if cited.status == "unchecked"
        ]

    @property
    def errors(self) -> list[Problem]:
        return errors(self.problems)


def addresses_of(material: Material) -> dict[str, str]:
    """Path -> address on the site, of all that a link may lead to.

    What is announced and not written has no page: such a link leads to the index until it is.
    """
    slug = material.manifest.slug
    index = reverse("course", args=[slug])
    addresses = {
        path: reverse("document", args=[slug, document.address])
        if document.is_written
        else f"{index}?documento={document.address}"
        for path, document in material.documents.items()
    }
    for path in material.paths:
        if path not in addresses and is_served(path, material.documents):
            addresses[path] = reverse("course_asset", args=[slug, path])
    return addresses


def context_for(
    path: str,
    repository: str | None,
    material: Material,
    addresses: Mapping[str, str],
    store: DiagramStore | None = None,
    *,
    id_prefix: str = "",
    quick: bool = False,
) -> RenderContext:
    """What a document of this course is rendered with. Drawn diagrams are rows unless `store` is given."""
    slug = material.manifest.slug

    def reference_url(name: str, path: str, first: int, last: int) -> str:
        lines = str(first) if first == last else f"{first}-{last}"
        return reverse("reference", args=[slug, name, path, lines])

    return RenderContext(
        path=path,
        repositories=material.manifest.rendering_repositories(),
        default_repository=repository,
        lock=material.lock,
        links=addresses,
        reference_url=reference_url,
        id_prefix=id_prefix,
        diagram_store=StoredDiagrams() if store is None else store,
        quick=quick,
    )


def render_document(
    document: DocumentSource,
    material: Material,
    addresses: Mapping[str, str],
    store: DiagramStore,
    *,
    quick: bool = False,
) -> Rendered:
    context = context_for(document.path, document.repository, material, addresses, store=store, quick=quick)
    return render(document.body, context, first_line=document.first_body_line)


def render_course_text(
    name: str, material: Material, addresses: Mapping[str, str], store: DiagramStore
) -> Rendered:
    """One of the Markdown texts of course.yml."""
    manifest = material.manifest
    _, id_prefix = COURSE_TEXTS[name]
    context = context_for(MANIFEST, None, material, addresses, store=store, id_prefix=id_prefix)
    return render(getattr(manifest, name), context, first_line=manifest.lines[name])


def fingerprint(document: DocumentSource, material: Material, addresses: Mapping[str, str]) -> str:
    """What the HTML of a document depends on, as a digest.

    Of the lock and of the links only what its text can mean counts: rows whose path, targets whose file name
    occurs in it. So a change elsewhere leaves it as it is.
    """
    folded = document.body.casefold()
    manifest = material.manifest
    rows = [
        [str(reference), row.symbol, row.sha256]
        for reference, row in sorted(material.lock.rows.items())
        if reference.path.casefold() in folded
    ]
    links = [
        [path, address]
        for path, address in sorted(addresses.items())
        if path.rpartition("/")[2].casefold() in folded or "%" in document.body
    ]
    repositories = [[r.name, r.url, r.commit, *r.endings] for r in manifest.repositories]
    parts = [VERSION, manifest.slug, document.path, document.repository, document.first_body_line]
    parts += [document.body, repositories, rows, links]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def standing_fingerprints(course: Course) -> dict[str, str]:
    """The fingerprints of what is rendered and published now, by path."""
    documents = course.documents.published().exclude(renderer_version="")
    return dict(documents.values_list("file__path", "renderer_version"))


# --- rows ---------------------------------------------------------------------------------------------------


def write(projection: Projection, course: Course, files: Mapping[str, CourseFile]) -> None:
    """Make the rows say what the projection says. `files` are all files of the course that stand, by path.

    Call inside a transaction. Repeating it changes nothing.
    """
    manifest = projection.material.manifest
    repositories = _write_repositories(course, manifest)
    modules = _write_modules(course, manifest, repositories)
    _write_course(course, projection)
    documents = _write_documents(course, projection, modules, files)
    _write_references(projection, documents, repositories)
    _retire(course, projection, files)
    for kind, values, paths in projection.material.kinds:
        statements = [path for path in projection.material.documents if kind_of_document(path) == "exercise"]
        kind.project(course, values, {path: files[path] for path in (*paths, *statements) if path in files})


def _write_course(course: Course, projection: Projection) -> None:
    manifest = projection.material.manifest
    wanted: dict[str, Any] = {
        "title": manifest.title,
        "summary": manifest.summary,
        "plan": [step.as_json() for step in manifest.plan],
    }
    for name, (column, _) in COURSE_TEXTS.items():
        wanted[column] = projection.texts[name].html
    _update(course, wanted)


def _write_repositories(course: Course, manifest: CourseManifest) -> dict[str, Repository]:
    found = {repository.name: repository for repository in course.repositories.all()}
    for position, entry in enumerate(manifest.repositories):
        wanted = {
            "title": entry.title,
            "url": entry.url,
            "commit": entry.commit,
            "version": entry.version,
            "language": entry.language,
            "endings": list(entry.endings),
            "position": position,
        }
        if entry.name in found:
            _update(found[entry.name], wanted)
        else:
            found[entry.name] = Repository.objects.create(course=course, name=entry.name, **wanted)
    return found


def _write_modules(
    course: Course, manifest: CourseManifest, repositories: Mapping[str, Repository]
) -> dict[str, Module]:
    found = {module.folder: module for module in course.modules.all()}
    for position, entry in enumerate(manifest.modules):
        wanted = {
            "title": entry.title,
            "label": entry.label,
            "position": position,
            "repository_id": repositories[entry.repository].pk if entry.repository else None,
            "retired_at": None,
        }
        if entry.folder in found:
            _update(found[entry.folder], wanted)
        else:
            found[entry.folder] = Module.objects.create(course=course, folder=entry.folder, **wanted)
    return found


def _write_documents(
    course: Course, projection: Projection, modules: Mapping[str, Module], files: Mapping[str, CourseFile]
) -> dict[str, Document]:
    found = {document.file_id: document for document in course.documents.all()}
    written = {}
    for path, source in projection.material.documents.items():
        file = files[path]
        wanted: dict[str, Any] = {
            "kind": source.kind,
            "module_id": modules[source.module].pk,
            "section": source.section,
            "position": source.position,
            "title": source.title,
            "short_title": source.short_title,
            "summary": source.summary,
            "minutes": source.minutes,
            "objectives": list(source.objectives),
            "requires": list(source.requires),
            "retired_at": None,
        }
        if path in projection.rendered:
            wanted |= _columns_of(projection.rendered[path], projection.fingerprints[path])
        elif not source.is_written:
            wanted |= {"body_html": "", "contents": [], "cited": [], "words": 0, "renderer_version": ""}
        if file.pk in found:
            _update(found[file.pk], wanted)
        else:
            found[file.pk] = Document.objects.create(course=course, file=file, **wanted)
        written[path] = found[file.pk]
    return written


def _columns_of(rendered: Rendered, fingerprint: str) -> dict[str, Any]:
    return {
        "body_html": rendered.html,
        "contents": [{"level": h.level, "id": h.id, "title": h.title} for h in rendered.contents],
        "cited": cited_places(rendered),
        "words": rendered.words,
        "renderer_version": fingerprint,
    }


def cited_places(rendered: Rendered) -> list[dict[str, Any]]:
    """What `Document.cited` holds: each place once, in the order of the text."""
    places = {}
    for cited in rendered.references:
        places.setdefault(
            cited.reference,
            {
                "repository": cited.repository,
                "path": cited.path,
                "first": cited.first,
                "last": cited.last,
                "symbol": cited.symbol or "",
                "checked": cited.status == "locked",
            },
        )
    return list(places.values())


def _write_references(
    projection: Projection, documents: Mapping[str, Document], repositories: Mapping[str, Repository]
) -> None:
    """The references of what was rendered now, in the place of those that it had."""
    unwritten = [d for path, d in documents.items() if not projection.material.documents[path].is_written]
    renewed = [documents[path] for path in projection.rendered]
    CodeReference.objects.filter(document__in=[*unwritten, *renewed]).delete()
    CodeReference.objects.bulk_create(
        CodeReference(
            document=documents[path],
            repository=repositories[cited.repository],
            path=cited.path,
            first=cited.first,
            last=cited.last,
            symbol=(cited.symbol or "")[:200],
            sha256=cited.digest or "",
            line=cited.line,
        )
        for path, rendered in projection.rendered.items()
        for cited in rendered.references
    )


def _retire(course: Course, projection: Projection, files: Mapping[str, CourseFile]) -> None:
    """What the material no longer has stays as a row, marked; references, which are derived, are taken out."""
    manifest = projection.material.manifest
    standing = [files[path].pk for path in projection.material.documents]
    gone = course.documents.exclude(file__in=standing)
    CodeReference.objects.filter(document__in=gone).delete()
    gone.filter(retired_at=None).update(retired_at=timezone.now())
    modules = course.modules.exclude(folder__in=[module.folder for module in manifest.modules])
    modules.filter(Q(retired_at=None) | Q(repository__isnull=False)).update(
        retired_at=timezone.now(), repository=None
    )
    course.repositories.exclude(name__in=[repository.name for repository in manifest.repositories]).delete()


def _update(row: Any, wanted: Mapping[str, Any]) -> None:
    """Save the columns that differ, if any does."""
    changed = [name for name, value in wanted.items() if getattr(row, name) != value]
    if changed:
        for name in changed:
            setattr(row, name, wanted[name])
        row.save(update_fields=changed)
