"""Finding by words, whatever their accents and case: titles of what one may see, texts of what one may read."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import strip_tags
from django.views.decorators.http import require_safe

from courses import extensions
from courses.models import Course, Document

MOST_RESULTS = 40
MOST_WORDS = 8
AROUND = 90
UNREADABLE = re.compile(r"<svg\b.*?</svg>|<a\b[^>]*>#</a>|<wbr>", re.DOTALL)
ENDS = re.compile(r"</(?:p|h\d|li|dt|dd|t[dh]|pre|div|figcaption|summary|span)>")


class _Folding(dict[int, str]):
    """A table for str.translate: every character to one without accent and case, so that positions stay."""

    def __missing__(self, code: int) -> str:
        base = unicodedata.normalize("NFKD", chr(code))[0].lower()
        folded = base if len(base) == 1 else chr(code)
        self[code] = folded
        return folded


FOLDING = _Folding()


def fold(text: str) -> str:
    """The text as search compares it, character by character: «Balanceó» is `balanceo`."""
    return text.translate(FOLDING)


@dataclass(frozen=True, slots=True)
class _Text:
    """Words as they are shown and as they are compared: character by character the same length."""

    plain: str
    folded: str

    @classmethod
    def of(cls, plain: str) -> _Text:
        return cls(plain, fold(plain))

    def __add__(self, other: _Text) -> _Text:
        gap = " " if self.plain and other.plain else ""
        return _Text(f"{self.plain}{gap}{other.plain}", f"{self.folded}{gap}{other.folded}")


@dataclass(frozen=True, slots=True)
class Result:
    """Something found. `before`, `hit`, `after`: the words around the first hit in its text, or empty."""

    url: str
    title: str
    kind: str
    course: str
    before: str
    hit: str
    after: str


@dataclass(frozen=True, slots=True)
class _Candidate:
    url: str
    title: str
    kind: str
    course: str
    text: _Text


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    query = " ".join(request.GET.get("q", "").split())[:200]
    found = find(request.user, query) if query else []
    context = {"query": query, "results": found[:MOST_RESULTS], "total": len(found), "most": MOST_RESULTS}
    return render(request, "pages/search.html", context)


def find(user: Any, query: str) -> list[Result]:
    """What holds every word of the query, titles first, then in the order of the index."""
    words = fold(query).split()[:MOST_WORDS]
    ranked: list[tuple[int, Result]] = []
    for candidate in _candidates(user):
        title, text = fold(candidate.title), candidate.text.folded
        if not all(word in title or word in text for word in words):
            continue
        rank = 0 if all(word in title for word in words) else 1
        ranked.append((rank, _result(candidate, words)))
    return [result for _rank, result in sorted(ranked, key=lambda pair: pair[0])]


def _candidates(user: Any) -> Iterator[_Candidate]:
    readable = set(Course.objects.read_by(user).values_list("pk", flat=True))
    visible = list(Course.objects.visible_to(user))
    seen = set()
    published = Document.objects.published().filter(course__in=visible).select_related("course", "file")
    documents = list(published.defer("body_html", "contents", "cited", "objectives"))
    texts = _texts([document for document in documents if document.course_id in readable])
    for document in documents:
        text = _Text.of(document.summary)
        if document.pk in texts:
            text += texts[document.pk]
        url = document.get_absolute_url()
        seen.add(url)
        yield _Candidate(url, document.title, str(document.get_kind_display()), document.course.title, text)
    for course in visible:
        if course.pk in readable:
            for source in extensions.findables:
                for entry in source.entries(course):
                    if entry.url not in seen:
                        yield _Candidate(entry.url, entry.title, entry.kind, course.title, _Text.of(entry.text))


_read: dict[tuple[int, int | None], _Text] = {}
MOST_TEXTS = 2000


def _texts(documents: list[Document]) -> dict[int, _Text]:
    """The words of documents by id. Each text is read once a process: another revision is another entry."""
    keys = {document.pk: (document.pk, document.file.published_id) for document in documents}
    found = {pk: _read[key] for pk, key in keys.items() if key in _read}
    missing = Document.objects.filter(pk__in=keys.keys() - found.keys())
    for pk, body in missing.values_list("pk", "body_html"):
        if len(_read) >= MOST_TEXTS:
            _read.clear()
        found[pk] = _read[keys[pk]] = _Text.of(_words(body))
    return found


def _words(body: str) -> str:
    return " ".join(html.unescape(strip_tags(ENDS.sub(r"\g<0> ", UNREADABLE.sub("", body)))).split())


def _result(candidate: _Candidate, words: list[str]) -> Result:
    text = candidate.text.plain
    found = [(at, word) for word in words if (at := candidate.text.folded.find(word)) >= 0]
    if not found:
        return Result(candidate.url, candidate.title, candidate.kind, candidate.course, _cut(text), "", "")
    at, word = min(found)
    end = at + len(word)
    start = max(text.rfind(" ", 0, max(at - AROUND, 0)) + 1, 0)
    stop = text.find(" ", end + AROUND)
    stop = len(text) if stop < 0 else stop
    before = ("… " if start else "") + text[start:at]
    after = text[end:stop] + (" …" if stop < len(text) else "")
    return Result(candidate.url, candidate.title, candidate.kind, candidate.course, before, text[at:end], after)


def _cut(text: str) -> str:
    return text if len(text) <= 2 * AROUND else text[: 2 * AROUND].rpartition(" ")[0] + " …"
