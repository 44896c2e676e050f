"""All that can be wrong with a course folder, without changing anything and without a database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from courses.extensions import Problem
from courses.projecting import Projection
from courses.rendering import EnvoyConfig, Reference
from courses.rendering.mirrors import Mirror, MirrorBroken, NotInMirror, lock_reference, prove
from courses.source import LOCK, MANIFEST, Refused, errors, read_folder


class EnvoyValidator(Protocol):
    """Tries a configuration with the real Envoy. Given by the composition root, which knows a sandbox."""

    def refusals(self, config: EnvoyConfig) -> Sequence[tuple[int, str]]:
        """Line (of the document) and message of what Envoy has against it; empty where it takes it."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found, in the order of files and lines, and how much was looked at."""

    problems: tuple[Problem, ...]
    counts: Mapping[str, int]

    @property
    def errors(self) -> list[Problem]:
        return errors(self.problems)

    @property
    def warnings(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.warning]


class DiagramsInMemory(dict[str, str]):
    """Drawn diagrams of one check."""

    def put(self, digest: str, svg: str) -> None:
        self[digest] = svg


def check_course(
    folder: Path, *, mirrors: Mapping[str, Mirror] | None = None, envoy: EnvoyValidator | None = None
) -> Checked:
    """Check index, documents, links, images, diagrams, references, quizzes and exercises of a folder.

    With `mirrors`, by repository, every reference is proved against Git. With `envoy` the configurations that
    are marked as complete are tried; without it a warning says that they were not.
    """
    try:
        everything = read_folder(folder)
    except Refused as refused:
        return _checked(refused.problems, {})
    projection, problems = Projection.of(everything, diagrams=DiagramsInMemory())
    if projection is None:
        return _checked(problems, {"files": len(everything)})
    problems += _broken_fragments(projection)
    problems += _other_minutes(projection)
    problems += _unused_rows(projection, everything)
    problems += _references(projection, mirrors or {})
    problems += _envoy_configs(projection, envoy)
    return _checked(problems, _counts(projection, everything))


def _checked(problems: Sequence[Problem], counts: Mapping[str, int]) -> Checked:
    found = sorted(set(problems), key=lambda problem: (problem.path, problem.line, problem.message))
    return Checked(tuple(found), counts)


def _broken_fragments(projection: Projection) -> Iterator[Problem]:
    """Links to a section of another document that has no such section."""
    for path, rendered in projection.rendered.items():
        for link in rendered.links:
            target = projection.rendered.get(link.path)
            if target is not None and link.fragment and link.fragment not in target.anchors:
                yield Problem(path, link.line, f"«{link.path}» no tiene ninguna sección «#{link.fragment}»")


def _other_minutes(projection: Projection) -> Iterator[Problem]:
    """The index announces one time and the document another: readers would see the document's."""
    documents = projection.material.documents
    for path, entry in projection.material.manifest.documents().items():
        document = documents[path]
        if document.is_written and entry.minutes is not None and document.minutes != entry.minutes:
            message = f"«minutes» es {document.minutes} y {MANIFEST} anuncia {entry.minutes}"
            yield Problem(path, 1, message, warning=True)


def _unused_rows(projection: Projection, everything: Mapping[str, bytes]) -> Iterator[Problem]:
    """Rows of the lock that no file cites. Quizzes cite too, so any text that names the place counts."""
    texts = [content for path, content in everything.items() if path != LOCK]
    for number, reference in enumerate(sorted(projection.material.lock.rows), start=2):
        place = f"{reference.path}:{reference.lines}".encode()
        if not any(place in text for text in texts):
            yield Problem(LOCK, number, f"ningún archivo cita «{reference}»: borra la fila", warning=True)


def _references(projection: Projection, mirrors: Mapping[str, Mirror]) -> Iterator[Problem]:
    """The lock against Git where there is a mirror, and what is cited without a row."""
    commits = {repository.name: repository.commit for repository in projection.material.manifest.repositories}
    for name in sorted(mirrors.keys() - commits.keys()):
        yield Problem(MANIFEST, 0, f"no hay ningún repositorio «{name}», y se ha dado un espejo suyo")
    broken: set[str] = set()
    for name in sorted(mirrors.keys() & commits.keys()):
        try:
            if not mirrors[name].has(commits[name]):
                raise MirrorBroken(f"no tiene el commit {commits[name][:9]}: actualízalo")
        except MirrorBroken as error:
            broken.add(name)
            yield Problem(MANIFEST, 0, f"el espejo de «{name}» no sirve: {error}")
    for number, (reference, row) in enumerate(sorted(projection.material.lock.rows.items()), start=2):
        if reference.repository not in commits:
            yield Problem(LOCK, number, f"{MANIFEST} no tiene ningún repositorio «{reference.repository}»")
        elif reference.repository in mirrors and reference.repository not in broken:
            fault = prove(mirrors[reference.repository], commits[reference.repository], row)
            if fault:
                yield Problem(LOCK, number, fault)
    for path, line, reference in projection.unchecked:
        mirror = None if reference.repository in broken else mirrors.get(reference.repository)
        yield _unlocked(path, line, reference, mirror, commits[reference.repository])


def _unlocked(path: str, line: int, reference: Reference, mirror: Mirror | None, commit: str) -> Problem:
    if mirror is None:
        return Problem(path, line, f"«{reference}» está sin comprobar: no tiene fila en {LOCK}", warning=True)
    try:
        row = lock_reference(mirror, commit, reference)
    except NotInMirror as error:
        return Problem(path, line, f"«{reference}» no está en el código fijado: {error}")
    cells = [
        reference.repository,
        reference.path,
        str(reference.first),
        str(reference.last),
        row.symbol,
        row.sha256,
    ]
    message = f"«{reference}» no tiene fila en {LOCK}. Compruébala y añade: {'⇥'.join(cells)}"
    return Problem(path, line, message, warning=True)


def _envoy_configs(projection: Projection, envoy: EnvoyValidator | None) -> Iterator[Problem]:
    for path, rendered in projection.rendered.items():
        for config in rendered.envoy_configs:
            if envoy is None:
                message = "la configuración de Envoy no se ha probado: aquí no se puede ejecutar Envoy"
                yield Problem(path, config.line, message, warning=True)
                continue
            for line, message in envoy.refusals(config):
                yield Problem(path, line, f"Envoy rechaza la configuración: {message}")


def _counts(projection: Projection, everything: Mapping[str, bytes]) -> dict[str, int]:
    documents = projection.material.documents.values()
    results = projection.rendered.values()
    written = [document for document in documents if document.is_written]
    return {
        "files": len(everything),
        "documents": len(written),
        "announced": len(documents) - len(written),
        "lessons": sum(document.kind == "lesson" for document in written),
        "exercises": sum(document.kind == "exercise" for document in written),
        "quizzes": sum(path.endswith(".quiz.yml") for path in everything),
        "words": sum(result.words for result in results),
        "references": sum(len(result.references) for result in results),
        "locked": len(projection.material.lock.rows),
        "links": sum(len(result.links) for result in results),
        "diagrams": sum(result.html.count('<figure class="diagram') for result in results),
        "envoy_configs": sum(len(result.envoy_configs) for result in results),
    }
