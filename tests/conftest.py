"""The cast of the tests. Ana studies, Blas studies beside her, Carla teaches both; Diego and Elena are in
another cohort, he studies and she teaches; Eva edits content; Olga owns the site; Nadie is outside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.test import override_settings

from courses.models import Cohort, Course, Document, Enrollment
from formacion.models import User
from tests import factories


@dataclass(frozen=True)
class Cast:
    """Everyone and what stands around them."""

    course: Course
    cohort: Cohort
    other_cohort: Cohort
    lesson: Document
    ana: User
    blas: User
    carla: User
    diego: User
    elena: User
    eva: User
    olga: User
    nadie: User
    ana_enrolled: Enrollment
    blas_enrolled: Enrollment
    diego_enrolled: Enrollment


@pytest.fixture(scope="session", autouse=True)
def plain_static_files() -> Iterator[None]:
    """Pages render without collectstatic: names of static files stay as they are."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}):
        yield


@pytest.fixture
def cast(db: None) -> Cast:
    course = factories.make_course("redes", title="Redes")
    module = factories.make_module(course, "01_fundamentos")
    lesson = factories.make_document(course, "01_fundamentos/01_tcp.md", module=module, title="TCP")
    cohort = factories.make_cohort(course, "Otoño", is_open=True)
    other = factories.make_cohort(course, "Primavera")
    people = {
        name: factories.make_user(f"{name}@ejemplo.test", name=name.title())
        for name in ("ana", "blas", "carla", "diego", "elena", "eva", "nadie")
    }
    olga = factories.make_user("olga@ejemplo.test", name="Olga", is_staff=True, is_superuser=True)
    people["eva"].is_staff = True
    people["eva"].save()
    people["eva"].groups.add(Group.objects.get_or_create(name="Editores")[0])
    factories.teach(people["carla"], cohort)
    factories.teach(people["elena"], other)
    return Cast(
        course=course,
        cohort=cohort,
        other_cohort=other,
        lesson=lesson,
        olga=olga,
        ana_enrolled=factories.enroll(people["ana"], cohort),
        blas_enrolled=factories.enroll(people["blas"], cohort),
        diego_enrolled=factories.enroll(people["diego"], other),
        **people,
    )
