"""The queue with real workers, brokers and jails: what happens when any of them dies."""

from __future__ import annotations

import json
import os
import signal
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from courses.models import Progress
from exercises import submitting, tasks
from exercises.models import Grading, Worker
from exercises.sandbox.nsjail import find_nsjail
from tests import factories
from tests.exercises.workers import Place, children_of, kill, place, wait_until

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]

ECHO = {
    "format": 1,
    "kind": "program",
    "points": 10,
    "files": [{"name": "main.py", "language": "python", "max_bytes": 65536}],
    "limits": {"seconds": 30},
    "cases": [
        {"name": "repite", "input_text": "hola\n", "output_text": "hola\n"},
        {"name": "repite lo oculto", "hidden": True, "input_text": "adiós\n", "output_text": "adiós\n"},
    ],
}
RIGHT = {"main.py": b"print(input())\n"}
SLOW = {"main.py": b"import time\ntime.sleep(2)\nprint(input())\n"}

EMBEDDED = pytest.param("embedded", id="embedded")
RABBITMQ = pytest.param("rabbitmq", id="rabbitmq")
# the harness runs these again on PostgreSQL and Redis
ELSEWHERE = pytest.param("environment", id="environment", marks=pytest.mark.db)


@pytest.fixture
def here(request: pytest.FixtureRequest, transactional_db: None) -> Iterator[Place]:
    urls = {
        "embedded": lambda: "",
        "rabbitmq": lambda: os.environ["TEST_RABBITMQ_URL"],
        "environment": lambda: os.environ.get("BROKER_URL", ""),
    }
    broker_url = urls[getattr(request, "param", "embedded")]()
    # short, because a socket lies below it
    with (
        tempfile.TemporaryDirectory(prefix="formacion-worker-") as folder,
        place(Path(folder), broker_url) as made,
    ):
        yield made


@pytest.fixture
def echo(cast):
    return factories.make_exercise(cast.course, spec=ECHO)


def hand_in(enrollment, exercise, files=RIGHT) -> Grading:
    return submitting.submit(enrollment, exercise, files, uuid.uuid4()).gradings.get()


def settled(*gradings: Grading) -> list[Grading]:
    """The gradings once all of them are settled."""
    rows = Grading.objects.filter(pk__in=[grading.pk for grading in gradings])
    wait_until(lambda: not rows.unsettled().exists(), "all gradings are settled")
    return list(rows.order_by("pk"))


def wait_until_it_runs(grading: Grading) -> None:
    wait_until(Grading.objects.running().filter(pk=grading.pk).exists, "a worker takes the grading")


@pytest.mark.parametrize("here", [EMBEDDED, RABBITMQ, ELSEWHERE], indirect=True)
def test_what_is_handed_in_is_graded_and_moves_progress(here, cast, echo):
    here.start_broker()
    here.start_worker()
    [grading] = settled(hand_in(cast.ana_enrolled, echo))
    assert (grading.status, grading.verdict, grading.score, grading.tries) == ("graded", "accepted", 10, 1)
    assert grading.submission.current == grading
    assert Progress.objects.get(enrollment=cast.ana_enrolled, file=echo.file).is_done
    assert grading.worker == "uno@prueba"


@pytest.mark.parametrize("here", [EMBEDDED, RABBITMQ, ELSEWHERE], indirect=True)
def test_what_a_killed_worker_was_grading_is_graded_once_by_another(here, cast, echo):
    here.start_broker()
    first = here.start_worker("uno")
    grading = hand_in(cast.ana_enrolled, echo, SLOW)
    wait_until_it_runs(grading)
    kill(first)
    here.start_worker("dos")
    [grading] = settled(grading)
    assert (grading.status, grading.verdict, grading.tries) == ("graded", "accepted", 2)
    assert grading.worker == "dos@prueba"
    assert Grading.objects.count() == 1


@pytest.mark.parametrize("here", [EMBEDDED, ELSEWHERE], indirect=True)
def test_a_worker_grades_again_what_a_killed_process_of_its_pool_was_grading(here, cast, echo):
    here.start_broker()
    worker = here.start_worker()
    grading = hand_in(cast.ana_enrolled, echo, SLOW)
    wait_until_it_runs(grading)
    for child in children_of(worker):
        os.kill(child, signal.SIGKILL)
    [grading] = settled(grading)
    assert (grading.status, grading.verdict, grading.tries) == ("graded", "accepted", 2)


def test_with_the_broker_down_handing_in_works_and_is_graded_when_it_is_back(here, cast, echo):
    here.start_broker()
    here.start_worker()
    here.kill_broker()
    grading = hand_in(cast.ana_enrolled, echo)
    assert grading.status == "queued"
    here.start_broker()
    [grading] = settled(grading)
    assert (grading.verdict, grading.tries) == ("accepted", 1)


def test_what_was_handed_in_before_any_worker_or_broker_ran_is_graded(here, cast, echo):
    grading = hand_in(cast.ana_enrolled, echo)
    here.start_broker()
    here.start_worker()
    [grading] = settled(grading)
    assert grading.verdict == "accepted"


@pytest.mark.parametrize("here", [EMBEDDED, RABBITMQ, ELSEWHERE], indirect=True)
def test_bells_that_arrive_many_times_grade_once(here, cast, echo):
    here.start_broker()
    for _ in range(10):
        tasks.ring()
    grading = hand_in(cast.ana_enrolled, echo)
    for _ in range(10):
        tasks.ring()
    here.start_worker()
    [grading] = settled(grading)
    assert (grading.verdict, grading.tries) == ("accepted", 1)


def test_the_command_for_one_machine_starts_a_worker_too(here, cast, echo):
    here.start_broker()
    worker = here.start_worker(is_there=False, command=["manage.py", "worker", "--name", "propio"])
    [grading] = settled(hand_in(cast.ana_enrolled, echo))
    assert grading.worker.startswith("propio@")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=60) == 0


def test_two_workers_share_the_queue_and_grade_each_once(here, cast, echo, settings):
    settings.MAX_PENDING_PER_USER = 20
    here.start_broker()
    here.start_worker("uno")
    here.start_worker("dos")
    people = [cast.ana_enrolled, cast.blas_enrolled, cast.diego_enrolled]
    gradings = settled(*[hand_in(person, echo) for person in people for _ in range(4)])
    assert {(grading.verdict, grading.tries) for grading in gradings} == {("accepted", 1)}


def test_a_trial_runs_the_visible_cases_and_hands_nothing_in(here, cast, echo):
    here.start_broker()
    here.start_worker()
    [grading] = settled(submitting.try_out(cast.ana_enrolled, echo, RIGHT))
    assert [case["name"] for case in grading.report["cases"]] == ["repite"]
    assert not Progress.objects.exists()


def test_a_worker_says_what_it_can_grade_and_takes_its_row_away_when_it_stops(here):
    here.start_broker()
    worker = here.start_worker()
    wait_until(Worker.objects.filter(tools__has_key="Python").exists, "the worker names its tools")
    row = Worker.objects.get()
    assert (row.slots, row.can_grade, row.reason) == (2, True, "")
    assert row.tools["Python"].startswith("Python 3")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=60) == 0
    assert not Worker.objects.exists()


def test_where_a_sandbox_is_required_a_worker_that_has_none_does_not_start(here):
    here.start_broker()
    worker = here.start_worker(is_there=False, environment={"NSJAIL_BIN": "/no/hay"})
    assert worker.wait(timeout=60) == 1
    assert "No se puede corregir" in (here.data_dir / "uno.log").read_text()
    assert not Worker.objects.exists()


def test_a_worker_without_a_sandbox_lives_grades_nothing_and_says_why(here, cast, echo, client):
    here.start_broker()
    here.start_worker(environment={"NSJAIL_BIN": "/no/hay", "REQUIRE_SANDBOX": "0"})
    grading = hand_in(cast.ana_enrolled, echo)
    beaten = Worker.objects.get().beat_at
    wait_until(Worker.objects.filter(beat_at__gt=beaten).exists, "it lives")
    answer = client.get("/healthz")
    health = json.loads(answer.content)
    assert (health["worker"], health["grading"]) == ("ok", "off")
    assert "/no/hay" in health["reason"]
    grading.refresh_from_db()
    assert (grading.status, grading.tries) == ("queued", 0)


def test_what_a_worker_without_a_sandbox_left_is_graded_by_one_that_has_it(here, cast, echo):
    here.start_broker()
    here.start_worker("roto", environment={"NSJAIL_BIN": "/no/hay", "REQUIRE_SANDBOX": "0"})
    grading = hand_in(cast.ana_enrolled, echo)
    here.start_worker("sano")
    [grading] = settled(grading)
    assert (grading.verdict, grading.worker, grading.tries) == ("accepted", "sano@prueba", 1)


def test_a_worker_whose_machine_is_mended_grades_what_waited(here, cast, echo):
    here.start_broker()
    nsjail = here.data_dir / "nsjail"
    here.start_worker(environment={"NSJAIL_BIN": str(nsjail), "REQUIRE_SANDBOX": "0"})
    grading = hand_in(cast.ana_enrolled, echo)
    nsjail.symlink_to(find_nsjail())
    [grading] = settled(grading)
    assert (grading.verdict, grading.tries) == ("accepted", 1)
    # it listens again: this one is heard
    [grading] = settled(hand_in(cast.blas_enrolled, echo))
    assert grading.verdict == "accepted"


def test_a_worker_whose_staged_files_were_deleted_stages_them_again(here, cast, echo):
    here.start_broker()
    sandbox_dir = here.data_dir / "jaulas"
    here.data_dir.chmod(0o711)
    here.start_worker(environment={"SANDBOX_DIR": str(sandbox_dir)})
    settled(hand_in(cast.ana_enrolled, echo))
    # at once, as far as the worker can see: it may be staging for its next jail at this very moment
    sandbox_dir.rename(here.data_dir / "borrado")
    [grading] = settled(hand_in(cast.blas_enrolled, echo))
    assert grading.verdict == "accepted"


def test_a_slot_that_grades_for_too_long_is_killed_and_the_fault_is_ours(here, cast, echo):
    here.start_broker()
    here.start_worker(environment={"GRADING_SECONDS": "1", "GRADING_TRIES": "1"})
    slow = hand_in(cast.ana_enrolled, echo, SLOW)
    [grading] = settled(slow)
    assert (grading.status, grading.verdict) == ("failed", "")
    [other] = settled(hand_in(cast.blas_enrolled, echo))
    assert other.verdict == "accepted"
