"""From what a student writes (notes, questions, comments) to HTML: `render_comment`."""

import re
from contextlib import suppress
from html import escape
from xml.etree import ElementTree as etree

from markdown import Markdown
from markdown.inlinepatterns import LINK_RE, LinkInlineProcessor

from courses.rendering.fences import PLAIN, Fence, Fences
from courses.rendering.highlighting import UnknownLanguage, highlight
from courses.rendering.sanitising import sanitise_comment

LONGEST_LINK = 500  # characters, its text and its address together


def render_comment(source: str) -> str:
    """Text, lists, quotes, code and links. No raw HTML, no images, no headings, no attributes, no ids.

    Costs what its length costs: callers limit it.
    """
    fences = Fences()
    md = Markdown(
        output_format="html",
        extensions=["sane_lists", "pymdownx.betterem", "pymdownx.tilde", "pymdownx.superfences"],
        extension_configs={
            "pymdownx.superfences": {
                "custom_fences": fences.configuration(),
                "disable_indented_code_blocks": True,
                "relaxed_headers": True,
                "preserve_tabs": True,
            },
            "pymdownx.tilde": {"subscript": False},
        },
    )
    md.preprocessors.deregister("html_block")
    for pattern in ("html", "image_link", "image_reference", "short_image_ref", "reference", "short_reference"):
        md.inlinePatterns.deregister(pattern)
    md.inlinePatterns.register(_ShortLink(LINK_RE, md), "link", 160)
    for block in ("hashheader", "setextheader"):
        md.parser.blockprocessors.deregister(block)
    return sanitise_comment(fences.put_in(md.convert(source), _code_html))


class _ShortLink(LinkInlineProcessor):
    """Looks for the end of a link only so far: Markdown's own search takes seconds for a page of brackets."""

    def handleMatch(
        self, m: re.Match[str], data: str
    ) -> tuple[etree.Element, int, int] | tuple[None, None, None]:
        near = data[: m.end() + LONGEST_LINK]
        return super().handleMatch(m, near) if "]" in near[m.end() :] else (None, None, None)


def _code_html(fence: Fence) -> str:
    code = escape(fence.source, quote=False)
    if fence.language not in PLAIN:
        with suppress(UnknownLanguage):
            code = highlight(fence.source, fence.language)
    return f"<pre><code>{code}</code></pre>"
