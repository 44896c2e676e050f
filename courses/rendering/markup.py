"""What this site adds to Python-Markdown: shapes of admonitions, myths, tables and headings.

All of it works on the element tree, after the inline patterns and before the table of contents; what is
shaped here passes the sanitiser like everything else.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from xml.etree import ElementTree as etree

from markdown import Markdown
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
MYTH = re.compile(r"\s*Mito\s*:\s*")


@dataclass(frozen=True)
class Kind:
    """A kind of admonition: its class, the word above it and its icon in the page's sprite."""

    css_class: str
    label: str
    icon: str


_KINDS = (
    (Kind("nota", "Nota", "info"), "nota note info abstract"),
    (Kind("aviso", "Aviso", "triangle-alert"), "aviso warning caution danger peligro attention"),
    (Kind("mito", "Mito", "circle-slash"), "mito myth"),
    (Kind("consejo", "Consejo", "lightbulb"), "consejo tip hint"),
    (Kind("importante", "Importante", "circle-alert"), "importante important"),
    (Kind("ejemplo", "Ejemplo", "flask-conical"), "ejemplo example"),
    (Kind("prueba", "Pruébalo", "square-terminal"), "prueba pruebalo try"),
    (Kind("pregunta", "Pregunta", "circle-help"), "pregunta question"),
)
KINDS = {name: kind for kind, names in _KINDS for name in names.split()}
ICONS = frozenset(kind.icon for kind, _ in _KINDS)


class Shapes(Extension):
    """Registers the tree processors of this module.

    `on_unknown_kind` is told of an admonition of a kind that does not exist; `icon` gives the marker of an
    icon.
    """

    def __init__(self, *, icon: Callable[[str], str], on_unknown_kind: Callable[[str], None]) -> None:
        super().__init__()
        self.icon = icon
        self.on_unknown_kind = on_unknown_kind

    def extendMarkdown(self, md: Markdown) -> None:
        md.treeprocessors.register(Admonitions(md, self), "formacion_admonitions", 14)
        md.treeprocessors.register(Tables(md), "formacion_tables", 6)
        md.treeprocessors.register(Anchors(md), "formacion_anchors", 4.5)


class Admonitions(Treeprocessor):
    """`!!! kind "title"` and `> **Mito: «…».** …` -> a label in a left column and a body."""

    def __init__(self, md: Markdown, shapes: Shapes) -> None:
        super().__init__(md)
        self.shapes = shapes

    def run(self, root: etree.Element) -> None:
        for element in list(root.iter()):
            classes = (element.get("class") or "").split()
            if element.tag == "div" and classes[:1] == ["admonition"]:
                self._shape_admonition(element, classes[1:])
            elif element.tag == "details" and classes:
                element.set("class", self._kind(classes[0]).css_class)
            elif element.tag == "blockquote":
                self._shape_myth(element)

    def _kind(self, name: str) -> Kind:
        if name not in KINDS:
            self.shapes.on_unknown_kind(name)
        return KINDS.get(name, KINDS["nota"])

    def _shape_admonition(self, element: etree.Element, names: list[str]) -> None:
        name = names[0].lower() if names else ""
        kind = self._kind(name)
        children = list(element)
        title = None
        if children and children[0].get("class") == "admonition-title":
            title = children.pop(0)
            if "".join(title.itertext()).strip() == name.capitalize():
                title = None  # Python-Markdown's own, from the kind's name
        if title is not None:
            title.set("class", "claim" if kind.css_class == "mito" else "title")
            children.insert(0, title)
        self._rebuild(element, kind, children)

    def _shape_myth(self, quote: etree.Element) -> None:
        paragraph = next(iter(quote), None)
        if paragraph is None or paragraph.tag != "p" or (paragraph.text or "").strip():
            return
        claim = next(iter(paragraph), None)
        if claim is None or claim.tag != "strong" or not MYTH.match(claim.text or ""):
            return
        paragraph.remove(claim)
        paragraph.text = (claim.tail or "").lstrip()
        claim.tag, claim.tail = "p", None
        claim.set("class", "claim")
        claim.text = MYTH.sub("", claim.text or "", count=1)
        has_text = bool(paragraph.text or len(paragraph))
        children = [claim, *(list(quote) if has_text else list(quote)[1:])]
        self._rebuild(quote, KINDS["mito"], children)

    def _rebuild(self, element: etree.Element, kind: Kind, children: list[etree.Element]) -> None:
        tail = element.tail
        element.clear()
        element.tail = tail
        element.tag = "aside"
        element.set("class", f"admonition {kind.css_class}")
        element.set("role", "note")
        element.set("aria-label", kind.label)
        label = etree.SubElement(element, "p", {"class": "label"})
        label.text = AtomicString(f"{self.shapes.icon(kind.icon)} {kind.label}")
        body = etree.SubElement(element, "div", {"class": "body"})
        body.extend(children)


class Tables(Treeprocessor):
    """A table scrolls inside a named group; figures go right by class, never by style."""

    def run(self, root: etree.Element) -> None:
        parents = {child: parent for parent in root.iter() for child in parent}
        heading, number = "", 0
        for element in list(root.iter()):
            if element.tag in HEADINGS:
                heading = "".join(element.itertext()).strip()
            elif element.tag == "table":
                number += 1
                caption = element.find("caption")
                what = "".join(caption.itertext()).strip() if caption is not None else heading
                self._wrap(element, parents[element], f"Tabla {number}" + (f": {what}" if what else ""))
            elif element.tag in ("th", "td"):
                self._shape_cell(element)

    @staticmethod
    def _wrap(table: etree.Element, parent: etree.Element, name: str) -> None:
        wide = etree.Element("div", {"class": "wide", "tabindex": "0", "role": "group", "aria-label": name})
        wide.tail, table.tail = table.tail, None
        parent[list(parent).index(table)] = wide
        wide.append(table)

    @staticmethod
    def _shape_cell(cell: etree.Element) -> None:
        if align := cell.attrib.pop("align", None):
            side = {"right": "r", "center": "c"}.get(align)
            if side:
                cell.set("class", f"{cell.get('class', '')} {side}".strip())
        if cell.tag == "th" and not cell.get("scope"):
            cell.set("scope", "col")


class Anchors(Treeprocessor):
    """After the table of contents has given each heading its id: a link to it, with a name of its own."""

    def run(self, root: etree.Element) -> None:
        for element in root.iter():
            if element.tag in HEADINGS and element.get("id"):
                title = "".join(element.itertext()).strip()
                anchor = etree.SubElement(element, "a", {"class": "anchor", "href": f"#{element.get('id')}"})
                anchor.set("aria-label", f"Enlace a «{title}»")
                anchor.text = AtomicString("#")
