"""Check a course folder without importing it; every error with file and line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from courses.checking import Checked, check_course
from courses.extensions import Problem
from courses.rendering.mirrors import Mirror
from exercises.grading.faults import ToolMissing
from exercises.sandbox.interface import SandboxBroken
from exercises.sandbox.machine import probe
from exercises.sandbox.nsjail import NsjailSandbox
from formacion.validating import SandboxedEnvoy

SLOT = 998  # no worker's: those count from 0


class Command(BaseCommand):
    help = "Comprueba la carpeta de un curso. Sale con 1 si hay algún error."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="CARPETA", type=Path)
        parser.add_argument(
            "--mirror",
            action="append",
            default=[],
            metavar="NOMBRE=RUTA",
            help="Repositorio Git local de NOMBRE, con el que se prueban las referencias. Se puede repetir.",
        )
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        places = mirror_places(options["mirror"])
        with ExitStack() as stack:
            mirrors = {name: stack.enter_context(Mirror(path)) for name, path in places.items()}
            envoy, reason = stack.enter_context(sandboxed_envoy())
            checked = check_course(options["folder"], mirrors=mirrors, envoy=envoy)
        if options["format"] == "json":
            self.stdout.write(json.dumps(as_json(checked), ensure_ascii=False, indent=2))
        else:
            for line in as_text(checked, reason):
                self.stdout.write(line)
        if checked.errors:
            sys.exit(1)


def mirror_places(pairs: list[str]) -> dict[str, Path]:
    """NAME=PATH pairs; those of SOURCE_MIRRORS count unless named here. Raises CommandError."""
    places = {name: Path(path) for name, path in settings.SOURCE_MIRRORS.items()}
    for pair in pairs:
        name, sign, path = pair.partition("=")
        if not (name and sign and path):
            raise CommandError(
                f"«{pair}» no tiene la forma NOMBRE=RUTA: por ejemplo, --mirror envoy=/src/envoy.git"
            )
        if not Path(path).is_dir():
            raise CommandError(f"«{path}» no es una carpeta: indica un repositorio Git de {name}.")
        places[name] = Path(path)
    return places


@contextmanager
def sandboxed_envoy() -> Iterator[tuple[SandboxedEnvoy | None, str]]:
    """Envoy in a sandbox, or None and why not."""
    reason = probe(settings.SANDBOX_DIR)
    if reason is not None:
        yield None, reason
        return
    sandbox = NsjailSandbox(SLOT, settings.SANDBOX_DIR, spares=False)
    try:
        yield SandboxedEnvoy(sandbox), ""
    except (SandboxBroken, ToolMissing) as fault:
        raise CommandError(f"No se ha podido probar la configuración de Envoy: {fault}") from fault
    finally:
        sandbox.close()


def as_json(checked: Checked) -> dict[str, Any]:
    def listing(problems: list[Problem]) -> list[dict[str, Any]]:
        return [{"file": p.path, "line": p.line, "message": p.message} for p in problems]

    return {
        "errors": listing(checked.errors),
        "warnings": listing(checked.warnings),
        "counts": dict(checked.counts),
    }


NAMES = {
    "files": "archivos",
    "documents": "documentos",
    "announced": "anunciados",
    "lessons": "lecciones",
    "exercises": "ejercicios",
    "quizzes": "cuestionarios",
    "words": "palabras",
    "references": "referencias",
    "locked": "filas bloqueadas",
    "links": "enlaces",
    "diagrams": "diagramas",
    "envoy_configs": "configuraciones de Envoy",
}


def as_text(checked: Checked, reason: str) -> Iterator[str]:
    """One line a problem: `file:line: message`, warnings marked; then what was looked at."""
    for problem in checked.problems:
        word = "aviso: " if problem.warning else ""
        yield f"{problem.path}:{problem.line}: {word}{problem.message}"
    if reason and checked.counts.get("envoy_configs"):
        yield f"Envoy no se ha podido ejecutar: {reason}"
    counts = ", ".join(f"{count} {NAMES[name]}" for name, count in checked.counts.items())
    yield f"Errores: {len(checked.errors)}. Avisos: {len(checked.warnings)}. Hay {counts}."
