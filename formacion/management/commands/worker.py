"""Run a grading worker in this process: `celery -A formacion worker` with what one machine needs."""

from __future__ import annotations

import os
import sys
import warnings
from typing import Any, ClassVar

from celery.exceptions import SecurityWarning
from celery.utils.nodenames import default_nodename, host_format
from django.core.management.base import BaseCommand

from formacion import checks
from formacion.celery import app


class Command(BaseCommand):
    help = "Pone en marcha un corrector."
    # a worker has no pages: to check them means to import them, which takes longer than all the rest
    requires_system_checks: ClassVar[list[str]] = [checks.QUEUE]

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--name", default="", help="Nombre del corrector, si hay varios en la máquina.")

    def handle(self, *args: Any, **options: Any) -> None:
        os.environ["CELERY_SKIP_CHECKS"] = "1"
        # root is meant: it is what gives each jail a user of its own outside
        warnings.simplefilter("ignore", SecurityWarning)
        name = options["name"]
        worker = app.Worker(
            hostname=host_format(default_nodename(f"{name}@%h" if name else None)),
            loglevel="WARNING",
            quiet=True,
            # workers need not know of one another: they meet in the database
            without_gossip=True,
            without_mingle=True,
        )
        worker.start()
        sys.exit(worker.exitcode)
