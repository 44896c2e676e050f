"""What staff see of exercises: everything to look at, nothing to change or delete, grading again."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from exercises import reviewing
from exercises.models import Exercise, Grading, Review, Submission
from tests import factories
from tests.conftest import Cast
from tests.exercises.pages import a_case, as_, graded
from tests.exercises.test_judging import make_worker

pytestmark = pytest.mark.django_db
MODELS = ("exercise", "submission", "grading", "review", "worker")


@pytest.fixture
def rows(cast: Cast, exercise: Exercise) -> dict[str, object]:
    submission = factories.make_submission(cast.ana_enrolled, exercise)
    grading = graded(submission, a_case())
    review = reviewing.open_review(submission, cast.carla).review
    worker = make_worker()
    return dict(zip(MODELS, (exercise, submission, grading, review, worker), strict=True))


@pytest.fixture
def olga(cast: Cast, client: Client) -> Client:
    return as_(client, cast.olga)


@pytest.mark.parametrize("model", MODELS)
def test_an_admin_looks_at_lists_and_rows(olga: Client, rows: dict[str, object], model: str) -> None:
    assert olga.get(reverse(f"admin:exercises_{model}_changelist")).status_code == 200
    page = olga.get(reverse(f"admin:exercises_{model}_change", args=[rows[model].pk]))
    assert page.status_code == 200
    assert 'name="_save"' not in page.text


@pytest.mark.parametrize("model", MODELS)
def test_nobody_deletes_or_adds(olga: Client, rows: dict[str, object], model: str) -> None:
    pk = rows[model].pk
    assert olga.post(reverse(f"admin:exercises_{model}_delete", args=[pk]), {"post": "yes"}).status_code == 403
    assert olga.get(reverse(f"admin:exercises_{model}_add")).status_code == 403


@pytest.mark.parametrize("model", MODELS)
def test_an_editor_sees_no_work_of_people(
    cast: Cast, client: Client, rows: dict[str, object], model: str
) -> None:
    assert as_(client, cast.eva).get(reverse(f"admin:exercises_{model}_changelist")).status_code == 403


@pytest.mark.parametrize("model", ["submission", "grading"])
def test_what_is_chosen_is_graded_again(
    olga: Client, rows: dict[str, object], model: str, bells: object
) -> None:
    answer = olga.post(
        reverse(f"admin:exercises_{model}_changelist"),
        {"action": "grade_again", "_selected_action": [rows[model].pk]},
        follow=True,
    )
    assert "1 entrega se corregirá de nuevo." in answer.text
    assert Grading.objects.filter(purpose="regrade", status="queued").count() == 1


def test_the_fault_is_there_to_read(olga: Client, rows: dict[str, object]) -> None:
    failed = factories.make_grading(rows["submission"], status="failed", fault="nsjail: no such file")
    page = olga.get(reverse("admin:exercises_grading_change", args=[failed.pk])).text
    assert "nsjail: no such file" in page


def test_a_reviewer_s_drafts_stay_theirs(cast: Cast, olga: Client, rows: dict[str, object]) -> None:
    review: Review = rows["review"]
    assert isinstance(review.submission, Submission)
    reviewing.comment(review, cast.carla, "Aún lo pienso.")
    page = olga.get(reverse("admin:exercises_review_change", args=[review.pk])).text
    assert "Aún lo pienso." not in page
