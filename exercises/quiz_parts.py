"""Renders all Markdown of a quiz in one go: prompts, options, explanations -> HTML by question and part."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from courses.extensions import Problem
from courses.rendering import RenderContext, render
from exercises.grading.quiz import Quiz

KEPT = 128  # rendered quizzes that a process remembers

_remembered: OrderedDict[str, RenderedQuiz] = OrderedDict()


@dataclass(frozen=True, slots=True)
class RenderedQuiz:
    """HTML by question id and part, see `grading.quiz.part_places`; problems with the lines of the file."""

    parts: Mapping[str, Mapping[str, str]]
    problems: tuple[Problem, ...]


def render_quiz(quiz: Quiz, context: RenderContext) -> RenderedQuiz:
    """Render every part. What was rendered from the same things by this process is not rendered again."""
    key = _fingerprint(quiz, context)
    if key in _remembered:
        _remembered.move_to_end(key)
        return _remembered[key]
    rendered = _remembered[key] = _render(quiz, context)
    if len(_remembered) > KEPT:
        _remembered.popitem(last=False)
    return rendered


def _fingerprint(quiz: Quiz, context: RenderContext) -> str:
    links = sorted(context.links.items()) if isinstance(context.links, Mapping) else []
    repositories = [[r.name, r.url, r.commit, *r.endings] for r in context.repositories.values()]
    parts = [context.path, context.default_repository, repositories, links, context.lock.dump().decode()]
    lines = [dict(question.lines) for question in quiz.questions]
    text = json.dumps([quiz.as_json(), lines, parts], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _render(quiz: Quiz, context: RenderContext) -> RenderedQuiz:
    """One rendering of all parts, a mark before each: a converter for every part would cost seconds."""
    token = f"MARCA{secrets.token_hex(12)}N"
    names: list[tuple[str, str, int]] = []
    source = ""
    first_lines: list[int] = []
    for question in quiz.questions:
        for name, text in question.parts().items():
            source += f"{token}{len(names)}F\n\n"
            first_lines.append(source.count("\n") + 1)
            source += text.rstrip() + "\n\n"
            names.append((question.id, name, question.lines[name]))
    source += f"{token}{len(names)}F\n"
    rendered = render(source, context)

    def line_of(line: int) -> int:
        number = max((n for n, first in enumerate(first_lines) if first <= line), default=0)
        return names[number][2]

    problems = [Problem(context.path, line_of(fault.line), fault.message) for fault in rendered.problems]
    pieces = re.split(rf"<p>{token}(\d+)F</p>", rendered.html)
    html = dict(zip(map(int, pieces[1::2]), pieces[2::2], strict=True))
    parts: dict[str, dict[str, str]] = {question.id: {} for question in quiz.questions}
    for number, (question_id, name, line) in enumerate(names):
        if number + 1 not in html and not problems:
            message = "este texto deja abierto un bloque (una valla ``` o una etiqueta): ciérralo"
            problems.append(Problem(context.path, line, message))
        parts[question_id][name] = html.get(number, "").strip()
    return RenderedQuiz(parts, tuple(problems))
