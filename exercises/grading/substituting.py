"""Puts values where a text says `${NAME}`. Pure. Lines stay where they are."""

from __future__ import annotations

import re
from collections.abc import Mapping

PLACE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


def substitute(text: str, values: Mapping[str, object]) -> str:
    """The text with the values; names that are not among them stay as they are."""
    return PLACE.sub(lambda found: str(values.get(found[1], found[0])), text)


def unknown_names(text: str, known: set[str]) -> list[tuple[int, str]]:
    """Line and name of every place whose name is not known, in order."""
    return [
        (text.count("\n", 0, found.start()) + 1, found[1])
        for found in PLACE.finditer(text)
        if found[1] not in known
    ]
