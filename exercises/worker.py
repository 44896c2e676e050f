"""A grading worker's own life: it looks at its machine, says that it is there, sweeps, and leaves.

Celery imports this module into every worker. What is graded, and how, is in judging.py.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any

from celery import Celery
from celery.signals import (
    task_prerun,
    worker_init,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
    worker_shutdown,
)
from celery.worker import WorkController
from django.conf import settings
from django.db import close_old_connections, connection
from django.db.models.functions import Now

from exercises import slots, tasks, tidying
from exercises.grading.faults import ToolMissing
from exercises.grading.languages import LANGUAGES
from exercises.grading.program import version_of
from exercises.models import Worker
from exercises.sandbox.interface import SandboxBroken
from exercises.sandbox.machine import Enforcement, describe_machine

logger = logging.getLogger(__name__)

TIDY_SECONDS = 3600.0

# Held while a thread here has a connection to the database open: a process of the pool that is forked meanwhile
# would inherit it, and close it under the parent's feet.
_no_fork = threading.RLock()


def _after_in_child() -> None:
    global _no_fork
    _no_fork = threading.RLock()


os.register_at_fork(
    before=lambda: _no_fork.acquire(),
    after_in_parent=lambda: _no_fork.release(),
    after_in_child=_after_in_child,
)


@contextmanager
def _database() -> Iterator[None]:
    """Speak to the database: no fork meanwhile, and no connection left open afterwards."""
    with _no_fork:
        try:
            yield
        finally:
            connection.close()


class Pulse(threading.Thread):
    """Beats, sweeps and tidies in the worker's main process, beside the gradings, until it is stopped."""

    def __init__(self, app: Celery, name: str, slots_there: int) -> None:
        super().__init__(name="pulse", daemon=True)
        self._app = app
        self._worker = name
        self._slots = slots_there
        self._stopped = threading.Event()
        self._is_listening = True
        self._unnamed = list(LANGUAGES.values())
        self._tools: dict[str, str] = {}

    def announce(self, machine: Enforcement) -> None:
        """Write the worker's row anew: what it can grade, or why it cannot."""
        found = {
            "beat_at": Now(),
            "slots": self._slots,
            "can_grade": machine.can_run,
            "reason": machine.reason or "",
            "warnings": [asdict(weakness) for weakness in machine.weaknesses],
        }
        with _database():
            Worker.objects.update_or_create(
                pk=self._worker, defaults=found, create_defaults={**found, "started_at": Now()}
            )

    def run(self) -> None:
        turns = {
            self._beat: settings.HEARTBEAT_SECONDS,
            self._sweep: settings.SWEEP_SECONDS,
            self._tidy: TIDY_SECONDS,
        }
        due = dict.fromkeys(turns, 0.0)
        while not self._stopped.is_set():
            for turn in turns:
                if time.monotonic() >= due[turn]:
                    self._do(turn)
                    due[turn] = time.monotonic() + turns[turn]
            if self._unnamed and self._is_listening:  # else no jail can run: there is nobody to ask
                self._do(self._name_a_tool)
            else:
                self._stopped.wait(max(0.0, min(due.values()) - time.monotonic()))

    def stop(self) -> None:
        """End the thread and take the row away: nobody should wait for this worker."""
        self._stopped.set()
        self.join(timeout=2 * settings.HEARTBEAT_SECONDS)
        with _database():
            Worker.objects.filter(pk=self._worker).delete()

    def _do(self, turn: Callable[[], None]) -> None:
        try:
            turn()
        except Exception:
            # the database or the broker are away: the next turn may find them
            logger.exception("worker %s: %s", self._worker, turn.__name__)

    def _beat(self) -> None:
        with _database():
            can_grade = Worker.objects.filter(pk=self._worker, can_grade=True).update(beat_at=Now()) == 1
        if not can_grade:
            machine = describe_machine(settings.SANDBOX_DIR)
            self.announce(machine)
            can_grade = machine.can_run
        self._listen(can_grade)

    def _listen(self, wanted: bool) -> None:
        """Where nothing can be graded, the bells are for other workers."""
        if wanted == self._is_listening:
            return
        control = self._app.control
        change = control.add_consumer if wanted else control.cancel_consumer
        change(self._app.conf.task_default_queue, destination=[self._worker])
        self._is_listening = wanted

    def _sweep(self) -> None:
        with _database():
            tasks.sweep()

    def _tidy(self) -> None:
        with _database():
            tidying.tidy()

    def _name_a_tool(self) -> None:
        """Say which version of one more language is here. One at a time: some take long to answer."""
        language = self._unnamed.pop()
        with slots.another() as sandbox, suppress(ToolMissing):
            self._tools[language.title] = version_of(language, sandbox)
            with _database():
                Worker.objects.filter(pk=self._worker).update(
                    tools=self._tools, sandbox_digest=sandbox.digest()
                )


_pulse: Pulse | None = None


@worker_init.connect
def look_at_the_machine(sender: WorkController, **_: Any) -> None:
    """Before the pool is made. Where REQUIRE_SANDBOX is set, a worker that cannot grade does not start.

    Nor does one in production where the memory of a whole job cannot be limited.
    """
    global _pulse
    machine = describe_machine(settings.SANDBOX_DIR)
    if not machine.can_run:
        print(f"No se puede corregir en esta máquina: {machine.reason}", file=sys.stderr, flush=True)
        if settings.REQUIRE_SANDBOX:
            raise SystemExit(1)
    elif settings.PRODUCTION and not machine.limits_memory:
        for weakness in machine.weaknesses:
            print(f"{weakness.what} {weakness.remedy}", file=sys.stderr)
        print("En producción un corrector no arranca así.", file=sys.stderr, flush=True)
        raise SystemExit(1)
    _pulse = Pulse(sender.app, sender.hostname, sender.concurrency)
    _pulse.announce(machine)


@worker_ready.connect
def start_the_pulse(**_: Any) -> None:
    assert _pulse is not None
    _pulse.start()


@worker_shutdown.connect
def stop_the_pulse(**_: Any) -> None:
    if _pulse is not None and _pulse.is_alive():
        _pulse.stop()


@worker_process_init.connect
def take_a_slot(**_: Any) -> None:
    """The child prepares its walls, so that the first grading does not wait for them."""
    try:
        slots.sandbox()
    except SandboxBroken:
        logger.warning("this process has no sandbox yet", exc_info=True)


@task_prerun.connect
def look_at_the_connections(**_: Any) -> None:
    """Before a task: a connection that broke, or is too old, is opened anew."""
    close_old_connections()


@worker_process_shutdown.connect
def give_the_slot_back(**_: Any) -> None:
    slots.give_back()
