"""How the account pages speak: what allauth and Django's password rules say, in the words of the site."""

from __future__ import annotations

from typing import ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth import password_validation
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext


class AccountAdapter(DefaultAccountAdapter):
    error_messages: ClassVar[dict[str, object]] = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": gettext_lazy("Esta cuenta está desactivada."),
        "cannot_remove_primary_email": gettext_lazy(
            "No puedes quitar tu dirección principal: antes haz principal otra."
        ),
        "duplicate_email": gettext_lazy("Esa dirección ya está en tu cuenta."),
        "email_password_mismatch": gettext_lazy("La dirección o la contraseña no son correctas."),
        "email_taken": gettext_lazy("Esa dirección ya tiene una cuenta."),
        "enter_current_password": gettext_lazy("Esa no es tu contraseña actual."),
        "incorrect_password": gettext_lazy("La contraseña no es correcta."),
        "invalid_password_reset": gettext_lazy("El enlace ya no vale: pide otro."),
        "max_email_addresses": gettext_lazy("No puedes tener más de %d direcciones."),
        "rate_limited": gettext_lazy("Demasiadas peticiones seguidas: espera unos minutos."),
        "too_many_login_attempts": gettext_lazy(
            "Demasiados intentos fallidos: espera unos minutos o pide otra contraseña."
        ),
        "unverified_primary_email": gettext_lazy("Comprueba antes tu dirección principal."),
    }

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Whoever changed it is out, on all their machines, and comes in again."""
        return resolve_url(settings.LOGIN_URL)


class NotLikeOneself(password_validation.UserAttributeSimilarityValidator):
    def get_help_text(self) -> str:
        return _("Que no se parezca a tu nombre ni a tu correo.")


class LongEnough(password_validation.MinimumLengthValidator):
    def get_help_text(self) -> str:
        return ngettext("Al menos %(length)d carácter.", "Al menos %(length)d caracteres.", self.min_length) % {
            "length": self.min_length
        }


class NotCommon(password_validation.CommonPasswordValidator):
    def get_help_text(self) -> str:
        return _("Que no sea de las que usa mucha gente.")


class NotOnlyDigits(password_validation.NumericPasswordValidator):
    def get_help_text(self) -> str:
        return _("Que no sean solo cifras.")
