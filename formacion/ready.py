"""Waits until the site answers, then says where it is: the last lines that `manage.py run` prints.

`python -m formacion.ready URL LINE…` prints the lines below the address. Imports the standard library alone: it
starts beside the web server and the worker, and should not make them wait.
"""

from __future__ import annotations

import json
import sys
import time
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

PATIENCE_SECONDS = 60.0


class NotReady(Exception):
    """The site did not come up in time; the message says what it answered last."""


def banner(url: str, health: dict[str, Any], lines: list[str]) -> str:
    """Where the site is, the given lines, and what is not as it should be, in Spanish."""
    told = ["", f"Formación está en {url}/", *lines]
    if health.get("grading") == "off":
        told.append(f"AVISO: no se corrige ningún ejercicio. {health.get('reason', '')}".rstrip())
    told += [f"AVISO: {warning}" for warning in health.get("warnings", [])]
    told += ["Para pararlo todo, pulsa Ctrl-C.", ""]
    return "\n".join(f"  {line}".rstrip() for line in told)


def wait_for_health(url: str, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
    """What /healthz tells once database, broker and worker answer. Raises NotReady."""
    deadline = time.monotonic() + seconds
    last = "no responde"
    while time.monotonic() < deadline:
        try:
            status, health = _ask(url)
        except (OSError, HTTPException, ValueError) as error:
            last = str(error)
        else:
            if status == 200:
                return health
            last = f"{status}, falta: {', '.join(health.get('missing', []))}"
        time.sleep(0.1)
    raise NotReady(f"Tras {seconds:.0f} s el sitio no está listo ({last}). Mira los mensajes de arriba.")


def _ask(url: str) -> tuple[int, dict[str, Any]]:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=5)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def main() -> int:
    url, *lines = sys.argv[1:]
    try:
        print(banner(url, wait_for_health(url), lines), flush=True)
    except NotReady as fault:
        print(f"\n  {fault}\n", flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
