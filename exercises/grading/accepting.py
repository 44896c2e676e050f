"""Whether files may be handed in for an exercise, and why not: by file, in Spanish, with the remedy. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from exercises.grading.languages import LANGUAGES
from exercises.grading.spec import ExerciseSpec


def refusals(spec: ExerciseSpec, files: Mapping[str, bytes]) -> dict[str, str]:
    """Name -> what is wrong with that file; empty where all may be handed in. "" names the whole."""
    known = {file.name: file for file in spec.files}
    found: dict[str, str] = {}
    if not any(content.strip() for content in files.values()):
        found[""] = "La entrega está vacía: escribe algo antes de enviarla."
    for name, content in files.items():
        file = known.get(name)
        if file is None:
            wanted = ", ".join(f"«{one}»" for one in known)
            found[name] = f"Este ejercicio no pide «{name}»: se entrega {wanted}."
        elif len(content) > file.max_bytes:
            found[name] = too_long(name, len(content), file.max_bytes)
        elif b"\x00" in content:
            found[name] = f"«{name}» no es texto: contiene bytes nulos."
        elif not _is_utf8(content):
            found[name] = f"«{name}» no está en UTF-8: guárdalo con esa codificación."
    languages = languages_of(spec, files)
    if len(languages) > 1:
        titles = " y ".join(LANGUAGES[language].title for language in languages)
        found.setdefault("", f"Hay archivos de {titles}: entrega los de un solo lenguaje.")
    wanted_language = languages[0] if languages else None
    for file in spec.files:
        needed = file.language is None or file.language == wanted_language or len(_languages(spec)) == 1
        if needed and not file.optional and file.name not in files:
            found.setdefault(file.name, f"Falta «{file.name}»: añádelo a la entrega.")
    if _languages(spec) and not languages:
        found.setdefault("", "Falta el programa: entrega los archivos de uno de los lenguajes.")
    return found


def languages_of(spec: ExerciseSpec, files: Mapping[str, bytes]) -> list[str]:
    """The languages of the files handed in, in the exercise's order."""
    return list(dict.fromkeys(file.language for file in spec.files if file.language and file.name in files))


def _languages(spec: ExerciseSpec) -> set[str]:
    return {file.language for file in spec.files if file.language}


def too_long(name: str, size: int, most: int) -> str:
    """What is said of a file of `size` bytes where `most` are accepted."""
    return f"«{name}» ocupa {_kib(size)} y el máximo es {_kib(most)}: redúcelo."


def _kib(size: int) -> str:
    """A size as people say it, rounded up, so that what is too long never reads like the limit."""
    return f"{size} bytes" if size < 10 << 10 else f"{-(-size >> 10)} KiB"


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
