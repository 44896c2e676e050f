"""A course folder into the database. The exit is 0 also where edits of the site were left as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from courses.importing import import_course
from courses.publishing import TooBusy
from courses.source import Refused


class Command(BaseCommand):
    help = "Importa la carpeta de un curso. Se puede repetir; ante un error no cambia nada."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="CARPETA", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = import_course(options["folder"])
        except Refused as refused:
            listing = "\n".join(f"  {problem}" for problem in refused.problems)
            raise CommandError(f"No se ha importado nada:\n{listing}") from None
        except TooBusy:
            raise CommandError(
                "No se ha importado nada: otros están cambiando el curso ahora mismo. Vuelve a importarlo."
            ) from None
        if options["verbosity"]:
            for line in report.lines():
                self.stdout.write(line)
