"""What Django says of a field that is filled in wrongly, in our words: its own translation says *usted*."""

from __future__ import annotations

from django import forms
from django.core import validators
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy


def use_ours() -> None:
    """Set the messages that fields and validators fall back to. Once, before any form exists."""
    validators.EmailValidator.message = validators.validate_email.message = _(
        "Escribe una dirección de correo válida."
    )
    validators.MaxLengthValidator.message = ngettext_lazy(
        "Como mucho %(limit_value)d carácter: tiene %(show_value)d.",
        "Como mucho %(limit_value)d caracteres: tiene %(show_value)d.",
        "limit_value",
    )
    forms.ChoiceField.default_error_messages["invalid_choice"] = _(
        "%(value)s no es una de las opciones: elige otra."
    )
    forms.FileField.default_error_messages["empty"] = _("El archivo está vacío.")
