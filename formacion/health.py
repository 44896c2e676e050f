"""GET /healthz: whether database, broker and a grading worker answer. No secrets, no log-in, cheap."""

from __future__ import annotations

import threading
import time
from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from exercises import judging
from exercises.tasks import IMPATIENT, PATIENCE_SECONDS
from formacion.celery import app

BROKER_KNOWN_SECONDS = 2.0


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 where all three answer, else 503 naming what does not. `grading` is `on`, or `off` with `reason`."""
    health: dict[str, Any] = {"database": "ok", "broker": "ok", "worker": "ok", "grading": "off"}
    try:
        state = judging.grading_state()
    except DatabaseError:
        health |= {"database": "down", "worker": "unknown", "reason": _("La base de datos no responde.")}
    else:
        health["worker"] = "ok" if state.workers else "down"
        health["grading"] = "on" if state.is_on else "off"
        health |= {"reason": state.reason} if state.reason else {}
        health |= {"warnings": list(state.warnings)} if state.warnings else {}
    if not _broker.answers():
        health["broker"] = "down"
    missing = [part for part in ("database", "broker", "worker") if health[part] != "ok"]
    health = {
        "status": "unavailable" if missing else "ok",
        **({"missing": missing} if missing else {}),
        **health,
    }
    return JsonResponse(
        health, status=503 if missing else 200, json_dumps_params={"ensure_ascii": False, "indent": 1}
    )


class _Broker:
    """Asks the broker at most once in a while for the whole process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known_until = 0.0
        self._answers = False

    def answers(self) -> bool:
        with self._lock:
            if time.monotonic() >= self._known_until:
                self._answers = self._ask()
                # good news keeps; bad news is asked again at once, so that a start is seen as it happens
                self._known_until = time.monotonic() + (BROKER_KNOWN_SECONDS if self._answers else 0)
            return self._answers

    def _ask(self) -> bool:
        try:
            with app.connection_for_write(
                connect_timeout=PATIENCE_SECONDS, heartbeat=0, transport_options=IMPATIENT
            ) as connection:
                connection.default_channel.close()
        except Exception:
            return False
        return True


_broker = _Broker()
