"""What the queue carries: bells. A task names no row and may arrive twice; only `ring` speaks to the broker."""

from __future__ import annotations

import logging
import os
import threading
import time

from celery import Task, shared_task
from django.db import transaction
from kombu import Producer

from exercises import judging

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 0.2  # a request must not wait longer for a broker that is away
SILENCE_SECONDS = 5.0
IMPATIENT = {
    "max_retries": 0,
    "interval_start": 0,
    "socket_connect_timeout": PATIENCE_SECONDS,
    "socket_timeout": PATIENCE_SECONDS,
    "connect_timeout": PATIENCE_SECONDS,
    "read_timeout": PATIENCE_SECONDS,
    "write_timeout": PATIENCE_SECONDS,
}


@shared_task(bind=True, name="grade_next")
def grade_next(self: Task) -> None:
    """Grade the first grading that waits, and wake the next worker where another one does."""
    if grading := judging.claim(self.request.hostname or ""):
        judging.grade_claimed(grading)
        ring_for_the_next()


def sweep() -> None:
    """Take lapsed gradings back and ring for what can start. Every worker does it, and `manage.py sweep`."""
    for _bell in range(judging.sweep()):
        ring()


def ring_for_the_next() -> None:
    """Ring where something could start in the slot that has just become free."""
    if judging.claimable().exists():
        ring()


def ring() -> None:
    """Wake one worker, after the commit. It never raises and never hangs.

    What nobody heard, the sweep rings again.
    """
    transaction.on_commit(_line.ring, robust=True)


class _Line:
    """This process's connection to the broker. After a failure it is silent for a while."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._producer: Producer | None = None
        self._silent_until = 0.0

    def ring(self) -> None:
        with self._lock:
            start = time.monotonic()
            if start < self._silent_until:
                return
            try:
                was_open = self._producer is not None
                try:
                    self._send()
                except Exception:
                    # a connection that was open may only have grown old
                    if not was_open or time.monotonic() - start > PATIENCE_SECONDS / 2:
                        raise
                    self._hang_up()
                    self._send()
            except Exception as error:
                self._hang_up()
                self._silent_until = time.monotonic() + SILENCE_SECONDS
                logger.warning("the broker does not answer, the sweep will ring: %s", error)

    def _send(self) -> None:
        if self._producer is None:
            connection = grade_next.app.connection_for_write(
                connect_timeout=PATIENCE_SECONDS, heartbeat=0, transport_options=IMPATIENT
            )
            self._producer = grade_next.app.amqp.Producer(connection)
        # how long a grading may take is the worker's to say, not the ringer's
        grade_next.apply_async(producer=self._producer, retry=False, time_limit=None)

    def _hang_up(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            try:
                producer.__connection__.collect(PATIENCE_SECONDS)
            except Exception:
                logger.debug("closing a broken connection", exc_info=True)


def _new_line() -> None:
    global _line
    # the connection stays the parent's: kept here unused, because closing it would cut the parent off
    _inherited.append(_line)
    _line = _Line()


_inherited: list[_Line] = []
_line = _Line()
os.register_at_fork(after_in_child=_new_line)
