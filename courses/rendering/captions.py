"""Which `/// caption` blocks Markdown may see: those that stand alone, at the line start, open and close.

pymdownx's blocks never come to an end for some others (one that opens in a list and closes outside it), and a
preview must not hang a worker. Those others are shown as text, and their author is told.
"""

import re
from dataclasses import dataclass

MARK = re.compile(r"[\s>]*(?:(?:[-*+]|\d+[.)]|!!!|\?\?\?|===|:)\s+)*/{3,}")
OPENING = re.compile(r"/// (?:caption|figure-caption|table-caption)(?: *\|.*)?\s*")
CLOSING = re.compile(r"///\s*")


@dataclass(frozen=True)
class Tamed:
    """The source with only whole blocks left, and the indexes of the lines that were made text."""

    source: str
    refused: tuple[int, ...]


def tame_captions(source: str, prose: list[tuple[int, str]]) -> Tamed:
    """Make text of each `///` that is in no whole block. `prose`: the lines outside fences, by index."""
    lines = source.split("\n")
    refused: list[int] = []
    opened: int | None = None
    for index, line in prose:
        if opened is None and OPENING.fullmatch(line):
            opened = index
        elif opened is not None and CLOSING.fullmatch(line):
            opened = None
        elif MARK.match(line):
            refused.append(index)
    if opened is not None:
        refused.append(opened)
    for index in refused:
        lines[index] = lines[index].replace("///", "&#47;&#47;&#47;")
    return Tamed("\n".join(lines), tuple(sorted(refused)))
