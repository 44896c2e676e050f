"""What a person sets for themselves, the plan, and joining at sign-up."""

import datetime

import pytest
from django.conf import LazySettings
from django.core import mail
from django.test import Client

from courses.models import Enrollment
from formacion.models import User
from tests import factories
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
PAGE = "/cuenta/ajustes/"
FORM = {
    "name": "Ana Ruiz",
    "theme": "dark",
    "time_zone": "America/Bogota",
    "editor": "vscode",
    "checkout_envoy": "/home/ana/envoy",
}


def test_who_has_not_logged_in_has_no_preferences(client: Client) -> None:
    assert client.get(PAGE).headers["Location"] == f"/cuenta/login/?next={PAGE}"


def test_the_account_opens_with_its_preferences(cast: Cast, client: Client) -> None:
    client.force_login(cast.ana)
    assert client.get("/cuenta/").headers["Location"] == PAGE


def test_preferences_are_kept(cast: Cast, client: Client) -> None:
    client.force_login(cast.ana)
    page = client.post(PAGE, FORM, follow=True)
    assert "Preferencias guardadas" in page.text
    assert 'data-theme="dark"' in page.text
    ana = User.objects.get(pk=cast.ana.pk)
    assert (ana.name, ana.time_zone, ana.shortcuts) == ("Ana Ruiz", "America/Bogota", False)
    assert ana.checkouts == {"envoy": "/home/ana/envoy"}


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("checkout_envoy", "~/envoy", "Escribe la ruta entera"),
        ("checkout_envoy", "src/envoy", "Escribe la ruta entera"),
        ("time_zone", "Marte/Olimpo", "no es una de las opciones"),
        ("theme", "rosa", "no es una de las opciones"),
        ("name", "", "obligatorio"),
    ],
)
def test_what_cannot_be_is_refused_with_the_remedy(
    cast: Cast, client: Client, field: str, value: str, message: str
) -> None:
    client.force_login(cast.ana)
    response = client.post(PAGE, {**FORM, field: value})
    assert response.status_code == 422
    assert message in response.text
    assert User.objects.get(pk=cast.ana.pk).theme == "system"


@pytest.mark.parametrize("path", ["/src/envoy", "C:\\src\\envoy", "D:/src/envoy", "\\\\wsl$\\debian\\envoy"])
def test_paths_of_every_system_will_do(cast: Cast, client: Client, path: str) -> None:
    client.force_login(cast.ana)
    client.post(PAGE, {**FORM, "checkout_envoy": path})
    assert User.objects.get(pk=cast.ana.pk).checkouts == {"envoy": path}


def test_the_folder_of_a_course_that_one_has_left_is_kept(cast: Cast, client: Client) -> None:
    cast.ana.checkouts = {"linux": "/src/linux"}
    cast.ana.save()
    client.force_login(cast.ana)
    client.post(PAGE, FORM)
    assert User.objects.get(pk=cast.ana.pk).checkouts == {"linux": "/src/linux", "envoy": "/home/ana/envoy"}


def test_who_is_in_no_course_has_no_folder_to_name(cast: Cast, client: Client) -> None:
    client.force_login(cast.nadie)
    assert "checkout_" not in client.get(PAGE).text


@pytest.mark.parametrize(
    ("zone", "day"), [("", "2 de marzo"), ("America/Bogota", "1 de marzo"), ("Marte/Olimpo", "2 de marzo")]
)
def test_dates_are_those_of_the_readers_zone(cast: Cast, client: Client, zone: str, day: str) -> None:
    cast.ana.time_zone = zone
    cast.ana.save()
    half_past_midnight = datetime.datetime(2026, 3, 1, 23, 30, tzinfo=datetime.UTC)
    cast.ana_enrolled.progress.create(
        file=cast.lesson.file, revision=cast.lesson.file.published, opened_at=half_past_midnight
    )
    client.force_login(cast.ana)
    assert f"desde el {day}" in client.get(cast.lesson.get_absolute_url()).text


SIGN_UP = {
    "email": "nueva@ejemplo.test",
    "name": "Nueva",
    "password1": "una contraseña larga",
    "password2": "una contraseña larga",
}


@pytest.fixture
def cached(settings: LazySettings) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}


def test_signing_up_joins_the_open_cohort(cast: Cast, client: Client, cached: None) -> None:
    client.post("/cuenta/signup/", SIGN_UP)
    found = Enrollment.objects.get(user__email="nueva@ejemplo.test")
    assert (found.cohort, found.is_staff, len(mail.outbox)) == (cast.cohort, False, 1)


def test_without_an_open_cohort_one_has_an_account_and_no_course(
    cast: Cast, client: Client, cached: None
) -> None:
    cast.cohort.is_open = False
    cast.cohort.save()
    client.post("/cuenta/signup/", SIGN_UP)
    assert User.objects.filter(email="nueva@ejemplo.test").exists()
    assert not Enrollment.objects.filter(user__email="nueva@ejemplo.test").exists()


PLAN = [
    {
        "label": "Semana 1",
        "weeks": [1, 1],
        "title": "Fundamentos",
        "tasks": [{"text": "Leer a *fondo*", "modules": ["01_fundamentos"]}],
    }
]


def test_the_plan_is_shown_week_by_week(cast: Cast, client: Client) -> None:
    cast.course.plan = PLAN
    cast.course.save()
    page = client.get("/plan/").text
    assert "Semana 1" in page
    assert "Leer a fondo" in page
    assert "/cursos/redes/#modulo-" in page


def test_a_task_is_done_with_its_modules(cast: Cast, client: Client) -> None:
    cast.course.plan = PLAN
    cast.course.save()
    client.force_login(cast.ana)
    assert 'aria-label="Hecho"' not in client.get("/plan/").text
    cast.ana_enrolled.progress.create(file=cast.lesson.file, done_at=cast.ana_enrolled.at)
    assert 'aria-label="Hecho"' in client.get("/plan/").text


def test_without_a_plan_the_page_says_so(cast: Cast, client: Client) -> None:
    assert "No hay ningún plan" in client.get("/plan/").text


def test_the_course_names_the_length_of_its_plan(cast: Cast, client: Client) -> None:
    cast.course.plan = [*PLAN, {**PLAN[0], "weeks": [2, 5]}, {**PLAN[0], "weeks": []}]
    cast.course.save()
    assert "5 semanas" in client.get("/cursos/redes/").text


def test_a_second_course_is_listed_beside_the_first(cast: Cast, client: Client) -> None:
    factories.make_course("linux", title="Linux por dentro")
    page = client.get("/cursos/").text
    assert "Redes" in page
    assert "Linux por dentro" in page
