"""The colours of diagrams: pairs (light, dark) from the site's palette, and the Mermaid theme made of them.

Mermaid draws with the light one of each pair; `themed` turns exactly these into `light-dark(light, dark)`.
The light colours all differ, so that each leads back to one pair. A colour that an author wrote is not in the
table: its lightness is turned round and its hue kept.
"""

import functools
import math
from collections.abc import Sequence

import tinycss2.color3

FONT = "Source Sans 3"

PAPER = ("#fbfcfc", "#0f1514")
SHEET = ("#ffffff", "#161d1c")
WASH = ("#eff3f3", "#1b2423")
INK = ("#15201f", "#e4eae9")
INK2 = ("#4a5756", "#a9b6b4")
EDGE = ("#6f7c7c", "#7d8b89")
HAIR = ("#d3dada", "#2f3a39")
LINK = ("#00566b", "#7fd0e3")
LINK_WASH = ("#e3f0f3", "#12313a")
OK = ("#14633a", "#7fd6a3")
BAD = ("#a01c2c", "#ff9f9f")
BAD_WASH = ("#fbeaec", "#3a1719")
WARN = ("#734d00", "#efc267")
WARN_WASH = ("#f8eedb", "#33260c")
ENVOY = ("#2b4a9b", "#a9bdf7")
ZTUNNEL = ("#8a3a12", "#f0ab83")
# For what differs in kind only (slices, branches, sections). Ink on each has a contrast of 7 or more.
TINTS = (
    ("#c3dfe6", "#1d4754"),
    ("#f3d5c3", "#5f3520"),
    ("#c9e4d3", "#1f4f35"),
    ("#d2daf5", "#303f7a"),
    ("#f1e1ba", "#564315"),
    ("#f3d0d4", "#65282f"),
    ("#d9e0e0", "#3a4645"),
    ("#e6ecec", "#2a3433"),
)
STROKES = (LINK, ZTUNNEL, OK, ENVOY, WARN, BAD, INK2, EDGE)
DARKEST, LIGHTEST, HIGHEST_CHROMA = 0.19, 0.93, 0.11  # Oklab lightness of dark paper and ink
PAIRS = dict([PAPER, SHEET, WASH, HAIR, LINK_WASH, BAD_WASH, WARN_WASH, INK, *TINTS, *STROKES])

# Colours that Mermaid fixes in its code, out of the theme's reach, and ours in their place.
FIXED_BY_MERMAID = {
    "#000000": INK[0],
    "#191970": INK[0],
    "#333333": INK[0],
    "#444444": INK2[0],
    "#552222": BAD[0],
    "#666666": INK2[0],
    "#999999": INK2[0],
    "#b9b9b9": EDGE[0],
    "#d3d3d3": HAIR[0],
    "#e0e0e0": HAIR[0],
    "#eaeaea": WASH[0],
    "#edf2ae": WARN_WASH[0],
    "#efefef": WASH[0],
    "#ffffff": SHEET[0],
    # architecture's icons, c4's boxes, journey's faces and people, sankey's nodes, xychart's first bar
    "#087ebf": LINK[0],
    "#08427b": ENVOY[0],
    "#073b6f": ENVOY[0],
    "#1168bd": LINK[0],
    "#3c7fc0": LINK[0],
    "#438dd5": LINK[0],
    "#85bbf0": OK[0],
    "#686868": INK2[0],
    "#8a8a8a": INK2[0],
    "#fff8dc": WARN_WASH[0],
    "#8fbc8f": TINTS[2][0],
    "#7cfc00": TINTS[0][0],
    "#8b008b": TINTS[3][0],
    "#4b0082": TINTS[1][0],
    "#4e79a7": TINTS[0][0],
    "#f28e2c": TINTS[1][0],
    "#e15759": TINTS[5][0],
    "#76b7b2": TINTS[2][0],
    "#59a14f": TINTS[3][0],
    "#edc949": TINTS[4][0],
    "#af7aa1": TINTS[6][0],
    "#9370db": TINTS[0][0],
}


def _series(name: str, colours: Sequence[tuple[str, str]], numbers: range) -> dict[str, str]:
    return {f"{name}{n}": colours[i % len(colours)][0] for i, n in enumerate(numbers)}


def theme_variables() -> dict[str, object]:
    """`themeVariables` of Mermaid's theme `base`, in light colours."""
    ink, ink2, edge, hair = INK[0], INK2[0], EDGE[0], HAIR[0]
    paper, sheet, wash = PAPER[0], SHEET[0], WASH[0]
    return {
        "fontFamily": FONT,
        "fontSize": "16px",
        "background": paper,
        "primaryColor": wash,
        "primaryTextColor": ink,
        "primaryBorderColor": ink2,
        "secondaryColor": LINK_WASH[0],
        "secondaryTextColor": ink,
        "secondaryBorderColor": ink2,
        "tertiaryColor": sheet,
        "tertiaryTextColor": ink,
        "tertiaryBorderColor": edge,
        "lineColor": ink2,
        "textColor": ink,
        "titleColor": ink,
        "mainBkg": wash,
        "nodeBorder": ink2,
        "nodeTextColor": ink,
        "clusterBkg": sheet,
        "clusterBorder": edge,
        "defaultLinkColor": ink2,
        "edgeLabelBackground": paper,
        "arrowheadColor": ink2,
        "errorBkgColor": BAD_WASH[0],
        "errorTextColor": BAD[0],
        # sequence
        "actorBkg": wash,
        "actorBorder": ink2,
        "actorTextColor": ink,
        "actorLineColor": edge,
        "signalColor": ink,
        "signalTextColor": ink,
        "labelBoxBkgColor": wash,
        "labelBoxBorderColor": edge,
        "labelTextColor": ink,
        "loopTextColor": ink,
        "noteBkgColor": WARN_WASH[0],
        "noteBorderColor": WARN[0],
        "noteTextColor": ink,
        "activationBkgColor": hair,
        "activationBorderColor": ink2,
        "sequenceNumberColor": paper,
        # state, class
        "labelColor": ink,
        "labelBackgroundColor": paper,
        "compositeBackground": sheet,
        "compositeTitleBackground": wash,
        "compositeBorder": edge,
        "altBackground": sheet,
        "innerEndBackground": ink2,
        "specialStateColor": ink2,
        "stateBkg": wash,
        "stateLabelColor": ink,
        "transitionColor": ink2,
        "transitionLabelColor": ink,
        "classText": ink,
        # gantt
        "sectionBkgColor": wash,
        "sectionBkgColor2": wash,
        "altSectionBkgColor": sheet,
        "gridColor": hair,
        "taskBkgColor": TINTS[0][0],
        "taskBorderColor": LINK[0],
        "taskTextColor": ink,
        "taskTextLightColor": ink,
        "taskTextDarkColor": ink,
        "taskTextOutsideColor": ink,
        "taskTextClickableColor": LINK[0],
        "activeTaskBkgColor": TINTS[4][0],
        "activeTaskBorderColor": WARN[0],
        "doneTaskBkgColor": TINTS[2][0],
        "doneTaskBorderColor": OK[0],
        "critBkgColor": TINTS[5][0],
        "critBorderColor": BAD[0],
        "excludeBkgColor": TINTS[7][0],
        "todayLineColor": BAD[0],
        "vertLineColor": ink2,
        # er, c4, requirement, architecture
        "attributeBackgroundColorOdd": sheet,
        "attributeBackgroundColorEven": wash,
        "rowOdd": sheet,
        "rowEven": wash,
        "personBkg": wash,
        "personBorder": ink2,
        "requirementBackground": wash,
        "requirementBorderColor": ink2,
        "requirementTextColor": ink,
        "relationColor": ink2,
        "relationLabelBackground": paper,
        "relationLabelColor": ink,
        "archEdgeColor": ink2,
        "archEdgeArrowColor": ink2,
        "archGroupBorderColor": edge,
        # pie
        "pieTitleTextColor": ink,
        "pieSectionTextColor": ink,
        "pieLegendTextColor": ink,
        "pieStrokeColor": ink2,
        "pieStrokeWidth": "1px",
        "pieOuterStrokeColor": ink2,
        "pieOuterStrokeWidth": "1px",
        "pieOpacity": "1",
        # quadrant
        "quadrant1Fill": wash,
        "quadrant2Fill": sheet,
        "quadrant3Fill": wash,
        "quadrant4Fill": sheet,
        "quadrant1TextFill": ink2,
        "quadrant2TextFill": ink2,
        "quadrant3TextFill": ink2,
        "quadrant4TextFill": ink2,
        "quadrantPointFill": LINK[0],
        "quadrantPointTextFill": ink,
        "quadrantXAxisTextFill": ink,
        "quadrantYAxisTextFill": ink,
        "quadrantTitleFill": ink,
        "quadrantInternalBorderStrokeFill": edge,
        "quadrantExternalBorderStrokeFill": ink2,
        # git
        "tagLabelColor": ink,
        "tagLabelBackground": WARN_WASH[0],
        "tagLabelBorder": WARN[0],
        "commitLabelColor": ink,
        "commitLabelBackground": paper,
        "commitLineColor": ink2,
        # packet, xychart, radar
        "packet": {
            "startByteColor": ink2,
            "endByteColor": ink2,
            "labelColor": ink,
            "titleColor": ink,
            "blockStrokeColor": ink2,
            "blockFillColor": wash,
        },
        "xyChart": {
            "backgroundColor": paper,
            "titleColor": ink,
            "xAxisTitleColor": ink,
            "xAxisLabelColor": ink,
            "xAxisTickColor": ink2,
            "xAxisLineColor": ink2,
            "yAxisTitleColor": ink,
            "yAxisLabelColor": ink,
            "yAxisTickColor": ink2,
            "yAxisLineColor": ink2,
            "plotColorPalette": ",".join([TINTS[0][0], *(light for light, _ in STROKES)]),
        },
        **_series("cScale", TINTS, range(12)),
        **_series("cScalePeer", STROKES, range(12)),
        **_series("cScaleInv", STROKES, range(12)),
        **_series("cScaleLabel", (INK,), range(12)),
        **_series("surface", TINTS, range(5)),
        **_series("surfacePeer", STROKES, range(5)),
        **_series("fillType", TINTS, range(8)),
        **_series("pie", TINTS, range(1, 13)),
        **_series("git", STROKES, range(8)),
        **_series("gitInv", (PAPER,), range(8)),
        **_series("gitBranchLabel", (PAPER,), range(8)),
        **_series("actor", STROKES, range(6)),
    }


@functools.lru_cache(maxsize=4096)
def themed(colour: str) -> str:
    """A CSS colour for both themes; what is not a plain colour (`none`, `currentColor`) comes back as it is."""
    parsed = tinycss2.color3.parse_color(colour)
    if parsed is None or isinstance(parsed, str):
        return colour
    if parsed.alpha == 0:
        return "transparent"
    written = _hex(parsed[:3])
    light = FIXED_BY_MERMAID.get(written, written)
    dark = PAIRS.get(light) or _hex(_with_lightness_turned(parsed[:3]))
    alpha = "" if parsed.alpha >= 1 else f"{round(parsed.alpha * 255):02x}"
    return f"light-dark({light}{alpha},{dark}{alpha})"


def _hex(rgb: Sequence[float]) -> str:
    return "#" + "".join(f"{round(min(1.0, max(0.0, part)) * 255):02x}" for part in rgb)


def _with_lightness_turned(rgb: Sequence[float]) -> tuple[float, ...]:
    """White becomes a dark paper and black a light ink; the hue stays.

    In Oklab, whose matrices are Björn Ottosson's (https://bottosson.github.io/posts/oklab/).
    """
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb)
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    medium = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    green_red = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    blue_yellow = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short

    lightness = DARKEST + (1 - lightness) * (LIGHTEST - DARKEST)
    chroma = math.hypot(green_red, blue_yellow)
    kept = min(1.0, HIGHEST_CHROMA / chroma) if chroma else 1.0
    green_red, blue_yellow = green_red * kept, blue_yellow * kept

    long = (lightness + 0.3963377774 * green_red + 0.2158037573 * blue_yellow) ** 3
    medium = (lightness - 0.1055613458 * green_red - 0.0638541728 * blue_yellow) ** 3
    short = (lightness - 0.0894841775 * green_red - 1.2914855480 * blue_yellow) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    return tuple(12.92 * c if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055 for c in linear)
