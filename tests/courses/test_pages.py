"""The reader's pages: who sees what, and what stands on them."""

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from courses import extensions
from courses.models import CodeReference, Enrollment, Progress, Repository
from formacion.models import User
from tests import factories
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
LESSON = "/cursos/redes/01_fundamentos/01_tcp/"
INDEX = "/cursos/redes/"


def as_(client: Client, user: object) -> Client:
    client.force_login(user)
    return client


# --- the index ----------------------------------------------------------------------------------------------


def test_anyone_sees_the_index_of_an_open_course(cast: Cast, client: Client) -> None:
    page = client.get(INDEX)
    assert page.status_code == 200
    assert "TCP" in page.text


def test_the_index_of_a_closed_course_asks_who_is_outside_to_log_in(cast: Cast, client: Client) -> None:
    cast.course.is_open = False
    cast.course.save()
    assert client.get(INDEX).headers["Location"] == f"/cuenta/login/?next={INDEX}"


def test_a_closed_course_does_not_exist_for_others(cast: Cast, client: Client) -> None:
    cast.course.is_open = False
    cast.course.save()
    assert as_(client, cast.nadie).get(INDEX).status_code == 404


@pytest.mark.parametrize("who", ["ana", "carla", "olga"])
def test_a_closed_course_is_there_for_who_is_in_it(cast: Cast, client: Client, who: str) -> None:
    cast.course.is_open = False
    cast.course.save()
    assert as_(client, getattr(cast, who)).get(INDEX).status_code == 200


def test_what_nobody_has_written_is_announced_without_a_link(cast: Cast, client: Client) -> None:
    soon = factories.make_document(cast.course, module=cast.lesson.module, written=False, title="QUIC")
    page = as_(client, cast.ana).get(INDEX).text
    assert "QUIC" in page
    assert soon.get_absolute_url() not in page


def test_the_index_counts_what_i_have_done(cast: Cast, client: Client) -> None:
    client.force_login(cast.ana)
    client.post(reverse("complete", args=["redes", "01_fundamentos/01_tcp"]), {"done": "1"})
    assert "1 de 1 hechas" in client.get(INDEX).text


def test_with_one_course_the_list_of_courses_is_that_course(cast: Cast, client: Client) -> None:
    assert client.get("/cursos/").headers["Location"] == INDEX


# --- lessons ------------------------------------------------------------------------------------------------


def test_who_has_not_logged_in_is_asked_to_and_comes_back(cast: Cast, client: Client) -> None:
    assert client.get(LESSON).headers["Location"] == f"/cuenta/login/?next={LESSON}"


@pytest.mark.parametrize(
    ("who", "status"),
    [("ana", 200), ("diego", 200), ("carla", 200), ("elena", 200), ("olga", 200), ("eva", 404), ("nadie", 404)],
)
def test_a_lesson_is_for_who_is_in_its_course(cast: Cast, client: Client, who: str, status: int) -> None:
    assert as_(client, getattr(cast, who)).get(LESSON).status_code == status


def test_who_has_left_the_course_does_not_read_on(cast: Cast, client: Client) -> None:
    Enrollment.objects.filter(pk=cast.ana_enrolled.pk).update(is_active=False)
    assert as_(client, cast.ana).get(LESSON).status_code == 404


@pytest.mark.parametrize("change", ["retired", "unwritten"])
def test_what_is_not_published_cannot_be_opened(cast: Cast, client: Client, change: str) -> None:
    if change == "retired":
        cast.lesson.retired_at = cast.ana_enrolled.at
        cast.lesson.save()
    else:
        cast.lesson.file.published = None
        cast.lesson.file.save()
    assert as_(client, cast.ana).get(LESSON).status_code == 404


def test_the_first_opening_shows_in_header_and_tree_already(cast: Cast, client: Client) -> None:
    page = as_(client, cast.ana).get(LESSON).text
    assert "desde el" in page
    assert 'aria-label="Leyendo"' in page


def test_reading_is_remembered_for_students_alone(cast: Cast, client: Client) -> None:
    for person in (cast.carla, cast.olga, cast.ana):
        as_(client, person).get(LESSON)
    assert [row.enrollment for row in Progress.objects.all()] == [cast.ana_enrolled]


def test_asking_for_the_headers_alone_does_not_break(cast: Cast, client: Client) -> None:
    assert as_(client, cast.ana).head(LESSON).status_code == 200


def test_a_lesson_says_what_it_builds_on_until_that_is_done(cast: Cast, client: Client) -> None:
    later = factories.make_document(
        cast.course, module=cast.lesson.module, requires=[cast.lesson.file.path], title="HTTP"
    )
    client.force_login(cast.ana)
    assert "Conviene haber hecho antes" in client.get(later.get_absolute_url()).text
    client.post(reverse("complete", args=["redes", "01_fundamentos/01_tcp"]), {"done": "1"})
    assert "Conviene haber hecho antes" not in client.get(later.get_absolute_url()).text


def test_a_lesson_lists_the_code_that_it_cites(cast: Cast, client: Client) -> None:
    place = {
        "repository": "envoy",
        "path": "source/a_b.cc",
        "first": 3,
        "last": 9,
        "symbol": "",
        "checked": True,
    }
    cast.lesson.cited = [place]
    cast.lesson.save()
    page = as_(client, cast.ana).get(LESSON).text
    assert 'href="/cursos/redes/_codigo/envoy/source/a_b.cc/3-9/"' in page
    assert "a_<wbr>b.cc" in page


@pytest.mark.parametrize(("who", "marked"), [("ana", False), ("olga", True)])
def test_only_staff_see_that_a_reference_could_not_be_checked(
    cast: Cast, client: Client, who: str, marked: bool
) -> None:
    assert ('class="prose staff"' in as_(client, getattr(cast, who)).get(LESSON).text) is marked


def test_parts_of_other_apps_stand_below_the_text(cast: Cast, client: Client, monkeypatch) -> None:
    class Part:
        template_name = "_components/empty.html"

        def context(self, document: object, enrollment: object, request: object) -> dict[str, str]:
            return {"title": f"Parte de {document}"}

    monkeypatch.setattr(extensions, "lesson_parts", [Part()])
    assert "Parte de TCP" in as_(client, cast.ana).get(LESSON).text


def test_the_page_of_an_exercise_is_answered_by_its_app(cast: Cast, client: Client, monkeypatch) -> None:
    class Page:
        def respond(self, request: object, document: object, enrollment: Enrollment, modules: object) -> object:
            return HttpResponse(f"{document} de {enrollment.user}")

    monkeypatch.setattr(extensions, "exercise_pages", [Page()])
    exercise = factories.make_exercise(cast.course, "ejercicios/eco.md")
    page = as_(client, cast.ana).get("/cursos/redes/ejercicios/eco/")
    assert page.text == f"{exercise} de Ana"
    assert Progress.objects.get().file == exercise.file


def test_a_resource_has_nothing_to_finish(cast: Cast, client: Client) -> None:
    factories.make_document(cast.course, "recursos/enlaces.md", kind="resource", title="Enlaces")
    page = as_(client, cast.ana).get("/cursos/redes/recursos/enlaces/").text
    assert "Enlaces" in page
    assert "Marcar como hecha" not in page


def test_an_address_without_its_last_slash_leads_to_the_lesson(cast: Cast, client: Client) -> None:
    response = as_(client, cast.ana).get(LESSON.rstrip("/"))
    assert (response.status_code, response.headers["Location"]) == (301, LESSON)


@pytest.mark.parametrize("tail", ["x%3Fy", "x%23y", "x%25y"])
def test_what_follows_the_missing_slash_is_quoted_as_it_came(cast: Cast, client: Client, tail: str) -> None:
    assert client.get(f"{INDEX}{tail}?a=b").headers["Location"] == f"{INDEX}{tail}/?a=b"


@pytest.mark.parametrize(
    "address", ["_otra/cosa/", "01_fundamentos/", "01_fundamentos/01_tcp.md/", "../redes/"]
)
def test_what_is_no_document_is_not_found(cast: Cast, client: Client, address: str) -> None:
    assert as_(client, cast.ana).get(f"/cursos/redes/{address}").status_code == 404


# --- marking as done ----------------------------------------------------------------------------------------

COMPLETE = "/cursos/redes/_hecha/01_fundamentos/01_tcp/"


def test_without_script_one_comes_back_to_the_lesson(cast: Cast, client: Client) -> None:
    response = as_(client, cast.ana).post(COMPLETE, {"done": "1"})
    assert response.headers["Location"] == f"{LESSON}#terminar"
    assert Progress.objects.get().is_done


def test_with_htmx_the_form_the_state_the_bar_and_the_tree_come_back(cast: Cast, client: Client) -> None:
    page = as_(client, cast.ana).post(COMPLETE, {"done": "1"}, headers={"HX-Request": "true"}).text
    assert "<html" not in page
    assert 'name="done" value="0"' in page
    for part in ("estado", "modulo-progreso", "arbol"):
        assert f'id="{part}" hx-swap-oob="true"' in page


@pytest.mark.parametrize("who", ["carla", "olga", "nadie"])
def test_who_is_not_enrolled_cannot_mark_anything(cast: Cast, client: Client, who: str) -> None:
    assert as_(client, getattr(cast, who)).post(COMPLETE, {"done": "1"}).status_code == 404
    assert not Progress.objects.exists()


@pytest.mark.parametrize("done", ["", "2", "true"])
def test_a_mark_that_says_nothing_is_refused(cast: Cast, client: Client, done: str) -> None:
    assert as_(client, cast.ana).post(COMPLETE, {"done": done}).status_code == 404


def test_marking_by_following_a_link_is_not_possible(cast: Cast, client: Client) -> None:
    assert as_(client, cast.ana).get(COMPLETE).status_code == 405


def test_an_exercise_cannot_be_marked_by_hand(cast: Cast, client: Client) -> None:
    factories.make_exercise(cast.course, "ejercicios/eco.md")
    response = as_(client, cast.ana).post("/cursos/redes/_hecha/ejercicios/eco/", {"done": "1"})
    assert response.status_code == 404


def test_when_the_session_has_ended_htmx_is_sent_to_the_login_page(cast: Cast, client: Client) -> None:
    response = client.post(COMPLETE, {"done": "1"}, headers={"HX-Request": "true"})
    assert response.headers["HX-Redirect"] == f"/cuenta/login/?next={LESSON}"


# --- enrolling ----------------------------------------------------------------------------------------------

ENROLL = "/cursos/redes/_inscripcion/"


def test_who_is_outside_may_join_the_open_cohort(cast: Cast, client: Client) -> None:
    client.force_login(cast.nadie)
    assert "Inscribirme" in client.get(INDEX).text
    client.post(ENROLL)
    found = Enrollment.objects.get(user=cast.nadie)
    assert (found.cohort, found.is_staff) == (cast.cohort, False)


def test_nobody_joins_where_no_cohort_is_open(cast: Cast, client: Client) -> None:
    cast.cohort.is_open = False
    cast.cohort.save()
    client.force_login(cast.nadie)
    assert "Inscribirme" not in client.get(INDEX).text
    page = client.post(ENROLL, follow=True)
    assert "no hay ninguna cohorte abierta" in page.text
    assert not Enrollment.objects.filter(user=cast.nadie).exists()


def test_joining_twice_changes_nothing(cast: Cast, client: Client) -> None:
    client.force_login(cast.diego)
    client.post(ENROLL)
    assert Enrollment.objects.get(user=cast.diego).cohort == cast.other_cohort


def test_who_was_put_out_does_not_come_back_alone(cast: Cast, client: Client) -> None:
    Enrollment.objects.filter(pk=cast.ana_enrolled.pk).update(is_active=False)
    client.force_login(cast.ana)
    assert "está de baja" in client.post(ENROLL, follow=True).text
    assert client.get(LESSON).status_code == 404


@pytest.mark.parametrize("who", ["carla", "olga"])
def test_staff_who_enrol_are_not_counted(cast: Cast, client: Client, who: str) -> None:
    person = getattr(cast, who)
    as_(client, person).post(ENROLL)
    assert Enrollment.objects.get(user=person).is_staff


def test_one_cannot_join_a_course_that_one_cannot_see(cast: Cast, client: Client) -> None:
    cast.course.is_open = False
    cast.course.save()
    assert as_(client, cast.nadie).post(ENROLL).status_code == 404


# --- cited code ---------------------------------------------------------------------------------------------

CODE = "/cursos/redes/_codigo/envoy/source/a.cc/3-9/"


@pytest.fixture
def cited(cast: Cast) -> Cast:
    cite(cast, cast.lesson, 3, 9, symbol="Dispatcher::post")
    return cast


def cite(cast: Cast, document: object, first: int, last: int, **fields: object) -> None:
    CodeReference.objects.create(
        document=document,
        repository=Repository.objects.get(course=cast.course),
        path="source/a.cc",
        first=first,
        last=last,
        line=1,
        **fields,
    )


def test_a_reference_leads_to_the_lines_at_the_pinned_commit(cited: Cast, client: Client) -> None:
    page = as_(client, cited.ana).get(CODE).text
    commit = "8179ebab9840099e143d2c6bef01b370d141df1d"
    assert f'href="https://github.com/envoyproxy/envoy/blob/{commit}/source/a.cc#L3-L9"' in page
    assert "Sin copia local" in page
    assert "Dispatcher::<wbr>post" in page


def test_a_reference_names_who_cites_the_same_lines_or_some_of_them(cited: Cast, client: Client) -> None:
    other = factories.make_document(cited.course, module=cited.lesson.module, title="HTTP")
    cite(cited, other, 9, 12)
    far = factories.make_document(cited.course, module=cited.lesson.module, title="QUIC")
    cite(cited, far, 10, 12)
    page = as_(client, cited.ana).get(CODE).text
    assert "HTTP · líneas 9-12" in page
    assert "QUIC" not in page


def test_the_panel_leaves_out_the_lesson_that_one_comes_from(cited: Cast, client: Client) -> None:
    page = (
        as_(client, cited.ana)
        .get(CODE, headers={"HX-Request": "true", "Referer": f"http://testserver{LESSON}"})
        .text
    )
    assert "<html" not in page
    assert "Ninguna otra lección lo cita" in page


def test_the_panel_can_be_asked_for_by_address_too(cited: Cast, client: Client) -> None:
    assert "<html" not in as_(client, cited.ana).get(f"{CODE}?panel").text


def test_the_title_of_a_references_page_is_text(cited: Cast, client: Client) -> None:
    page = client.get(f"{INDEX}_codigo/envoy/source/a.cc/3-9/").text
    assert "&lt;wbr" not in page
    assert "<title>source/a.cc:3-9 · " in page


@pytest.mark.parametrize(
    "address",
    ["envoy/source/a.cc/3-8", "envoy/source/b.cc/3-9", "ztunnel/source/a.cc/3-9", "envoy/source/a.cc/9-3"],
)
def test_what_nobody_cites_has_no_page(cited: Cast, client: Client, address: str) -> None:
    assert as_(client, cited.ana).get(f"/cursos/redes/_codigo/{address}/").status_code == 404


def test_what_the_conventions_cite_has_a_page(cited: Cast, client: Client) -> None:
    url = "/cursos/redes/_codigo/envoy/source/c.cc/7/"
    cited.course.conventions_html = f'<a class="ref" href="{url}">c.cc:7</a>'
    cited.course.save()
    assert client.get(url).status_code == 200


def test_the_editor_opens_the_readers_own_copy(cited: Cast, client: Client) -> None:
    cited.ana.editor, cited.ana.checkouts = "vscode", {"envoy": "/home/ana/src/envoy"}
    cited.ana.save()
    assert 'href="vscode://file/home/ana/src/envoy/source/a.cc:3"' in as_(client, cited.ana).get(CODE).text


def test_without_a_copy_the_page_leads_to_where_one_says_it(cited: Cast, client: Client) -> None:
    assert 'href="/cuenta/ajustes/#id_editor"' in as_(client, cited.ana).get(CODE).text


def test_only_staff_see_that_the_lines_were_not_checked(cited: Cast, client: Client) -> None:
    assert "sin comprobar" not in as_(client, cited.ana).get(CODE).text
    assert "sin comprobar" in as_(client, cited.olga).get(CODE).text


# --- at most six queries ------------------------------------------------------------------------------------


@pytest.fixture
def crowd(cast: Cast, request) -> Cast:
    """The cast among many: other students with progress everywhere, other lessons, exercises."""
    documents = [cast.lesson]
    for _ in range(5):
        documents.append(factories.make_document(cast.course, module=cast.lesson.module))
        exercise = factories.make_exercise(cast.course, lesson=cast.lesson)
        exercise.document.module = cast.lesson.module
        exercise.document.save()
        documents.append(exercise.document)
    users = User.objects.bulk_create(User(email=f"n{n}@ejemplo.test") for n in range(request.param))
    enrolled = Enrollment.objects.bulk_create(
        Enrollment(user=user, course=cast.course, cohort=cast.cohort) for user in users
    )
    Progress.objects.bulk_create(
        Progress(enrollment=e, file=d.file, opened_at=cast.ana_enrolled.at) for e in enrolled for d in documents
    )
    return cast


@pytest.mark.db
@pytest.mark.parametrize("crowd", [10, 500], indirect=True)
@pytest.mark.parametrize("who", ["ana", "carla"])
def test_a_lesson_takes_six_queries_at_most(
    crowd: Cast, client: Client, django_assert_max_num_queries, who: str
) -> None:
    client.force_login(getattr(crowd, who))
    with django_assert_max_num_queries(6):
        client.get(LESSON)
    with django_assert_max_num_queries(5):
        client.get(LESSON)


@pytest.mark.django_db(transaction=True)
def test_the_first_opening_writes_once_without_a_transaction(cast: Cast, client: Client) -> None:
    client.force_login(cast.ana)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        client.get(LESSON)
    statements = [query["sql"].split()[0] for query in captured]
    assert len(statements) <= 6
    assert [word for word in statements if word != "SELECT"] == ["INSERT"]
