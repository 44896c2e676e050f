"""Configuration that is wrong is named with its remedy."""

from __future__ import annotations

import pytest

from formacion import checks


def test_the_defaults_are_right():
    assert checks.broker_is_known() == []
    assert checks.leases_outlast_heartbeats() == []


@pytest.mark.parametrize(
    ("changes", "check", "code"),
    [
        ({"BROKER_URL": "sqs://"}, checks.broker_is_known, "formacion.E001"),
        ({"PRODUCTION": True, "BROKER_URL": ""}, checks.broker_is_known, "formacion.W001"),
        ({"DEMO": True, "PRODUCTION": True}, checks.demo_stays_at_home, "formacion.E003"),
        ({"LEASE_SECONDS": 10}, checks.leases_outlast_heartbeats, "formacion.E002"),
        (
            {"MAX_RUNNING_PER_USER": 5, "MAX_PENDING_PER_USER": 3},
            checks.leases_outlast_heartbeats,
            "formacion.W002",
        ),
    ],
)
def test_a_wrong_setting_is_named_with_its_remedy(settings, changes, check, code):
    for name, value in changes.items():
        setattr(settings, name, value)
    [found] = check()
    assert found.id == code
    assert found.hint
