"""Who may do what: a table of page or action × person. A new page enters here before it is reachable.

Answers: 200 and so on as they are; `login`: sent to the login page; `->`: done, sent on; `404`: not theirs.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import get_resolver, reverse

from courses.models import CodeReference, Enrollment
from exercises.models import Exercise, Grading, Review, ReviewComment, Submission
from tests import factories
from tests.conftest import Cast

PEOPLE = ("anonymous", "nadie", "ana", "blas", "diego", "carla", "elena", "eva", "olga")
LOGIN_PAGES = ("/cuenta/login/", "/admin/login/")
NAMED_IN_THE_TABLE = {
    *("home", "course", "document", "reference", "course_asset", "plan", "search", "preferences"),
    *(
        "exercise_list",
        "submission",
        "submission_status",
        "download",
        "grading_status",
        "review_list",
        "review",
    ),
    *("complete", "enroll", "save_draft", "submit", "try_out", "withdraw", "reply", "comment", "decide"),
    *("give_points",),
    # these lead to one of the above, say how the site is, or keep a choice that is nobody's secret
    *("courses", "account", "healthz", "theme"),
    # parts of a page above, with its readers: tests/exercises holds them
    *("download_file", "log"),
}

# who: nobody, an account without a course, the student, another of her cohort, one of another cohort, the
# instructor, the instructor of another cohort, an editor, an admin
TABLE = """
                        anonymous nadie ana   blas  diego carla elena eva   olga
GET home                200       200   200   200   200   200   200   200   200
GET course              200       200   200   200   200   200   200   200   200
GET closed course       login     404   404   404   404   404   404   404   200
GET lesson              login     404   200   200   200   200   200   404   200
GET announced lesson    login     404   404   404   404   404   404   404   404
GET lesson elsewhere    login     404   404   404   404   404   404   404   200
GET reference           200       200   200   200   200   200   200   200   200
GET quiz file           404       404   404   404   404   404   404   404   404
GET hidden case         404       404   404   404   404   404   404   404   404
GET exercise.yml        404       404   404   404   404   404   404   404   404
GET starter             login     404   200   200   200   200   200   404   200
GET plan                200       200   200   200   200   200   200   200   200
GET search              200       200   200   200   200   200   200   200   200
GET preferences         login     200   200   200   200   200   200   200   200
GET exercise            login     404   200   200   200   200   200   404   200
GET exercise list       login     200   200   200   200   200   200   200   200
GET submission          login     404   200   404   404   200   404   404   200
GET submission state    login     404   ->    404   404   ->    404   404   ->
GET files               login     404   200   404   404   200   404   404   200
GET grading             login     404   ->    404   404   ->    404   404   ->
GET trial               login     404   ->    404   404   404   404   404   404
GET review queue        login     404   404   404   404   200   200   404   200
GET review              login     404   404   404   404   200   404   404   200
GET admin               login     login login login login login login 200   200
GET admin lesson        login     login login login login login login 200   200
GET admin file          login     login login login login login login 200   200
GET admin people        login     login login login login login login 403   200
GET admin enrolments    login     login login login login login login 403   200
GET admin submissions   login     login login login login login login 403   200
GET admin gradings      login     login login login login login login 403   200
POST complete           login     404   ->    ->    ->    404   404   404   404
POST enroll             login     ->    ->    ->    ->    ->    ->    ->    ->
POST draft              login     404   204   204   204   404   404   404   404
POST hand in            login     404   ->    ->    ->    404   404   404   404
POST try out            login     404   ->    ->    ->    404   404   404   404
POST withdraw           login     404   ->    404   404   404   404   404   404
POST reply              login     404   ->    404   404   404   404   404   404
POST comment            login     404   404   404   404   ->    404   404   ->
POST decide             login     404   404   404   404   ->    404   404   ->
POST points             login     404   404   404   404   ->    404   404   ->
POST admin preview      login     login login login login login login 200   200
"""
FOLDER = "ejercicios/laboratorios/eco/"


def rows() -> list[tuple[str, str, str]]:
    _head, *lines = [line for line in TABLE.splitlines() if line.strip()]
    found = []
    for line in lines:
        words = line.split()
        answers, page = words[-len(PEOPLE) :], " ".join(words[: -len(PEOPLE)])
        found += [(page, who, answer) for who, answer in zip(PEOPLE, answers, strict=True)]
    return found


@dataclass
class Stage:
    """What the table is about: a submission of Ana, the remark that she may answer, a trial of hers."""

    cast: Cast
    exercise: Exercise
    submission: Submission
    grading: Grading
    trial: Grading
    remark: ReviewComment


@pytest.fixture
def stage(cast: Cast) -> Stage:
    closed = factories.make_course("cerrado", is_open=False)
    factories.make_document(closed, "01_otro/01_otra.md")
    factories.make_document(cast.course, "01_fundamentos/02_udp.md", written=False)
    CodeReference.objects.create(
        document=cast.lesson,
        repository=cast.course.repositories.get(),
        path="source/a.cc",
        first=1,
        last=2,
        line=9,
    )
    exercise = factories.make_exercise(cast.course, "ejercicios/laboratorios/eco.md")
    for name in ("starter/main.py", "casos/1.txt", "exercise.yml"):
        factories.make_file(cast.course, FOLDER + name, b"print(1)\n")
    factories.make_file(cast.course, "01_fundamentos/01_tcp.quiz.yml", b"format: 1\n")
    submission = factories.make_submission(cast.ana_enrolled, exercise)
    grading = factories.make_grading(submission)
    trial = Grading.objects.create(
        enrollment=cast.ana_enrolled,
        version=exercise.current,
        files=submission.files,
        purpose=Grading.Purpose.TRIAL,
        lane=Grading.Lane.TRIAL,
        queued_at=submission.handed_in_at,
    )
    then = submission.handed_in_at
    review = Review.objects.create(submission=submission, decision="approved", released_at=then)
    remark = ReviewComment.objects.create(
        review=review, author=cast.carla, text="Bien.", html="<p>Bien.</p>", at=then
    )
    return Stage(cast, exercise, submission, grading, trial, remark)


def ask(client: Client, page: str, stage: Stage) -> HttpResponse:
    """Do what the row of the table says."""
    course, submission = stage.cast.course.slug, stage.submission.pk
    addresses = {
        "home": reverse("home"),
        "course": reverse("course", args=[course]),
        "closed course": reverse("course", args=["cerrado"]),
        "lesson": reverse("document", args=[course, "01_fundamentos/01_tcp"]),
        "announced lesson": reverse("document", args=[course, "01_fundamentos/02_udp"]),
        "lesson elsewhere": reverse("document", args=["cerrado", "01_otro/01_otra"]),
        "reference": reverse("reference", args=[course, "envoy", "source/a.cc", "1-2"]),
        "quiz file": reverse("course_asset", args=[course, "01_fundamentos/01_tcp.quiz.yml"]),
        "hidden case": reverse("course_asset", args=[course, FOLDER + "casos/1.txt"]),
        "exercise.yml": reverse("course_asset", args=[course, FOLDER + "exercise.yml"]),
        "starter": reverse("course_asset", args=[course, FOLDER + "starter/main.py"]),
        "plan": reverse("plan"),
        "search": reverse("search") + "?q=tcp",
        "preferences": reverse("preferences"),
        "exercise": stage.exercise.get_absolute_url(),
        "exercise list": reverse("exercise_list"),
        "submission": reverse("submission", args=[submission]),
        "submission state": reverse("submission_status", args=[submission]),
        "files": reverse("download", args=[submission]),
        "grading": reverse("grading_status", args=[stage.grading.pk]),
        "trial": reverse("grading_status", args=[stage.trial.pk]),
        "review queue": reverse("review_list"),
        "review": reverse("review", args=[submission]),
        "admin": reverse("admin:index"),
        "admin lesson": reverse("admin:courses_lesson_change", args=[stage.cast.lesson.pk]),
        "admin preview": reverse("admin:courses_lesson_preview", args=[stage.cast.lesson.pk]),
        "admin file": reverse("admin:courses_coursefile_change", args=[stage.cast.lesson.file.pk]),
        "admin people": reverse("admin:formacion_user_changelist"),
        "admin enrolments": reverse("admin:courses_enrollment_changelist"),
        "admin submissions": reverse("admin:exercises_submission_changelist"),
        "admin gradings": reverse("admin:exercises_grading_changelist"),
        "complete": reverse("complete", args=[course, "01_fundamentos/01_tcp"]),
        "enroll": reverse("enroll", args=[course]),
        "draft": reverse("save_draft", args=[stage.exercise.pk]),
        "hand in": reverse("submit", args=[stage.exercise.pk]),
        "try out": reverse("try_out", args=[stage.exercise.pk]),
        "withdraw": reverse("withdraw", args=[stage.grading.pk]),
        "reply": reverse("reply", args=[submission]),
        "comment": reverse("comment", args=[submission]),
        "decide": reverse("decide", args=[submission]),
        "points": reverse("give_points", args=[submission]),
    }
    typed = {"main.py": "print(2)\n", "request_key": str(uuid.uuid4()), "base_revision": "0"}
    data = {
        "complete": {"done": "1"},
        "draft": typed,
        "hand in": typed,
        "try out": typed,
        "reply": {"text": "Gracias.", "to": str(stage.remark.pk)},
        "comment": {"text": "Mira esto.", "archivo": "main.py", "linea": "1"},
        "decide": {"general": "Muy bien.", "decision": "approved", "revision": "0"},
        "points": {"score": "5", "reason": "Así vale."},
        "admin preview": {"source": "---\ntitle: TCP\n---\n\n## Otro\n"},
    }
    method, _space, name = page.partition(" ")
    if method == "GET":
        return client.get(addresses[name])
    return client.post(addresses[name], data.get(name, {}))


def told(response: HttpResponse) -> str:
    """The answer in the words of the table."""
    if response.status_code != 302:
        return str(response.status_code)
    return "login" if urlsplit(response["Location"]).path in LOGIN_PAGES else "->"


@pytest.mark.parametrize(("page", "who", "expected"), rows())
def test_the_table_holds(client: Client, stage: Stage, page: str, who: str, expected: str) -> None:
    if who != "anonymous":
        client.force_login(getattr(stage.cast, who))
    assert told(ask(client, page, stage)) == expected


def test_a_refused_hand_in_leaves_no_trace(client: Client, stage: Stage) -> None:
    client.force_login(stage.cast.nadie)
    before = Submission.objects.count(), Grading.objects.count(), Enrollment.objects.count()
    ask(client, "POST hand in", stage)
    assert (Submission.objects.count(), Grading.objects.count(), Enrollment.objects.count()) == before


def test_every_page_of_the_site_is_in_the_table() -> None:
    """A page that is not in the table has no decided readers. Django's and allauth's own pages are theirs."""
    ours = {
        pattern.name
        for pattern in iterate(get_resolver().url_patterns)
        if pattern.name and not pattern.name.startswith("account_")
    }
    assert ours - NAMED_IN_THE_TABLE == set()


def iterate(patterns: list[object]) -> Iterator[object]:
    for pattern in patterns:
        if getattr(pattern, "namespace", None):
            continue
        if hasattr(pattern, "url_patterns"):
            yield from iterate(pattern.url_patterns)
        else:
            yield pattern
