"""How people come into a course: by signing up, or by asking on its page."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser

from courses.models import Cohort, Course, Enrollment, Teaching


class NoOpenCohort(Exception):
    """Nobody can enrol in the course now."""


class EnrollmentEnded(Exception):
    """The person was in the course and somebody ended that: only staff may undo it."""


def enroll(user: AbstractUser, course: Course) -> Enrollment:
    """Put a person into the course's open cohort; who is in already stays where they are.

    Staff may enrol to see what students see: no figure counts them. Raises NoOpenCohort, EnrollmentEnded.
    """
    found = Enrollment.objects.filter(user=user, course=course).first()
    if found is None:
        cohort = course.cohorts.filter(is_open=True).first()
        if cohort is None:
            raise NoOpenCohort
        found, _is_new = Enrollment.objects.get_or_create(
            user=user,
            course=course,
            defaults={"cohort": cohort, "is_staff": user.is_staff or teaches(user, course)},
        )
    if not found.is_active:
        raise EnrollmentEnded
    return found


def join_open_cohorts(user: AbstractUser) -> list[Enrollment]:
    """What signing up does: the new person is in every course that has an open cohort."""
    cohorts = Cohort.objects.filter(is_open=True).select_related("course")
    return [enroll(user, cohort.course) for cohort in cohorts]


def teaches(user: AbstractUser, course: Course) -> bool:
    return Teaching.objects.filter(user=user, cohort__course=course).exists()
