"""What goes into a rendering and what comes out of it. Plain values: no Markdown, no database."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from courses.rendering.locks import Lock
from courses.rendering.references import Reference, Repository

# Ids of the page around a document. A heading that would take one of them gets another.
PAGE_IDS = frozenset({"contenido", "lado", "avisos", "buscar", "preguntas", "toc-t"})


@dataclass(frozen=True)
class Problem:
    """Why a document may not be published, and what to do about it. Lines count from 1 in the file."""

    line: int
    message: str


class DiagramStore(Protocol):
    """Keeps drawn diagrams by digest. `put` of a digest that is there already may do nothing."""

    def get(self, digest: str) -> str | None: ...

    def put(self, digest: str, svg: str) -> None: ...


def _address_of_reference(repository: str, path: str, first: int, last: int) -> str:
    return f"_codigo/{repository}/{path}?lineas={first}-{last}"


@dataclass(frozen=True)
class RenderContext:
    """Where a document stands.

    `path` is the document's in the course folder. `links` gives the address of a path of the course folder (a
    document, with its `.md`, or another file), None or nothing where there is no such file.
    `default_repository` is the one that references without a prefix mean; None where the prefix is required.
    `id_prefix` goes before every id, for pages that show several documents. `quick` is for previews: one
    sanitiser instead of two.
    """

    path: str
    repositories: Mapping[str, Repository] = field(default_factory=dict)
    default_repository: str | None = None
    lock: Lock = field(default_factory=Lock)
    links: Callable[[str], str | None] | Mapping[str, str] = field(default_factory=dict)
    reference_url: Callable[[str, str, int, int], str] = _address_of_reference
    id_prefix: str = ""
    page_ids: frozenset[str] = PAGE_IDS
    diagram_store: DiagramStore | None = None
    quick: bool = False

    def address_of(self, path: str) -> str | None:
        """The site's address of a file of the course folder, or None."""
        return self.links(path) if callable(self.links) else self.links.get(path)


@dataclass(frozen=True)
class Heading:
    """A line of the document's contents: level 2 or 3. The title is plain text."""

    level: int
    id: str
    title: str


@dataclass(frozen=True)
class CitedReference:
    """One appearance of a reference. `symbol` and `digest` are the lock's, None where it has no such row."""

    reference: Reference
    line: int
    status: Literal["locked", "unchecked"]
    symbol: str | None = None
    digest: str | None = None

    @property
    def repository(self) -> str:
        return self.reference.repository

    @property
    def path(self) -> str:
        return self.reference.path

    @property
    def first(self) -> int:
        return self.reference.first

    @property
    def last(self) -> int:
        return self.reference.last


@dataclass(frozen=True)
class Link:
    """A link or image inside the course: the file's path in the course folder and what follows `#`."""

    path: str
    fragment: str
    line: int


@dataclass(frozen=True)
class EnvoyConfig:
    """A fence marked `.envoy`: a whole configuration, to be tried with the real binary. `line` is its first."""

    line: int
    title: str
    text: str


@dataclass(frozen=True)
class Rendered:
    """A document ready to be shown. With `problems` it may be previewed, never published."""

    html: str
    contents: tuple[Heading, ...]
    references: tuple[CitedReference, ...]
    problems: tuple[Problem, ...]
    links: tuple[Link, ...]
    envoy_configs: tuple[EnvoyConfig, ...]
    anchors: frozenset[str]
    words: int
