"""PURE: two texts -> the lines that a reader needs to see what changed."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

CONTEXT = 3


@dataclass(frozen=True, slots=True)
class Line:
    """`kind` is same, added, removed or gap (lines left out). Numbers are those of the old and the new text."""

    kind: str
    old: int | None
    new: int | None
    text: str


def compare(old: str, new: str) -> list[Line]:
    """The changed lines with a little around them; empty where the texts are the same."""
    return list(_lines(old.splitlines(), new.splitlines()))


def _lines(old: list[str], new: list[str]) -> Iterator[Line]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for number, group in enumerate(matcher.get_grouped_opcodes(CONTEXT)):
        if number or group[0][1]:
            yield Line("gap", None, None, "")
        for tag, first, last, start, end in group:
            if tag == "equal":
                for offset in range(last - first):
                    yield Line("same", first + offset + 1, start + offset + 1, old[first + offset])
                continue
            yield from (Line("removed", at + 1, None, old[at]) for at in range(first, last))
            yield from (Line("added", None, at + 1, new[at]) for at in range(start, end))
