"""Course folders for tests: the example course, with some files changed or taken out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from courses.source import read_folder

EXAMPLE = Path(__file__).parent / "example"


def example(changes: Mapping[str, bytes | str | None] | None = None) -> dict[str, bytes]:
    """The files of the example course. `changes`: path -> new content, or None for a file that is not there."""
    files = read_folder(EXAMPLE)
    for path, content in (changes or {}).items():
        if content is None:
            files.pop(path)
        else:
            files[path] = content.encode() if isinstance(content, str) else content
    return files


def edited(path: str, old: str, new: str, files: Mapping[str, bytes] | None = None) -> str:
    """The text of a file of the example with one passage changed."""
    text = (files or example())[path].decode()
    assert old in text, f"«{old}» is not in {path}"
    return text.replace(old, new, 1)


def put(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Make the folder hold these files and no others."""
    if folder.exists():
        for file in folder.rglob("*"):
            if file.is_file():
                file.unlink()
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder
