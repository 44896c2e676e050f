"""GET /healthz: what outsiders rely on."""

from __future__ import annotations

import json

import pytest
from django.db import DatabaseError
from django.utils import timezone

from exercises import judging
from exercises.models import Worker
from formacion import health

pytestmark = [pytest.mark.db, pytest.mark.django_db]


class Broker:
    def __init__(self, answers: bool) -> None:
        self._answers = answers

    def answers(self) -> bool:
        return self._answers


@pytest.fixture
def broker_answers(monkeypatch):
    monkeypatch.setattr(health, "_broker", Broker(True))


def make_worker(**fields):
    now = timezone.now()
    defaults = {"started_at": now, "beat_at": now, "can_grade": True}
    return Worker.objects.create(name="w@uno", **{**defaults, **fields})


def ask(client):
    answer = client.get("/healthz")
    return answer.status_code, json.loads(answer.content)


def test_all_is_well_where_database_broker_and_worker_answer(client, broker_answers):
    make_worker()
    status, told = ask(client)
    assert status == 200
    assert told == {"status": "ok", "database": "ok", "broker": "ok", "worker": "ok", "grading": "on"}


def test_without_a_worker_it_is_unavailable_and_says_so(client, broker_answers):
    status, told = ask(client)
    assert (status, told["missing"], told["grading"]) == (503, ["worker"], "off")


def test_a_worker_that_was_not_heard_of_for_a_while_does_not_answer(client, broker_answers):
    make_worker(beat_at="2026-01-01T00:00Z")
    assert ask(client)[1]["missing"] == ["worker"]


def test_without_a_broker_it_is_unavailable_and_says_so(client, monkeypatch):
    make_worker()
    monkeypatch.setattr(health, "_broker", Broker(False))
    status, told = ask(client)
    assert (status, told["missing"]) == (503, ["broker"])


def test_without_a_database_it_is_unavailable_and_says_so(client, broker_answers, monkeypatch):
    def breaks():
        raise DatabaseError("could not connect to server as formacion")

    monkeypatch.setattr(judging, "grading_state", breaks)
    status, told = ask(client)
    assert (status, told["missing"]) == (503, ["database", "worker"])
    assert "formacion" not in json.dumps(told)


def test_a_worker_whose_machine_cannot_run_a_jail_is_well_and_grading_is_off(client, broker_answers):
    make_worker(can_grade=False, reason="No hay nsjail.", warnings=[{"what": "a.", "remedy": "b."}])
    status, told = ask(client)
    assert (status, told["grading"], told["reason"]) == (200, "off", "No hay nsjail.")
    assert told["warnings"] == ["a. b."]


def test_it_asks_the_database_once_and_nobody_keeps_the_answer(
    client, broker_answers, django_assert_num_queries
):
    make_worker()
    with django_assert_num_queries(1):
        answer = client.get("/healthz")
    assert "no-store" in answer["Cache-Control"]


def test_only_looking_is_allowed(client):
    assert client.post("/healthz").status_code == 405


def test_a_broker_that_answers_is_not_asked_again_at_once(monkeypatch):
    broker = health._Broker()
    asked = []
    monkeypatch.setattr(broker, "_ask", lambda: not asked.append(1))
    assert broker.answers()
    assert broker.answers()
    assert len(asked) == 1


def test_a_broker_that_is_away_is_asked_again_each_time(monkeypatch):
    broker = health._Broker()
    asked = []
    monkeypatch.setattr(broker, "_ask", lambda: bool(asked.append(1)))
    assert not broker.answers()
    assert not broker.answers()
    assert len(asked) == 2
