"""The course as one reader sees it, in the order of its index: values without database, made by `progress`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

LESSON, EXERCISE, RESOURCE = "lesson", "exercise", "resource"
LONGEST_SEGMENT_HOURS = 6


class State(StrEnum):
    """How far the reader is with a document; the values are those that the templates draw."""

    IN_PREPARATION = "draft"
    NOT_OPENED = "open"
    READING = "part"
    DONE = "done"


LESSON_WORDS = {
    State.IN_PREPARATION: _("En preparación"),
    State.NOT_OPENED: _("Sin abrir"),
    State.READING: _("Leyendo"),
    State.DONE: _("Hecha"),
}
RESOURCE_WORDS = {**LESSON_WORDS, State.READING: _("Abierto")}
EXERCISE_WORDS = {
    State.IN_PREPARATION: _("En preparación"),
    State.NOT_OPENED: _("Sin empezar"),
    State.READING: _("Empezado"),
    State.DONE: _("Resuelto"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One document of the index and how far its reader is. `published` None: announced, not yet written.

    `seen` and `done_revision` are the ids of the FileRevision that the reader opened last and marked as done.
    """

    document: int
    file: int
    path: str
    url: str
    title: str
    short_title: str = ""
    kind: str = LESSON
    section: str = ""
    number: str = ""
    minutes: int | None = None
    published: int | None = None
    progress: int | None = None
    seen: int | None = None
    done_revision: int | None = None
    opened_at: datetime | None = None
    last_at: datetime | None = None
    done_at: datetime | None = None
    points: float | None = None
    max_points: float | None = None
    points_at: datetime | None = None

    @property
    def name(self) -> str:
        """For narrow places."""
        return self.short_title or self.title

    @property
    def is_written(self) -> bool:
        return self.published is not None

    @property
    def is_lesson(self) -> bool:
        return self.kind == LESSON

    @property
    def is_exercise(self) -> bool:
        return self.kind == EXERCISE

    @property
    def state(self) -> State:
        if not self.is_written:
            return State.IN_PREPARATION
        if self.done_at:
            return State.DONE
        if self.opened_at or self.points_at:
            return State.READING
        return State.NOT_OPENED

    @property
    def word(self) -> str:
        """The state in words."""
        if self.is_exercise and self.state is State.READING and self.points_at:
            return str(_("Entregado"))
        words = {LESSON: LESSON_WORDS, EXERCISE: EXERCISE_WORDS}.get(self.kind, RESOURCE_WORDS)
        return str(words[self.state])

    @property
    def changed_since_done(self) -> bool:
        """The text is another one than when the reader marked it as done."""
        return bool(self.done_at and self.done_revision and self.published != self.done_revision)


@dataclass(frozen=True, slots=True)
class Segment:
    """One lesson in a bar of progress. `minutes` is its length; the bar draws whole hours, from one to six."""

    minutes: int
    state: str
    here: bool = False


@dataclass(frozen=True, slots=True)
class OutlineSection:
    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineModule:
    """A module with its documents in order. `number` is that of its label (“Módulo 3”), or empty."""

    folder: str
    title: str
    label: str
    number: str
    entries: tuple[Entry, ...]

    @property
    def heading(self) -> str:
        """For narrow places: “3. Arquitectura de Envoy”."""
        return f"{self.number}. {self.title}" if self.number else self.title

    @property
    def anchor(self) -> str:
        return f"modulo-{self.number or self.folder}"

    @property
    def lessons(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.is_lesson)

    @property
    def counted(self) -> tuple[Entry, ...]:
        """What its fraction is taken of: its lessons; its exercises where it has no lessons."""
        return self.lessons or tuple(entry for entry in self.entries if entry.is_exercise)

    @property
    def published(self) -> int:
        return sum(entry.is_written for entry in self.counted)

    @property
    def done(self) -> int:
        return sum(entry.state is State.DONE for entry in self.counted)

    @property
    def minutes(self) -> int:
        """Reading time of its lessons, as far as the index gives it."""
        return sum(entry.minutes or 0 for entry in self.lessons)

    @property
    def tally(self) -> str:
        """“1/8”, or a dash where nothing is published yet."""
        return f"{self.done}/{self.published}" if self.published else "–"

    @property
    def sections(self) -> tuple[OutlineSection, ...]:
        """Its entries under their headings, each heading once, in the order of first appearance."""
        grouped: dict[str, list[Entry]] = {}
        for entry in self.entries:
            grouped.setdefault(entry.section, []).append(entry)
        return tuple(OutlineSection(title, tuple(entries)) for title, entries in grouped.items())

    @property
    def segments(self) -> tuple[Segment, ...]:
        return self.segments_at()

    def segments_at(self, path: str = "") -> tuple[Segment, ...]:
        """Its counted documents as a bar; the one at `path` is marked as here.

        Lessons of whole hours up to six are drawn to scale; others are scaled so that the longest takes six.
        """
        lengths = [entry.minutes or 60 for entry in self.counted]
        to_scale = all(length % 60 == 0 and length <= 60 * LONGEST_SEGMENT_HOURS for length in lengths)
        factor = 1 if to_scale else 60 * LONGEST_SEGMENT_HOURS / max(lengths)
        return tuple(
            Segment(round(length * factor), entry.state.value, entry.path == path)
            for length, entry in zip(lengths, self.counted, strict=True)
        )

    @property
    def sentence(self) -> str:
        """What its bar shows, for who does not see it."""
        if not self.published:
            return _("%(module)s: en preparación") % {"module": self.label or self.title}
        words = (
            _("%(module)s: %(done)d de %(published)d lecciones hechas")
            if self.lessons
            else _("%(module)s: %(done)d de %(published)d ejercicios resueltos")
        )
        return words % {"module": self.label or self.title, "done": self.done, "published": self.published}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document stands: its module, itself, and the written neighbours of its kind."""

    module: OutlineModule
    entry: Entry
    previous: Entry | None
    following: Entry | None

    @property
    def ordinal(self) -> int:
        """Its position among the lessons of its module, from 1; 0 for what is no lesson."""
        return next((n for n, e in enumerate(self.module.lessons, 1) if e.path == self.entry.path), 0)


def entries_of(modules: Sequence[OutlineModule]) -> Iterator[Entry]:
    return (entry for module in modules for entry in module.entries)


def place_of(modules: Sequence[OutlineModule], path: str) -> Place:
    """The place of the document at `path`. Raises LookupError where the index does not have it."""
    for module in modules:
        for entry in module.entries:
            if entry.path == path:
                same = [e for e in entries_of(modules) if e.kind == entry.kind and e.is_written]
                at = next((n for n, e in enumerate(same) if e.path == path), None)
                if at is None:
                    return Place(module, entry, None, None)
                before = same[at - 1] if at else None
                return Place(module, entry, before, same[at + 1] if at + 1 < len(same) else None)
    raise LookupError(path)


def with_entry(modules: Sequence[OutlineModule], entry: Entry) -> list[OutlineModule]:
    """The same index with this line for its document."""
    return [
        replace(module, entries=tuple(entry if e.file == entry.file else e for e in module.entries))
        if any(e.file == entry.file and e != entry for e in module.entries)
        else module
        for module in modules
    ]


@dataclass(frozen=True, slots=True)
class Resumption:
    """Where to go on: a lesson that is being read, else the next one. `module` is the one that it is in."""

    module: OutlineModule
    entry: Entry

    @property
    def is_reading(self) -> bool:
        return self.entry.state is State.READING

    @property
    def title(self) -> str:
        """The module's full name."""
        return f"{self.module.label}. {self.module.title}" if self.module.label else self.module.title

    @property
    def segments(self) -> tuple[Segment, ...]:
        return self.module.segments_at(self.entry.path)


def resume(modules: Sequence[OutlineModule]) -> Resumption | None:
    """Where the reader left off: the lesson touched last, or what follows it where that one is done.

    None: nothing is published, or everything is done.
    """
    lessons = [(m, e) for m in modules for e in m.lessons if e.is_written]
    touched = [(module, entry) for module, entry in lessons if entry.last_at]
    start = 0
    if touched:
        last = max(touched, key=lambda pair: pair[1].last_at)
        if last[1].state is State.READING:
            return Resumption(*last)
        start = lessons.index(last)
    for module, entry in lessons[start:] + lessons[:start]:
        if entry.state is not State.DONE:
            return Resumption(module, entry)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """A course in figures, as headers show it. `untimed` lessons are not in the reading time."""

    modules: int
    lessons: int
    published: int
    done: int
    minutes: int
    untimed: int


def totals(modules: Sequence[OutlineModule]) -> Totals:
    lessons = [entry for module in modules for entry in module.lessons]
    return Totals(
        modules=sum(bool(module.lessons) for module in modules),
        lessons=len(lessons),
        published=sum(entry.is_written for entry in lessons),
        done=sum(entry.state is State.DONE for entry in lessons),
        minutes=sum(entry.minutes or 0 for entry in lessons),
        untimed=sum(entry.minutes is None for entry in lessons),
    )


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the tree: a heading, or a document."""

    heading: str = ""
    title: str = ""
    url: str = ""
    state: str = ""
    here: bool = False
    aside: str = ""


@dataclass(frozen=True, slots=True)
class TreeModule:
    title: str
    tally: str
    open: bool
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """What `_components/tree.html` draws beside the text."""

    title: str
    url: str
    modules: tuple[TreeModule, ...]


def tree(title: str, url: str, modules: Sequence[OutlineModule], path: str = "") -> Tree:
    """The index for the side column; the module of the document at `path` is open, the first one otherwise."""
    here = next((m.folder for m in modules if any(e.path == path for e in m.entries)), None)
    if here is None and modules:
        here = modules[0].folder
    drawn = []
    for module in modules:
        rows: list[Row] = []
        for section in module.sections:
            if section.title:
                rows.append(Row(heading=section.title))
            rows.extend(_row(entry, entry.path == path) for entry in section.entries)
        drawn.append(TreeModule(module.heading, module.tally, module.folder == here, tuple(rows)))
    return Tree(title, url, tuple(drawn))


def _row(entry: Entry, here: bool) -> Row:
    state = "lab" if entry.is_exercise and entry.is_written else entry.state.value
    url = entry.url if entry.is_written else ""
    return Row(title=entry.name, url=url, state=state, here=here, aside=aside(entry))


def aside(entry: Entry) -> str:
    """What stands at the right of a document: points where there are some, else reading time."""
    if entry.points is not None and entry.max_points:
        return f"{_number(entry.points)}/{_number(entry.max_points)}"
    if not entry.minutes or entry.is_exercise:
        return ""
    full, rest = divmod(entry.minutes, 60)
    return " ".join(part for part in (f"{full} h" if full else "", f"{rest} min" if rest else "") if part)


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".").replace(".", ",")
