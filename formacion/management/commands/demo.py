"""Make the demo accounts: a student, an instructor and an admin in the open cohort of every course."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from courses.models import Cohort, Course, Enrollment, Teaching
from formacion import env
from formacion.models import User

ACCOUNTS = {
    "estudiante@demo.test": "Elena Ruiz",
    "instructora@demo.test": "Inés Robles",
    "admin@demo.test": "Alma Duarte",
}


def password() -> str:
    """The demo accounts' password, from DEMO_PASSWORD."""
    return env.text("DEMO_PASSWORD", "formacion-demo")


def make_account(email: str, name: str) -> User:
    """The account with a confirmed address; its password is set again only where it differs."""
    user = User.objects.filter(email=email).first() or User.objects.create_user(email, name=name)
    if not user.check_password(password()):
        user.set_password(password())
    user.is_staff = user.is_superuser = email.startswith("admin@")
    user.save()
    EmailAddress.objects.update_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
    return user


class Command(BaseCommand):
    help = "Crea las cuentas de demostración (solo con DEMO=1)."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Las cuentas de demostración solo se crean con DEMO=1.")
        student, instructor, _ = (make_account(email, name) for email, name in ACCOUNTS.items())
        for course in Course.objects.all():
            cohort = course.cohorts.filter(is_open=True).first() or Cohort.objects.create(
                course=course, name="Demostración", is_open=True
            )
            Teaching.objects.get_or_create(user=instructor, cohort=cohort)
            Enrollment.objects.get_or_create(user=student, course=course, defaults={"cohort": cohort})
        if options["verbosity"]:
            self.stdout.write("Cuentas de demostración: " + ", ".join(ACCOUNTS))
