"""The demo accounts are there, with the password that was asked for, however often the command runs."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from formacion.management.commands import demo
from formacion.models import User


@pytest.mark.django_db
def test_all_accounts_log_in_with_the_demo_password_also_after_a_change(settings, monkeypatch):
    settings.DEMO = True
    call_command("demo", verbosity=0)
    somebody = User.objects.get(email="instructora@demo.test")
    somebody.set_password("otra cosa bien larga")
    somebody.save()
    monkeypatch.setenv("DEMO_PASSWORD", "la de hoy, distinta")
    call_command("demo", verbosity=0)
    assert all(User.objects.get(email=email).check_password("la de hoy, distinta") for email in demo.ACCOUNTS)
    assert [user.email for user in User.objects.filter(is_superuser=True)] == ["admin@demo.test"]


@pytest.mark.django_db
def test_without_demo_no_account_is_made(settings):
    settings.DEMO = False
    with pytest.raises(CommandError):
        call_command("demo")
    assert not User.objects.exists()
