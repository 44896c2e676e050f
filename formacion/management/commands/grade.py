"""Grade files as a worker would, without web or rows; or everything that an exercise ships."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q

from exercises import slots
from exercises.grading import ExerciseSpec, Report, Verdict, grade
from exercises.grading.expecting import expected_result, stops_at_failure, surprise
from exercises.grading.outcomes import seconds
from exercises.grading.report import CaseResult, Outcome
from exercises.grading.spec import FILE, shipped
from exercises.importing import read_exercise_folder
from exercises.models import Exercise
from exercises.sandbox.interface import SandboxBroken
from formacion.models import User

UNEXPECTED, BAD_USAGE, OURS = 1, 2, 3

OUTCOMES = {
    Outcome.PASSED: "superado",
    Outcome.WRONG: "no superado",
    Outcome.RUNTIME_ERROR: "error de ejecución",
    Outcome.TIME_LIMIT: "tiempo agotado",
    Outcome.MEMORY_LIMIT: "memoria agotada",
    Outcome.OUTPUT_LIMIT: "demasiada salida",
    Outcome.SKIPPED: "sin ejecutar",
    Outcome.INTERNAL_ERROR: "fallo nuestro",
}


@dataclass(frozen=True, slots=True)
class Found:
    """An exercise as the command found it. `folder` are the files that grade, `solutions` what it ships."""

    spec: ExerciseSpec
    folder: Mapping[str, bytes]
    solutions: Mapping[str, Mapping[str, bytes]]


class Command(BaseCommand):
    help = (
        "Corrige archivos con un ejercicio. Sale con 0 si se pudo juzgar, 2 si se usa mal y 3 si el fallo es "
        "nuestro; con --all, con 1 si alguna solución no da lo que se espera."
    )
    requires_system_checks = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.parse_args = parser.parse_intermixed_args  # files may stand after an option too
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "exercise", metavar="EJERCICIO", help="La carpeta de un ejercicio, o la ruta de uno importado."
        )
        parser.add_argument("files", metavar="ARCHIVO", nargs="*", type=Path)
        parser.add_argument(
            "--user",
            metavar="QUIÉN",
            help="Correo o nombre de quien entrega: cuentan sus parámetros, si tiene.",
        )
        parser.add_argument("--format", choices=["text", "json"], default="text")
        parser.add_argument(
            "--all", action="store_true", help="Todas las soluciones y las equivocadas del ejercicio."
        )
        parser.add_argument("--repeat", type=int, default=1, metavar="N", help="Con --all: cuántas veces.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["all"] == bool(options["files"]):
            raise _bad_usage("Indica los archivos que se corrigen, o --all.")
        if options["repeat"] < 1:
            raise _bad_usage("--repeat es 1 o más.")
        found = find_exercise(options["exercise"])
        if options["user"]:
            find_user(options["user"])
        try:
            if options["all"]:
                self.grade_all(found, options)
            else:
                self.grade_files(found, options)
        except SandboxBroken as broken:
            raise CommandError(f"No se puede corregir en esta máquina: {broken}", returncode=OURS) from broken
        finally:
            slots.give_back()

    def grade_files(self, found: Found, options: Mapping[str, Any]) -> None:
        files = read_files(options["files"])
        report = grade(found.spec, files, found.folder, slots.sandbox())
        if options["format"] == "json":
            self.stdout.write(json.dumps(as_json(report), ensure_ascii=False, indent=2))
        else:
            for line in as_text(report, with_staff=options["verbosity"] > 1):
                self.stdout.write(line)
        if report.verdict is Verdict.INTERNAL_ERROR:
            self.stderr.write(report.fault)
            sys.exit(OURS)

    def grade_all(self, found: Found, options: Mapping[str, Any]) -> None:
        if not found.solutions:
            raise _bad_usage("El ejercicio no trae soluciones: crea solution/<nombre>/ y wrong/<nombre>/.")
        sandbox = slots.sandbox()
        rows: list[dict[str, Any]] = []
        began = time.monotonic()
        for name, files in [*found.solutions.items()] * options["repeat"]:
            started = time.monotonic()
            report = grade(found.spec, files, found.folder, sandbox, stop_at_failure=stops_at_failure(name))
            taken = time.monotonic() - started
            wrong = surprise(found.spec, name, report)
            wanted = expected_result(found.spec, name)
            rows.append(
                {"solution": name, "expected": wanted, "ok": wrong is None, "surprise": wrong, "seconds": taken}
                | as_json(report)
            )
            if options["format"] == "text":
                self.stdout.write(_row(name, report, found.spec.points, taken, wrong))
        whole = time.monotonic() - began
        if options["format"] == "json":
            self.stdout.write(json.dumps({"seconds": whole, "solutions": rows}, ensure_ascii=False, indent=2))
        else:
            failed = sum(not row["ok"] for row in rows)
            ending = "todo como se espera" if not failed else f"{failed} no dan lo que se espera"
            self.stdout.write(f"{len(rows)} correcciones en {seconds(round(whole, 1))}: {ending}.")
        if any(row["verdict"] == Verdict.INTERNAL_ERROR for row in rows):
            sys.exit(OURS)
        if not all(row["ok"] for row in rows):
            sys.exit(UNEXPECTED)


def _bad_usage(message: str) -> CommandError:
    return CommandError(message, returncode=BAD_USAGE)


def find_exercise(named: str) -> Found:
    """The exercise in a folder, else the imported one of that path. Raises CommandError."""
    folder = Path(named)
    if (folder / FILE).is_file():
        return _from_folder(folder)
    path = named.removesuffix("/").removesuffix(".md") + ".md"
    standing = Exercise.objects.standing().graded_outside().filter(file__path=path)
    exercises = list(standing.select_related("current__files", "file"))
    if not exercises:
        raise _bad_usage(
            f"«{named}» no es la carpeta de un ejercicio (con {FILE}) ni la ruta de uno importado."
        )
    if len(exercises) > 1:
        raise _bad_usage(f"Hay un ejercicio «{path}» en varios cursos: usa su carpeta.")
    return _imported(exercises[0])


def _from_folder(folder: Path) -> Found:
    folder = folder.resolve()
    statement = folder.parent / f"{folder.name}.md"
    if not statement.is_file():
        raise _bad_usage(f"Falta el enunciado, {statement.name}, junto a la carpeta: de él salen los puntos.")
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not _is_left_out(path.relative_to(folder))
    }
    spec, problems = read_exercise_folder(statement.read_bytes(), files)
    if spec is None:
        lines = [
            f"  {problem.path or statement.name}:{problem.line}: {problem.message}"
            for problem in problems
            if not problem.warning
        ]
        raise _bad_usage("\n".join(["El ejercicio tiene errores:", *lines]))
    return Found(spec, {path: files[path] for path in spec.paths()}, shipped(files))


def _is_left_out(path: Path) -> bool:
    """What no course folder takes either."""
    return any(part.startswith(".") or part == "__pycache__" for part in path.parts)


def _imported(exercise: Exercise) -> Found:
    version = exercise.current
    assert version is not None
    prefix = exercise.file.address + "/"
    standing = exercise.file.course.files.filter(path__startswith=prefix, retired_at=None)
    contents = {
        file.path.removeprefix(prefix): bytes(file.published.content)
        for file in standing.filter(published__isnull=False).select_related("published")
    }
    spec, _ = read_exercise_folder(bytes(exercise.file.published.content), contents)
    # the row says what grades; what a solution must give stands in the published file alone
    return Found(spec or ExerciseSpec.from_json(version.spec), version.files.contents(), shipped(contents))


def find_user(named: str) -> User:
    """The person of that e-mail address or name. Raises CommandError."""
    users = list(User.objects.filter(Q(email__iexact=named) | Q(name__iexact=named))[:2])
    if len(users) != 1:
        how = "No hay nadie" if not users else "Hay varias personas"
        raise _bad_usage(f"{how} con el correo o el nombre «{named}».")
    return users[0]


def read_files(paths: list[Path]) -> dict[str, bytes]:
    """Name -> bytes of the files handed in. Raises CommandError."""
    files: dict[str, bytes] = {}
    for path in paths:
        if path.name in files:
            raise _bad_usage(f"«{path.name}» está dos veces.")
        try:
            files[path.name] = path.read_bytes()
        except OSError as error:
            raise _bad_usage(f"No se puede leer «{path}»: {error.strerror}.") from error
    return files


def as_json(report: Report) -> dict[str, Any]:
    """What outsiders rely on."""
    return {
        "verdict": report.verdict.value,
        "score": report.score,
        "max_score": report.max_score,
        "cases": [
            {
                "name": case.name,
                "outcome": case.outcome.value,
                "message": case.message,
                "hidden": case.hidden,
            }
            for case in report.cases
        ],
    }


def as_text(report: Report, *, with_staff: bool) -> Iterator[str]:
    """The report for a terminal; with what only staff sees if asked for."""
    yield f"{report.verdict.value}  {report.score:g} de {report.max_score:g}  {report.message}"
    if report.output:
        yield report.output.rstrip("\n")
    for case in report.cases:
        yield from _case(case, with_staff)


def _case(case: CaseResult, with_staff: bool) -> Iterator[str]:
    times = f"  {seconds(round(case.seconds, 3))}" if case.seconds is not None else ""
    yield f"{'ok' if case.passed else '--'}  {case.name}: {OUTCOMES[case.outcome]}{times}"
    texts = {
        "mensaje": case.message,
        "entrada": case.given,
        "esperado": case.expected,
        "obtenido": case.obtained,
    }
    if with_staff:
        texts |= case.logs | {f"equipo: {name}": text for name, text in case.staff.items()}
    elif "stderr" in case.logs:
        texts |= {"stderr": case.logs["stderr"]}
    for name, text in texts.items() if not case.passed or with_staff else ():
        if text:
            indented = text.rstrip("\n").replace("\n", "\n          ")
            yield f"      {name}: {indented}"


def _row(name: str, report: Report, points: float, taken: float, wrong: str | None) -> str:
    score = f"{report.score:g}/{points:g}"
    mark = "ok" if wrong is None else "--"
    line = f"{mark}  {name:32} {report.verdict.value:14} {score:>9} {taken:6.2f} s"
    return line if wrong is None else f"{line}  {wrong}"
