"""What a text would look like if it were published now, and what is wrong with it. Writes only drawings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from courses.extensions import Problem
from courses.models import Course
from courses.projecting import (
    Projection,
    StoredDiagrams,
    addresses_of,
    render_document,
    standing_fingerprints,
)
from courses.publishing import State
from courses.source import LOCK, MANIFEST, read_material


@dataclass(frozen=True, slots=True)
class Preview:
    """`html` is empty for what is no document. `problems` are the text's own and, for other files, all."""

    html: str
    problems: Sequence[Problem]
    unchecked: Sequence[str] = ()

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if not problem.warning]


def preview(course: Course, path: str, content: bytes) -> Preview:
    """Render a document quickly, or read any other file with everything that it has to fit."""
    return _document(course, path, content) if path.endswith(".md") else _other(course, path, content)


def _document(course: Course, path: str, content: bytes) -> Preview:
    standing = course.files.filter(published__isnull=False, retired_at=None)
    everything = dict.fromkeys(standing.values_list("path", flat=True), b"")
    # of the other files only what places and links documents is read
    texts = standing.filter(path__in=[MANIFEST, LOCK]) | standing.filter(path__endswith=".md")
    everything |= {name: bytes(text) for name, text in texts.values_list("path", "published__content")}
    everything[path] = content
    material, problems = read_material(everything, [])
    own = [problem for problem in problems if problem.path == path]
    document = material.documents.get(path) if material else None
    if material is None or document is None or not document.is_written:
        return Preview("", own)
    rendered = render_document(document, material, addresses_of(material), StoredDiagrams(), quick=True)
    own += [Problem(path, fault.line, fault.message) for fault in rendered.problems]
    unchecked = [str(cited.reference) for cited in rendered.references if cited.status == "unchecked"]
    return Preview(rendered.html, sorted(own, key=lambda problem: problem.line), list(dict.fromkeys(unchecked)))


def _other(course: Course, path: str, content: bytes) -> Preview:
    everything = {**State.of(course).published, path: content}
    _projection, problems = Projection.of(everything, standing_fingerprints(course), slug=course.slug)
    return Preview("", sorted(problems, key=lambda problem: (problem.path != path, problem.path, problem.line)))
