from __future__ import annotations

import pytest

from exercises.grading.comparing import difference
from exercises.grading.spec import Compare

EXACT, TOKENS = Compare("exact"), Compare("tokens")
LOOSE = Compare("numbers", absolute=0.01, relative=1e-6)


@pytest.mark.parametrize(
    ("compare", "expected", "obtained"),
    [
        (EXACT, b"a b\n", b"a b"),
        (EXACT, b"", b""),
        (EXACT, b"\xff\x00", b"\xff\x00"),
        (TOKENS, b"a  b\nc", b" a b c\n\n"),
        (TOKENS, b"", b"\n \n"),
        (TOKENS, b"1.0", b"1.0"),
        (LOOSE, b"x 1.00", b"x 1.009"),
        (LOOSE, b"1000000000", b"1000000001"),
        (LOOSE, b"0.5 5e-1", b".5 0.50"),
        (LOOSE, b"-0", b"0"),
    ],
)
def test_what_is_the_same(compare: Compare, expected: bytes, obtained: bytes) -> None:
    assert difference(compare, expected, obtained) is None


@pytest.mark.parametrize(
    ("compare", "expected", "obtained", "words"),
    [
        (EXACT, b"a b", b"a  b", "línea 1 solo difieren los espacios"),
        (EXACT, b"a\nb", b"a\nc", "línea 2 se esperaba «b» y hay «c»"),
        (EXACT, b"a\nb", b"a", "Falta la línea 2"),
        (EXACT, b"a", b"a\nb", "Sobra la línea 2"),
        (TOKENS, b"a b", b"a\nB", "línea 2 se esperaba «b» y hay «B»"),
        (TOKENS, b"a b", b"a", "se esperaba «b» y no hay nada más"),
        (TOKENS, b"a", b"a\n\nb", "Sobra salida a partir de «b», en la línea 3"),
        (TOKENS, b"1", b"1.0", "se esperaba «1» y hay «1.0»"),
        (LOOSE, b"1.00", b"1.02", "se esperaba «1.00» y hay «1.02»"),
        (LOOSE, b"1", b"nan", "hay «nan»"),
        (LOOSE, b"1", b"1_000", "hay «1_000»"),
        (LOOSE, b"1000", b"uno", "hay «uno»"),
    ],
)
def test_the_first_difference_in_words(compare: Compare, expected: bytes, obtained: bytes, words: str) -> None:
    said = difference(compare, expected, obtained)
    assert said is not None
    assert words in said


def test_a_difference_shows_no_control_characters() -> None:
    said = difference(TOKENS, b"a", b"\x1b[31mrojo\x00")
    assert said is not None
    assert said.isprintable()


def test_an_object_that_equals_everything_arrives_as_text_and_equals_nothing() -> None:
    said = difference(TOKENS, b"42", b"<__main__.Always object at 0x7f>")
    assert said is not None
