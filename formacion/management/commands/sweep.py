"""Take lost gradings back into the queue, once: what every worker does by itself, for cron or by hand."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from exercises import tasks, tidying


class Command(BaseCommand):
    help = "Devuelve a la cola las correcciones perdidas, avisa a los correctores y borra lo caducado."

    def handle(self, *args: Any, **options: Any) -> None:
        tasks.sweep()
        tidying.tidy()
