"""Writes source_sans_3.json, the advance widths that `measuring` reads, from the font that the site serves.

Run it again whenever the font's package changes version, and look at the golden diagrams afterwards:

    python -m courses.rendering.freezing \
        node_modules/@fontsource-variable/source-sans-3/files/source-sans-3-latin-wght-normal.woff2

A worker never runs this: it needs neither node_modules nor fontTools.
"""

import json
import sys
from pathlib import Path

from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

from courses.rendering.measuring import WEIGHTS, WIDTHS_FILE


def freeze(font_file: Path) -> dict[str, object]:
    """Widths in font units by weight, in the order of `characters`; line metrics are the font's own."""
    faces = {w: instantiateVariableFont(TTFont(font_file), {"wght": w}) for w in WEIGHTS}
    regular = faces[WEIGHTS[0]]
    names = regular.getBestCmap()
    codes = sorted(names)
    package = json.loads((font_file.parent.parent / "package.json").read_text())
    return {
        "package": f"{package['name']}@{package['version']}",
        "file": font_file.name,
        "version": regular["name"].getDebugName(5),
        "units_per_em": regular["head"].unitsPerEm,
        "ascent": regular["hhea"].ascent,
        "descent": -regular["hhea"].descent,
        "characters": "".join(map(chr, codes)),
        "widths": {str(w): [face["hmtx"][names[c]][0] for c in codes] for w, face in faces.items()},
    }


if __name__ == "__main__":
    WIDTHS_FILE.write_text(json.dumps(freeze(Path(sys.argv[1])), ensure_ascii=False) + "\n")
