"""From the Markdown of a document to the HTML that readers get: `render`."""

import posixpath
import re
import secrets
from collections.abc import Callable
from html import escape, unescape
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as etree

from markdown import Markdown
from markdown.extensions import Extension
from markdown.extensions.toc import TocExtension
from markdown.extensions.toc import slugify as ascii_slug
from markdown.inlinepatterns import InlineProcessor
from markdown.serializers import to_html_string
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString

from courses.rendering.captions import tame_captions
from courses.rendering.chips import build_chip, name_files
from courses.rendering.diagrams import BadDiagram, render_diagram
from courses.rendering.fences import Fence, Fences, code_html
from courses.rendering.interface import (
    CitedReference,
    EnvoyConfig,
    Heading,
    Link,
    Problem,
    RenderContext,
    Rendered,
)
from courses.rendering.locating import Places
from courses.rendering.markup import KINDS, Shapes
from courses.rendering.references import BadReference, Reference, parse_reference, parse_reference_list
from courses.rendering.sanitising import sanitise


def _words(text: str) -> list[str]:
    return text.split()


VERSION = 1  # of the HTML: raise it when stored documents have to be rendered again

EXTENSIONS = _words(
    "attr_list def_list tables footnotes md_in_html sane_lists admonition abbr pymdownx.details "
    "pymdownx.superfences pymdownx.highlight pymdownx.inlinehilite pymdownx.tabbed pymdownx.tasklist "
    "pymdownx.keys pymdownx.mark pymdownx.tilde pymdownx.caret pymdownx.betterem pymdownx.blocks.caption"
)
TITLE_LINE = re.compile(r"#(?!#)\s*\S")
NOT_PROSE = re.compile(r"<(pre|header)\b.*?</\1>", re.DOTALL)
TAG = re.compile(r"<[^>]*>")
WORD = re.compile(r"\w+(?:[-'’.]\w+)*")


def render(source: str, context: RenderContext, *, first_line: int = 1) -> Rendered:
    """Render a document's body, which begins at line `first_line` of its file.

    Never raises for what an author wrote: that is in `problems`. Raises DrawerBroken when our drawing does
    not work.
    """
    try:
        return _Rendering(source, context, first_line).finish()
    except RecursionError:
        message = "Las listas o las citas están anidadas en demasiados niveles: quita alguno"
        return Rendered("", (), (), (Problem(first_line, message),), (), (), frozenset(), 0)


class _Rendering:
    """One rendering: what it found on the way, and the steps in their order."""

    def __init__(self, source: str, context: RenderContext, first_line: int) -> None:
        self.source = source.replace("\r\n", "\n")
        self.context = context
        self.places = Places(self.source, first_line)
        self.fences = Fences()
        self.token = secrets.token_hex(16)
        self.problems: list[Problem] = []
        self.cited: list[CitedReference] = []
        self.links: list[Link] = []
        self.fragments: list[tuple[int, str]] = []
        self.anchors: set[str] = set()
        self.diagrams: list[tuple[Fence, int]] = []
        self.envoy_configs: list[EnvoyConfig] = []
        self.blocks = 0
        self.file_names: dict[str, str] = {}
        self.reference_addresses: set[str] = set()

    def finish(self) -> Rendered:
        for line in self.places.of_lines(TITLE_LINE):
            self.refuse(line, "el título va en la cabecera (title:): empieza las secciones con «##»")
        tamed = tame_captions(self.source, self.places.prose())
        for index in tamed.refused:
            message = (
                "una leyenda va sola, al principio de la línea: «/// caption», su texto y «///» para cerrarla"
            )
            self.refuse(self.places.in_file(index), message)
        md = self.converter()
        html = md.convert(tamed.source)
        html = self.fences.put_in(html, self.fence_html)
        html = sanitise(html, rewrite=self.rewrite, quick=self.context.quick)
        words = len(WORD.findall(unescape(TAG.sub("", NOT_PROSE.sub(" ", html))).replace(self.token, " ")))
        html = self.put_in_icons(html)
        html = self.put_in_diagrams(html)
        for line, fragment in self.fragments:
            if fragment not in self.anchors:
                written = fragment.removeprefix(self.context.id_prefix)
                self.refuse(line, f"no hay ninguna sección «#{written}» en este documento")
        return Rendered(
            html=html,
            contents=self.contents(md.toc_tokens),
            references=tuple(sorted(self.cited, key=lambda cited: cited.line)),
            problems=tuple(sorted(set(self.problems), key=lambda p: (p.line, p.message))),
            links=tuple(self.links),
            envoy_configs=tuple(self.envoy_configs),
            anchors=frozenset(self.anchors),
            words=words,
        )

    def refuse(self, line: int, message: str) -> None:
        self.problems.append(Problem(line, message[:1].upper() + message[1:]))

    # Markdown

    def converter(self) -> Markdown:
        return Markdown(
            output_format="html",
            extensions=[
                *EXTENSIONS,
                TocExtension(toc_depth="2-3", slugify=self.slugify),
                Shapes(icon=self.icon_marker, on_unknown_kind=self.refuse_kind),
                _References(self.is_meant_as_reference, self.cite_in_tree),
            ],
            extension_configs={
                "tables": {"use_align_attribute": True},
                "footnotes": {"BACKLINK_TITLE": "Volver a la nota {}"},
                "pymdownx.superfences": {
                    "custom_fences": self.fences.configuration(),
                    "disable_indented_code_blocks": True,
                    "relaxed_headers": True,
                    "preserve_tabs": True,
                },
                "pymdownx.highlight": {"linenums_style": "pymdownx-inline", "use_pygments": True},
                "pymdownx.inlinehilite": {"css_class": "inline-code"},
                "pymdownx.tabbed": {"alternate_style": True},
            },
        )

    def slugify(self, title: str, separator: str) -> str:
        found = ascii_slug(title, separator) or "seccion"
        return f"seccion{separator}{found}" if found in self.context.page_ids else found

    def refuse_kind(self, name: str) -> None:
        known = ", ".join(sorted({kind.css_class for kind in KINDS.values()}))
        self.refuse(self.places.of_text(f"!!! {name}"), f"no hay avisos de la clase «{name}»; las hay: {known}")

    def contents(self, tokens: list[dict[str, object]]) -> tuple[Heading, ...]:
        headings: list[Heading] = []
        for token in tokens:
            anchor = self.context.id_prefix + str(token["id"])
            if anchor in self.anchors:
                headings.append(Heading(int(str(token["level"])), anchor, unescape(str(token["name"]))))
            headings += self.contents(token["children"])  # type: ignore[arg-type]
        return tuple(headings)

    # Code references

    def is_meant_as_reference(self, text: str) -> bool:
        try:
            return self.parse_reference(text) is not None
        except BadReference:
            return True

    def parse_reference(self, text: str) -> Reference | None:
        return parse_reference(text, self.context.repositories, self.context.default_repository)

    def cite_in_tree(self, root: etree.Element) -> None:
        """Turn inline code that is a reference into its chip."""
        parents = {child: parent for parent in root.iter() for child in parent}
        found: list[tuple[etree.Element, Reference, int]] = []
        for element in root.iter("code"):
            if element.get("class") != _References.MARK:
                continue
            del element.attrib["class"]
            text, line = element.text or "", self.places.of_text(f"`{element.text}`")
            try:
                reference = self.parse_reference(text)
            except BadReference as bad:
                self.refuse(line, str(bad))
            else:
                if reference:
                    found.append((element, reference, line))
        in_lists = (self.references_in(fence) or [] for fence in self.fences.held)
        listed = [r for pairs in in_lists for _, r in pairs if isinstance(r, Reference)]
        self.file_names = name_files(r.path for r in [*(r for _, r, _ in found), *listed])
        for element, reference, line in found:
            chip = self.chip(self.cite(reference, line), names_symbol=False)
            if self.is_inside_link(element, parents):
                continue
            chip.tail = element.tail
            parent = parents[element]
            parent[list(parent).index(element)] = chip

    @staticmethod
    def is_inside_link(element: etree.Element, parents: dict[etree.Element, etree.Element]) -> bool:
        while (parent := parents.get(element)) is not None:
            if parent.tag == "a":
                return True
            element = parent
        return False

    def cite(self, reference: Reference, line: int) -> CitedReference:
        row = self.context.lock.get(reference)
        if row is None:
            if spelling := self.context.lock.differently_spelled(reference):
                self.refuse(
                    line, f"«{reference}» contradice a references.tsv, donde el fichero es «{spelling}»"
                )
            cited = CitedReference(reference, line, "unchecked")
        else:
            cited = CitedReference(reference, line, "locked", row.symbol or None, row.sha256)
        self.cited.append(cited)
        return cited

    def chip(self, cited: CitedReference, *, names_symbol: bool) -> etree.Element:
        address = self.context.reference_url(cited.repository, cited.path, cited.first, cited.last)
        self.reference_addresses.add(address)
        return build_chip(
            cited,
            address=address,
            file_name=self.file_names.get(cited.path, cited.reference.file_name),
            names_repository=cited.repository != self.context.default_repository,
            names_symbol=names_symbol,
        )

    def references_in(self, fence: Fence) -> list[tuple[int, Reference | BadReference]] | None:
        if fence.language not in ("", "text") or fence.title:
            return None
        return parse_reference_list(fence.source, self.context.repositories, self.context.default_repository)

    # Fences

    def fence_html(self, fence: Fence) -> str:
        line = self.places.of_fence(fence.source)
        if "mermaid" in (fence.language, *fence.classes):
            self.diagrams.append((fence, line))
            return f'<p class="diagram-{self.token}-{len(self.diagrams) - 1}"></p>'
        if listed := self.references_in(fence):
            return self.reference_list_html(listed, line)
        if "envoy" in (fence.language, *fence.classes):
            self.envoy_configs.append(EnvoyConfig(line + 1, fence.title, fence.source))
        self.blocks += 1
        faults: list[str] = []
        html = code_html(fence, self.blocks, faults)
        for fault in faults:
            self.refuse(line, fault)
        return html

    def reference_list_html(self, listed: list[tuple[int, Reference | BadReference]], line: int) -> str:
        items = []
        for offset, reference in listed:
            if isinstance(reference, BadReference):
                self.refuse(line + offset, str(reference))
                continue
            chip = self.chip(self.cite(reference, line + offset), names_symbol=True)
            items.append(f"<li>{to_html_string(chip)}</li>")
        return f'<ul class="reflist" aria-label="Código citado">{"".join(items)}</ul>'

    # Links, ids and what else the sanitiser lets through

    def rewrite(self, tag: str, name: str, value: str) -> str | None:
        prefix = self.context.id_prefix
        if name == "id":
            if value in self.context.page_ids or value.startswith(("i-", "dg")):
                return None
            if prefix + value in self.anchors:
                return None
            self.anchors.add(prefix + value)
            return prefix + value
        if name in ("for", "name"):
            return prefix + value
        if tag == "a" and name == "href":
            return self.link_address(value)
        if tag == "img" and name == "src":
            return self.image_address(value)
        return value

    def link_address(self, target: str) -> str | None:
        if target.startswith("#"):
            fragment = self.context.id_prefix + unquote(target[1:])
            if fragment != self.context.id_prefix and not fragment.startswith(f"{self.context.id_prefix}fn"):
                self.fragments.append((self.places.of_text(target), fragment))
            return f"#{self.context.id_prefix}{target[1:]}"
        return self.course_address(target, "el enlace")

    def image_address(self, target: str) -> str | None:
        if urlsplit(target).scheme or target.startswith("//"):
            message = f"la imagen «{target}» está fuera del curso y no se verá: guárdala junto al documento"
            self.refuse(self.places.of_text(target), message)
            return None
        return self.course_address(target, "la imagen")

    def course_address(self, target: str, what: str) -> str | None:
        """The site's address of a relative link; others stay as they are."""
        parts = urlsplit(target)
        if parts.scheme or target.startswith("/") or self.is_own_reference(target):
            return target
        line = self.places.of_text(target)
        path = posixpath.normpath(posixpath.join(posixpath.dirname(self.context.path), unquote(parts.path)))
        if path.startswith("../") or path == "..":
            self.refuse(line, f"{what} «{target}» sale de la carpeta del curso")
            return None
        address = self.context.address_of(path)
        if address is None:
            self.refuse(line, f"{what} «{target}» lleva a «{path}», que no está en el curso: revisa la ruta")
            return None
        self.links.append(Link(path, parts.fragment, line))
        return (
            address
            + (f"?{parts.query}" if parts.query else "")
            + (f"#{parts.fragment}" if parts.fragment else "")
        )

    def is_own_reference(self, target: str) -> bool:
        return target in self.reference_addresses

    # What no sanitiser sees: our own icons and drawings, at markers that nobody can guess

    def icon_marker(self, name: str) -> str:
        return f"icon-{self.token}-{name}-icon"

    def put_in_icons(self, html: str) -> str:
        def icon(marker: re.Match[str]) -> str:
            return (
                f'<svg class="icon" aria-hidden="true" viewBox="0 0 24 24"><use href="#i-{marker[1]}"/></svg>'
            )

        return re.sub(rf"icon-{self.token}-([a-z-]+)-icon", icon, html)

    def put_in_diagrams(self, html: str) -> str:
        drawn: dict[str, int] = {}
        number = 0

        def figure(marker: re.Match[str]) -> str:
            nonlocal number
            fence, line = self.diagrams[int(marker[1])]
            try:
                diagram = render_diagram(fence.source, self.context.diagram_store)
            except BadDiagram as bad:
                for fault in bad.faults:
                    self.refuse(line + (fault.line or 0), fault.message)
                return _broken_diagram_html(fence.source, bad)
            number += 1
            times = drawn[diagram.prefix] = drawn.get(diagram.prefix, 0) + 1
            prefix = f"{self.context.id_prefix}{diagram.prefix}" + (f"x{times}" if times > 1 else "")
            svg = diagram.svg.replace(diagram.prefix, prefix)
            view_box = re.search(r'viewBox="[^"]*"', svg)
            return _diagram_html(
                svg, view_box[0] if view_box else "", prefix, number, fence.title or diagram.title
            )

        return re.sub(rf'<p class="diagram-{self.token}-(\d+)"></p>', figure, html)


def _icon(name: str) -> str:
    return f'<svg class="icon" aria-hidden="true" viewBox="0 0 24 24"><use href="#i-{name}"/></svg>'


def _diagram_html(svg: str, view_box: str, prefix: str, number: int, caption: str) -> str:
    """The drawing once; enlarged, it is the same one again by `<use>`, in a native popover."""
    said = escape(caption)
    return (
        f'<figure class="diagram dgm-frame"><div class="scroll" tabindex="0" role="group" '
        f'aria-label="Figura {number}: {said}">{svg}</div>'
        f"<figcaption><span><b>Figura {number}.</b> {said}</span>"
        f'<button class="btn quiet" type="button" popovertarget="{prefix}-z" '
        f'aria-label="Ampliar la figura {number}">{_icon("maximize-2")} Ampliar</button></figcaption>'
        f'<div class="zoom" id="{prefix}-z" popover role="dialog" aria-label="Figura {number} ampliada">'
        f'<button class="btn" type="button" popovertarget="{prefix}-z" popovertargetaction="hide">'
        f"{_icon('x')} Cerrar</button>"
        f'<svg class="dgm" {view_box} role="img" aria-labelledby="{prefix}-t" aria-describedby="{prefix}-d">'
        f'<use href="#{prefix}"/></svg></div></figure>'
    )


def _broken_diagram_html(source: str, bad: BadDiagram) -> str:
    """What a preview shows in the place of a diagram that cannot be drawn."""
    text = escape(source, quote=False)
    faults = "".join(f"<li>{escape(fault.message)}</li>" for fault in bad.faults)
    return (
        f'<div class="diagram-error" role="note"><p>Este diagrama no se puede dibujar:</p><ul>{faults}</ul>'
        f'<pre tabindex="0" role="group" aria-label="Diagrama con errores">{text}</pre></div>'
    )


class _References(Extension):
    """Marks inline code that is meant as a reference, and shows `cite_in_tree` the tree that has it.

    The mark is needed because inlinehilite stashes inline code, where no tree processor sees it.
    """

    MARK = "meant-as-reference"
    INLINE_CODE = r"(?<![\\`])(`+)([^`\s]+)\1(?!`)"

    def __init__(
        self, is_meant_as_reference: Callable[[str], bool], cite_in_tree: Callable[[etree.Element], None]
    ) -> None:
        super().__init__()
        self.is_meant_as_reference = is_meant_as_reference
        self.cite_in_tree = cite_in_tree

    def extendMarkdown(self, md: Markdown) -> None:
        md.inlinePatterns.register(
            _Marker(self.INLINE_CODE, md, self.is_meant_as_reference), "formacion_marker", 191
        )
        md.treeprocessors.register(_Seer(md, self.cite_in_tree), "formacion_references", 15.5)


class _Marker(InlineProcessor):
    def __init__(self, pattern: str, md: Markdown, is_meant_as_reference: Callable[[str], bool]) -> None:
        super().__init__(pattern, md)
        self.is_meant_as_reference = is_meant_as_reference

    def handleMatch(
        self, m: re.Match[str], data: str
    ) -> tuple[etree.Element, int, int] | tuple[None, None, None]:
        if not self.is_meant_as_reference(m[2]):
            return None, None, None
        code = etree.Element("code", {"class": _References.MARK})
        code.text = AtomicString(m[2])
        return code, m.start(0), m.end(0)


class _Seer(Treeprocessor):
    def __init__(self, md: Markdown, see: Callable[[etree.Element], None]) -> None:
        super().__init__(md)
        self.see = see

    def run(self, root: etree.Element) -> None:
        self.see(root)
