"""The files of a submission as lines: coloured, numbered, with what was said under each; or compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from django.utils.safestring import SafeString, mark_safe

from courses.comparing import Line as ComparedLine
from courses.comparing import compare
from courses.rendering.highlighting import UnknownLanguage, highlight, language_name
from exercises.following import anchor_of
from exercises.models import ReviewComment

COLOURED_BYTES = 128 << 10  # longer files are shown without colours
LANGUAGES = {"py": "python", "cc": "cpp", "cpp": "cpp", "h": "cpp", "rs": "rust", "java": "java", "go": "go"}
PLAIN_NAMES = {"yaml": "YAML", "yml": "YAML", "json": "JSON", "txt": "Texto"}


@dataclass(frozen=True, slots=True)
class Thread:
    """A comment on a line, or on the whole, with its answers."""

    comment: ReviewComment
    replies: Sequence[ReviewComment]


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line of a file. `html` comes from Pygments, which escapes what a student wrote."""

    number: int
    anchor: str
    html: SafeString
    threads: Sequence[Thread] = ()


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of a submission. `changes` are its lines beside those of another one, where it is compared."""

    name: str
    language: str
    size: int
    lines: Sequence[SourceLine]
    changes: Sequence[ComparedLine] | None = None
    text: str = field(default="", repr=False)

    @property
    def is_same(self) -> bool:
        """It was compared, and nothing differs."""
        return self.changes is not None and not self.changes


def threads_of(comments: Iterable[ReviewComment]) -> list[Thread]:
    """Comments in their order, each with its replies."""
    known = list(comments)
    return [
        Thread(comment, [reply for reply in known if reply.reply_to_id == comment.pk])
        for comment in known
        if comment.reply_to_id is None
    ]


def source_files(
    contents: Mapping[str, bytes],
    threads: Sequence[Thread] = (),
    *,
    compared_with: Mapping[str, bytes] | None = None,
) -> list[SourceFile]:
    """The files in lines. With `compared_with`, also those that are gone since then."""
    names = sorted({*contents, *(compared_with or {})})
    return [
        _file(
            name,
            contents.get(name, b""),
            [thread for thread in threads if thread.comment.file_name == name],
            None if compared_with is None else compared_with.get(name, b""),
        )
        for name in names
    ]


def _file(name: str, content: bytes, threads: Sequence[Thread], old: bytes | None) -> SourceFile:
    text = content.decode("utf-8", "replace")
    language = _language(name)
    lines = [
        SourceLine(
            number,
            anchor_of(name, number),
            html,
            [thread for thread in threads if thread.comment.line == number],
        )
        for number, html in enumerate(_lines(text, language), 1)
    ]
    changes = None if old is None else compare(old.decode("utf-8", "replace"), text)
    return SourceFile(name, _title(name, language), len(content), lines, changes, text)


def _lines(text: str, language: str) -> list[SafeString]:
    """Each line as safe HTML."""
    if not text:
        return []
    if language and len(text) <= COLOURED_BYTES:
        try:
            coloured = highlight(text, language)
        except UnknownLanguage:
            pass
        else:
            # Pygments escaped the text, and closes its spans on each line
            return [mark_safe(line) for line in coloured.split("\n")]
    return [mark_safe(escape(line)) for line in text.removesuffix("\n").split("\n")]


def count_lines(content: bytes) -> int:
    """How many lines the pages show of a file."""
    return len(_lines(content.decode("utf-8", "replace"), ""))


def _language(name: str) -> str:
    ending = name.rpartition(".")[2].lower()
    return LANGUAGES.get(ending, ending if ending in PLAIN_NAMES and ending != "txt" else "")


def _title(name: str, language: str) -> str:
    ending = name.rpartition(".")[2].lower()
    if ending in PLAIN_NAMES:
        return PLAIN_NAMES[ending]
    return language_name(language) if language else ""
