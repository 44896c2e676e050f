"""The page of an exercise: what stands on it, handing in, trying out, drafts, and the list of exercises."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from courses.models import Document, Enrollment
from exercises import submitting
from exercises.extensions import Practice
from exercises.models import Draft, Exercise, Grading, Submission
from tests import factories
from tests.conftest import Cast
from tests.exercises.pages import HIDDEN, HTMX, a_case, as_, graded, trial, upload
from tests.exercises.test_judging import make_worker

pytestmark = pytest.mark.django_db
PROGRAM = "print('hola')\n"
TWO_LANGUAGES = {
    **factories.PROGRAM_SPEC,
    "files": [
        {"name": "main.py", "language": "python", "max_bytes": 1000},
        {"name": "main.go", "language": "go", "max_bytes": 1000},
    ],
}


@pytest.fixture
def ana(cast: Cast, client: Client, bells: object) -> Client:
    return as_(client, cast.ana)


def page_of(exercise: Exercise) -> str:
    return exercise.get_absolute_url()


def hand_in(client: Client, exercise: Exercise, text: str = PROGRAM, to: str = "submit", **fields: object):
    headers = fields.pop("headers", None)
    data = {"main.py": text, "request_key": str(uuid.uuid4()), "base_revision": "0", **fields}
    return client.post(reverse(to, args=[exercise.pk]), data, headers=headers)


# --- what stands on it --------------------------------------------------------------------------------------


def test_the_page_says_what_is_handed_in_how_large_and_what_grades_it(ana: Client, exercise: Exercise) -> None:
    page = ana.get(page_of(exercise)).text
    for words in ("main.py", "hasta 64 KiB", "Python", "sin límite", "de 10"):
        assert words in page


def test_the_editor_begins_with_what_the_course_gives(cast: Cast, ana: Client) -> None:
    file = {**factories.PROGRAM_SPEC["files"][0], "starter": "starter/main.py"}
    exercise = factories.make_exercise(
        cast.course, "ejercicios/laboratorios/eco.md", spec={**factories.PROGRAM_SPEC, "files": [file]}
    )
    factories.make_file(cast.course, "ejercicios/laboratorios/eco/starter/main.py", b"# empieza <aqui>\n")
    assert "# empieza &lt;aqui&gt;" in ana.get(page_of(exercise)).text


def test_the_editor_goes_on_with_the_draft(ana: Client, cast: Cast, exercise: Exercise) -> None:
    submitting.save_draft(cast.ana_enrolled, exercise, {"main.py": b"# a medias\n"}, 0)
    assert "# a medias" in ana.get(page_of(exercise)).text


def test_a_first_empty_line_survives_the_textarea(ana: Client, cast: Cast, exercise: Exercise) -> None:
    submitting.save_draft(cast.ana_enrolled, exercise, {"main.py": b"\n# dos\n"}, 0)
    # HTML drops one line break right after the tag
    assert ">\n\n# dos" in ana.get(page_of(exercise)).text


def test_who_is_not_enrolled_reads_and_has_nothing_to_send(
    cast: Cast, client: Client, exercise: Exercise
) -> None:
    page = as_(client, cast.carla).get(page_of(exercise))
    assert page.status_code == 200
    assert "<textarea" not in page.text


def test_the_page_says_that_nothing_is_graded_and_why(ana: Client, exercise: Exercise) -> None:
    make_worker(can_grade=False, reason="Falta nsjail.")
    page = ana.get(page_of(exercise)).text
    assert "Ahora no se corrige." in page
    assert "Falta nsjail." in page


def test_without_a_heartbeat_the_page_says_so(ana: Client, exercise: Exercise) -> None:
    assert "No hay ningún corrector en marcha." in ana.get(page_of(exercise)).text


def test_where_a_worker_grades_there_is_no_notice(ana: Client, exercise: Exercise) -> None:
    make_worker()
    assert "Ahora no se corrige." not in ana.get(page_of(exercise)).text


def test_a_kind_that_nothing_grades_yet_is_only_its_statement(cast: Cast, ana: Client) -> None:
    document = factories.make_document(
        cast.course, "ejercicios/laboratorios/trazar.md", kind="exercise", title="Trazar"
    )
    page = ana.get(document.get_absolute_url())
    assert page.status_code == 200
    assert "Entregar" not in page.text


@pytest.mark.parametrize("attempts", [1, 25])
def test_the_page_takes_at_most_twelve_queries(
    cast: Cast, ana: Client, attempts: int, settings: object
) -> None:
    spec = {**factories.PROGRAM_SPEC, "max_attempts": 100}
    exercise = factories.make_exercise(cast.course, spec=spec)
    submitting.save_draft(cast.ana_enrolled, exercise, {"main.py": b"1\n"}, 0)
    for _number in range(attempts):
        graded(factories.make_submission(cast.ana_enrolled, exercise), a_case(), HIDDEN)
    factories.make_grading(factories.make_submission(cast.ana_enrolled, exercise))
    trial(cast.ana_enrolled, exercise)
    ana.get(page_of(exercise))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert ana.get(page_of(exercise)).status_code == 200
    assert len(queries) <= 12


def test_older_attempts_are_a_page_away(cast: Cast, ana: Client, exercise: Exercise) -> None:
    for _number in range(12):
        graded(factories.make_submission(cast.ana_enrolled, exercise), a_case())
    first = ana.get(page_of(exercise)).text
    assert "Intento 12" in first
    assert "?antes=3#intentos" in first
    assert "Intento 2<" not in first
    assert "Intento 2<" in ana.get(page_of(exercise), {"antes": "3"}).text


# --- handing in ---------------------------------------------------------------------------------------------


def test_handing_in_leads_back_to_the_page_with_the_attempt(ana: Client, exercise: Exercise) -> None:
    answer = hand_in(ana, exercise)
    assert answer.headers["Location"] == f"{page_of(exercise)}#intentos"
    page = ana.get(page_of(exercise)).text
    assert "Intento 1" in page
    assert "puesto 1" in page


def test_with_a_script_only_the_attempts_and_the_keys_come_back(ana: Client, exercise: Exercise) -> None:
    answer = hand_in(ana, exercise, headers=HTMX)
    assert "Intento 1" in answer.text
    assert "<textarea" not in answer.text
    assert 'name="base_revision" value="1"' in answer.text


def test_the_same_key_twice_is_one_submission(ana: Client, exercise: Exercise) -> None:
    key = str(uuid.uuid4())
    hand_in(ana, exercise, request_key=key)
    hand_in(ana, exercise, request_key=key)
    assert Submission.objects.count() == 1


def test_each_page_brings_a_new_key(ana: Client, exercise: Exercise) -> None:
    keys = [ana.get(page_of(exercise)).context["request_key"] for _time in range(2)]
    assert keys[0] != keys[1]


def test_trying_out_makes_no_submission(ana: Client, exercise: Exercise) -> None:
    assert hand_in(ana, exercise, to="try_out").status_code == 302
    assert not Submission.objects.exists()
    assert "Prueba" in ana.get(page_of(exercise)).text


@pytest.mark.parametrize("to", ["submit", "try_out"])
@pytest.mark.parametrize("headers", [None, HTMX])
def test_what_cannot_be_handed_in_is_said_at_the_field(
    ana: Client, exercise: Exercise, to: str, headers: dict[str, str] | None
) -> None:
    answer = hand_in(ana, exercise, "x" * 70_000, to=to, headers=headers)
    assert answer.status_code == 422
    assert "ocupa 69 KiB y el máximo es 64 KiB" in answer.text
    assert not Grading.objects.exists()


def test_what_was_typed_is_still_there_after_a_refusal(ana: Client, exercise: Exercise) -> None:
    answer = hand_in(ana, exercise, "y" * 70_000)
    assert "y" * 70_000 in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_ten_megabytes_are_refused_in_words_with_the_page(ana: Client, exercise: Exercise) -> None:
    answer = hand_in(ana, exercise, subida=upload("main.py", b"x" * (10 << 20)))
    assert answer.status_code == 422
    assert "redúcelo" in answer.text
    assert "print(&#x27;hola&#x27;)" in answer.text


def test_more_than_a_request_may_hold_is_refused_in_words(ana: Client, exercise: Exercise) -> None:
    answer = hand_in(ana, exercise, "x" * (31 << 20))
    assert answer.status_code == 400
    assert "demasiado grande" in answer.text


def test_an_upload_takes_the_place_of_what_is_typed(ana: Client, exercise: Exercise) -> None:
    hand_in(ana, exercise, subida=upload("otro_nombre.py", b"print(2)\n"))
    assert Submission.objects.get().files.contents() == {"main.py": b"print(2)\n"}


def test_an_upload_keeps_its_bytes(ana: Client, exercise: Exercise) -> None:
    hand_in(ana, exercise, subida=upload("main.py", b"print(2)\r\n"))
    assert Submission.objects.get().files.contents() == {"main.py": b"print(2)\r\n"}


def test_an_upload_that_is_not_utf_8_is_refused_in_words(ana: Client, exercise: Exercise) -> None:
    answer = hand_in(ana, exercise, subida=upload("main.py", "año".encode("latin-1")))
    assert answer.status_code == 422
    assert "no está en UTF-8" in answer.text


def test_of_several_files_an_upload_must_have_the_name_of_one(cast: Cast, ana: Client) -> None:
    exercise = factories.make_exercise(cast.course, spec=TWO_LANGUAGES)
    answer = hand_in(ana, exercise, subida=upload("otro.py", b"1"))
    assert answer.status_code == 422
    assert "no pide «otro.py»" in answer.text


def test_too_many_pending_are_refused_with_what_was_typed(
    ana: Client, cast: Cast, exercise: Exercise, settings: object
) -> None:
    settings.MAX_PENDING_PER_USER = 1
    hand_in(ana, exercise)
    answer = hand_in(ana, exercise, "print('otra cosa')\n")
    assert answer.status_code == 429
    assert "Ya tienes una corrección pendiente" in answer.text
    assert "otra cosa" in answer.text


def test_without_attempts_left_one_is_told_so(cast: Cast, ana: Client) -> None:
    exercise = factories.make_exercise(cast.course, spec={**factories.PROGRAM_SPEC, "max_attempts": 1})
    hand_in(ana, exercise)
    answer = hand_in(ana, exercise)
    assert answer.status_code == 409
    assert "Has usado el único intento" in answer.text


def test_only_the_files_of_the_chosen_language_are_handed_in(cast: Cast, ana: Client) -> None:
    exercise = factories.make_exercise(cast.course, spec=TWO_LANGUAGES)
    hand_in(ana, exercise, **{"main.go": "package main\n", "lenguaje": "go"})
    assert Submission.objects.get().files.contents() == {"main.go": b"package main\n"}


def test_what_was_written_in_another_language_stays_in_the_draft(cast: Cast, ana: Client) -> None:
    exercise = factories.make_exercise(cast.course, spec=TWO_LANGUAGES)
    hand_in(ana, exercise, **{"main.go": "package main\n", "lenguaje": "go"})
    assert set(Draft.objects.get().files.contents()) == {"main.py", "main.go"}


def test_a_retired_exercise_is_no_longer_there(ana: Client, cast: Cast, exercise: Exercise) -> None:
    exercise.retired_at = cast.cohort.created_at
    exercise.save()
    assert hand_in(ana, exercise).status_code == 404


def test_a_quiz_has_no_page_to_hand_in(cast: Cast, ana: Client) -> None:
    quiz = factories.make_exercise(cast.course, kind="quiz")
    assert hand_in(ana, quiz).status_code == 404


def test_who_has_left_the_course_hands_nothing_in(ana: Client, cast: Cast, exercise: Exercise) -> None:
    Enrollment.objects.filter(pk=cast.ana_enrolled.pk).update(is_active=False)
    assert hand_in(ana, exercise).status_code == 404


def test_logging_in_leads_back_to_the_exercise(cast: Cast, client: Client, exercise: Exercise) -> None:
    assert hand_in(client, exercise).headers["Location"] == f"/cuenta/login/?next={page_of(exercise)}"


# --- drafts -------------------------------------------------------------------------------------------------


def save(client: Client, exercise: Exercise, text: str, base: int = 0, **fields: str):
    headers = fields.pop("headers", HTMX)
    data = {"main.py": text, "base_revision": str(base), **fields}
    return client.post(reverse("save_draft", args=[exercise.pk]), data, headers=headers)


def test_a_draft_is_kept_and_its_revision_told(ana: Client, exercise: Exercise) -> None:
    answer = save(ana, exercise, "# uno")
    assert (answer.status_code, answer.headers["X-Draft-Revision"]) == (204, "1")
    assert Draft.objects.get().files.contents() == {"main.py": b"# uno\n"}


def test_a_second_tab_gets_both_texts_and_overwrites_none(ana: Client, exercise: Exercise) -> None:
    save(ana, exercise, "# uno")
    answer = save(ana, exercise, "# dos")
    assert answer.status_code == 409
    assert answer.headers["X-Draft-Revision"] == "1"
    assert "# uno" in answer.text
    assert Draft.objects.get().files.contents() == {"main.py": b"# uno\n"}


def test_without_a_script_both_texts_stand_on_the_page(ana: Client, exercise: Exercise) -> None:
    save(ana, exercise, "# uno")
    answer = save(ana, exercise, "# dos", then="page", headers=None)
    assert answer.status_code == 409
    assert "# uno" in answer.text
    assert "# dos" in answer.text


def test_saving_again_after_a_conflict_keeps_what_is_in_the_editor(ana: Client, exercise: Exercise) -> None:
    save(ana, exercise, "# uno")
    page = save(ana, exercise, "# dos", then="page", headers=None)
    base = page.context["desk"].revision
    assert save(ana, exercise, "# dos", base, then="page", headers=None).status_code == 302
    assert Draft.objects.get().files.contents() == {"main.py": b"# dos\n"}


def test_a_draft_without_end_is_refused_in_words(ana: Client, exercise: Exercise) -> None:
    answer = save(ana, exercise, "x" * (2 << 20))
    assert answer.status_code == 422
    assert "no se guarda el borrador" in answer.text


def test_a_draft_whose_session_ended_is_told_so(cast: Cast, client: Client, exercise: Exercise) -> None:
    answer = save(client, exercise, "# uno")
    assert answer.status_code == 401
    assert "la sesión ha caducado" in answer.text


def test_everybody_has_their_own_draft(cast: Cast, client: Client, exercise: Exercise) -> None:
    save(as_(client, cast.blas), exercise, "# de Blas")
    assert "# de Blas" not in as_(client, cast.ana).get(page_of(exercise)).text


# --- the list, and the cards of a lesson --------------------------------------------------------------------


def test_the_list_has_the_exercises_of_my_courses_and_no_quiz(
    cast: Cast, ana: Client, exercise: Exercise
) -> None:
    quiz = factories.make_exercise(cast.course, "01_fundamentos/quiz.md", kind="quiz")
    elsewhere = factories.make_exercise(factories.make_course("otro"))
    page = ana.get("/ejercicios/").text
    assert page_of(exercise) in page
    assert quiz.document.title not in page
    assert elsewhere.document.title not in page


def test_the_list_counts_my_attempts_alone(cast: Cast, ana: Client, exercise: Exercise) -> None:
    factories.make_submission(cast.blas_enrolled, exercise)
    factories.make_submission(cast.ana_enrolled, exercise)
    ((_course, _enrollment, modules),) = ana.get("/ejercicios/").context["courses"]
    assert [row.attempts for _module, rows, _announced in modules for row in rows] == [1]


def test_what_is_being_graded_stands_so_in_the_list(cast: Cast, ana: Client, exercise: Exercise) -> None:
    factories.make_grading(factories.make_submission(cast.ana_enrolled, exercise))
    assert "Corrigiendo" in ana.get("/ejercicios/").text


def test_who_is_in_no_course_gets_a_list_that_says_so(cast: Cast, client: Client) -> None:
    assert "Todavía no hay ejercicios" in as_(client, cast.nadie).get("/ejercicios/").text


def test_a_lesson_shows_its_exercises(cast: Cast, ana: Client) -> None:
    exercise = factories.make_exercise(cast.course, lesson=cast.lesson)
    page = ana.get(cast.lesson.get_absolute_url()).text
    assert exercise.get_absolute_url() in page
    assert "Practica" in page


def test_a_lesson_without_exercises_says_nothing_of_them(cast: Cast, ana: Client) -> None:
    factories.make_exercise(cast.course, kind="quiz", lesson=cast.lesson)
    assert "Practica" not in ana.get(cast.lesson.get_absolute_url()).text


def test_a_lesson_s_cards_are_one_query(cast: Cast, ana: Client, django_assert_num_queries: object) -> None:
    for _number in range(3):
        factories.make_exercise(cast.course, lesson=cast.lesson)
    lesson = Document.objects.select_related("course").get(pk=cast.lesson.pk)
    with django_assert_num_queries(1):
        context = Practice().context(lesson, cast.ana_enrolled, None)
    assert len(context["cards"]) == 3


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["comment", "decide", "give_points"])
def test_asking_for_the_address_of_a_refused_form_leads_to_its_page(client, name):
    asked = client.get(reverse(name, args=[7]) + "?archivo=main.py&linea=2")
    assert asked.status_code == 302
    assert asked["Location"] == reverse("review", args=[7]) + "?archivo=main.py&linea=2"
