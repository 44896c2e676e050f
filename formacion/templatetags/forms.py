"""What templates need of a form beyond Django's own attributes."""

from __future__ import annotations

from django import template
from django.forms import BoundField
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def control(field: BoundField) -> SafeString:
    """The control of a field without a placeholder: the label says the same, and stays when one types."""
    return field.as_widget(attrs={"placeholder": False})
