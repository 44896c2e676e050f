"""Run a grading worker in this process: `celery -A formacion worker` with what one machine needs."""

from __future__ import annotations

import warnings
from typing import Any

from celery.exceptions import SecurityWarning
from django.core.management.base import BaseCommand

from formacion.celery import app


class Command(BaseCommand):
    help = "Pone en marcha un corrector."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--name", default="", help="Nombre del corrector, si hay varios en la máquina.")

    def handle(self, *args: Any, **options: Any) -> None:
        # root is meant: it is what gives each jail a user of its own outside
        warnings.simplefilter("ignore", SecurityWarning)
        # workers need not know of one another: they meet in the database
        command = ["--quiet", "worker", "--without-gossip", "--without-mingle", "--loglevel=WARNING"]
        if options["name"]:
            command.append(f"--hostname={options['name']}@%h")
        app.worker_main(command)
