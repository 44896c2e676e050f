"""The deployment's local copies of the repositories that courses cite: SOURCE_MIRRORS."""

from __future__ import annotations

import functools
import logging
from pathlib import Path

from django.conf import settings

from courses.rendering import Lock, LockRow, Reference
from courses.rendering.mirrors import Mirror, MirrorBroken, NotInMirror, lock_reference

logger = logging.getLogger(__name__)


def mirror_of(repository: str) -> Mirror | None:
    """The mirror of a repository by its name in course.yml, or None where the deployment has none."""
    path = settings.SOURCE_MIRRORS.get(repository)
    return _open(path) if path else None


@functools.cache
def _open(path: str) -> Mirror:
    return Mirror(Path(path))


def lock_with_mirrors(
    lock: Lock, references: list[tuple[str, int, Reference]], commits: dict[str, str]
) -> tuple[Lock, list[tuple[str, int, str]]]:
    """The lock with a row for each reference (path, line, reference) whose repository has a mirror.

    What the mirror says against a reference comes as path, line and message. A broken mirror is none: whoever
    writes goes on, and the reference is unchecked.
    """
    rows: dict[Reference, LockRow] = {}
    faults = []
    for path, line, reference in references:
        mirror = mirror_of(reference.repository)
        if mirror is None or reference in rows:
            continue
        try:
            rows[reference] = lock_reference(mirror, commits[reference.repository], reference)
        except NotInMirror as error:
            faults.append((path, line, f"«{reference}» no está en el código fijado: {error}"))
        except MirrorBroken as fault:
            logger.warning("%s is not checked: %s", reference, fault)
    return lock.with_rows(rows.values()), faults
