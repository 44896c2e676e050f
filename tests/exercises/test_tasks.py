"""The bell: one caller of the broker, that neither fails nor hangs a request."""

from __future__ import annotations

import socket
import tempfile
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from exercises import judging, tasks
from exercises.models import Grading, Worker
from tests import factories
from tests.exercises.workers import place

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def sends(monkeypatch):
    """A line whose sending is counted and fails while `error` is set."""
    line = tasks._Line()

    class Sends:
        count = 0
        error: Exception | None = None

        def __call__(self) -> None:
            self.count += 1
            if self.error:
                raise self.error

    counted = Sends()
    monkeypatch.setattr(line, "_send", counted)
    monkeypatch.setattr(tasks, "_line", line)
    return counted


pytestmark = pytest.mark.db


@pytest.mark.django_db(transaction=True)
def test_a_bell_is_rung_after_the_commit_and_not_after_a_rollback(sends):
    with transaction.atomic():
        tasks.ring()
        assert sends.count == 0
    assert sends.count == 1
    with transaction.atomic():
        tasks.ring()
        transaction.set_rollback(True)
    assert sends.count == 1


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_fails_neither_fails_the_request_nor_undoes_it(cast, sends):
    sends.error = OSError("no broker")
    with transaction.atomic():
        exercise = factories.make_exercise(cast.course)
        tasks.ring()
    assert type(exercise).objects.filter(pk=exercise.pk).exists()


def test_after_a_failure_the_line_is_silent_for_a_while(sends, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(tasks, "time", SimpleNamespace(monotonic=lambda: now[0]))
    sends.error = OSError("no broker")
    tasks._line.ring()
    tasks._line.ring()
    assert sends.count == 1
    now[0] += tasks.SILENCE_SECONDS
    sends.error = None
    tasks._line.ring()
    assert sends.count == 2


def test_a_connection_that_grew_old_is_opened_anew_and_the_bell_is_heard(sends, monkeypatch):
    class Old:
        class __connection__:
            @staticmethod
            def collect(_seconds):
                sends.error = None

    tasks._line._producer = Old()
    sends.error = ConnectionResetError("closed by the other side")
    tasks._line.ring()
    assert sends.count == 2
    tasks._line.ring()
    assert sends.count == 3


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_takes_connections_and_never_answers_lets_go(scheme):
    with socket.create_server(("127.0.0.1", 0)) as deaf, tempfile.TemporaryDirectory() as folder:
        url = f"{scheme}://127.0.0.1:{deaf.getsockname()[1]}/0"
        with place(Path(folder), url):
            tasks._line.ring()
            # without a limit of time it would never come here
            assert tasks._line._silent_until > 0


@pytest.fixture
def queue_of_three(cast):
    exercise = factories.make_exercise(cast.course)
    for enrollment in (cast.ana_enrolled, cast.blas_enrolled, cast.diego_enrolled):
        factories.make_grading(factories.make_submission(enrollment, exercise))
    return exercise


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_settled_a_row_wakes_the_next_and_the_last_wakes_nobody(
    queue_of_three, bells, monkeypatch
):
    monkeypatch.setattr(
        judging, "grade_claimed", lambda grading: Grading.objects.filter(pk=grading.pk).update(status="failed")
    )
    heard = []
    for _ in range(4):
        tasks.grade_next()
        heard.append(bells.rung)
    assert heard == [1, 2, 2, 2]


@pytest.mark.django_db(transaction=True)
def test_a_bell_that_finds_nothing_rings_nobody(bells):
    tasks.grade_next()
    assert bells.rung == 0


@pytest.mark.django_db(transaction=True)
def test_a_sweep_rings_for_free_slots(queue_of_three, bells):
    now = timezone.now()
    Worker.objects.create(name="w", started_at=now, beat_at=now, slots=2, can_grade=True)
    tasks.sweep()
    assert bells.rung == 2


@pytest.mark.django_db(transaction=True)
def test_the_sweep_can_be_done_by_hand(queue_of_three, bells):
    now = timezone.now()
    Worker.objects.create(name="w", started_at=now, beat_at=now, slots=1, can_grade=True)
    lost = judging.claim("w")
    Grading.objects.filter(pk=lost.pk).update(lease_until=now - timedelta(seconds=1))
    call_command("sweep")
    lost.refresh_from_db()
    assert (lost.status, bells.rung) == ("queued", 1)


def test_nothing_else_in_the_project_calls_the_broker():
    callers = {
        path.relative_to(ROOT).as_posix()
        for app in ("formacion", "exercises", "courses")
        for path in (ROOT / app).rglob("*.py")
        if any(
            word in path.read_text()
            for word in (".delay(", ".apply_async(", ".delay_on_commit(", ".send_task(")
        )
    }
    assert callers == {"exercises/tasks.py"}
