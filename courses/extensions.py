"""What other apps may plug into a course: four small protocols and the places where they are registered.

An app registers in its `AppConfig.ready()`. `courses` calls what is here and never imports another app.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from django.http import HttpRequest

    from courses.models import Course, CourseFile, Document, Enrollment
    from courses.outline import OutlineModule
    from courses.source import CourseManifest


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a course's material: where it is and, in Spanish, what is wrong and what to do.

    `path` is relative to the course folder, `line` counts from 1 (0 where no line applies). A `warning` is
    reported and does not refuse the material.
    """

    path: str
    line: int
    message: str
    warning: bool = False

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


class FileKind(Protocol):
    """A kind of file of a course folder: which paths it claims, and what they become.

    Import, admin, merge, restore and `check_course` all call these three, the writing ones in one transaction.
    """

    name: str

    def claims(self, path: str) -> bool:
        """True where the file at this path belongs to the kind. The first registered kind that claims wins."""

    def parse(
        self, files: Mapping[str, bytes], manifest: CourseManifest, everything: Mapping[str, bytes]
    ) -> tuple[Any, Sequence[Problem]]:
        """Pure: the claimed files -> values for `project`, and problems. `everything` is the whole folder."""

    def project(self, course: Course, values: Any, files: Mapping[str, CourseFile]) -> None:
        """Write the rows that the published revisions of `files` (by path) mean. Idempotent."""


class LessonPart(Protocol):
    """A part of a lesson's page: an exercise card, a quiz."""

    def context(
        self, document: Document, enrollment: Enrollment | None, request: HttpRequest
    ) -> dict[str, Any] | None:
        """What the part's template needs, or None where the lesson has no such part. At most one query."""

    template_name: str


class ExercisePage(Protocol):
    """Answers the address of a document whose kind is `exercise`."""

    def respond(
        self,
        request: HttpRequest,
        document: Document,
        enrollment: Enrollment | None,
        modules: list[OutlineModule],
    ) -> Any:
        """An HttpResponse. `modules`: the index, as this reader sees it."""


class CountedResults(Protocol):
    """Results that count towards progress beside lessons."""

    def totals(self, course: Course) -> Mapping[int, float]:
        """CourseFile id -> the points that can be had, for everything published that counts."""


class Findable(Protocol):
    """Things that search can find."""

    def entries(self, course: Course) -> Sequence[SearchEntry]:
        """All that can be found now."""


@dataclass(frozen=True, slots=True)
class SearchEntry:
    """One findable thing: address below the site, title, kind in Spanish and plain text."""

    url: str
    title: str
    kind: str
    text: str


file_kinds: list[FileKind] = []
lesson_parts: list[LessonPart] = []
counted_results: list[CountedResults] = []
findables: list[Findable] = []
exercise_pages: list[ExercisePage] = []


def kind_of(path: str) -> FileKind | None:
    """The first registered kind that claims the path; None: the file is kept and means nothing."""
    return next((kind for kind in file_kinds if kind.claims(path)), None)
