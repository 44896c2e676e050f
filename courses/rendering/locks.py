"""`references.tsv`, the lock file of code references: what each one was when it was last proved."""

import functools
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from courses.rendering.references import Reference

COLUMNS = ("repository", "path", "first", "last", "symbol", "sha256")
DIGEST = re.compile(r"[0-9a-f]{64}")
NUMBER = re.compile(r"[1-9]\d*")


def digest_of(lines: bytes) -> str:
    """The digest of a row: SHA-256 of the lines as they are in the file, each with its line ending."""
    return hashlib.sha256(lines).hexdigest()


@dataclass(frozen=True)
class LockRow:
    """`symbol` is the enclosing function or type, empty where none was found."""

    reference: Reference
    symbol: str
    sha256: str


class BrokenLock(ValueError):
    """The file is not a lock. `errors` are pairs of line and message, each with its remedy."""

    def __init__(self, errors: Iterable[tuple[int, str]]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(f"{line}: {message}" for line, message in self.errors))


@dataclass(frozen=True)
class Lock:
    """Rows by reference."""

    rows: Mapping[Reference, LockRow] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, rows: Iterable[LockRow]) -> "Lock":
        return cls(MappingProxyType({row.reference: row for row in rows}))

    @classmethod
    def parse(cls, content: bytes) -> "Lock":
        """Read the file. Any order will do, and a row that is there twice counts once; `dump` mends both.

        Raises BrokenLock.
        """
        try:
            lines = content.decode().split("\n")
        except UnicodeDecodeError as error:
            at = content[: error.start].count(b"\n") + 1
            raise BrokenLock([(at, "el fichero no es UTF-8: guárdalo en esa codificación")]) from None
        if content and lines[-1] == "":
            lines.pop()
        if lines[0].split("\t") != list(COLUMNS):
            titles = ", ".join(COLUMNS)
            raise BrokenLock([(1, f"la primera línea son los títulos, separados por tabuladores: {titles}")])

        rows: dict[Reference, LockRow] = {}
        errors = []
        for number, line in enumerate(lines[1:], start=2):
            try:
                row = _parse_row(line)
            except ValueError as error:
                errors.append((number, str(error)))
                continue
            if rows.setdefault(row.reference, row).sha256 != row.sha256:
                errors.append((number, f"«{row.reference}» ya está con otra huella: deja una de las dos filas"))
        if errors:
            raise BrokenLock(errors)
        return cls(MappingProxyType(rows))

    def dump(self) -> bytes:
        """The canonical file: title line, rows sorted, LF, no duplicates. `Lock.parse(lock.dump()) == lock`."""
        lines = ["\t".join(COLUMNS)]
        for reference, row in sorted(self.rows.items()):
            cells = (reference.repository, reference.path, str(reference.first), str(reference.last))
            lines.append("\t".join((*cells, row.symbol, row.sha256)))
        return ("\n".join(lines) + "\n").encode()

    def get(self, reference: Reference) -> LockRow | None:
        return self.rows.get(reference)

    def with_rows(self, rows: Iterable[LockRow]) -> "Lock":
        """This lock with some rows added or put in the place of those of the same reference."""
        return Lock.of([*self.rows.values(), *rows])

    def differently_spelled(self, reference: Reference) -> str | None:
        """The path that the lock knows and that differs from the reference's only in upper and lower case."""
        spelling = self._spellings.get((reference.repository, reference.path.casefold()))
        return None if spelling == reference.path else spelling

    @functools.cached_property
    def _spellings(self) -> dict[tuple[str, str], str]:
        return {(r.repository, r.path.casefold()): r.path for r in sorted(self.rows)}


def _parse_row(line: str) -> LockRow:
    cells = line.split("\t")
    if len(cells) != len(COLUMNS):
        raise ValueError(f"hay {len(cells)} columnas y son {len(COLUMNS)}, separadas por tabuladores")
    repository, path, first, last, symbol, sha256 = cells
    if not repository or not path:
        raise ValueError("faltan el repositorio o la ruta")
    if not NUMBER.fullmatch(first) or not NUMBER.fullmatch(last) or int(first) > int(last):
        raise ValueError("las líneas son dos números desde 1, de menor a mayor (el mismo si es una sola)")
    if not DIGEST.fullmatch(sha256):
        raise ValueError("la huella es un SHA-256: 64 cifras hexadecimales en minúscula")
    return LockRow(Reference(repository, path, int(first), int(last)), symbol, sha256)


@dataclass(frozen=True)
class LockConflict:
    """Both sides hold the same reference with another digest, and neither is the base's."""

    reference: Reference
    base: LockRow | None
    mine: LockRow
    theirs: LockRow


def merge(base: Lock, mine: Lock, theirs: Lock) -> tuple[Lock, list[LockConflict]]:
    """Merge row by row. Where there is a conflict the merged lock keeps `mine`, and says so.

    A row that one side took out and the other changed stays, as changed: a row too many proves nothing wrong.
    """
    merged: list[LockRow] = []
    conflicts: list[LockConflict] = []
    for reference in sorted({*base.rows, *mine.rows, *theirs.rows}):
        was, here, there = base.get(reference), mine.get(reference), theirs.get(reference)
        if here == there or there == was:
            row = here
        elif here == was:
            row = there
        else:
            row = here or there
            if here and there and here.sha256 != there.sha256:
                conflicts.append(LockConflict(reference, was, here, there))
        if row is not None:
            merged.append(row)
    return Lock.of(merged), conflicts
