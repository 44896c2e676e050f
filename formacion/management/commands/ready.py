"""Wait until the site answers, then say where it is and who can log in."""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from formacion.management.commands import demo


class Command(BaseCommand):
    help = "Espera a que el sitio responda y dice dónde está."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--seconds", type=float, default=60)

    def handle(self, *args: Any, **options: Any) -> None:
        address = f"http://127.0.0.1:{os.environ.get('PORT') or 8000}"
        health = wait_for(f"{address}/healthz", options["seconds"])
        lines = ["", f"  Formación está en {address}/"]
        if settings.DEMO:
            lines.append(f"  Cuentas (contraseña: {demo.password()}):")
            lines += [f"    {email}" for email in demo.ACCOUNTS]
        if health.get("grading") == "off":
            lines.append(f"  AVISO: no se corrige nada. {health.get('reason', '')}")
        lines += [f"  AVISO: {warning}" for warning in health.get("warnings", [])]
        lines += ["  Ctrl-C lo para todo.", ""]
        self.stdout.write("\n".join(lines))


def wait_for(url: str, seconds: float) -> dict[str, Any]:
    """The health that the site tells once all parts answer. Raises CommandError after `seconds`."""
    deadline = time.monotonic() + seconds
    last = "no responde"
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            last = error.read(2000).decode(errors="replace")
        except OSError as error:
            last = str(error)
        time.sleep(0.1)
    raise CommandError(f"El sitio no está listo tras {seconds:.0f} s: {last}")
