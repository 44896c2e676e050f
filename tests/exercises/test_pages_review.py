"""The pages of a submission and of its review: files, comments on lines, decisions, and who sees what."""

from __future__ import annotations

import io
import zipfile

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from exercises import reviewing
from exercises.models import Exercise, Grading, Review, ReviewComment, Submission
from tests import factories
from tests.conftest import Cast
from tests.exercises.pages import HIDDEN, a_case, as_, graded

pytestmark = pytest.mark.django_db
CODE = {"main.py": b"import sys\n# <b>hola</b>\nprint(1)\n"}


@pytest.fixture
def work(cast: Cast, exercise: Exercise) -> Submission:
    submission = factories.make_submission(cast.ana_enrolled, exercise, CODE)
    graded(submission, a_case(), HIDDEN)
    return submission


@pytest.fixture
def carla(cast: Cast, client: Client) -> Client:
    return as_(client, cast.carla)


@pytest.fixture
def ana(cast: Cast) -> Client:
    return as_(Client(), cast.ana)


def page_of(work: Submission) -> str:
    return reverse("review", args=[work.pk])


def comment(client: Client, work: Submission, text: str = "Ojo aquí.", line: int = 3, **fields: object):
    data = {"text": text, "archivo": "main.py", "linea": str(line), **fields}
    return client.post(reverse("comment", args=[work.pk]), data)


def decide(
    client: Client, work: Submission, decision: str, text: str = "", revision: int = 0, **fields: object
):
    data = {"general": text, "decision": decision, "revision": str(revision)}
    return client.post(reverse("decide", args=[work.pk]), data, **fields)


# --- a submission -------------------------------------------------------------------------------------------


def test_the_files_stand_there_in_numbered_lines_and_escaped(ana: Client, work: Submission) -> None:
    page = ana.get(work.get_absolute_url()).text
    assert 'id="main-py-l3"' in page
    assert "&lt;b&gt;hola&lt;/b&gt;" in page


def test_the_difference_to_the_attempt_before(cast: Cast, ana: Client, work: Submission) -> None:
    newer = factories.make_submission(
        cast.ana_enrolled, work.exercise, {"main.py": b"import sys\n# <b>hola</b>\nprint(2)\n"}
    )
    page = ana.get(newer.get_absolute_url(), {"diferencia": "1"}).text
    assert "Cambios desde el intento 1" in page
    assert "<del>- print(1)</del>" in page
    assert "<ins>+ print(2)</ins>" in page


def test_the_first_attempt_has_nothing_to_differ_from(ana: Client, work: Submission) -> None:
    assert ana.get(work.get_absolute_url(), {"diferencia": "1"}).status_code == 200


def test_a_file_is_downloaded_byte_for_byte(ana: Client, work: Submission) -> None:
    answer = ana.get(reverse("download_file", args=[work.pk, "main.py"]))
    assert answer.content == CODE["main.py"]
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_all_files_are_downloaded_in_one_archive(ana: Client, work: Submission) -> None:
    archive = zipfile.ZipFile(io.BytesIO(ana.get(reverse("download", args=[work.pk])).content))
    assert {name: archive.read(name) for name in archive.namelist()} == CODE


def test_what_is_not_in_it_cannot_be_downloaded(ana: Client, work: Submission) -> None:
    assert ana.get(reverse("download_file", args=[work.pk, "exercise.yml"])).status_code == 404


@pytest.mark.parametrize("address", ["submission", "review"])
@pytest.mark.parametrize("attempts", [1, 12])
def test_a_page_takes_at_most_twelve_queries(cast: Cast, work: Submission, address: str, attempts: int) -> None:
    review = reviewing.open_review(work, cast.carla).review
    for _number in range(attempts):
        reviewing.comment(review, cast.carla, "Ojo.", file_name="main.py", line=1)
    reviewing.approve(review, cast.carla, 0, "Bien.")
    for _number in range(attempts):
        newest = factories.make_submission(cast.ana_enrolled, work.exercise, CODE)
        graded(newest, a_case(), HIDDEN)
    url = reverse(address, args=[work.pk])
    client = as_(Client(), cast.carla)
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url, {"diferencia": "1"}).status_code == 200
    assert len(queries) <= 12


def test_a_submission_that_waits_is_followed_on_its_page(cast: Cast, ana: Client, exercise: Exercise) -> None:
    waits = factories.make_submission(cast.ana_enrolled, exercise)
    factories.make_grading(waits)
    page = ana.get(waits.get_absolute_url()).text
    assert "puesto 1" in page
    assert "hx-trigger" in page


def test_the_state_of_a_submission_is_a_fragment(ana: Client, work: Submission) -> None:
    answer = ana.get(reverse("submission_status", args=[work.pk]), headers={"HX-Request": "true"})
    assert "<html" not in answer.text
    assert "Parcial" in answer.text


# --- what the student sees of a review ----------------------------------------------------------------------


def test_the_student_sees_nothing_before_the_decision(carla: Client, ana: Client, work: Submission) -> None:
    comment(carla, work)
    page = ana.get(work.get_absolute_url()).text
    assert "Ojo aquí." not in page
    assert "Carla" not in page


def test_the_student_sees_decision_and_comments_after_it(carla: Client, ana: Client, work: Submission) -> None:
    comment(carla, work)
    decide(carla, work, "changes_wanted", "Mira la línea 3.")
    page = ana.get(work.get_absolute_url()).text
    for words in ("Pide cambios", "Ojo aquí.", "Mira la línea 3.", "Carla"):
        assert words in page


def test_opening_it_says_that_it_was_read(carla: Client, ana: Client, work: Submission) -> None:
    decide(carla, work, "approved", "Bien.")
    assert "Carla ha revisado" in ana.get("/").text
    ana.get(work.get_absolute_url())
    assert Review.objects.get().seen_at is not None
    assert "Carla ha revisado" not in ana.get("/").text


def test_who_reviews_does_not_read_it_for_the_student(carla: Client, work: Submission) -> None:
    decide(carla, work, "approved", "Bien.")
    carla.get(work.get_absolute_url())
    assert Review.objects.get().seen_at is None


def test_the_student_answers_under_the_comment(carla: Client, ana: Client, work: Submission) -> None:
    comment(carla, work)
    decide(carla, work, "changes_wanted")
    to = ReviewComment.objects.get()
    answer = ana.post(reverse("reply", args=[work.pk]), {"to": to.pk, "text": "¿Y si no?"})
    assert answer.status_code == 302
    assert "¿Y si no?" in carla.get(page_of(work)).text


def test_an_empty_answer_is_refused_where_it_was_written(carla: Client, ana: Client, work: Submission) -> None:
    decide(carla, work, "approved", "Bien.")
    answer = ana.post(reverse("reply", args=[work.pk]), {"to": ReviewComment.objects.get().pk, "text": " "})
    assert answer.status_code == 422
    assert "El comentario está vacío" in answer.text


def test_nobody_answers_a_draft(cast: Cast, carla: Client, ana: Client, work: Submission) -> None:
    decide(carla, work, "approved", "Bien.")
    comment(carla, work, "Solo mío.")
    draft = ReviewComment.objects.get(is_draft=True)
    assert ana.post(reverse("reply", args=[work.pk]), {"to": draft.pk, "text": "Ajá."}).status_code == 404


# --- reviewing ----------------------------------------------------------------------------------------------


def test_the_queue_has_what_waits_and_whose_it_is(carla: Client, work: Submission) -> None:
    page = carla.get("/revision/")
    assert page_of(work) in page.text
    assert "Esperan 1" in page.text


@pytest.mark.parametrize(("chosen", "count"), [("esperan", 0), ("cambios", 1), ("todas", 1)])
def test_the_queue_is_filtered(carla: Client, work: Submission, chosen: str, count: int) -> None:
    decide(carla, work, "changes_wanted", "Falta.")
    assert len(carla.get("/revision/", {"ver": chosen}).context["page"]) == count


def test_a_filter_that_does_not_exist_is_not_found(carla: Client, work: Submission) -> None:
    assert carla.get("/revision/", {"ver": "otra"}).status_code == 404


def test_the_work_of_another_cohort_is_not_there(cast: Cast, carla: Client, exercise: Exercise) -> None:
    theirs = factories.make_submission(cast.diego_enrolled, exercise)
    factories.make_grading(theirs)
    assert page_of(theirs) not in carla.get("/revision/", {"ver": "todas"}).text
    assert carla.get(page_of(theirs)).status_code == 404


def test_a_line_s_number_opens_a_comment_under_it_without_a_script(carla: Client, work: Submission) -> None:
    page = carla.get(page_of(work), {"archivo": "main.py", "linea": "2"}).text
    assert "Comentario a la línea 2" in page


def test_a_comment_stands_under_its_line_as_a_draft(carla: Client, work: Submission) -> None:
    answer = comment(carla, work)
    assert answer.headers["Location"] == f"{page_of(work)}#main-py-l3"
    page = carla.get(page_of(work)).text
    assert "Ojo aquí." in page
    assert "borrador: solo lo ves tú" in page


def test_an_empty_comment_is_refused_under_its_line(carla: Client, work: Submission) -> None:
    answer = comment(carla, work, " ")
    assert answer.status_code == 422
    assert "Comentario a la línea 3" in answer.text
    assert "El comentario está vacío" in answer.text


def test_a_comment_that_is_too_long_is_still_there_to_shorten(carla: Client, work: Submission) -> None:
    answer = comment(carla, work, "z" * 10_001)
    assert answer.status_code == 422
    assert "z" * 10_001 in answer.text


def test_a_draft_is_changed_and_thrown_away(carla: Client, work: Submission) -> None:
    comment(carla, work)
    draft = ReviewComment.objects.get()
    assert f'name="borrador" value="{draft.pk}"' in carla.get(page_of(work), {"borrador": draft.pk}).text
    comment(carla, work, "Mejor así.", borrador=draft.pk)
    draft.refresh_from_db()
    assert draft.text == "Mejor así."
    comment(carla, work, "Mejor así.", borrador=draft.pk, descartar="1")
    assert not ReviewComment.objects.exists()


def test_a_draft_of_another_reviewer_cannot_be_touched(cast: Cast, carla: Client, work: Submission) -> None:
    comment(carla, work)
    draft = ReviewComment.objects.get()
    olga = as_(Client(), cast.olga)
    assert "Ojo aquí." not in olga.get(page_of(work), {"borrador": draft.pk}).text
    comment(olga, work, "De Olga.", borrador=draft.pk)
    draft.refresh_from_db()
    assert draft.text == "Ojo aquí."


def test_changes_without_words_are_an_error_under_the_field(carla: Client, work: Submission) -> None:
    answer = decide(carla, work, "changes_wanted")
    assert answer.status_code == 422
    assert 'id="general-error"' in answer.text
    assert "di qué hay que cambiar" in answer.text


def test_after_a_decision_comes_the_next_that_waits(cast: Cast, carla: Client, work: Submission) -> None:
    other = factories.make_submission(cast.blas_enrolled, work.exercise)
    factories.make_grading(other)
    assert decide(carla, work, "approved").headers["Location"] == page_of(other)
    assert decide(carla, other, "approved").headers["Location"] == "/revision/"


def test_a_stale_decision_is_refused_with_both_texts(cast: Cast, carla: Client, work: Submission) -> None:
    carla.get(page_of(work))
    decide(as_(Client(), cast.olga), work, "approved", "Lo de Olga.")
    answer = decide(carla, work, "changes_wanted", "Lo de Carla.")
    assert answer.status_code == 409
    assert "Olga ha decidido mientras tanto" in answer.text
    assert "Lo de Olga." in answer.text
    assert "Lo de Carla." in answer.text
    assert Review.objects.get().decision == "approved"


def test_knowing_of_it_one_may_decide_all_the_same(cast: Cast, carla: Client, work: Submission) -> None:
    decide(as_(Client(), cast.olga), work, "approved", "Lo de Olga.")
    revision = decide(carla, work, "changes_wanted", "Lo de Carla.").context["review"].revision
    assert decide(carla, work, "changes_wanted", "Lo de Carla.", revision).status_code == 302
    assert Review.objects.get().decision == "changes_wanted"


def test_the_page_says_who_else_is_at_it(cast: Cast, carla: Client, work: Submission) -> None:
    as_(Client(), cast.olga).get(page_of(work))
    assert "Olga" in carla.get(page_of(work)).text


def test_words_can_be_kept_without_deciding(carla: Client, work: Submission) -> None:
    decide(carla, work, "draft", "Aún lo pienso.")
    assert "Aún lo pienso." in carla.get(page_of(work)).text
    assert Review.objects.get().decision == "waiting"


def test_a_decision_that_does_not_exist_is_not_found(carla: Client, work: Submission) -> None:
    assert decide(carla, work, "otra").status_code == 404


def test_who_reviews_sees_what_happened_in_a_hidden_case(carla: Client, ana: Client, work: Submission) -> None:
    assert "el mensaje del equipo" in carla.get(page_of(work)).text
    assert "el mensaje del equipo" not in ana.get(work.get_absolute_url()).text


# --- points by hand -----------------------------------------------------------------------------------------


def give(client: Client, work: Submission, score: str, reason: str = "Buena idea.", **fields: str):
    return client.post(reverse("give_points", args=[work.pk]), {"score": score, "reason": reason, **fields})


def test_points_by_hand_are_shown_with_their_reason(carla: Client, ana: Client, work: Submission) -> None:
    give(carla, work, "7,5")
    page = ana.get(work.get_absolute_url()).text
    assert "7,5 de 10 puntos, de una persona" in page
    assert "Buena idea." in page


@pytest.mark.parametrize(
    ("score", "reason", "words"),
    [
        ("once", "Sí.", "Escribe un número entre 0 y 10."),
        ("11", "Sí.", "Escribe un número entre 0 y 10."),
        ("nan", "Sí.", "Escribe un número entre 0 y 10."),
        ("7", " ", "Di por qué"),
    ],
)
def test_what_is_wrong_with_points_is_said_at_their_field(
    carla: Client, work: Submission, score: str, reason: str, words: str
) -> None:
    answer = give(carla, work, score, reason)
    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{score}"' in answer.text
    assert not Grading.objects.filter(purpose="manual").exists()


def test_points_by_hand_are_taken_back(carla: Client, work: Submission) -> None:
    give(carla, work, "7,5")
    give(carla, work, "", "", retirar="1")
    work.refresh_from_db()
    assert work.current.purpose == "live"
