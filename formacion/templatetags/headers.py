"""The header of 32 columns: `{% header label %}` around `{% fact label columns %}value{% endfact %}`.

    {% header _("Cabecera de la lección") ruler=True %}
      {% fact _("Lectura") 8 %}3 h <span class="muted">· quedan 2 h</span>{% endfact %}
      {% fact _("Tu estado") 24 state="here" %}…{% endfact %}
    {% endheader %}

A page has one ruler. Facts are as wide as 4, 6, 8, 10, 12, 16, 20, 24 or 32 columns; a row adds up to 32.
"""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

WIDTHS = frozenset({4, 6, 8, 10, 12, 16, 20, 24, 32})
STATES = {"": "", "past": " past", "here": " is-here", "todo": " todo"}
RULER = mark_safe(
    '<div class="ruler" aria-hidden="true"><span>0</span><span>8</span><span>16</span><span>24</span></div>'
)


class NoSuchWidth(template.TemplateSyntaxError):
    """A fact of a width for which there is no class."""


@register.simple_block_tag
def header(content: str, label: str, ruler: bool = False) -> SafeString:
    """The frame around facts, with a name for those who do not see it."""
    return format_html(
        '<div class="hdr" role="group" aria-label="{}">{}<dl>{}</dl></div>',
        label,
        RULER if ruler else "",
        content,
    )


@register.simple_block_tag
def fact(content: str, label: str, columns: int = 8, state: str = "", fill: bool = False) -> SafeString:
    """One field. `state`: past, here (the marker) or todo; `fill`: the whole row where there are 16 columns."""
    if columns not in WIDTHS:
        raise NoSuchWidth(f"a fact has one of {sorted(WIDTHS)} columns, not {columns!r}")
    return format_html(
        '<div class="f f-{}{}{}"><dt>{}</dt><dd>{}</dd></div>',
        columns,
        STATES[state],
        " fill" if fill else "",
        label,
        content,
    )
