"""Following a grading from a page: news only where there is some, taking it back, logs; and whose it is."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from exercises import attempts, judging
from exercises.models import Exercise, Grading
from tests import factories
from tests.conftest import Cast
from tests.exercises.pages import HIDDEN, HTMX, a_case, a_report, as_, graded, trial
from tests.exercises.test_judging import make_worker, report

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(cast: Cast, client: Client) -> Client:
    return as_(client, cast.ana)


@pytest.fixture
def grading(cast: Cast, exercise: Exercise) -> Grading:
    return factories.make_grading(factories.make_submission(cast.ana_enrolled, exercise))


def ask(client: Client, grading: Grading, seen: str = "", page: str = "/cursos/redes/") -> object:
    headers = {**HTMX, "HX-Current-URL": f"http://testserver{page}"}
    return client.get(reverse("grading_status", args=[grading.pk]), {"visto": seen}, headers=headers)


def stamp(grading: Grading) -> str:
    attempt = attempts.in_full([attempts.Attempt(kind="program", run=grading, judged=None)])[0]
    return attempt.stamp


def claimed(grading: Grading) -> Grading:
    make_worker()
    found = judging.claim("w@uno")
    assert found == grading
    return found


def test_where_nothing_has_changed_there_is_no_content(ana: Client, grading: Grading) -> None:
    assert ask(ana, grading, stamp(grading)).status_code == 204


def test_asking_for_news_is_cheap(ana: Client, grading: Grading) -> None:
    seen = stamp(grading)
    with CaptureQueriesContext(connection) as queries:
        ask(ana, grading, seen)
    assert len(queries) <= 4


def test_a_new_step_comes_with_a_new_stamp(ana: Client, grading: Grading) -> None:
    seen = stamp(grading)
    claimed(grading)
    answer = ask(ana, grading, seen)
    assert "2 · Prepara" in answer.text
    assert "Retirar" not in answer.text
    grading.refresh_from_db()
    assert ask(ana, grading, stamp(grading)).status_code == 204


def test_who_only_waits_longer_asks_less_often_and_hears_nothing(ana: Client, grading: Grading) -> None:
    seen = stamp(grading)
    Grading.objects.update(queued_at=timezone.now() - timezone.timedelta(seconds=30))
    answer = ask(ana, grading, seen)
    assert answer.headers["HX-Reswap"] == "none"
    assert "every 1000ms" in answer.text


def test_the_verdict_brings_the_new_points_and_stops_asking(ana: Client, grading: Grading) -> None:
    judging.record(claimed(grading), report(10.0))
    answer = ask(ana, grading)
    assert "Intento 1: Aceptada, 10 de 10 puntos." in answer.text
    assert 'id="puntos" hx-swap-oob="true">10 ' in answer.text
    assert 'id="arbol" hx-swap-oob="true"' in answer.text
    assert "hx-trigger" not in answer.text


def test_on_the_page_of_the_submission_there_is_no_tree_to_change(ana: Client, grading: Grading) -> None:
    judging.record(claimed(grading), report(10.0))
    assert 'id="arbol"' not in ask(ana, grading, page="/entregas/1/").text


def test_our_fault_reads_as_ours(ana: Client, grading: Grading) -> None:
    Grading.objects.update(status="failed", settled_at=timezone.now(), fault="Traceback: secreto")
    page = ask(ana, grading).text
    assert "Fallo nuestro, no cuenta" in page
    assert "secreto" not in page


def test_a_trial_is_followed_too_and_marked(cast: Cast, ana: Client, exercise: Exercise) -> None:
    done = trial(
        cast.ana_enrolled,
        exercise,
        status="graded",
        verdict="accepted",
        score=3,
        max_score=3,
        settled_at=timezone.now(),
        report=a_report(a_case(), verdict="accepted"),
    )
    assert "Prueba: Aceptada" in ask(ana, done).text
    assert "no cuenta" in ana.get(exercise.get_absolute_url()).text


def test_without_htmx_the_address_leads_to_the_page(ana: Client, grading: Grading) -> None:
    answer = ana.get(reverse("grading_status", args=[grading.pk]))
    assert answer.headers["Location"] == grading.submission.get_absolute_url()


def test_an_ended_session_stops_the_asking_and_leaves_the_page(client: Client, grading: Grading) -> None:
    assert ask(client, grading).status_code == 286


@pytest.mark.parametrize(
    ("who", "status"), [("blas", 404), ("diego", 404), ("elena", 404), ("eva", 404), ("carla", 200)]
)
def test_only_who_may_see_the_submission_follows_it(
    cast: Cast, client: Client, grading: Grading, who: str, status: int
) -> None:
    assert ask(as_(client, getattr(cast, who)), grading).status_code == status


def test_nobody_else_follows_a_trial(cast: Cast, client: Client, exercise: Exercise) -> None:
    mine = trial(cast.ana_enrolled, exercise)
    assert ask(as_(client, cast.carla), mine).status_code == 404


# --- taking back --------------------------------------------------------------------------------------------


def test_what_waits_can_be_withdrawn(ana: Client, exercise: Exercise, grading: Grading) -> None:
    answer = ana.post(reverse("withdraw", args=[grading.pk]), follow=True)
    grading.refresh_from_db()
    assert grading.status == "cancelled"
    assert "no cuenta como intento" in answer.text
    assert "Retirado, no cuenta" in answer.text


def test_what_has_begun_is_graded_to_its_end(ana: Client, grading: Grading) -> None:
    claimed(grading)
    answer = ana.post(reverse("withdraw", args=[grading.pk]), follow=True)
    grading.refresh_from_db()
    assert grading.status == "grading"
    assert "Ya no se puede retirar" in answer.text


@pytest.mark.parametrize("who", ["blas", "carla", "elena", "olga"])
def test_nobody_withdraws_the_work_of_others(cast: Cast, client: Client, grading: Grading, who: str) -> None:
    assert as_(client, getattr(cast, who)).post(reverse("withdraw", args=[grading.pk])).status_code == 404


# --- what a page shows of the end ---------------------------------------------------------------------------


def test_the_page_never_holds_what_is_hidden(cast: Cast, ana: Client, exercise: Exercise) -> None:
    graded(factories.make_submission(cast.ana_enrolled, exercise), a_case(), HIDDEN)
    page = ana.get(exercise.get_absolute_url()).text
    assert "Saluda a cualquiera" in page
    for secret in ("el dato oculto", "la salida oculta", "lo que salió", "registro oculto", "del equipo"):
        assert secret not in page


def test_expected_stands_beside_obtained(cast: Cast, ana: Client, exercise: Exercise) -> None:
    case = a_case(outcome="wrong", given="3\n", expected="hola <tú>\n", obtained="hola yo\n")
    graded(factories.make_submission(cast.ana_enrolled, exercise), case)
    page = ana.get(exercise.get_absolute_url()).text
    assert "<ins>&lt;tú&gt;</ins>" in page
    assert "<del>yo</del>" in page


def test_what_the_compiler_said_is_shown_with_its_lines(cast: Cast, ana: Client, exercise: Exercise) -> None:
    submission = factories.make_submission(cast.ana_enrolled, exercise)
    graded(submission, a_case(outcome="skipped"), verdict="compile_error", score=0, output="main.py:3: error")
    page = ana.get(exercise.get_absolute_url()).text
    assert "Lo que dijo el compilador" in page
    assert f"/entregas/{submission.pk}/#main-py-l3" in page


def test_a_log_can_be_read_whole(cast: Cast, ana: Client, exercise: Exercise) -> None:
    mine = graded(factories.make_submission(cast.ana_enrolled, exercise), a_case(logs={"stderr": "<b>" * 9000}))
    answer = ana.get(reverse("log", args=[mine.pk, 0, "stderr"]))
    assert answer.text == "<b>" * 9000
    assert answer.headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize(("case", "name"), [(1, "stderr"), (0, "otro"), (7, "stderr")])
def test_a_hidden_case_has_no_log_nor_has_what_does_not_exist(
    cast: Cast, ana: Client, exercise: Exercise, case: int, name: str
) -> None:
    submission = factories.make_submission(cast.ana_enrolled, exercise)
    mine = graded(submission, a_case(logs={"stderr": "visible"}), HIDDEN)
    assert ana.get(reverse("log", args=[mine.pk, case, name])).status_code == 404


def test_nobody_else_reads_a_log(cast: Cast, client: Client, exercise: Exercise) -> None:
    mine = graded(factories.make_submission(cast.ana_enrolled, exercise), a_case(logs={"stderr": "x"}))
    assert as_(client, cast.blas).get(reverse("log", args=[mine.pk, 0, "stderr"])).status_code == 404


def test_during_a_regrade_the_old_verdict_stands(cast: Cast, ana: Client, exercise: Exercise) -> None:
    submission = factories.make_submission(cast.ana_enrolled, exercise)
    graded(submission, a_case())
    factories.make_grading(submission, purpose="regrade", lane=Grading.Lane.REGRADE)
    page = ana.get(exercise.get_absolute_url()).text
    assert "Se está corrigiendo de nuevo" in page
    assert "Parcial" in page


def test_a_trial_older_than_the_last_attempt_is_not_shown(cast: Cast, ana: Client, exercise: Exercise) -> None:
    old = timezone.now() - timezone.timedelta(hours=1)
    trial(cast.ana_enrolled, exercise, status="cancelled", queued_at=old, settled_at=old)
    graded(factories.make_submission(cast.ana_enrolled, exercise), a_case())
    assert "Prueba" not in ana.get(exercise.get_absolute_url()).text.partition('id="intentos"')[2]
