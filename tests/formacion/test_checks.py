"""Configuration that is wrong is named with its remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from formacion import checks

RIGHT = {
    "SECRET_KEY": "abcdefghij" * 5,
    "BROKER_URL": "redis://queue.example/0",
    "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
    "ALLOWED_HOSTS": ["formacion.example"],
}
ON_CONSOLE = {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
AT_HOME = {"ALLOWED_HOSTS": ["127.0.0.1", "localhost"]}


@pytest.fixture(autouse=True)
def database(settings, monkeypatch):
    """The settings of a database that nobody opens."""
    mine = {"ENGINE": "django.db.backends.postgresql"}
    monkeypatch.setitem(settings.DATABASES, "default", mine)
    return mine


def test_the_defaults_are_right():
    assert checks.broker_is_known() == []
    assert checks.leases_outlast_heartbeats() == []


@pytest.mark.parametrize(
    ("changes", "check", "code"),
    [
        ({"BROKER_URL": "sqs://"}, checks.broker_is_known, "formacion.E001"),
        ({"PRODUCTION": True, "BROKER_URL": ""}, checks.broker_is_known, "formacion.W001"),
        ({"DEMO": True, "PRODUCTION": True}, checks.demo_stays_at_home, "formacion.E003"),
        ({"PRODUCTION": True, "SECRET_KEY": "corta"}, checks.secret_key_is_strong, "formacion.E004"),
        ({"PRODUCTION": True, "SECRET_KEY": "aaab" * 20}, checks.secret_key_is_strong, "formacion.E004"),
        ({"PRODUCTION": True, **ON_CONSOLE}, checks.production_has_its_services, "formacion.W004"),
        ({"PRODUCTION": True, **AT_HOME}, checks.production_has_its_services, "formacion.W005"),
        ({"BASE_DIR": Path("/nowhere")}, checks.front_end_is_built, "formacion.W006"),
        ({"LEASE_SECONDS": 10}, checks.leases_outlast_heartbeats, "formacion.E002"),
        (
            {"MAX_RUNNING_PER_USER": 5, "MAX_PENDING_PER_USER": 3},
            checks.leases_outlast_heartbeats,
            "formacion.W002",
        ),
    ],
)
def test_a_wrong_setting_is_named_with_its_remedy(settings, changes, check, code):
    for name, value in (RIGHT | changes).items():
        setattr(settings, name, value)
    [found] = check()
    assert found.id == code
    assert found.hint


def test_sqlite_in_production_is_named(settings, database):
    for name, value in {**RIGHT, "PRODUCTION": True}.items():
        setattr(settings, name, value)
    database["ENGINE"] = "django.db.backends.sqlite3"
    assert [found.id for found in checks.production_has_its_services()] == ["formacion.W003"]


def test_a_right_production_has_nothing_to_say(settings):
    for name, value in {**RIGHT, "PRODUCTION": True}.items():
        setattr(settings, name, value)
    for check in (
        checks.broker_is_known,
        checks.demo_stays_at_home,
        checks.secret_key_is_strong,
        checks.production_has_its_services,
    ):
        assert check() == []


def test_a_folder_that_jails_cannot_reach_is_named(settings, tmp_path):
    settings.SANDBOX_DIR = tmp_path / "hidden" / "jails"
    assert checks.jails_reach_their_files() == []
    settings.SANDBOX_DIR.mkdir(parents=True, mode=0o711)
    settings.SANDBOX_DIR.parent.chmod(0o700)
    [found] = checks.jails_reach_their_files()
    assert found.id == "formacion.W007"
    assert str(settings.SANDBOX_DIR.parent) in found.msg or str(tmp_path) in found.msg
