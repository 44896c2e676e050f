"""PURE: a course folder -> frozen dataclasses, or problems with file and line.

Reads what is written; what it looks like is `rendering`'s, where it is kept is `publishing`'s.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from courses.extensions import FileKind, Problem
from courses.rendering.locks import BrokenLock, Lock
from courses.rendering.references import Repository
from courses.strict_yaml import Located, NotYaml, load, schema_problems

MANIFEST = "course.yml"
LOCK = "references.tsv"
EXERCISES = "ejercicios/"
LABS = "ejercicios/laboratorios/"
RESOURCES = "recursos/"
IMAGES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".avif", ".svg")
MAX_FILE_BYTES = 5 << 20
MAX_PATH = 400

SCHEMA = json.loads((Path(__file__).parent.parent / "docs/formats/course.schema.json").read_text())
PATH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*(/[A-Za-z0-9_][A-Za-z0-9._+-]*)*")
FENCE = re.compile(r"---[ \t]*")


class Refused(Exception):
    """The material may not be taken as it is, and nothing was changed. `problems` say why, in Spanish."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: (problem.path, problem.line, problem.message))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Those that refuse the material: all but the warnings."""
    return [problem for problem in problems if not problem.warning]


# --- course.yml ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ManifestRepository:
    name: str
    title: str
    url: str
    commit: str
    version: str
    language: str
    endings: tuple[str, ...]

    @property
    def for_rendering(self) -> Repository:
        return Repository(self.name, self.url, self.commit, self.endings)


@dataclass(frozen=True, slots=True)
class ManifestDocument:
    """A line of the index. `line` is that of course.yml."""

    path: str
    title: str
    short_title: str
    summary: str
    minutes: int | None
    line: int


@dataclass(frozen=True, slots=True)
class ManifestSection:
    """`title` is empty for the documents that stand in the module itself."""

    title: str
    documents: tuple[ManifestDocument, ...]


@dataclass(frozen=True, slots=True)
class ManifestModule:
    folder: str
    title: str
    label: str
    repository: str | None
    sections: tuple[ManifestSection, ...]
    line: int

    def documents(self) -> Iterator[tuple[ManifestSection, ManifestDocument]]:
        for section in self.sections:
            for document in section.documents:
                yield section, document


@dataclass(frozen=True, slots=True)
class PlanTask:
    text: str
    modules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanStep:
    """`weeks` is (first, last), or None where the step has no date."""

    weeks: tuple[int, int] | None
    title: str
    tasks: tuple[PlanTask, ...]

    @property
    def label(self) -> str:
        if self.weeks is None:
            return ""
        first, last = self.weeks
        return f"Semana {first}" if first == last else f"Semanas {first}-{last}"

    def as_json(self) -> dict[str, Any]:
        """What `Course.plan` holds: {label, weeks: [first, last] or [], title, tasks: [{text, modules}]}."""
        tasks = [{"text": task.text, "modules": list(task.modules)} for task in self.tasks]
        weeks = list(self.weeks) if self.weeks else []
        return {"label": self.label, "weeks": weeks, "title": self.title, "tasks": tasks}


@dataclass(frozen=True, slots=True)
class CourseManifest:
    """course.yml. `lines` gives the line on which each Markdown text begins, by its name."""

    slug: str
    title: str
    summary: str
    introduction: str
    conventions: str
    how_to: str
    labs_title: str
    repositories: tuple[ManifestRepository, ...]
    modules: tuple[ManifestModule, ...]
    plan: tuple[PlanStep, ...]
    lines: Mapping[str, int] = field(default_factory=dict)

    def documents(self) -> dict[str, ManifestDocument]:
        """All documents of the index by path, in its order."""
        return {d.path: d for module in self.modules for _, d in module.documents()}

    def rendering_repositories(self) -> dict[str, Repository]:
        return {repository.name: repository.for_rendering for repository in self.repositories}


def parse_manifest(content: bytes) -> tuple[CourseManifest | None, list[Problem]]:
    """Read course.yml. The manifest is None where the problems leave nothing to go on with."""
    try:
        located = load(decode(content))
    except NotYaml as error:
        return None, [Problem(MANIFEST, error.line, error.message)]
    except BadText as error:
        return None, [Problem(MANIFEST, error.line, str(error))]
    faults = schema_problems(located, SCHEMA)
    if faults:
        return None, [Problem(MANIFEST, line, message) for line, message in faults]
    manifest = _manifest(located)
    return manifest, list(_contradictions(manifest, located))


def _manifest(located: Located) -> CourseManifest:
    value = located.value
    texts = ("introduction", "conventions", "how_to")
    return CourseManifest(
        slug=value["slug"],
        title=value["title"],
        summary=value.get("summary", "").strip(),
        **{name: value.get(name, "") for name in texts},
        labs_title=value.get("labs_title", "Laboratorios"),
        repositories=tuple(_repository(data) for data in value.get("repositories", [])),
        modules=tuple(_module(located, number) for number in range(len(value["modules"]))),
        plan=tuple(_step(data) for data in value.get("plan", [])),
        lines={name: located.line(name) for name in texts},
    )


def _repository(data: Mapping[str, Any]) -> ManifestRepository:
    return ManifestRepository(
        name=data["name"],
        title=data.get("title", data["name"]),
        url=data["url"],
        commit=data["commit"],
        version=data.get("version", ""),
        language=data.get("language", ""),
        endings=tuple(data["endings"]),
    )


def _module(located: Located, number: int) -> ManifestModule:
    data = located.value["modules"][number]

    def documents(
        place: tuple[str | int, ...], found: Sequence[Mapping[str, Any]]
    ) -> Iterator[ManifestDocument]:
        for index, entry in enumerate(found):
            yield ManifestDocument(
                path=entry["path"],
                title=entry["title"],
                short_title=entry.get("short_title", ""),
                summary=entry.get("summary", "").strip(),
                minutes=entry.get("minutes"),
                line=located.line(*place, index, "path"),
            )

    here: tuple[str | int, ...] = ("modules", number)
    own = tuple(documents((*here, "documents"), data.get("documents", [])))
    sections = [ManifestSection("", own)] if own else []
    for index, section in enumerate(data.get("sections", [])):
        place = (*here, "sections", index, "documents")
        sections.append(ManifestSection(section["title"], tuple(documents(place, section["documents"]))))
    return ManifestModule(
        folder=data["folder"],
        title=data["title"],
        label=data.get("label", ""),
        repository=data.get("repository"),
        sections=tuple(sections),
        line=located.line(*here),
    )


def _step(data: Mapping[str, Any]) -> PlanStep:
    weeks = data.get("weeks")
    tasks = tuple(PlanTask(task["text"], tuple(task.get("modules", []))) for task in data["tasks"])
    return PlanStep((weeks[0], weeks[-1]) if weeks else None, data["title"], tasks)


def _contradictions(manifest: CourseManifest, located: Located) -> Iterator[Problem]:
    """What a schema cannot say: names that must be unique, or must exist."""

    def problem(message: str, *place: str | int) -> Problem:
        return Problem(MANIFEST, located.line(*place), message)

    names = [repository.name for repository in manifest.repositories]
    for number in _repeated(names):
        yield problem(f"el repositorio «{names[number]}» está dos veces", "repositories", number)
    folders = [module.folder for module in manifest.modules]
    for number in _repeated(folders):
        yield problem(f"el módulo «{folders[number]}» está dos veces", "modules", number)
    seen: dict[str, int] = {}
    for number, module in enumerate(manifest.modules):
        if module.repository is not None and module.repository not in names:
            known = ", ".join(names) or "ninguno"
            yield problem(
                f"no hay ningún repositorio «{module.repository}»; los que hay: {known}",
                *("modules", number, "repository"),
            )
        for _, document in module.documents():
            if document.path in seen:
                yield Problem(
                    MANIFEST, document.line, f"«{document.path}» ya está en la línea {seen[document.path]}"
                )
            seen.setdefault(document.path, document.line)
    for number, step in enumerate(manifest.plan):
        if step.weeks and step.weeks[0] > step.weeks[1]:
            yield problem("las semanas van de menor a mayor", "plan", number, "weeks")
        for index, task in enumerate(step.tasks):
            for folder in task.modules:
                if folder not in folders:
                    place = ("plan", number, "tasks", index, "modules")
                    yield problem(f"no hay ningún módulo «{folder}»", *place)


def _repeated(names: Sequence[str]) -> Iterator[int]:
    for number, name in enumerate(names):
        if name in names[:number]:
            yield number


# --- documents ----------------------------------------------------------------------------------------------


class BadText(ValueError):
    """A file that should be text is not. `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        super().__init__(message)


def decode(content: bytes) -> str:
    """The text of a file, with LF. Raises BadText."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise BadText(line, "no es texto UTF-8: guárdalo en esa codificación") from None
    if "\0" in text:  # PostgreSQL keeps none in a text
        line = text.count("\n", 0, text.index("\0")) + 1
        raise BadText(line, "contiene un carácter nulo: bórralo")
    return text.replace("\r\n", "\n")


def front_matter(content: bytes) -> tuple[dict[str, Any], str, int]:
    """The fields of the front matter, the body, and the line of the file on which the body begins.

    Raises NotYaml or BadText, both with `line`.
    """
    located, body, line = located_front_matter(content)
    return located.value, body, line


def located_front_matter(content: bytes) -> tuple[Located, str, int]:
    """`front_matter` with the line of every field."""
    lines = decode(content).split("\n")
    if not FENCE.fullmatch(lines[0]):
        raise NotYaml(1, "falta la cabecera: empieza con una línea «---», «title: …» y otra línea «---»")
    for number, line in enumerate(lines[1:], start=1):
        if FENCE.fullmatch(line):
            located = load("\n".join(lines[1:number]) + "\n", first_line=2)
            if located.value is None:
                raise NotYaml(2, "la cabecera está vacía: falta «title»")
            return located, "\n".join(lines[number + 1 :]), number + 2
    raise NotYaml(1, "la cabecera no acaba: falta la segunda línea «---»")


@dataclass(frozen=True, slots=True)
class DocumentSource:
    """A document and its place in the index. With `is_written` False the index announces it, no more.

    `kind` is lesson, exercise or resource. `lesson` is the path of an exercise's lesson. `body` begins on line
    `first_body_line` of the file. `repository` is what references without a prefix mean.
    """

    path: str
    kind: str
    module: str
    section: str
    position: int
    title: str
    short_title: str
    summary: str
    minutes: int | None
    objectives: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    lesson: str | None = None
    was: str | None = None
    repository: str | None = None
    body: str = ""
    first_body_line: int = 1
    is_written: bool = False

    @property
    def address(self) -> str:
        return self.path.removesuffix(".md")


@dataclass(frozen=True, slots=True)
class Material:
    """A whole course, read. `kinds` are the file kinds with what they parsed and the paths they claimed."""

    manifest: CourseManifest
    documents: Mapping[str, DocumentSource]
    lock: Lock
    kinds: Sequence[tuple[FileKind, Any, Sequence[str]]]
    paths: frozenset[str]


def kind_of_document(path: str) -> str:
    """lesson, exercise or resource: by where it stands."""
    if path.startswith(EXERCISES):
        return "exercise"
    return "resource" if path.startswith(RESOURCES) else "lesson"


def read_folder(folder: Path) -> dict[str, bytes]:
    """All files below the folder by relative path; dot files and `__pycache__` are left out. Raises Refused.

    What cannot be read is refused too: taken for missing, it would be retired.
    """
    if not (folder / MANIFEST).is_file():
        raise Refused([Problem(MANIFEST, 0, f"no está en «{folder}»: no es la carpeta de un curso")])
    files: dict[str, bytes] = {}
    problems = []

    def unreadable(error: OSError) -> None:
        path = Path(error.filename).relative_to(folder).as_posix()
        message = f"no se puede leer ({error.strerror}): revisa sus permisos"
        problems.append(Problem(printable(path), 0, message))

    for place, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__pycache__")
        for name in sorted(names) + [name for name in folders if Path(place, name).is_symlink()]:
            if name.startswith("."):
                continue
            file = Path(place, name)
            path = file.relative_to(folder).as_posix()
            if not path.isprintable():
                problems.append(Problem(printable(path), 0, "el nombre tiene caracteres invisibles: cámbialo"))
            elif file.is_symlink() or not file.is_file():
                problems.append(Problem(path, 0, "no es un archivo normal: pon una copia en vez de un enlace"))
            elif file.stat().st_size > MAX_FILE_BYTES:
                problems.append(
                    Problem(path, 0, f"pasa de {MAX_FILE_BYTES >> 20} MiB: enlázalo en vez de incluirlo")
                )
            else:
                try:
                    files[path] = file.read_bytes()
                except OSError as error:
                    unreadable(error)
    if problems:
        raise Refused(problems)
    return files


def printable(path: str) -> str:
    """The path with every character that no terminal shows (a line end, half a letter) escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in path)


def read_material(
    everything: Mapping[str, bytes], kinds: Sequence[FileKind]
) -> tuple[Material | None, list[Problem]]:
    """Read all files of a course. The material is None where course.yml cannot be read."""
    if MANIFEST not in everything:
        return None, [Problem(MANIFEST, 0, "falta: es el índice del curso")]
    manifest, problems = parse_manifest(everything[MANIFEST])
    if manifest is None:
        return None, problems
    lock, faults = read_lock(everything)
    problems += faults
    documents, faults = _documents(manifest, everything)
    problems += faults
    claimed: dict[int, list[str]] = {}
    for path in sorted(everything):
        number = next((n for n, kind in enumerate(kinds) if kind.claims(path)), None)
        if number is not None:
            claimed.setdefault(number, []).append(path)
        elif path not in documents and (fault := _stray(path, documents)):
            problems.append(Problem(path, 0, fault))
        if not PATH.fullmatch(path) or len(path) > MAX_PATH:
            problems.append(
                Problem(path, 0, "el nombre solo puede tener letras sin acento, cifras, «.», «_», «+» y «-»")
            )
    parsed = []
    for number, kind in enumerate(kinds):
        paths = claimed.get(number, [])
        values, faults = kind.parse({path: everything[path] for path in paths}, manifest, everything)
        problems += faults
        parsed.append((kind, values, tuple(paths)))
    return Material(manifest, documents, lock, tuple(parsed), frozenset(everything)), problems


def read_lock(everything: Mapping[str, bytes]) -> tuple[Lock, list[Problem]]:
    """The lock of references.tsv: empty where there is none. It must be canonical."""
    content = everything.get(LOCK)
    if content is None:
        return Lock(), []
    try:
        lock = Lock.parse(content)
    except BrokenLock as broken:
        return Lock(), [Problem(LOCK, line, message) for line, message in broken.errors]
    if lock.dump() != content:
        wanted, found = lock.dump().split(b"\n"), content.split(b"\n")
        pairs = zip(wanted, found, strict=False)
        line = next((n for n, (a, b) in enumerate(pairs, start=1) if a != b), min(len(wanted), len(found)))
        message = "desde aquí las filas no están en orden, se repiten o no acaban en LF: ordénalas"
        return lock, [Problem(LOCK, line, message)]
    return lock, []


def is_served(path: str, documents: Collection[str]) -> bool:
    """True where readers get the file as it is: resources, images by a lesson, an exercise's starter."""
    place = PurePosixPath(path)
    if path.startswith(RESOURCES):
        return not path.endswith((".md", ".quiz.yml"))
    if path.startswith(EXERCISES):
        return any(folder.name == "starter" and f"{folder.parent}.md" in documents for folder in place.parents)
    if not path.lower().endswith(IMAGES):
        return False
    folders = {
        PurePosixPath(document).parent for document in documents if kind_of_document(document) == "lesson"
    }
    return place.parent in folders or any(folder in folders for folder in place.parents if folder.name)


def _stray(path: str, documents: Mapping[str, DocumentSource]) -> str | None:
    """Why a file that no kind claims should not be there, or None."""
    if path in (MANIFEST, LOCK):
        return None
    if path.endswith(".md"):
        return f"{MANIFEST} no lo nombra: añádelo a un módulo o bórralo"
    if is_served(path, documents):
        return None
    if path.endswith(IMAGES):
        return "es una imagen que no está junto a ninguna lección: muévela a la carpeta de la que la enseña"
    return f"no se sabe qué es: bórralo o muévelo a {RESOURCES}"


def is_lab(path: str) -> bool:
    """True for `ejercicios/laboratorios/NAME.md`: listed below its lesson's module, not in course.yml."""
    return path.startswith(LABS) and path.endswith(".md") and "/" not in path.removeprefix(LABS)


@dataclass(frozen=True, slots=True)
class _Text:
    """A written document before it has its place."""

    fields: Mapping[str, Any]
    body: str
    first_body_line: int


def _documents(
    manifest: CourseManifest, everything: Mapping[str, bytes]
) -> tuple[dict[str, DocumentSource], list[Problem]]:
    listed = manifest.documents()
    labs = [path for path in sorted(everything) if is_lab(path) and path not in listed]
    known = {*listed, *labs}
    texts: dict[str, _Text] = {}
    problems: list[Problem] = []
    for path in sorted(known & everything.keys()):
        text, faults = _text(path, everything[path], known, set(listed))
        problems += faults
        if text is not None:
            texts[path] = text

    documents: dict[str, DocumentSource] = {}
    for module in manifest.modules:
        entries = list(module.documents())
        for position, (section, entry) in enumerate(entries):
            documents[entry.path] = _document(entry, texts.get(entry.path), module, section.title, position)
        order = {entry.path: number for number, (_, entry) in enumerate(entries)}
        of_module = [path for path in labs if path in texts and texts[path].fields.get("lesson") in order]
        of_module.sort(key=lambda path: (order[texts[path].fields["lesson"]], path))
        for position, path in enumerate(of_module, start=len(entries)):
            documents[path] = _document(None, texts[path], module, manifest.labs_title, position, path)
    # a lab without a place of its own has its problem already; it still is a document for those who link to it
    for path in labs:
        if path in texts and path not in documents:
            documents[path] = _document(None, texts[path], manifest.modules[0], manifest.labs_title, 0, path)
    return documents, problems


def _text(path: str, content: bytes, known: set[str], listed: set[str]) -> tuple[_Text | None, list[Problem]]:
    try:
        located, body, first_line = located_front_matter(content)
    except (NotYaml, BadText) as error:
        return None, [Problem(path, error.line, getattr(error, "message", str(error)))]
    is_exercise = kind_of_document(path) == "exercise"
    schema = {
        "$defs": SCHEMA["$defs"],
        "$ref": f"#/$defs/{'exercise_front_matter' if is_exercise else 'front_matter'}",
    }
    faults = schema_problems(located, schema)
    if faults:
        return None, [Problem(path, line, message) for line, message in faults]
    fields = located.value
    problems = []
    for number, required in enumerate(fields.get("requires", [])):
        if required not in known:
            line = located.line("requires", number)
            problems.append(
                Problem(path, line, f"«requires» nombra «{required}», que no es un documento del curso")
            )
    lesson = fields.get("lesson")
    if lesson is not None and lesson not in listed:
        line = located.line("lesson")
        problems.append(Problem(path, line, f"«lesson» nombra «{lesson}», que no está en {MANIFEST}"))
    if lesson is None and is_lab(path) and path not in listed:
        problems.append(Problem(path, 2, "falta «lesson»: la ruta de la lección a la que acompaña"))
    if not body.strip():
        problems.append(Problem(path, first_line, "el documento está vacío"))
    return _Text(fields, body, first_line), problems


def _document(
    entry: ManifestDocument | None,
    text: _Text | None,
    module: ManifestModule,
    section: str,
    position: int,
    path: str = "",
) -> DocumentSource:
    """A document from its line in the index, its own text, or both: what the text says goes first."""
    path = entry.path if entry else path
    fields = text.fields if text else {}
    title = fields.get("title") or (entry.title if entry else path)
    return DocumentSource(
        path=path,
        kind=kind_of_document(path),
        module=module.folder,
        section=section,
        position=position,
        title=title,
        short_title=entry.short_title if entry else "",
        summary=fields.get("summary", entry.summary if entry else "").strip(),
        minutes=fields.get("minutes", entry.minutes if entry else None),
        objectives=tuple(fields.get("objectives", [])),
        requires=tuple(fields.get("requires", [])),
        lesson=fields.get("lesson"),
        was=fields.get("was"),
        repository=module.repository,
        body=text.body if text else "",
        first_body_line=text.first_body_line if text else 1,
        is_written=text is not None,
    )
