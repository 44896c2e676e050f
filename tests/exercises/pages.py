"""What the tests of the pages share: reports as workers leave them, and a browser's form."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from exercises.models import Grading, Submission
from tests import factories

HTMX = {"HX-Request": "true"}


def as_(client: Client, user: object) -> Client:
    client.force_login(user)
    return client


def a_case(name: str = "Saluda", outcome: str = "passed", **fields: Any) -> dict[str, Any]:
    """A case of a stored report."""
    return {
        "name": name,
        "outcome": outcome,
        "hidden": False,
        "weight": 1,
        "message": "",
        "seconds": 0.02,
        "memory_bytes": 4 << 20,
        "given": "",
        "expected": "",
        "obtained": "",
        "logs": {},
        "staff": {},
        **fields,
    }


HIDDEN = a_case(
    "Saluda a cualquiera",
    "wrong",
    hidden=True,
    message="No se cumple la propiedad: Saluda a cualquiera.",
    # what a report must not hold for a student, were it there all the same
    given="el dato oculto",
    expected="la salida oculta",
    obtained="lo que salió",
    logs={"stderr": "el registro oculto"},
    staff={"message": "el mensaje del equipo"},
)


def a_report(*cases: dict[str, Any], verdict: str = "partial", **fields: Any) -> dict[str, Any]:
    whole = {"message": "", "output": "", "seconds": 0.02, "memory_bytes": 4 << 20, "tools": {}, "fault": ""}
    return {"verdict": verdict, "score": 5, "max_score": 10, "cases": list(cases), **whole, **fields}


def graded(submission: Submission, *cases: dict[str, Any], **fields: Any) -> Grading:
    """A settled live grading with these cases."""
    verdict = fields.pop("verdict", "partial")
    score = fields.pop("score", 5)
    report = a_report(*cases, verdict=verdict, score=score, **fields)
    return factories.grade(submission, score=score, verdict=verdict, report=report)


def trial(enrollment: Any, exercise: Any, **fields: Any) -> Grading:
    """A queued trial."""
    return Grading.objects.create(
        enrollment=enrollment,
        version=exercise.current,
        files=exercise.current.files,
        purpose="trial",
        lane=Grading.Lane.TRIAL,
        **{"queued_at": timezone.now(), **fields},
    )


def upload(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)
