"""Rows for tests: each factory fills what the test ignores. Plain functions, no library."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from courses.models import (
    Cohort,
    Course,
    CourseFile,
    Document,
    Enrollment,
    FileRevision,
    Module,
    Repository,
    Teaching,
)
from exercises.models import Exercise, ExerciseVersion, FileSet, Grading, Submission
from formacion.models import User

PASSWORD = "una contraseña larga"
_count = itertools.count(1)


def make_user(email: str = "", **fields: Any) -> User:
    number = next(_count)
    email = email or f"persona{number}@ejemplo.test"
    user = User.objects.create_user(email, **{"name": email.partition("@")[0].title(), **fields})
    # the fast way in: tests that log in through the form set a real password
    return user


def make_course(slug: str = "", **fields: Any) -> Course:
    slug = slug or f"curso-{next(_count)}"
    course = Course.objects.create(slug=slug, **{"title": f"Curso {slug}", **fields})
    Repository.objects.create(
        course=course,
        name="envoy",
        url="https://github.com/envoyproxy/envoy",
        commit="8179ebab9840099e143d2c6bef01b370d141df1d",
        endings=[".cc", ".h"],
    )
    return course


def make_module(course: Course, folder: str = "", **fields: Any) -> Module:
    number = next(_count)
    folder = folder or f"{number:02}_modulo"
    defaults = {"title": f"Módulo {number}", "label": f"Módulo {number}", "position": number}
    return Module.objects.create(course=course, folder=folder, **{**defaults, **fields})


def make_file(course: Course, path: str, content: bytes = b"") -> CourseFile:
    """A published file; with no content an announced place that nobody has written."""
    file = CourseFile.objects.create(course=course, path=path)
    if content:
        revision = FileRevision.objects.create(file=file, content=content, origin="import")
        file.head = file.published = file.imported = revision
        file.save()
    return file


def make_document(course: Course, path: str = "", *, written: bool = True, **fields: Any) -> Document:
    number = next(_count)
    path = path or f"01_modulo/{number:02}_leccion.md"
    title = str(fields.pop("title", f"Lección {number}"))
    file = make_file(course, path, f"---\ntitle: {title}\n---\nTexto.\n".encode() if written else b"")
    defaults = {
        "kind": "lesson",
        "position": number,
        "minutes": 60,
        "body_html": "<p>Texto.</p>" if written else "",
    }
    return Document.objects.create(course=course, file=file, title=title, **{**defaults, **fields})


def make_cohort(course: Course, name: str = "", **fields: Any) -> Cohort:
    return Cohort.objects.create(course=course, name=name or f"Cohorte {next(_count)}", **fields)


def enroll(user: User, cohort: Cohort, **fields: Any) -> Enrollment:
    return Enrollment.objects.create(user=user, course=cohort.course, cohort=cohort, **fields)


def teach(user: User, cohort: Cohort) -> Teaching:
    return Teaching.objects.create(user=user, cohort=cohort)


PROGRAM_SPEC = {
    "format": 1,
    "kind": "program",
    "files": [{"name": "main.py", "language": "python", "max_bytes": 65536}],
    "cases": [],
}


def make_exercise(
    course: Course,
    path: str = "",
    *,
    kind: str = "program",
    points: float = 10,
    spec: Mapping[str, Any] | None = None,
    folder: Mapping[str, bytes] | None = None,
    **fields: Any,
) -> Exercise:
    """An exercise with its statement and one version. `spec` is what `ExerciseSpec.as_json()` gives."""
    document = make_document(course, path or f"ejercicios/laboratorios/e{next(_count)}.md", kind="exercise")
    exercise = Exercise.objects.create(
        file=document.file, document=document, kind=kind, points=points, **fields
    )
    exercise.current = make_version(exercise, spec=spec, folder=folder)
    exercise.save(update_fields=["current"])
    return exercise


def make_version(
    exercise: Exercise,
    *,
    spec: Mapping[str, Any] | None = None,
    folder: Mapping[str, bytes] | None = None,
) -> ExerciseVersion:
    files = FileSet.objects.store(folder or {"exercise.yml": b"format: 1\n"})
    return ExerciseVersion.objects.create(
        exercise=exercise,
        digest=f"{next(_count):064x}",
        kind=exercise.kind,
        points=exercise.points,
        spec=dict(spec or PROGRAM_SPEC),
        files=files,
    )


def make_submission(
    enrollment: Enrollment, exercise: Exercise, files: Mapping[str, bytes] | None = None, **fields: Any
) -> Submission:
    """Handed in, with no grading yet."""
    number = Submission.objects.filter(enrollment=enrollment, exercise=exercise).count() + 1
    defaults = {
        "version": exercise.current,
        "files": FileSet.objects.store(files or {"main.py": b"print(1)\n"}),
        "number": number,
        "request_key": uuid.uuid4(),
        "handed_in_at": timezone.now(),
    }
    return Submission.objects.create(enrollment=enrollment, exercise=exercise, **{**defaults, **fields})


def make_grading(submission: Submission, **fields: Any) -> Grading:
    """A queued live grading of the submission."""
    defaults = {
        "enrollment": submission.enrollment,
        "version": submission.version,
        "files": submission.files,
        "purpose": Grading.Purpose.LIVE,
        "lane": Grading.Lane.LIVE,
        "queued_at": timezone.now(),
    }
    return Grading.objects.create(submission=submission, **{**defaults, **fields})


def grade(submission: Submission, *, score: float = 10, verdict: str = "accepted", **fields: Any) -> Grading:
    """A settled live grading that counts."""
    now = timezone.now()
    report = {"verdict": verdict, "score": score, "max_score": 10, "cases": [], "message": "", "output": ""}
    grading = make_grading(
        submission,
        **{
            "status": Grading.Status.GRADED,
            "verdict": verdict,
            "score": score,
            "max_score": 10,
            "started_at": now,
            "settled_at": now,
            "report": report,
            **fields,
        },
    )
    submission.current = grading
    submission.save(update_fields=["current"])
    return grading
