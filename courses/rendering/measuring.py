"""How wide a text is in Source Sans 3, the font of diagrams, from widths frozen by `freezing`.

The page shows a diagram in this very font, so a label that fits here fits there. No kerning: it only ever
makes Latin text narrower, and a label with a little room is not clipped.
"""

import functools
import json
import unicodedata
from dataclasses import dataclass
from pathlib import Path

WIDTHS_FILE = Path(__file__).with_name("source_sans_3.json")
WEIGHTS = (400, 600)
# Characters that the Latin subset lacks come from a font of the reader's machine. Symbols such as → or ●
# take up to an em there; letters do not pass the widest of the usual fallbacks.
SYMBOL_EM, LETTER_EM = 1.0, 0.64


@dataclass(frozen=True)
class Face:
    """One weight. All figures in em."""

    widths: dict[str, float]
    ascent: float
    descent: float

    def width(self, text: str, size: float) -> float:
        """Advance width of one line, in the unit of `size`."""
        return size * sum(self.widths.get(c) or _width_elsewhere(c) for c in text)

    @property
    def height(self) -> float:
        return self.ascent + self.descent


def wrap(face: Face, text: str, size: float, max_width: float, *, trailing_space_counts: bool) -> list[str]:
    """Break one line at spaces as a browser does. A word wider than `max_width` keeps a line of its own."""
    words = text.split(" ")
    lines, line = [], words[0]
    for position, word in enumerate(words[1:], start=2):
        longer = f"{line} {word}"
        hanging = " " if trailing_space_counts and position < len(words) else ""
        if face.width(longer + hanging, size) <= max_width:
            line = longer
        else:
            lines.append(line)
            line = word
    return [*lines, line]


@functools.cache
def face(weight: int) -> Face:
    """The face of one of `WEIGHTS`."""
    frozen = json.loads(WIDTHS_FILE.read_text())
    em = frozen["units_per_em"]
    return Face(
        widths={
            c: w / em for c, w in zip(frozen["characters"], frozen["widths"][str(weight)], strict=True) if w
        },
        ascent=frozen["ascent"] / em,
        descent=frozen["descent"] / em,
    )


def is_bold(css_weight: str) -> bool:
    """Whether a CSS `font-weight` is shown with the heavier of the two weights."""
    weight = css_weight.strip()
    return weight in ("bold", "bolder") or (weight.isdigit() and int(weight) >= WEIGHTS[1])


def face_for(css_weight: str | None) -> Face:
    """The face that shows a CSS `font-weight`."""
    return face(WEIGHTS[1] if is_bold(css_weight or "") else WEIGHTS[0])


@functools.lru_cache(maxsize=4096)
def _width_elsewhere(character: str) -> float:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Mn"):
        return 0.0
    if unicodedata.category(character)[0] == "S" or unicodedata.east_asian_width(character) in "WF":
        return SYMBOL_EM
    return LETTER_EM
