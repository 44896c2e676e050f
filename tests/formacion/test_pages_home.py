"""Home: what who is outside is offered, where who is inside goes on."""

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from courses import progress
from courses.outline import place_of
from exercises.models import Grading, Review
from tests import factories
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


def home(client: Client, user: object | None = None) -> str:
    if user is not None:
        client.force_login(user)
    response = client.get("/")
    assert response.status_code == 200
    return response.text


def test_who_is_outside_learns_what_there_is_and_how_to_come_in(cast: Cast, client: Client) -> None:
    page = home(client)
    assert "Redes" in page
    assert 'href="/cuenta/signup/"' in page
    assert 'href="/cuenta/login/"' in page


def test_nobody_is_invited_where_no_cohort_is_open(cast: Cast, client: Client) -> None:
    cast.cohort.is_open = False
    cast.cohort.save()
    page = home(client)
    assert 'href="/cuenta/signup/"' not in page
    assert "no hay ninguna cohorte abierta" in page


def test_a_closed_course_is_not_named_outside(cast: Cast, client: Client) -> None:
    cast.course.is_open = False
    cast.course.save()
    assert "Redes" not in home(client)


@pytest.mark.parametrize("demo", [True, False])
def test_a_demonstration_names_its_accounts(
    cast: Cast, client: Client, settings: LazySettings, demo: bool
) -> None:
    settings.DEMO = demo
    assert ("estudiante@demo.test" in home(client)) is demo


def test_a_new_student_starts_with_the_first_lesson(cast: Cast, client: Client) -> None:
    page = home(client, cast.ana)
    assert "Empezar a leer" in page
    assert cast.lesson.get_absolute_url() in page


def test_one_goes_on_where_one_left_off(cast: Cast, client: Client) -> None:
    later = factories.make_document(cast.course, module=cast.lesson.module, title="HTTP")
    modules = progress.outline(cast.course, cast.ana_enrolled)
    progress.opened(later, cast.ana_enrolled, place_of(modules, later.file.path).entry)
    page = home(client, cast.ana)
    assert "Donde lo dejaste, hoy a las" in page
    assert "Seguir leyendo" in page
    assert page.index(later.get_absolute_url()) < page.index("Progreso por módulo")


def test_with_everything_done_home_says_so(cast: Cast, client: Client) -> None:
    progress.mark_done(cast.lesson, cast.ana_enrolled, True)
    assert "Has hecho todas las lecciones publicadas" in home(client, cast.ana)


def test_the_newest_submissions_are_there_with_their_verdict(cast: Cast, client: Client) -> None:
    exercise = factories.make_exercise(cast.course)
    factories.grade(factories.make_submission(cast.ana_enrolled, exercise), score=8, verdict="partial")
    assert "8 de 10 puntos" in home(client, cast.ana)


def test_what_is_being_graded_says_so(cast: Cast, client: Client) -> None:
    exercise = factories.make_exercise(cast.course)
    submission = factories.make_submission(cast.ana_enrolled, exercise)
    factories.make_grading(submission)
    assert "En cola" in home(client, cast.ana)
    Grading.objects.all().delete()
    assert "Espera revisión" in home(client, cast.ana)


def test_the_work_of_others_is_not_on_my_page(cast: Cast, client: Client) -> None:
    exercise = factories.make_exercise(cast.course)
    factories.grade(factories.make_submission(cast.blas_enrolled, exercise))
    assert "Todavía no has entregado nada" in home(client, cast.ana)


def review(cast: Cast, **fields: object) -> Review:
    submission = factories.make_submission(cast.ana_enrolled, factories.make_exercise(cast.course))
    return Review.objects.create(submission=submission, decided_by=cast.carla, **fields)


def test_a_review_that_came_back_waits_to_be_read(cast: Cast, client: Client) -> None:
    review(cast, decision="changes_wanted", released_at=timezone.now())
    page = home(client, cast.ana)
    assert "Por leer" in page
    assert "Carla ha revisado" in page


@pytest.mark.parametrize("state", ["held back", "seen"])
def test_what_is_held_back_or_was_seen_does_not(cast: Cast, client: Client, state: str) -> None:
    now = timezone.now()
    review(cast, **({} if state == "held back" else {"released_at": now, "seen_at": now}))
    assert "Por leer" not in home(client, cast.ana)


def test_who_teaches_sees_their_cohorts_and_the_way_to_review(cast: Cast, client: Client) -> None:
    page = home(client, cast.carla)
    assert "Otoño" in page
    assert "Primavera" not in page
    assert 'href="/revision/"' in page


def test_who_is_in_no_course_is_shown_those_that_are_open(cast: Cast, client: Client) -> None:
    page = home(client, cast.nadie)
    assert "Todavía no estás en ningún curso" in page
    assert cast.course.get_absolute_url() in page


def test_home_takes_no_more_queries_for_more_work(
    cast: Cast, client: Client, django_assert_max_num_queries
) -> None:
    exercise = factories.make_exercise(cast.course)
    for _ in range(8):
        factories.make_document(cast.course, module=factories.make_module(cast.course))
        factories.grade(factories.make_submission(cast.ana_enrolled, exercise))
        review(cast, released_at=timezone.now())
    client.force_login(cast.ana)
    with django_assert_max_num_queries(12):
        client.get("/")
