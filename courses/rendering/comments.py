"""From what a student writes (notes, questions, comments) to HTML: `render_comment`."""

from contextlib import suppress
from html import escape

from markdown import Markdown

from courses.rendering.fences import PLAIN, Fence, Fences
from courses.rendering.highlighting import UnknownLanguage, highlight
from courses.rendering.sanitising import sanitise_comment


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
            },
            "pymdownx.tilde": {"subscript": False},
        },
    )
    md.preprocessors.deregister("html_block")
    md.inlinePatterns.deregister("html")
    for block in ("hashheader", "setextheader"):
        md.parser.blockprocessors.deregister(block)
    return sanitise_comment(fences.put_in(md.convert(source), _code_html))


def _code_html(fence: Fence) -> str:
    code = escape(fence.source, quote=False)
    if fence.language not in PLAIN:
        with suppress(UnknownLanguage):
            code = highlight(fence.source, fence.language)
    return f"<pre><code>{code}</code></pre>"
