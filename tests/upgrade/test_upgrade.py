"""What people made with an earlier version is there after every migration since, on both databases."""

from __future__ import annotations

import pytest
from django.apps import apps

from courses.models import FileRevision
from exercises.models import Grading, Review, Submission
from tests.upgrade import dumps

VERSIONS = sorted(file.name.removesuffix(".json.gz") for file in dumps.FOLDER.glob("*.json.gz"))


def test_there_is_a_dump_of_the_first_version() -> None:
    assert "0.1.0" in VERSIONS


@pytest.mark.db
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("version", VERSIONS)
def test_no_row_of_an_earlier_version_is_lost(version: str) -> None:
    dump = dumps.read(version)
    dumps.restore(dump)
    dumps.migrate_to_now()
    kept = {label: len(rows) for label, rows in dump["rows"].items()}
    assert {label: apps.get_model(label)._base_manager.count() for label in kept} == kept


@pytest.mark.db
@pytest.mark.django_db(transaction=True)
def test_texts_files_verdicts_and_decisions_of_the_first_version_are_as_they_were() -> None:
    dumps.restore(dumps.read("0.1.0"))
    dumps.migrate_to_now()
    submission = Submission.objects.get(enrollment__user__email="ana@ejemplo.test")
    assert submission.files.contents() == {"main.py": b"print('hola, mundo')\n"}
    assert submission.current.verdict == "accepted"
    assert submission.current.score == 10
    assert Review.objects.get(submission=submission).comments.get().text == "Muy bien."
    assert Grading.objects.filter(purpose="trial", submission=None).count() == 1
    lesson = FileRevision.objects.get(file__path="01_fundamentos/01_tcp.md")
    assert "title: TCP" in lesson.text
