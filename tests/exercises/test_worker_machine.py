"""On which machines a worker refuses to start. What a worker does once it runs is in test_worker.py."""

from __future__ import annotations

import pytest

from exercises import worker
from exercises.sandbox.cgroups import Mode
from exercises.sandbox.machine import Enforcement, Weakness


def test_in_production_a_worker_that_cannot_limit_a_job_does_not_start(settings, monkeypatch, capsys):
    ungrouped = Enforcement(
        engine="nsjail",
        groups=Mode.NONE,
        reason=None,
        limits_memory=False,
        limits_processes=True,
        limits_cpu=False,
        filters_system_calls=True,
        separates_users=False,
        weaknesses=(Weakness("No hay grupos de control.", "Arranca el corrector como root."),),
    )
    monkeypatch.setattr(worker, "describe_machine", lambda _: ungrouped)
    settings.PRODUCTION = True
    with pytest.raises(SystemExit):
        worker.look_at_the_machine(sender=None)
    assert "No hay grupos de control. Arranca el corrector como root." in capsys.readouterr().err
