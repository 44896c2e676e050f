"""Filters that write quantities the Spanish way: 2 h 30 min, 16 KiB, 0,3 s, 7,5. Dates are Django's."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django import template
from django.utils import timezone
from django.utils.formats import number_format

register = template.Library()

NOTHING = "—"
UNITS = ("KiB", "MiB", "GiB")


@register.filter
def hours(minutes: int | None) -> str:
    """Minutes as reading time: `40 min`, `2 h`, `2 h 30 min`."""
    if minutes is None:
        return NOTHING
    full, rest = divmod(round(minutes), 60)
    parts = [f"{full} h"] if full else []
    if rest or not full:
        parts.append(f"{rest} min")
    return " ".join(parts)


@register.filter(name="bytes")
def bytes_(size: int | None) -> str:
    """A number of bytes: `512 bytes`, `16 KiB`, `1,5 MiB`."""
    if size is None:
        return NOTHING
    if size < 1024:
        return "1 byte" if size == 1 else f"{size} bytes"
    power = min((size.bit_length() - 1) // 10, len(UNITS))
    amount = size / 1024**power
    return f"{_number(amount, 1 if amount < 10 else 0)} {UNITS[power - 1]}"


@register.filter
def seconds(duration: float | None) -> str:
    """A duration in seconds: `12 ms`, `0,3 s`, `15 s`, `1 min 5 s`."""
    if duration is None:
        return NOTHING
    if duration < 0.0995:
        return f"{round(duration * 1000)} ms"
    if duration < 59.95:
        return f"{_number(duration, 1)} s"
    minutes, rest = divmod(round(duration), 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


@register.filter
def since(moment: datetime | None) -> str:
    """How long ago that was, in the shortest way: `5 min`, `3 h`, `2 d`."""
    if moment is None:
        return NOTHING
    minutes = max(1, int((timezone.now() - moment).total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} d"


@register.filter
def points(value: Decimal | float | None) -> str:
    """Points without useless decimals: `8`, `7,5`."""
    return NOTHING if value is None else _number(float(value), 2)


@register.filter
def weight(minutes: int | None) -> str:
    """The class of a segment of sequence space, one unit an hour: `w1` to `w6`."""
    return f"w{min(max(round((minutes or 0) / 60), 1), 6)}"


def _number(value: float, decimals: int) -> str:
    written = number_format(round(value, decimals), decimal_pos=decimals, use_l10n=True, force_grouping=False)
    return written.rstrip("0").rstrip(",.") if decimals else written
