"""Where a page lies among the places of the bar, told by its address."""

from __future__ import annotations

import re

from django import template

register = template.Library()

PLACES = (
    ("home", re.compile(r"/$")),
    ("exercises", re.compile(r"/(ejercicios|entregas)/|/cursos/[^/]+/ejercicios/")),
    ("course", re.compile(r"/cursos/")),
    ("review", re.compile(r"/revision/")),
)


@register.filter
def place(path: str | None) -> str:
    """`home`, `course`, `exercises`, `review`, or nothing."""
    return next((name for name, pattern in PLACES if pattern.match(path or "")), "")
