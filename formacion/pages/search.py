"""Finding by words, whatever their accents and case: titles of what one may see, texts of what one may read."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
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
    text: str


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
        title, text = fold(candidate.title), fold(candidate.text)
        if not all(word in title or word in text for word in words):
            continue
        rank = 0 if all(word in title for word in words) else 1
        ranked.append((rank, _result(candidate, text, words)))
    return [result for _rank, result in sorted(ranked, key=lambda pair: pair[0])]


def _candidates(user: Any) -> Iterator[_Candidate]:
    readable = set(Course.objects.read_by(user).values_list("pk", flat=True))
    visible = list(Course.objects.visible_to(user))
    seen = set()
    # the texts are read once for each revision and process, not for each search
    documents = Document.objects.published().filter(course__in=visible).select_related("course", "file")
    for document in documents.defer("body_html", "contents", "cited", "objectives"):
        text = document.summary
        if document.course_id in readable:
            text = f"{text} {_plain(document.pk, document.file.published_id)}".strip()
        url = document.get_absolute_url()
        seen.add(url)
        yield _Candidate(url, document.title, str(document.get_kind_display()), document.course.title, text)
    for course in visible:
        if course.pk in readable:
            for source in extensions.findables:
                for entry in source.entries(course):
                    if entry.url not in seen:
                        yield _Candidate(entry.url, entry.title, entry.kind, course.title, entry.text)


@lru_cache(maxsize=2000)
def _plain(document: int, revision: int) -> str:
    """The words of a document. `revision` keys the cache: another text is another entry."""
    body = Document.objects.values_list("body_html", flat=True).get(pk=document)
    return " ".join(html.unescape(strip_tags(ENDS.sub(r"\g<0> ", UNREADABLE.sub("", body)))).split())


def _result(candidate: _Candidate, folded: str, words: list[str]) -> Result:
    found = [(at, word) for word in words if (at := folded.find(word)) >= 0]
    if not found:
        return Result(
            candidate.url, candidate.title, candidate.kind, candidate.course, _cut(candidate.text), "", ""
        )
    at, word = min(found)
    end = at + len(word)
    start = max(candidate.text.rfind(" ", 0, max(at - AROUND, 0)) + 1, 0)
    stop = candidate.text.find(" ", end + AROUND)
    stop = len(candidate.text) if stop < 0 else stop
    before = ("… " if start else "") + candidate.text[start:at]
    after = candidate.text[end:stop] + (" …" if stop < len(candidate.text) else "")
    return Result(
        candidate.url, candidate.title, candidate.kind, candidate.course, before, candidate.text[at:end], after
    )


def _cut(text: str) -> str:
    return text if len(text) <= 2 * AROUND else text[: 2 * AROUND].rpartition(" ")[0] + " …"
