"""Fences -> HTML: code, text figures and lists of references. Diagrams only get their place here.

superfences calls `Fences.hold` while it reads; all it gets back is a marker. `Fences.put_in` sets the HTML in
when the document is rendered, for those markers that are still there: a fence inside an indented block never
was one.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape

from markdown import Markdown

from courses.rendering.highlighting import UnknownLanguage, highlight, language_name

PLAIN = {"", "text", "txt", "plain", "ascii"}
OPTIONS = {"title", "caption", "hl_lines", "linenums"}
RANGE = re.compile(r"(\d+)(?:-(\d+))?")


@dataclass(frozen=True)
class Fence:
    source: str
    language: str
    classes: tuple[str, ...]
    options: dict[str, str]

    @property
    def title(self) -> str:
        return self.options.get("title") or self.options.get("caption") or ""


@dataclass
class Fences:
    """The fences of one rendering."""

    held: list[Fence] = field(default_factory=list)
    token: str = field(default_factory=lambda: secrets.token_hex(16))

    def configuration(self) -> list[dict[str, object]]:
        """superfences' `custom_fences`: one that takes all."""
        return [{"name": "*", "class": "", "format": self.hold, "validator": accept_options}]

    def hold(
        self,
        source: str,
        language: str | None,
        css_class: str,
        options: dict[str, str],
        md: Markdown,
        classes: list[str] | None = None,
        id_value: str = "",
        attrs: dict[str, str] | None = None,
        **_: object,
    ) -> str:
        """Keep the fence and give superfences the marker that stands for it."""
        self.held.append(Fence(source, (language or "").lower(), tuple(classes or ()), dict(options)))
        return f'<div class="fence-{self.token}-{len(self.held) - 1}"></div>'

    def put_in(self, html: str, to_html: Callable[[Fence], str]) -> str:
        """Replace each marker, in the order of the document."""
        marker = re.compile(rf'<div class="fence-{self.token}-(\d+)"></div>')
        return marker.sub(lambda m: to_html(self.held[int(m[1])]), html)


def accept_options(
    language: str, inputs: dict[str, str], options: dict[str, str], attrs: dict[str, str], md: Markdown
) -> bool:
    """Take every option: an unknown one is told to the author, where superfences would drop the fence."""
    options.update({name: value if isinstance(value, str) else "" for name, value in inputs.items()})
    return True


def code_html(fence: Fence, number: int, faults: list[str]) -> str:
    """A block of code with its title, or a text figure. What is wrong with the fence goes to `faults`.

    The script adds *Copiar* to the header.
    """
    for unknown in sorted(fence.options.keys() - OPTIONS):
        faults.append(
            f"el bloque de código no conoce la opción «{unknown}»: quedan {', '.join(sorted(OPTIONS))}"
        )
    if fence.language in PLAIN:
        return _figure_html(fence, number)
    language, code = fence.language, escape(fence.source, quote=False)
    try:
        language = language_name(fence.language)
        code = highlight(
            fence.source,
            fence.language,
            highlighted_lines=_lines(fence.options.get("hl_lines", ""), faults),
            first_line_number=_number(fence.options.get("linenums"), faults),
        )
    except UnknownLanguage:
        faults.append(f"no hay coloreado para «{fence.language}»: revisa el nombre del lenguaje o usa «text»")
    spoken = f"Código {number}: {fence.title or language}"
    head = f"<b>{escape(fence.title)}</b>" if fence.title else f"<span>{escape(language)}</span>"
    return (
        f'<div class="code"><header>{head}</header>'
        f'<pre tabindex="0" role="group" aria-label="{escape(spoken)}"><code>{code}</code></pre></div>'
    )


def _figure_html(fence: Fence, number: int) -> str:
    spoken = f"Texto literal {number}" + (f": {fence.title}" if fence.title else "")
    caption = f"<figcaption>{escape(fence.title)}</figcaption>" if fence.title else ""
    text = escape(fence.source.strip("\n"), quote=False)
    return (
        f'<figure class="code">{caption}<pre class="figura" tabindex="0" role="group" '
        f'aria-label="{escape(spoken)}">{text}</pre></figure>'
    )


def _lines(written: str, faults: list[str]) -> list[int]:
    lines: list[int] = []
    for part in written.split():
        found = RANGE.fullmatch(part)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if not 1 <= first <= last <= 10_000:
            faults.append(
                f"no se entiende hl_lines=«{written}»: escribe números o intervalos separados por espacios"
            )
            return []
        lines += range(first, last + 1)
    return lines


def _number(written: str | None, faults: list[str]) -> int | None:
    if written is None:
        return None
    if not written.isdecimal() or not 1 <= int(written) <= 1_000_000:
        faults.append(f"no se entiende linenums=«{written}»: escribe el número de la primera línea")
        return None
    return int(written)
