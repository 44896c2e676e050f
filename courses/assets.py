"""Files of a course folder that readers get as they are, and as what. Which ones, says `source.is_served`."""

from __future__ import annotations

import mimetypes
from pathlib import PurePosixPath

from courses.models import Course, CourseFile, Document
from courses.source import EXERCISES, IMAGES, RESOURCES, is_served

# what a browser shows by itself; whatever it could run is handed out as plain text
SHOWN = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".svg": "image/svg+xml",
    ".pdf": "application/pdf",
    ".json": "application/json",
}
BINARY = frozenset({".zip", ".gz", ".tgz", ".xz", ".bz2", ".zst", ".tar", ".pcap", ".pcapng", ".wasm", ".bin"})


def could_be_served(path: str) -> bool:
    """False: no course hands out such a path, whoever asks. Asks no database."""
    if path.startswith(EXERCISES):
        return "/starter/" in path
    return path.startswith(RESOURCES) or path.lower().endswith(IMAGES)


def find(course: Course, path: str) -> CourseFile | None:
    """The published file at this path, where readers may have it. Two queries."""
    published = Document.objects.published().filter(course=course).values_list("file__path", flat=True)
    if not is_served(path, frozenset(published)):
        return None
    files = course.files.filter(path=path, published__isnull=False, retired_at=None)
    return files.select_related("published").first()


def content_type(path: str) -> str:
    """What the browser is told: images as images, text as plain text (a page never), the rest as bytes."""
    suffix = PurePosixPath(path).suffix.lower()
    if suffix in SHOWN:
        return SHOWN[suffix]
    if suffix in BINARY:
        return mimetypes.guess_type(path)[0] or "application/octet-stream"
    return "text/plain; charset=utf-8"
