"""Compares a program's output with the expected one. Pure: bytes in, a sentence about the first difference out.

A checker of the exercise's own is not here: it runs in a jail (`checkers.py`).
"""

from __future__ import annotations

import math
import re
from itertools import zip_longest

from exercises.grading.spec import Compare

NUMBER = re.compile(rb"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
SHOWN = 60


def difference(compare: Compare, expected: bytes, obtained: bytes) -> str | None:
    """None where they agree, else a Spanish sentence about the first place where they do not."""
    if compare.kind == "exact":
        return _by_lines(expected, obtained)
    return _by_words(compare, expected, obtained)


def _by_lines(expected: bytes, obtained: bytes) -> str | None:
    expected, obtained = expected.rstrip(b"\n"), obtained.rstrip(b"\n")
    if expected == obtained:
        return None
    pairs = zip_longest(expected.split(b"\n"), obtained.split(b"\n"))
    for number, (wanted, found) in enumerate(pairs, start=1):
        if found is None:
            return f"Falta la línea {number}: se esperaba «{_shown(wanted)}»."
        if wanted is None:
            return f"Sobra la línea {number}: «{_shown(found)}»."
        if wanted != found:
            if wanted.split() == found.split():
                return f"En la línea {number} solo difieren los espacios."
            return f"En la línea {number} se esperaba «{_shown(wanted)}» y hay «{_shown(found)}»."
    raise AssertionError("bytes that differ have lines that differ")


def _by_words(compare: Compare, expected: bytes, obtained: bytes) -> str | None:
    wanted_words, found_words = expected.split(), obtained.split()
    for number, (wanted, found) in enumerate(zip_longest(wanted_words, found_words)):
        if found is None:
            return f"Falta salida: se esperaba «{_shown(wanted)}» y no hay nada más."
        if wanted is None:
            return f"Sobra salida a partir de «{_shown(found)}», en la línea {_line(obtained, number)}."
        if not _same(compare, wanted, found):
            place = _line(obtained, number)
            return f"En la línea {place} se esperaba «{_shown(wanted)}» y hay «{_shown(found)}»."
    return None


def _same(compare: Compare, wanted: bytes, found: bytes) -> bool:
    if wanted == found:
        return True
    if compare.kind != "numbers" or not (NUMBER.fullmatch(wanted) and NUMBER.fullmatch(found)):
        return False
    return math.isclose(
        float(wanted), float(found), abs_tol=compare.absolute, rel_tol=min(compare.relative, 1.0)
    )


def _line(content: bytes, word: int) -> int:
    """The line, counted from 1, on which the word of that number stands."""
    for line, text in enumerate(content.split(b"\n"), start=1):
        word -= len(text.split())
        if word < 0:
            return line
    return 1


def _shown(content: bytes) -> str:
    text = content.decode("utf-8", "replace")
    text = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"
