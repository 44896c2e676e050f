"""A course into a folder: the inverse of import_course, byte for byte."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from courses.exporting import NotAnExport, export_course, write_folder
from courses.models import Course


class Command(BaseCommand):
    help = "Exporta lo publicado de un curso a una carpeta nueva, vacía o del mismo curso."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", metavar="CURSO")
        parser.add_argument("folder", metavar="CARPETA", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        slug, folder = options["slug"], options["folder"]
        course = Course.objects.filter(slug=slug).first()
        if course is None:
            known = ", ".join(Course.objects.values_list("slug", flat=True)) or "ninguno"
            raise CommandError(f"No hay ningún curso «{slug}». Los que hay: {known}.")
        try:
            written, removed = write_folder(export_course(course), folder, slug)
        except NotAnExport as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Curso «{slug}» en {folder}: {written} archivos escritos, {removed} borrados.")
