"""What exercise folders and quizzes of a course mean: `parse` reads them, `project` writes their rows.

An ExerciseVersion keeps only what grades: the specification, and the files that it names. Starters and shipped
solutions stay where they are, in their CourseFile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from django.utils import timezone

from courses.extensions import Problem
from courses.models import Course, CourseFile, Document
from courses.projecting import addresses_of, context_for
from courses.source import EXERCISES, BadText, CourseManifest, located_front_matter, read_material
from courses.strict_yaml import Located, NotYaml
from exercises.grading.quiz import ENDING, Quiz, parse_quiz
from exercises.grading.spec import FILE, LATER, ExerciseSpec, parse_spec
from exercises.models import Exercise, ExerciseVersion, FileSet, Question
from exercises.quiz_parts import RenderedQuiz, render_quiz

RUN = ("program", "envoy")  # kinds that have a folder


# --- exercise folders ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReadExercise:
    """An exercise as its files have it. `statement` is the path of its `.md`, `grading` what grades."""

    statement: str
    spec: ExerciseSpec
    grading: Mapping[str, bytes]
    lesson: str | None


class ExerciseFolders:
    """`ejercicios/GROUP/NAME/…`, beside the statement `ejercicios/GROUP/NAME.md`."""

    name = "ejercicios"

    def claims(self, path: str) -> bool:
        return path.startswith(EXERCISES) and path.count("/") >= 3

    def parse(
        self, files: Mapping[str, bytes], manifest: CourseManifest, everything: Mapping[str, bytes]
    ) -> tuple[list[ReadExercise], list[Problem]]:
        folders: dict[str, dict[str, bytes]] = {}
        for path, content in files.items():
            folder = folder_of(path)
            folders.setdefault(folder, {})[path.removeprefix(folder + "/")] = content
        exercises: list[ReadExercise] = []
        problems: list[Problem] = []
        for folder, contents in sorted(folders.items()):
            exercise, found = _read(folder, contents, everything)
            problems += found
            if exercise is not None:
                exercises.append(exercise)
        problems += _without_folder(everything, folders)
        return exercises, problems

    def project(self, course: Course, values: list[ReadExercise], files: Mapping[str, CourseFile]) -> None:
        statements = [exercise.statement for exercise in values]
        lessons = [exercise.lesson for exercise in values if exercise.lesson]
        documents = _documents(course, [*statements, *lessons])
        standing = []
        for read in values:
            document = documents[read.statement]
            exercise = _exercise(
                files[read.statement],
                document=document,
                lesson=documents.get(read.lesson) if read.lesson else None,
                kind=read.spec.kind,
                points=read.spec.points,
            )
            _set_version(exercise, read.spec.digest(read.grading), read.spec.as_json(), read.grading)
            standing.append(exercise.pk)
        of_course = Exercise.objects.filter(file__course=course).graded_outside()
        of_course.filter(retired_at=None).exclude(pk__in=standing).update(retired_at=timezone.now())


def folder_of(path: str) -> str:
    """The folder of the exercise to which a path that `ExerciseFolders` claims belongs."""
    return "/".join(path.split("/")[:3])


def starter_path(exercise: Exercise, starter: str) -> str:
    """The course path of a starter that the exercise's `accepts` names."""
    return f"{exercise.file.address}/{starter}"


def read_exercise_folder(
    statement: bytes, folder: Mapping[str, bytes]
) -> tuple[ExerciseSpec | None, list[Problem]]:
    """An exercise alone, from its `.md` and its folder: paths of problems are `NAME.md`'s or the folder's."""
    try:
        located, _, _ = located_front_matter(statement)
    except (NotYaml, BadText) as error:
        return None, [Problem("", error.line, getattr(error, "message", str(error)))]
    fields = located.value if isinstance(located.value, dict) else {}
    points = fields.get("points")
    if isinstance(points, bool) or not isinstance(points, (int, float)) or points <= 0:
        message = "falta «points» en la cabecera: los puntos del ejercicio, un número mayor que 0"
        return None, [Problem("", located.line("points"), message)]
    spec, problems = parse_spec(folder, points)
    if spec is not None and fields.get("kind") != spec.kind:
        message = f"«kind» es «{fields.get('kind')}» y {FILE} dice «{spec.kind}»: pon el mismo en los dos"
        return None, [*problems, Problem("", located.line("kind"), message)]
    return spec, problems


def _read(
    folder: str, contents: Mapping[str, bytes], everything: Mapping[str, bytes]
) -> tuple[ReadExercise | None, list[Problem]]:
    statement = f"{folder}.md"
    if statement not in everything:
        path = f"{folder}/{FILE if FILE in contents else min(contents)}"
        return None, [Problem(path, 0, f"falta el enunciado, {statement}: créalo o borra la carpeta")]
    spec, found = read_exercise_folder(everything[statement], contents)
    problems = [
        replace(problem, path=f"{folder}/{problem.path}" if problem.path else statement) for problem in found
    ]
    if spec is None:
        return None, problems
    grading = {path: contents[path] for path in spec.paths()}
    fields = located_front_matter(everything[statement])[0].value
    lesson = fields.get("lesson")
    if lesson is not None and not isinstance(lesson, str):
        lesson = None  # reading the document refuses it
    return ReadExercise(statement, spec, grading, lesson), problems


def _without_folder(
    everything: Mapping[str, bytes], folders: Mapping[str, Mapping[str, bytes]]
) -> Iterator[Problem]:
    """Statements whose kind needs a folder that is not there."""
    for path, content in sorted(everything.items()):
        if not path.startswith(EXERCISES) or not path.endswith(".md") or path.count("/") != 2:
            continue
        if path.removesuffix(".md") in folders:
            continue
        located = _front_matter(content)
        kind = located.value.get("kind") if located and isinstance(located.value, dict) else None
        if kind in RUN:
            message = f"falta la carpeta {path.removesuffix('.md')}/ con {FILE}: sin ella no se corrige"
            yield Problem(path, located.line("kind") if located else 0, message)
        elif kind in LATER:
            message = f"los ejercicios de tipo «{kind}» todavía no se corrigen: por ahora solo se lee"
            yield Problem(path, located.line("kind") if located else 0, message, warning=True)


def _front_matter(content: bytes) -> Located | None:
    try:
        return located_front_matter(content)[0]
    except (NotYaml, BadText):
        return None  # reading the document refuses it


# --- quizzes ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReadQuiz:
    """A quiz as its file has it, with the HTML of its parts. `lesson` is the path of its lesson."""

    path: str
    lesson: str
    quiz: Quiz
    rendered: RenderedQuiz


class Quizzes:
    """`NAME.quiz.yml`, beside the lesson `NAME.md`."""

    name = "cuestionarios"

    def claims(self, path: str) -> bool:
        return path.endswith(ENDING) and not path.startswith(EXERCISES)

    def parse(
        self, files: Mapping[str, bytes], manifest: CourseManifest, everything: Mapping[str, bytes]
    ) -> tuple[list[ReadQuiz], list[Problem]]:
        if not files:
            return [], []
        material, _ = read_material(everything, [])
        if material is None:
            return [], []  # course.yml itself is refused
        addresses = addresses_of(material)
        quizzes: list[ReadQuiz] = []
        problems: list[Problem] = []
        for path, content in sorted(files.items()):
            lesson = path.removesuffix(ENDING) + ".md"
            quiz, found = parse_quiz(content)
            problems += [replace(problem, path=path) for problem in found]
            document = material.documents.get(lesson)
            if document is None or document.kind != "lesson":
                problems.append(
                    Problem(path, 0, f"no hay ninguna lección {lesson}: cambia el nombre o bórralo")
                )
            elif quiz is not None:
                prefix = PurePosixPath(lesson).stem + "-cuestionario-"
                context = context_for(
                    path, document.repository, material, addresses, _DrawnAnew(), id_prefix=prefix
                )
                rendered = render_quiz(quiz, context)
                problems += rendered.problems
                quizzes.append(ReadQuiz(path, lesson, quiz, rendered))
        return quizzes, problems

    def project(self, course: Course, values: list[ReadQuiz], files: Mapping[str, CourseFile]) -> None:
        documents = _documents(course, [read.lesson for read in values])
        standing = []
        for read in values:
            exercise = _exercise(
                files[read.path],
                document=documents[read.lesson],
                lesson=None,
                kind=Exercise.Kind.QUIZ,
                points=read.quiz.points,
            )
            _set_version(exercise, read.quiz.digest, read.quiz.as_json(), {})
            _write_questions(exercise, read)
            standing.append(exercise.pk)
        of_course = Exercise.objects.filter(file__course=course, kind=Exercise.Kind.QUIZ)
        of_course.filter(retired_at=None).exclude(pk__in=standing).update(retired_at=timezone.now())


class _DrawnAnew:
    """A store of diagrams that keeps nothing: reading writes no row."""

    def get(self, digest: str) -> str | None:
        return None

    def put(self, digest: str, svg: str) -> None:
        """Nothing is kept."""


def _write_questions(exercise: Exercise, read: ReadQuiz) -> None:
    found = {(row.question_id, row.digest): row for row in exercise.questions.all()}
    standing = []
    for position, question in enumerate(read.quiz.questions):
        parts = dict(read.rendered.parts[question.id])
        wanted = {
            "prompt_html": parts.pop("prompt"),
            "parts_html": parts,
            "position": position,
            "retired_at": None,
        }
        row = found.get((question.id, question.digest))
        if row is None:
            row = Question(
                exercise=exercise, question_id=question.id, digest=question.digest, data=dict(question.data)
            )
        _save(row, wanted)
        standing.append(row.pk)
    gone = exercise.questions.filter(retired_at=None).exclude(pk__in=standing)
    gone.update(retired_at=timezone.now())


# --- rows ---------------------------------------------------------------------------------------------------


def _documents(course: Course, paths: Sequence[str]) -> dict[str, Document]:
    rows = course.documents.filter(file__path__in=paths).select_related("file")
    return {document.file.path: document for document in rows}


def _exercise(file: CourseFile, **wanted: Any) -> Exercise:
    """The exercise of this file, standing, as it is wanted."""
    row = Exercise.objects.filter(file=file).first() or Exercise(file=file)
    _save(row, {**wanted, "retired_at": None})
    return row


def _set_version(exercise: Exercise, digest: str, spec: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
    """Make the version of that digest current: the one that is there already, or a new one."""
    version = exercise.versions.filter(digest=digest).first()
    if version is None:
        version = ExerciseVersion.objects.create(
            exercise=exercise,
            digest=digest,
            kind=exercise.kind,
            points=exercise.points,
            spec=spec,
            files=FileSet.objects.store(files),
        )
    _save(exercise, {"current": version})


def _save(row: Any, wanted: Mapping[str, Any]) -> None:
    """Write the row if it is new or any of these columns differs."""
    if row.pk is None:
        for name, value in wanted.items():
            setattr(row, name, value)
        row.save()
        return
    changed = [name for name, value in wanted.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, wanted[name])
    if changed:
        row.save(update_fields=changed)
