"""allauth's forms that take a password twice, saying in our words that the two differ."""

from __future__ import annotations

from typing import Any

from allauth.account import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


class Twice:
    """Before one of allauth's forms: what fields refuse are ValidationErrors, this alone is a text."""

    def add_error(self, field: str | None, error: Any) -> None:
        if field == "password2" and not isinstance(error, ValidationError):
            error = _("No es igual que la anterior.")
        super().add_error(field, error)  # type: ignore[misc]


class SignupForm(Twice, forms.SignupForm):
    pass


class ChangePasswordForm(Twice, forms.ChangePasswordForm):
    pass


class SetPasswordForm(Twice, forms.SetPasswordForm):
    pass


class ResetPasswordKeyForm(Twice, forms.ResetPasswordKeyForm):
    pass
