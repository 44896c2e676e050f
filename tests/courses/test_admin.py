from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from courses import publishing
from courses.editors import EDITORS
from courses.importing import import_course
from courses.models import Course, CourseFile, Document, Enrollment, FileRevision, Progress
from courses.publishing import TooBusy, save
from formacion.models import User
from tests import factories
from tests.conftest import Cast
from tests.courses.builders import EXAMPLE, edited, example

pytestmark = [pytest.mark.django_db, pytest.mark.db]

FIRST = "01_inicio/01_primera.md"


@pytest.fixture
def course(db: None) -> Course:
    import_course(EXAMPLE)
    return Course.objects.get(slug="ejemplo")


@pytest.fixture
def lesson(course: Course) -> Document:
    return Document.objects.get(file__path=FIRST)


@pytest.fixture
def editor(db: None) -> User:
    user = factories.make_user("eva@editora.test", name="Eva", is_staff=True)
    user.groups.add(Group.objects.get(name=EDITORS))
    return user


@pytest.fixture
def page(editor: User, client: Client) -> Client:
    client.force_login(editor)
    return client


def change_url(document: Document) -> str:
    return reverse("admin:courses_lesson_change", args=[document.pk])


def sent(document: Document, text: str, **more: str) -> dict[str, str]:
    head = CourseFile.objects.get(pk=document.file_id).head_id
    return {"source": text.replace("\n", "\r\n"), "why": "Más claro", "base": str(head or 0), **more}


def test_the_editor_shows_the_source_exactly(page: Client, lesson: Document):
    answer = page.get(change_url(lesson))
    assert answer.status_code == 200
    assert answer.context["form"]["source"].value() == example()[FIRST].decode()
    assert 'data-editor="markdown"' in answer.content.decode()


def test_publishing_writes_revision_html_and_author_and_comes_back(
    page: Client, lesson: Document, editor: User
):
    text = edited(FIRST, "El bucle está", "El bucle reside")
    answer = page.post(change_url(lesson), sent(lesson, text, _publish="1"))
    assert answer.status_code == 302
    lesson.refresh_from_db()
    head = lesson.file.head
    assert head is not None
    assert (head.text, head.author, head.why) == (text, editor, "Más claro")
    assert "El bucle reside" in lesson.body_html


def test_saving_without_a_change_writes_nothing(page: Client, lesson: Document):
    before = FileRevision.objects.count()
    page.post(change_url(lesson), sent(lesson, example()[FIRST].decode()))
    assert FileRevision.objects.count() == before


def test_a_draft_is_kept_from_readers(page: Client, lesson: Document):
    page.post(change_url(lesson), sent(lesson, "a medias", _draft="1"))
    file = CourseFile.objects.select_related("head", "published").get(pk=lesson.file_id)
    assert file.head is not None
    assert (file.head.text, file.published) == ("a medias", file.imported)


def test_a_refused_text_comes_back_whole_with_its_lines(page: Client, lesson: Document):
    broken = edited(FIRST, "flowchart LR", "dibujo LR")
    answer = page.post(change_url(lesson), sent(lesson, broken))
    assert answer.status_code == 422
    [error] = answer.context["form"].errors["source"]
    assert error.startswith("Línea 13: ")
    assert "dibujo LR" in answer.content.decode()
    assert FileRevision.objects.filter(file=lesson.file).count() == 1


def test_why_is_asked_for(page: Client, lesson: Document):
    answer = page.post(change_url(lesson), sent(lesson, edited(FIRST, "está", "reside"), why=""))
    assert answer.context["form"].errors["why"] == ["Di en una frase qué cambia y por qué."]


def test_a_stale_save_keeps_the_text_and_shows_what_differs(page: Client, lesson: Document):
    mine = sent(lesson, edited(FIRST, "El bucle está", "El bucle mío está"))
    other = factories.make_user("otra@ejemplo.test", name="Berta")
    theirs = save(lesson.file, edited(FIRST, "El bucle está", "El suyo está").encode(), author=other, why="x")
    answer = page.post(change_url(lesson), mine)
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Berta guardó otra revisión" in text
    kinds = {line.kind: line.text for line in answer.context["lines"] if line.kind in {"added", "removed"}}
    assert "El bucle mío" in kinds["added"]
    assert "El suyo" in kinds["removed"]
    assert "El bucle mío está" in answer.context["form"]["source"].value()
    assert answer.context["form"]["base"].value() == str(theirs.pk)
    assert CourseFile.objects.get(pk=lesson.file_id).head == theirs


def test_whoever_saw_the_other_text_may_save_over_it(page: Client, lesson: Document):
    text = edited(FIRST, "El bucle está", "El bucle mío está")
    save(lesson.file, edited(FIRST, "El bucle está", "El suyo está").encode(), author=None, why="x")
    assert page.post(change_url(lesson), sent(lesson, text)).status_code == 302
    lesson.refresh_from_db()
    assert "El bucle mío está" in lesson.body_html


def test_the_preview_shows_the_posted_text_and_writes_nothing(page: Client, lesson: Document):
    before = FileRevision.objects.count()
    url = reverse("admin:courses_lesson_preview", args=[lesson.pk])
    answer = page.post(url, {"source": edited(FIRST, "El bucle está", "El bucle **reside**")})
    text = answer.content.decode()
    assert "<strong>reside</strong>" in text
    assert "Se puede publicar" in text
    assert FileRevision.objects.count() == before


def test_the_preview_names_problems_with_their_line(page: Client, lesson: Document):
    url = reverse("admin:courses_lesson_preview", args=[lesson.pk])
    text = page.post(url, {"source": edited(FIRST, "02_segunda.md", "nada.md")}).content.decode()
    assert "Así no se puede publicar" in text
    assert "Línea 21:" in text


def test_what_is_previewed_cannot_run_script(page: Client, lesson: Document):
    url = reverse("admin:courses_lesson_preview", args=[lesson.pk])
    hostile = "---\ntitle: x\n---\n<script>alert(1)</script><img src=x onerror=alert(1)>\n"
    text = page.post(url, {"source": hostile}).content.decode()
    assert "<script" not in text
    assert "onerror" not in text


def test_the_index_is_checked_by_its_preview(page: Client, course: Course):
    file = course.files.get(path="course.yml")
    url = reverse("admin:courses_coursefile_preview", args=[file.pk])
    text = page.post(url, {"source": edited("course.yml", "minutes: 30", "minutes: muchos")}).content.decode()
    assert "un número entero" in text


def test_history_lists_revisions_and_one_is_compared_and_restored(page: Client, lesson: Document):
    old = lesson.file.head
    assert old is not None
    save(lesson.file, edited(FIRST, "El bucle está", "El bucle reside").encode(), author=None, why="Otro verbo")
    history = page.get(reverse("admin:courses_lesson_history", args=[lesson.pk])).content.decode()
    assert "Otro verbo" in history
    url = reverse("admin:courses_lesson_revision", args=[lesson.pk, old.pk])
    assert [line.kind for line in page.get(url).context["lines"]].count("added") == 1
    assert page.post(url).status_code == 302
    lesson.refresh_from_db()
    assert "El bucle está" in lesson.body_html
    assert lesson.file.revisions.count() == 3


def test_a_revision_of_another_file_is_not_found_here(page: Client, lesson: Document, course: Course):
    other = course.files.get(path="course.yml").head
    assert other is not None
    url = reverse("admin:courses_lesson_revision", args=[lesson.pk, other.pk])
    assert page.get(url).status_code == 404


def test_a_file_that_is_no_text_is_replaced_whole(page: Client, course: Course):
    file = course.files.get(path="01_inicio/esquema.png")
    url = reverse("admin:courses_coursefile_change", args=[file.pk])
    assert "upload" in page.get(url).context["form"].fields
    data = {"upload": SimpleUploadedFile("x.png", b"\x89PNG\0nuevo"), "why": "Otra", "base": str(file.head_id)}
    assert page.post(url, data).status_code == 302
    file.refresh_from_db()
    assert file.published is not None
    assert bytes(file.published.content) == b"\x89PNG\0nuevo"


def test_line_ends_of_a_file_stay_as_they_are(page: Client, course: Course):
    file = course.files.get(path="recursos/datos.txt")
    url = reverse("admin:courses_coursefile_change", args=[file.pk])
    page.post(url, {"source": "uno\r\ntres\r\n", "why": "x", "base": str(file.head_id)})
    file.refresh_from_db()
    assert file.published is not None
    assert bytes(file.published.content) == b"uno\r\ntres\r\n"


def test_a_new_file_is_added_and_a_wrong_path_is_refused(page: Client, course: Course):
    url = reverse("admin:courses_coursefile_add")
    answer = page.post(url, {"path": "suelto.txt", "source": "x", "why": "x"})
    assert answer.status_code == 422
    answer = page.post(url, {"path": "recursos/mas.txt", "source": "x", "why": "x"})
    assert answer.status_code == 302
    assert course.files.get(path="recursos/mas.txt").published is not None


# --- who may ------------------------------------------------------------------------------------------------

CONTENT = ("course", "module", "lesson", "resource", "coursefile")
PEOPLE = ("cohort", "enrollment", "teaching")


def list_urls(names: tuple[str, ...]) -> list[str]:
    return [reverse(f"admin:courses_{name}_changelist") for name in names]


def test_editors_see_content_and_no_personal_data(page: Client, course: Course):
    people = [
        *list_urls(PEOPLE),
        reverse("admin:formacion_user_changelist"),
        reverse("admin:auth_group_changelist"),
    ]
    assert {url: page.get(url).status_code for url in list_urls(CONTENT)} == dict.fromkeys(
        list_urls(CONTENT), 200
    )
    assert {url: page.get(url).status_code for url in people} == dict.fromkeys(people, 403)


def test_editors_are_led_to_the_page_only_where_they_may_read_it(page: Client, lesson: Document, editor: User):
    link = f'href="{lesson.get_absolute_url()}"'
    assert link not in page.get(change_url(lesson)).text
    factories.enroll(editor, factories.make_cohort(lesson.course))
    assert link in page.get(change_url(lesson)).text


def test_reviewing_is_offered_to_who_may_review(page: Client, lesson: Document, editor: User):
    assert 'href="/revision/"' not in page.get(change_url(lesson)).text
    factories.teach(editor, factories.make_cohort(lesson.course))
    assert 'href="/revision/"' in page.get(change_url(lesson)).text


@pytest.mark.parametrize("verb", ["save", "restore", "save_new"])
def test_when_others_keep_changing_the_course_one_is_told(
    page: Client, lesson: Document, monkeypatch: pytest.MonkeyPatch, verb: str
):
    first = lesson.file.published_id
    page.post(change_url(lesson), sent(lesson, edited(FIRST, "El bucle está", "El bucle reside")))

    def busy(*told: object, **more: object) -> None:
        raise TooBusy

    monkeypatch.setattr(publishing, verb, busy)
    new = {"path": "recursos/x.txt", "source": "x", "why": "x"}
    sends = {
        "save": lambda: page.post(change_url(lesson), sent(lesson, "x")),
        "restore": lambda: page.post(
            reverse("admin:courses_lesson_revision", args=[lesson.pk, first]), follow=True
        ),
        "save_new": lambda: page.post(reverse("admin:courses_coursefile_add"), new),
    }
    assert "vuelve a guardar" in sends[verb]().text


def test_the_admin_is_entered_through_the_sites_own_door(client: Client):
    answer = client.get("/admin/login/?next=/admin/")
    assert answer.headers["Location"] == "/cuenta/login/?next=%2Fadmin%2F"


def test_editors_may_not_decide_who_sees_a_course(page: Client, course: Course):
    url = reverse("admin:courses_course_change", args=[course.pk])
    assert page.get(url).status_code == 200
    assert page.post(url, {"is_open": ""}).status_code == 403


def test_the_group_of_editors_holds_no_permission_on_people():
    names = set(Permission.objects.filter(group__name=EDITORS).values_list("codename", flat=True))
    assert "change_lesson" in names
    assert not {
        name for name in names if name.endswith(("user", "enrollment", "cohort", "teaching", "progress"))
    }
    assert not {name for name in names if name.startswith("delete_")}


OUTSIDERS: list[Callable[[Cast], User | None]] = [
    lambda cast: None,
    lambda cast: cast.nadie,
    lambda cast: cast.ana,
    lambda cast: cast.carla,
]


@pytest.mark.parametrize("who", OUTSIDERS, ids=["anónimo", "de fuera", "estudiante", "instructora"])
def test_nobody_else_comes_in(client: Client, cast: Cast, lesson: Document, who: Callable[[Cast], User | None]):
    user = who(cast)
    if user:
        client.force_login(user)
    urls = [
        change_url(lesson),
        reverse("admin:courses_lesson_history", args=[lesson.pk]),
        reverse("admin:courses_lesson_preview", args=[lesson.pk]),
        reverse("admin:courses_lesson_revision", args=[lesson.pk, lesson.file.head_id]),
    ]
    for url in urls:
        answer = client.post(url, {"source": "x", "why": "x", "base": "0"})
        assert answer.status_code == 302
        assert "login" in answer.headers["Location"]
    assert lesson.file.revisions.count() == 1


def test_staff_without_the_permission_are_refused(client: Client, lesson: Document):
    client.force_login(factories.make_user(is_staff=True))
    assert client.get(change_url(lesson)).status_code == 403
    url = reverse("admin:courses_lesson_preview", args=[lesson.pk])
    assert client.post(url, {"source": "x"}).status_code == 403


def test_who_may_only_look_cannot_save(client: Client, lesson: Document):
    user = factories.make_user(is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_lesson"))
    client.force_login(user)
    assert client.get(change_url(lesson)).status_code == 200
    assert client.post(change_url(lesson), sent(lesson, "x")).status_code == 403


# --- people -------------------------------------------------------------------------------------------------


@pytest.fixture
def owner(client: Client, cast: Cast) -> Client:
    client.force_login(cast.olga)
    return client


@pytest.mark.parametrize("name", [*CONTENT, *PEOPLE])
def test_nothing_is_deleted_in_bulk(owner: Client, cast: Cast, name: str):
    owner.post(
        reverse(f"admin:courses_{name}_changelist"),
        {"action": "delete_selected", "_selected_action": "1", "post": "yes"},
    )
    answer = owner.get(reverse(f"admin:courses_{name}_changelist"))
    assert answer.status_code == 200
    assert "delete_selected" not in answer.content.decode()


def test_what_holds_work_cannot_be_deleted(owner: Client, cast: Cast):
    Progress.objects.create(enrollment=cast.ana_enrolled, file=cast.lesson.file)
    places = {
        "enrollment": cast.ana_enrolled.pk,
        "cohort": cast.cohort.pk,
        "course": cast.course.pk,
        "lesson": cast.lesson.pk,
        "coursefile": cast.lesson.file_id,
    }
    for name, pk in places.items():
        answer = owner.post(reverse(f"admin:courses_{name}_delete", args=[pk]), {"post": "yes"})
        assert answer.status_code == 403, name
    assert owner.post(reverse("admin:formacion_user_delete", args=[cast.ana.pk])).status_code == 403


def test_an_enrolment_takes_the_course_of_its_cohort(owner: Client, cast: Cast):
    url = reverse("admin:courses_enrollment_add")
    data = {"user": cast.nadie.pk, "cohort": cast.cohort.pk, "is_active": "on"}
    assert owner.post(url, data).status_code == 302
    assert Enrollment.objects.get(user=cast.nadie).course == cast.course
    again = owner.post(url, data)
    assert "ya está inscrita" in again.content.decode()


def test_an_enrolment_does_not_move_to_another_course(owner: Client, cast: Cast):
    elsewhere = factories.make_cohort(factories.make_course())
    url = reverse("admin:courses_enrollment_change", args=[cast.ana_enrolled.pk])
    answer = owner.post(url, {"cohort": elsewhere.pk, "is_active": "on"})
    assert "otro curso" in answer.content.decode()


def test_every_page_of_the_owner_opens(owner: Client, cast: Cast, course: Course):
    lesson = Document.objects.get(file__path=FIRST)
    urls = [
        *list_urls(CONTENT),
        *list_urls(PEOPLE),
        *[f"{list_urls(('lesson',))[0]}?estado={state}" for state in ("publicado", "borrador", "carpeta")],
        reverse("admin:courses_course_change", args=[course.pk]),
        reverse("admin:courses_cohort_add"),
        reverse("admin:courses_cohort_change", args=[cast.cohort.pk]),
        reverse("admin:courses_enrollment_change", args=[cast.ana_enrolled.pk]),
        reverse("admin:courses_coursefile_add"),
        reverse("admin:courses_lesson_history", args=[lesson.pk]),
        reverse("admin:formacion_user_changelist"),
        reverse("admin:formacion_user_add"),
        reverse("admin:formacion_user_change", args=[cast.ana.pk]),
    ]
    assert {url: owner.get(url).status_code for url in urls} == dict.fromkeys(urls, 200)


def test_a_person_is_added_by_e_mail(owner: Client):
    data = {
        "email": "Nueva@Ejemplo.test",
        "name": "Nueva",
        "usable_password": "true",
        "password1": "una clave muy larga",
        "password2": "una clave muy larga",
    }
    answer = owner.post(reverse("admin:formacion_user_add"), data)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert User.objects.get(email__iexact="nueva@ejemplo.test").check_password("una clave muy larga")
