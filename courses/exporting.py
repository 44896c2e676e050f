"""A course as files again: what is published, byte for byte as it was imported or saved."""

from __future__ import annotations

from pathlib import Path

from courses.models import Course
from courses.source import MANIFEST, parse_manifest


class NotAnExport(Exception):
    """The folder holds something else than this course. The message, in Spanish, says what and what to do."""


def export_course(course: Course) -> dict[str, bytes]:
    """Path -> bytes of everything that is published and stands."""
    files = course.files.filter(retired_at=None, published__isnull=False).select_related("published")
    return {file.path: bytes(file.published.content) for file in files}


def write_folder(files: dict[str, bytes], folder: Path, slug: str) -> tuple[int, int]:
    """Make the folder hold exactly these files; how many were written and how many removed.

    The folder is new, empty, or holds the same course: then its files are put in step, and dot files (`.git`)
    are left alone. Raises NotAnExport for any other.
    """
    if folder.exists() and not folder.is_dir():
        raise NotAnExport(f"«{folder}» no es una carpeta: indica otra.")
    present = _present(folder) if folder.exists() else {}
    if present:
        manifest, _problems = parse_manifest(present[MANIFEST].read_bytes() if MANIFEST in present else b"")
        if manifest is None or manifest.slug != slug:
            raise NotAnExport(
                f"«{folder}» no está vacía y no es la carpeta del curso «{slug}»: "
                "indica una vacía o la de ese curso."
            )
    removed = [path for path in present if path not in files]
    for path in removed:
        present[path].unlink()
    _remove_empty(folder)  # one may stand where a file goes
    written = 0
    for path, content in sorted(files.items()):
        target = folder / path
        if path in present and not target.is_symlink() and target.read_bytes() == content:
            continue
        if target.is_symlink():
            target.unlink()
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        written += 1
    return written, len(removed)


def _present(folder: Path) -> dict[str, Path]:
    """The folder's files by relative path, without what begins with a dot."""
    found = {}
    for file in sorted(folder.rglob("*")):
        parts = file.relative_to(folder).parts
        hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
        if not hidden and (file.is_symlink() or not file.is_dir()):
            found["/".join(parts)] = file
    return found


def _remove_empty(folder: Path) -> None:
    """Folders that lost their last file."""
    for place in sorted((p for p in folder.rglob("*") if p.is_dir() and not p.is_symlink()), reverse=True):
        hidden = any(part.startswith(".") for part in place.relative_to(folder).parts)
        if not hidden and not any(place.iterdir()):
            place.rmdir()
