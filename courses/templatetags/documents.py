"""What surrounds a document and changes only with it: drawn once for each state of it, then remembered."""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from courses.models import Document
from courses.outline import Segment, Tree
from courses.pointing import Chip

register = template.Library()


@register.simple_tag
def draw_tree(tree: Tree) -> SafeString:
    """The index beside the text. Equal trees are one drawing: the value is the key."""
    return _draw_tree(tree)


@lru_cache(maxsize=512)
def _draw_tree(tree: Tree) -> SafeString:
    return render_to_string("_components/tree.html", {"tree": tree})


@register.simple_tag
def draw_bar(segments: tuple[Segment, ...], label: str) -> SafeString:
    """Progress as sequence space. `label`: what it shows, in a sentence."""
    return _draw_bar(segments, str(label))


@lru_cache(maxsize=2048)
def _draw_bar(segments: tuple[Segment, ...], label: str) -> SafeString:
    return render_to_string("_components/progress.html", {"segments": segments, "label": label})


_margins: dict[tuple[str, str, bool], SafeString] = {}
MOST_MARGINS = 1000


@register.simple_tag
def draw_margin(document: Document, shows_checks: bool) -> SafeString:
    """Contents and cited code. `shows_checks`: say which references nobody could compare with the code.

    Both come with the rendering, so that its fingerprint is the key; what has none is drawn each time.
    """
    key = document.course.slug, document.renderer_version, shows_checks
    if key in _margins:
        return _margins[key]
    cited = [Chip.of(document.course.slug, row, shows_check=shows_checks) for row in document.cited]
    drawn = render_to_string("_components/contents.html", {"contents": document.contents, "cited": cited})
    if document.renderer_version:
        if len(_margins) >= MOST_MARGINS:
            _margins.clear()
        _margins[key] = drawn
    return drawn
