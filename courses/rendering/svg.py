"""Compiles an SVG that Mermaid drew into one that may stand in any page: no style sheet, no script, no links.

Under `style-src 'self'` a Mermaid SVG is a set of black boxes, for its colours are in a `<style>`. Here the
style sheet is resolved into presentation attributes, tags and attributes pass an allow-list, ids get a prefix
of their own and each colour becomes a `light-dark()` pair. Nothing of Mermaid's drawing is known here but its
style sheet.
"""

import functools
import re
from dataclasses import dataclass

import cssselect
import tinycss2
from lxml import etree

from courses.rendering.measuring import is_bold
from courses.rendering.palette import INK, themed


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


COLUMN_PX, WIDE_PX = 752, 1100  # what a figure's frame holds; beyond the other, text would get too small to fit
NAMESPACE = "http://www.w3.org/2000/svg"
TAGS = _words(
    "svg g path rect circle ellipse line polyline polygon text tspan defs marker symbol use clipPath "
    "linearGradient radialGradient stop"
)
STYLED = _words(
    "fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-dasharray stroke-dashoffset "
    "stroke-linecap stroke-linejoin stroke-miterlimit opacity font-size font-weight font-style "
    "text-anchor dominant-baseline alignment-baseline letter-spacing word-spacing text-decoration visibility "
    "display marker-start marker-mid marker-end stop-color stop-opacity shape-rendering overflow"
)
ATTRIBUTES = STYLED | _words(
    "id x y x1 y1 x2 y2 dx dy cx cy r rx ry width height d points transform viewBox preserveAspectRatio "
    "refX refY markerWidth markerHeight markerUnits orient clip-path clip-rule offset gradientUnits "
    "gradientTransform fx fy textLength lengthAdjust href"
)
# Values that say nothing and that Mermaid says often.
INITIAL = {"opacity": "1", "display": "inline", "visibility": "inherit"}
COLOURS = frozenset({"fill", "stroke", "stop-color"})
MEASURES = _words("d points transform x y x1 y1 x2 y2 cx cy r rx ry dx dy width height")

REFERENCE = re.compile(r"""url\(\s*["']?#([\w:.-]+)["']?\s*\)""")
DANGEROUS = re.compile(r"(?i)url\(|expression|script:|@import|var\(|[<>{};\\]")
NUMBER = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?")
PATH_COMMAND = re.compile(r"[a-zA-Z][^a-zA-Z]*")
LONG_FRACTION = re.compile(r"\.\d{3}")
SHARED_POINT = re.compile(r"\.\d+\.")  # ".5.5" is two numbers: rounding one would run them together

Element = etree._Element


class NotAnSvg(ValueError):
    """What came is not an SVG document, or one without a size."""


@dataclass(frozen=True)
class Compiled:
    """Width and height in CSS pixels at the diagram's natural size. `svg` is one line of well-formed XML."""

    svg: str
    width: int
    height: int


def compile_svg(source: str, *, prefix: str, title: str, description: str) -> Compiled:
    """Rewrite `source`. The drawing itself is the group with id `prefix`, so that `<use>` can show it again.

    `prefix` must be a word that occurs nowhere else in the drawing: replacing it in the result gives a second
    copy with ids of its own. Equal input gives equal output.
    """
    root = _parse(source)
    _resolve_styles(root)
    _keep_allowed(root)
    _rename_ids(root, prefix)
    for group in reversed(list(root.iter("g"))):
        if len(group) == 0 and group is not root:
            _remove(group)
    _drop_blanks(root)
    view_box = root.get("viewBox", "")
    try:
        _, _, width, height = (float(n) for n in view_box.replace(",", " ").split())
    except ValueError:
        raise NotAnSvg(f"viewBox {view_box!r}") from None

    drawing = etree.Element("g", {"id": prefix})
    for name in sorted(STYLED.intersection(root.attrib)):
        drawing.set(name, root.attrib.pop(name))
    drawing.set("fill", drawing.get("fill") or themed(INK[0]))
    drawing.extend(list(root))
    root.attrib.clear()
    root.attrib.update(
        {
            "xmlns": NAMESPACE,
            "viewBox": " ".join(_short(n) for n in view_box.replace(",", " ").split()),
            "width": str(round(width)),
            "height": str(round(height)),
            "class": f"dgm {_size_class(width)}",
            "role": "img",
            "aria-labelledby": f"{prefix}-t",
            "aria-describedby": f"{prefix}-d",
        }
    )
    for tag, mark, text in (("title", "t", title), ("desc", "d", description)):
        etree.SubElement(root, tag, {"id": f"{prefix}-{mark}"}).text = text
    root.append(drawing)
    return Compiled(etree.tostring(root, encoding="unicode"), round(width), round(height))


def _size_class(width: float) -> str:
    """For the page's CSS, which sees no number: shown as large as it is, made to fit, or scrolled."""
    if width <= COLUMN_PX:
        return "dgm-s"
    return "dgm-m" if width <= WIDE_PX else "dgm-l"


def _parse(source: str) -> Element:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(source.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise NotAnSvg(str(error)) from None
    for element in root.iter(etree.Element):
        element.tag = etree.QName(element).localname
        for name in [n for n in element.attrib if n.startswith("{")]:
            value = element.attrib.pop(name)
            if etree.QName(name).localname == "href":
                element.set("href", value)
    etree.cleanup_namespaces(root)
    if root.tag != "svg":
        raise NotAnSvg(root.tag)
    return root


# The style sheet


@dataclass(frozen=True)
class Rule:
    matches: etree.XPath
    specificity: tuple[int, int, int]
    declarations: tuple[tuple[str, str, bool], ...]


def _resolve_styles(root: Element) -> None:
    """Write what each element would look like into its own attributes: style sheets first, then `style=`."""
    sheet = "".join(style.text or "" for style in root.iter("style"))
    winning: dict[Element, dict[str, tuple[tuple[object, ...], str]]] = {}

    def declare(
        element: Element, rank: tuple[object, ...], declarations: tuple[tuple[str, str, bool], ...]
    ) -> None:
        decided = winning.setdefault(element, {})
        for name, value, important in declarations:
            if name not in decided or decided[name][0] <= (important, *rank):
                decided[name] = ((important, *rank), value)

    for order, rule in enumerate(_rules(sheet)):
        for element in rule.matches(root):
            declare(element, (False, rule.specificity, order), rule.declarations)
    for element in root.iter(etree.Element):
        if inline := element.get("style"):
            declare(element, (True, (0, 0, 0), 0), _declarations(inline))
    for element, decided in winning.items():
        for name, (_, value) in decided.items():
            element.set(name, value)
    for element in root.iter(etree.Element):
        for name, value in INITIAL.items():
            if element.get(name) == value:
                del element.attrib[name]


@functools.lru_cache(maxsize=64)
def _rules(sheet: str) -> tuple[Rule, ...]:
    """Mermaid writes the same sheet for every diagram of a type, hence the cache."""
    rules = []
    for rule in tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True):
        if rule.type != "qualified-rule":
            continue  # @keyframes and other rules that presentation attributes cannot say
        declarations = _declarations(tinycss2.serialize(rule.content))
        if not declarations:
            continue
        try:
            selectors = cssselect.parse(tinycss2.serialize(rule.prelude))
            found = [(_xpath(s), s.specificity()) for s in selectors if not s.pseudo_element]
        except cssselect.SelectorError:
            continue
        rules += [Rule(matches, specificity, declarations) for matches, specificity in found]
    return tuple(rules)


def _xpath(selector: cssselect.Selector) -> etree.XPath:
    return etree.XPath(cssselect.GenericTranslator().selector_to_xpath(selector))


@functools.lru_cache(maxsize=4096)
def _declarations(style: str) -> tuple[tuple[str, str, bool], ...]:
    """(property, value, is important) of those properties that SVG has as attributes."""
    parsed = tinycss2.parse_blocks_contents(style, skip_comments=True, skip_whitespace=True)
    return tuple(
        (d.lower_name, tinycss2.serialize(d.value).strip(), d.important)
        for d in parsed
        if d.type == "declaration" and d.lower_name in STYLED
    )


# The allow-list


def _keep_allowed(root: Element) -> None:
    for element in list(root.iter()):
        if element.tag == "a":
            element.tag = "g"  # a diagram has no links
        if element.tag not in TAGS:
            _remove(element)
            continue
        if element.tag == "svg":
            element.set(
                "overflow", "visible"
            )  # a label box that is too narrow for a reader's font must not cut it
        for name, value in list(element.attrib.items()):
            cleaned = _clean(element.tag, name, value.strip())
            if cleaned is None:
                del element.attrib[name]
            elif cleaned != value:
                element.set(name, cleaned)


def _clean(tag: str, name: str, value: str) -> str | None:
    """The value as it may stay, or None where the attribute has to go."""
    if name not in ATTRIBUTES or (name == "href" and tag not in ("use", "linearGradient", "radialGradient")):
        return None
    if name == "href":
        return value if re.fullmatch(r"#[\w:.-]+", value) else None
    if reference := REFERENCE.fullmatch(value):
        return f"url(#{reference[1]})"
    if DANGEROUS.search(value) or (name == "stroke-width" and value.startswith("-")):
        return None
    if name in COLOURS:
        return themed(value)
    if name == "font-size":
        return value.removesuffix("px")
    if name == "font-weight":
        return "600" if is_bold(value) else "400"  # the two weights that were measured
    return _rounded(value) if name in MEASURES else value


def _rounded(value: str) -> str:
    """Two decimals are a fiftieth of a pixel on any screen. Arcs stay: their flags need no separator."""
    if not LONG_FRACTION.search(value) or SHARED_POINT.search(value):
        return value
    if value[0] in "mM":
        return PATH_COMMAND.sub(lambda m: m[0] if m[0][0] in "aA" else NUMBER.sub(_round, m[0]), value)
    return NUMBER.sub(_round, value)


def _round(number: re.Match[str]) -> str:
    return _short(number[0]) if "." in number[0] else number[0]


def _short(number: str) -> str:
    return f"{float(number):.2f}".rstrip("0").rstrip(".")


def _rename_ids(root: Element, prefix: str) -> None:
    """Ids that are referred to become `prefix-0`, `prefix-1`...; the others go, and so do dead links."""
    used = {
        target
        for element in root.iter()
        for name, value in element.attrib.items()
        for target in ([value[1:]] if name == "href" else REFERENCE.findall(value))
    }
    names: dict[str, str] = {}
    for element in root.iter():
        if (old := element.attrib.pop("id", None)) in used and old not in names:
            names[old] = f"{prefix}-{len(names)}"
            element.set("id", names[old])
    for element in root.iter():
        for name, value in list(element.attrib.items()):
            if name == "href":
                if value[1:] in names:
                    element.set(name, f"#{names[value[1:]]}")
                else:
                    del element.attrib[name]
            elif reference := REFERENCE.fullmatch(value):
                if reference[1] in names:
                    element.set(name, f"url(#{names[reference[1]]})")
                else:
                    del element.attrib[name]


def _drop_blanks(root: Element) -> None:
    """Line breaks between elements, which only text would show."""
    for element in root.iter():
        if element.tag in ("text", "tspan"):
            continue
        if element.text and not element.text.strip():
            element.text = None
        for child in element:
            if child.tail and not child.tail.strip():
                child.tail = None


def _remove(element: Element) -> None:
    """Take an element out; the text that follows it belongs to its parent and stays."""
    parent = element.getparent()
    if parent is None:
        return
    if element.tail:
        before = element.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    parent.remove(element)
