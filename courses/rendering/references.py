"""The grammar of code references: `[repo:]path:N[-M]`, where the path ends as the repository's files do."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

SHAPE = re.compile(r"(?:(?P<prefix>[A-Za-z][\w-]*):)?(?P<path>[^\s:]+):(?P<lines>\S+)")
LINES = re.compile(r"(?P<first>[1-9]\d*)(?:-(?P<last>[1-9]\d*))?")
MEANT_AS_LINES = re.compile(r"[LlN]?\d[\d\-–—,.Ll]*")
SEGMENT = re.compile(r"[\w.+@-]+", re.ASCII)


@dataclass(frozen=True)
class Repository:
    """A code base at its pinned commit. `endings` are those of the files that references may name."""

    name: str
    url: str
    commit: str
    endings: tuple[str, ...]

    def permalink(self, reference: "Reference") -> str:
        """The lines on the repository's own site, in the form of GitHub and GitLab."""
        lines = f"L{reference.first}"
        if reference.last != reference.first:
            lines += f"-L{reference.last}"
        return f"{self.url.rstrip('/').removesuffix('.git')}/blob/{self.commit}/{reference.path}#{lines}"


@dataclass(frozen=True, order=True)
class Reference:
    """Lines `first` to `last`, both included, counted from 1. One line has `first == last`."""

    repository: str
    path: str
    first: int
    last: int

    @property
    def lines(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"

    @property
    def file_name(self) -> str:
        return self.path.rpartition("/")[2]

    def __str__(self) -> str:
        return f"{self.repository}:{self.path}:{self.lines}"


class BadReference(ValueError):
    """What was written is meant as a reference and is none. The message says why and what to write."""


def parse_reference(
    text: str, repositories: Mapping[str, Repository], default: str | None = None
) -> Reference | None:
    """Read a piece of inline code. None where it is not a reference at all, as in `localhost:8080`.

    Raises BadReference.
    """
    shape = SHAPE.fullmatch(text)
    if shape is None:
        return None
    prefix, path, lines = shape["prefix"], shape["path"], shape["lines"]
    owners = [r.name for r in repositories.values() if path.endswith(r.endings)]
    if not owners or path.startswith("//") or not MEANT_AS_LINES.fullmatch(lines):
        return None

    if prefix is not None and prefix not in repositories:
        known = ", ".join(f"{name}:" for name in sorted(repositories))
        raise BadReference(f"«{text}»: no hay ningún repositorio «{prefix}». Usa uno de estos: {known}")
    name = prefix or default
    if name is None:
        choices = " o ".join(f"`{owner}:{text}`" for owner in sorted(owners))
        raise BadReference(
            f"«{text}» no dice de qué repositorio es, y este módulo no tiene uno propio. Escribe {choices}"
        )
    if name not in owners:
        if prefix is None:
            choices = " o ".join(f"`{owner}:{text}`" for owner in sorted(owners))
            raise BadReference(
                f"«{text}» no puede ser de {name}, por su terminación. Si es código citado, escribe {choices}"
            )
        endings = ", ".join(repositories[name].endings)
        raise BadReference(f"«{text}»: las referencias a {name} terminan en {endings}")

    for segment in path.split("/"):
        if segment in (".", "..") or not SEGMENT.fullmatch(segment):
            raise BadReference(f"«{text}»: la ruta empieza en la raíz del repositorio, sin «/» inicial ni «..»")
    numbers = LINES.fullmatch(lines)
    if numbers is None:
        raise BadReference(f"«{text}»: las líneas se escriben N o N-M, con guion y contando desde 1")
    first = int(numbers["first"])
    last = int(numbers["last"] or first)
    if last < first:
        raise BadReference(f"«{text}»: el intervalo de líneas va de menor a mayor")
    return Reference(name, path, first, last)


def parse_reference_list(
    source: str, repositories: Mapping[str, Repository], default: str | None = None
) -> list[tuple[int, Reference | BadReference]] | None:
    """Read a fence that holds only references, one a line; pairs with the line's number, from 1.

    None where it holds anything else. A line that is meant as a reference but is wrong comes as its
    BadReference.
    """
    found: list[tuple[int, Reference | BadReference]] = []
    for number, line in enumerate(source.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            reference = parse_reference(line.strip(), repositories, default)
        except BadReference as bad:
            found.append((number, bad))
            continue
        if reference is None:
            return None
        found.append((number, reference))
    return found or None
