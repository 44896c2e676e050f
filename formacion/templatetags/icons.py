"""`{% icon %}` points at a symbol; `{% icon_sprite %}` draws all symbols, once, at the end of a page.

The names are those of static/icons.txt, from which the build draws the sprite. It is small enough (about 3 KB
compressed) to go whole into each page: then fragments that arrive later find every icon already there.
"""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path

from django import template
from django.conf import settings
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

register = template.Library()

STATIC = Path(settings.BASE_DIR) / "static"


class UnknownIcon(template.TemplateSyntaxError):
    """The name is not in static/icons.txt, so the sprite would not have it."""


@cache
def icon_names() -> frozenset[str]:
    return frozenset((STATIC / "icons.txt").read_text().split())


@register.simple_tag
def icon(name: str, label: str = "", css: str = "") -> SafeString:
    """One icon: hidden beside a word, or named by `label` where it stands alone. `css` adds classes."""
    return _draw(str(name), str(label), str(css))


@lru_cache(maxsize=512)
def _draw(name: str, label: str, css: str) -> SafeString:
    if name not in icon_names():
        raise UnknownIcon(f"no icon “{name}” in static/icons.txt")
    # escape() and not format_html(): a literal of a template counts as safe, and its label is text all the same
    named = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    classes = escape(f"icon {css}".rstrip())
    return mark_safe(f'<svg class="{classes}" {named}><use href="#i-{name}"/></svg>')


@register.simple_tag
def icon_sprite() -> SafeString:
    """All symbols, hidden. Empty as long as the front end has not been built."""
    return _sprite()


@cache
def _sprite() -> SafeString:
    try:
        # written by the build from a pinned package, not by people
        return mark_safe((STATIC / "dist" / "icons.html").read_text())
    except FileNotFoundError:
        return SafeString("")


STATES = {
    "done": ("circle-check", _("Hecha"), "st-done"),
    "part": ("circle-dot", _("Leyendo"), "st-here"),
    "open": ("circle", _("Sin abrir"), "st-open"),
    "draft": ("circle-dashed", _("En preparación"), "st-draft"),
    "lab": ("flask-conical", _("Laboratorio"), "st-lab"),
}


@register.simple_tag
def state_icon(state: str, label: str = "") -> SafeString:
    """How far someone is: `done`, `part`, `open`, `draft`, `lab`. `label` replaces the word (“Entregado”)."""
    name, word, css = STATES[state]
    return _draw(name, str(label or word), css)
