"""The user: logs in with an e-mail address, keeps preferences. What people do hangs on their Enrollment."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager["User"]):
    """Makes users by e-mail address; there is no user name."""

    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        if not email:
            raise ValueError("a user needs an e-mail address")
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, **{**fields, "is_staff": True, "is_superuser": True})

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractUser):
    """A person. `name` is what others see; an anonymised account keeps its row and its work, not its data."""

    class Theme(models.TextChoices):
        SYSTEM = "system", _("Según el sistema")
        LIGHT = "light", _("Claro")
        DARK = "dark", _("Oscuro")

    class Editor(models.TextChoices):
        NONE = "", _("Ninguno")
        VSCODE = "vscode", _("VS Code")
        JETBRAINS = "jetbrains", _("JetBrains")

    username = None
    first_name = None
    last_name = None
    email = models.EmailField(_("correo electrónico"), unique=True)
    name = models.CharField(_("nombre"), max_length=120, blank=True)
    theme = models.CharField(_("tema"), max_length=8, choices=Theme, default=Theme.SYSTEM)
    shortcuts = models.BooleanField(_("atajos de una tecla"), default=True)
    editor = models.CharField(_("editor"), max_length=12, choices=Editor, default=Editor.NONE, blank=True)
    checkouts = models.JSONField(
        _("carpetas del código"), default=dict, blank=True, help_text=_("Repositorio: ruta en su máquina.")
    )
    time_zone = models.CharField(_("zona horaria"), max_length=64, blank=True)
    anonymised_at = models.DateTimeField(_("anonimizado"), null=True, blank=True, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    class Meta:
        verbose_name = _("persona")
        verbose_name_plural = _("personas")
        constraints = [
            models.UniqueConstraint(
                Lower("email"), name="user_email_once", violation_error_message=_("Ya hay una cuenta.")
            )
        ]

    def __str__(self) -> str:
        return self.get_full_name()

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email.partition("@")[0]
