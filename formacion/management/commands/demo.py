"""Make the demo accounts: a student, an instructor and an admin in the open cohort of every course."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth import hashers
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
    """The account, with a confirmed address."""
    user = User.objects.filter(email=email).first() or User.objects.create_user(email, name=name)
    user.is_staff = user.is_superuser = email.startswith("admin@")
    user.save()
    EmailAddress.objects.update_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
    return user


def give_passwords(users: Sequence[User]) -> None:
    """Set the demo password where it differs. To find out is made to take long: all at once, in threads."""
    with ThreadPoolExecutor() as threads:
        right = list(threads.map(lambda user: hashers.check_password(password(), user.password), users))
    for user, is_right in zip(users, right, strict=True):
        if not is_right:
            user.set_password(password())
            user.save(update_fields=["password"])


class Command(BaseCommand):
    help = "Crea las cuentas de demostración (solo con DEMO=1)."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Las cuentas de demostración solo se crean con DEMO=1.")
        users = [make_account(email, name) for email, name in ACCOUNTS.items()]
        give_passwords(users)
        student, instructor, _admin = users
        for course in Course.objects.all():
            cohort = course.cohorts.filter(is_open=True).first() or Cohort.objects.create(
                course=course, name="Demostración", is_open=True
            )
            Teaching.objects.get_or_create(user=instructor, cohort=cohort)
            Enrollment.objects.get_or_create(user=student, course=course, defaults={"cohort": cohort})
        if options["verbosity"]:
            self.stdout.write("Cuentas de demostración: " + ", ".join(ACCOUNTS))
