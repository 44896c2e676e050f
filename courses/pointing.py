"""What the page of a code reference says: the pinned permalink, the way into one's editor, who cites it."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from pygments.lexers import find_lexer_class_for_filename

from courses.mirrors import mirror_of
from courses.models import CodeReference, Course, Document, Repository
from courses.rendering.highlighting import highlight
from courses.rendering.mirrors import MirrorBroken, NotInMirror
from courses.rendering.references import Reference
from courses.rendering.references import Repository as PinnedRepository

logger = logging.getLogger(__name__)

MOST_LINES = 400
BREAKS = re.compile(r"/|_|::")
# which of JetBrains' programs opens a repository, by how its language is written in course.yml
JETBRAINS = {"c++": "clion", "c": "clion", "rust": "rustrover", "go": "goland", "python": "pycharm"}


@dataclass(frozen=True, slots=True)
class Citation:
    """A document that cites the same lines."""

    url: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """All that is known of one reference. `checked` is None for who can do nothing about it."""

    repository: str
    path: SafeString
    lines: str
    commit: str
    symbol: SafeString
    permalink: str
    checked: bool | None
    code: SafeString | str
    editor_url: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Chip:
    """A cited place as a list shows it. `checked` False: nobody could compare it with the code yet."""

    url: str
    repository: str
    path: str
    name: SafeString
    lines: str
    symbol: SafeString
    checked: bool

    @classmethod
    def of(cls, slug: str, row: dict[str, Any], *, shows_check: bool) -> Chip:
        """From a line of `Document.cited`."""
        lines = lines_of(row["first"], row["last"])
        return cls(
            url=reverse("reference", args=[slug, row["repository"], row["path"], lines]),
            repository=row["repository"],
            path=row["path"],
            name=breakable(row["path"].rpartition("/")[2]),
            lines=lines,
            symbol=breakable(row["symbol"]),
            checked=row["checked"] or not shows_check,
        )


def permalink(repository: Repository, path: str, first: int, last: int) -> str:
    """The lines on the repository's site, at the pinned commit."""
    pinned = PinnedRepository(repository.name, repository.url, repository.commit, tuple(repository.endings))
    return pinned.permalink(Reference(repository.name, quote(path), first, last))


def editor_url(editor: str, checkout: str, repository: Repository, path: str, line: int) -> str:
    """The link that opens the line in the reader's own checkout; empty where they told of none."""
    checkout = checkout.replace("\\", "/").rstrip("/")
    if not editor or not checkout:
        return ""
    if editor == "vscode":
        return f"vscode://file/{quote(checkout.lstrip('/'), safe='/:')}/{quote(path)}:{line}"
    program = JETBRAINS.get(repository.language.lower().rstrip("0123456789"), "idea")
    query = urlencode({"project": checkout.rpartition("/")[2], "path": f"{path}:{line}"}, safe="/:")
    return f"jetbrains://{program}/navigate/reference?{query}"


def point_at(
    course: Course, name: str, path: str, first: int, last: int, *, url: str, user: object, came_from: str = ""
) -> Pointer | None:
    """The reference at these lines, or None where nothing of the course cites exactly them.

    `url` is the reference's own address, `came_from` that of the page whose citation needs no mention. The code
    is shown to readers of the course alone: a repository need not be public.
    """
    repository = course.repositories.filter(name=name).first()
    if repository is None:
        return None
    readable = Document.objects.visible_to(user).filter(course=course)
    overlapping = list(
        CodeReference.objects.filter(
            repository=repository,
            path=path,
            first__lte=last,
            last__gte=first,
            document__in=Document.objects.published().filter(course=course),
        )
        .select_related("document__file", "document__course")
        .order_by("document__module__position", "document__position", "line")
    )
    exact = [reference for reference in overlapping if (reference.first, reference.last) == (first, last)]
    if not exact and url not in course.introduction_html + course.conventions_html + course.how_to_html:
        return None
    is_reader = readable.exists()
    return Pointer(
        repository=repository.name,
        path=breakable(path),
        lines=lines_of(first, last),
        commit=repository.commit,
        symbol=breakable(next((reference.symbol for reference in exact if reference.symbol), "")),
        permalink=permalink(repository, path, first, last),
        checked=all(reference.is_locked for reference in exact) if getattr(user, "is_staff", False) else None,
        code=excerpt(repository, path, first, last) if is_reader and exact else "",
        editor_url=editor_url(
            getattr(user, "editor", ""),
            getattr(user, "checkouts", {}).get(repository.name, ""),
            repository,
            path,
            first,
        ),
        citations=_citations(overlapping, (first, last), came_from),
    )


def breakable(text: str) -> SafeString:
    """A path or a symbol that may break after `/`, `_` and `::`, so that no line is left short."""
    return mark_safe(BREAKS.sub(r"\g<0><wbr>", escape(text)))


def lines_of(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def _citations(references: list[CodeReference], lines: tuple[int, int], came_from: str) -> tuple[Citation, ...]:
    """One for each document, in the order of the index; other lines of the same place are told apart."""
    found: dict[str, str] = {}
    for reference in references:
        url = reference.document.get_absolute_url()
        if url == came_from:
            continue
        title = reference.document.title
        if (reference.first, reference.last) != lines:
            title = _("%(title)s · líneas %(lines)s") % {
                "title": title,
                "lines": lines_of(reference.first, reference.last),
            }
        if url not in found or (reference.first, reference.last) == lines:
            found[url] = title
    return tuple(Citation(url, title) for url, title in found.items())


def excerpt(repository: Repository, path: str, first: int, last: int) -> SafeString | str:
    """The highlighted lines from the deployment's mirror of the repository; empty where there is none."""
    mirror = mirror_of(repository.name)
    if mirror is None:
        return ""
    try:
        lines = mirror.lines(repository.commit, path, first, min(last, first + MOST_LINES - 1))
    except (NotInMirror, MirrorBroken) as fault:
        logger.warning("no excerpt of %s:%s: %s", repository.name, path, fault)
        return ""
    code = highlight(lines.decode(errors="replace"), _language(repository, path), first_line_number=first)
    return mark_safe(code)  # Pygments escapes what it is given


def _language(repository: Repository, path: str) -> str:
    """Pygments' name for the language of a file, by its ending and, for headers, by its repository."""
    if path.endswith(".h") and repository.language.lower().startswith("c++"):
        return "cpp"
    lexer = find_lexer_class_for_filename(path)
    return lexer.aliases[0] if lexer and lexer.aliases else "text"
