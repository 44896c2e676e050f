"""What people see of a grading: its four steps while it is under way, its verdict case by case after that.

Rows go in, values for templates come out. What of a report a student may see is decided in one place, here.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exercises.grading.languages import LANGUAGES
from exercises.grading.report import Outcome, Verdict
from exercises.models import Exercise, Grading

LOG_SHOWN = 6_000  # characters at the end of a log that a page holds; the whole log has its own address
COMPARED_LINES = 200
COMPARED_WIDTH = 300

OUTCOME_WORDS = {
    Outcome.PASSED: gettext_lazy("Superado"),
    Outcome.WRONG: gettext_lazy("No superado"),
    Outcome.RUNTIME_ERROR: gettext_lazy("Error al ejecutar"),
    Outcome.TIME_LIMIT: gettext_lazy("Fuera de tiempo"),
    Outcome.MEMORY_LIMIT: gettext_lazy("Sin memoria"),
    Outcome.OUTPUT_LIMIT: gettext_lazy("Demasiada salida"),
    Outcome.SKIPPED: gettext_lazy("No ejecutado"),
    Outcome.INTERNAL_ERROR: gettext_lazy("Fallo nuestro"),
}
VERDICT_WORDS = {
    Verdict.ACCEPTED: gettext_lazy("Aceptada"),
    Verdict.PARTIAL: gettext_lazy("Parcial"),
    Verdict.REJECTED: gettext_lazy("No superada"),
    Verdict.COMPILE_ERROR: gettext_lazy("No compila"),
    Verdict.INVALID: gettext_lazy("Entrega no válida"),
    Verdict.PENDING_REVIEW: gettext_lazy("Espera revisión"),
    Verdict.INTERNAL_ERROR: gettext_lazy("Fallo nuestro, no cuenta"),
}
TEXT_WORDS = {
    "message": gettext_lazy("Qué pasó"),
    "given": gettext_lazy("Entrada"),
    "expected": gettext_lazy("Esperado"),
    "obtained": gettext_lazy("Obtenido"),
    "stderr": gettext_lazy("Salida de errores"),
    "envoy": gettext_lazy("Registro de Envoy"),
    "checker": gettext_lazy("Lo que dijo el comprobador"),
    "fault": gettext_lazy("Qué falló"),
}
# how long a grading has been waited for, in seconds -> how often a page asks, in milliseconds
PACES = ((5, 200), (20, 500), (60, 1000), (300, 2000))
SLOWEST = 5000
_CASE_STEP = re.compile(r"Caso (\d+ de \d+)")
_NAMED_LINE = re.compile(r"(?m)^(?P<file>[\w./+-]+\.\w+):(?P<line>\d+)")


# --- under way ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """A field of the header that shows a grading: `state` is past, here or todo."""

    title: str
    state: str
    text: str


def steps_of(grading: Grading, kind: str, position: int | None = None) -> list[Step]:
    """The four steps of a grading that is not settled. `position`: its place in the queue, 1 is next."""
    prepares = _("2 · Valida") if kind == Exercise.Kind.ENVOY else _("2 · Prepara")
    titles = [_("1 · En cola"), prepares, _("3 · Casos"), _("4 · Veredicto")]
    pending = _("pendiente")
    if grading.status == Grading.Status.QUEUED:
        texts = [_("puesto %d") % position if position else _("espera"), pending, pending, pending]
        here = 0
    else:
        waited = duration((grading.started_at or grading.queued_at) - grading.queued_at)
        case = _CASE_STEP.fullmatch(grading.step)
        if case:
            texts = [waited, _("listo"), case[1], pending]
            here = 2
        else:
            texts = [waited, grading.step.lower() or _("en marcha"), pending, pending]
            here = 1
    return [
        Step(title, "past" if number < here else "here" if number == here else "todo", text)
        for number, (title, text) in enumerate(zip(titles, texts, strict=True))
    ]


def stamp_of(grading: Grading, position: int | None, pace: int) -> str:
    """Changes exactly when a page that follows the grading would look different."""
    return f"{grading.status}-{grading.tries}-{grading.step}-{position or ''}-{pace}"


def pace_of(grading: Grading, now: datetime | None = None) -> int:
    """After how many milliseconds a page should ask again: the longer it waits, the less often."""
    waited = ((now or timezone.now()) - grading.queued_at).total_seconds()
    return next((pace for seconds, pace in PACES if waited < seconds), SLOWEST)


# --- settled ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of an output, and whether it differs from the other side."""

    text: str
    differs: bool = False


@dataclass(frozen=True, slots=True)
class Log:
    """The end of what a process said. `is_cut`: there is more than this page shows."""

    name: str
    text: str
    is_cut: bool

    @property
    def title(self) -> str:
        return str(TEXT_WORDS.get(self.name, self.name))


@dataclass(frozen=True, slots=True)
class ShownCase:
    """One case for a page. `label`: its number, O1 where it is hidden; `index`: its place in the report."""

    index: int
    label: str
    anchor: str
    name: str
    outcome: str
    word: str
    hidden: bool
    points: float | None
    most: float | None
    message: str
    seconds: float | None
    memory_bytes: int | None
    given: str
    expected: Sequence[Piece]
    obtained: Sequence[Piece]
    logs: Sequence[Log]
    staff: dict[str, str] = field(default_factory=dict)

    @property
    def is_passed(self) -> bool:
        return self.outcome == Outcome.PASSED

    @property
    def is_failed(self) -> bool:
        return self.outcome not in {Outcome.PASSED, Outcome.SKIPPED, Outcome.INTERNAL_ERROR}

    @property
    def has_details(self) -> bool:
        return bool(self.message or self.given or self.expected or self.obtained or self.logs or self.staff)


@dataclass(frozen=True, slots=True)
class ShownVerdict:
    """The verdict of a settled grading. `cases`: in the report's order; `sorted_cases`: failed ones first."""

    verdict: str
    word: str
    message: str
    output: Sequence[tuple[str, str]]
    cases: Sequence[ShownCase]
    seconds: float | None
    memory_bytes: int | None
    tools: dict[str, str]
    fault: str = ""

    @property
    def passed(self) -> int:
        return sum(case.is_passed for case in self.cases)

    @property
    def ran(self) -> bool:
        """Some case was run: without that there is nothing to say of each."""
        return any(case.outcome != Outcome.SKIPPED for case in self.cases)

    @property
    def sorted_cases(self) -> list[ShownCase]:
        """Failed, then passed, then those that did not run; each as the exercise has them."""
        return sorted(self.cases, key=lambda case: (not case.is_failed, case.outcome == Outcome.SKIPPED))

    @property
    def failed_names(self) -> list[str]:
        return [f"{case.label}. {case.name}" for case in self.cases if case.is_failed]


def verdict_of(grading: Grading, *, for_staff: bool = False) -> ShownVerdict | None:
    """What its report says, to a student or to staff; None where nothing was run (points from a person)."""
    report = grading.report
    if not report or "verdict" not in report:
        return None
    cases = report.get("cases", [])
    weights = sum(case.get("weight", 0) for case in cases)
    most = report.get("max_score") or 0
    numbers = {True: 0, False: 0}
    shown = []
    for index, case in enumerate(cases):
        hidden = bool(case["hidden"])
        numbers[hidden] += 1
        worth = round(most * case.get("weight", 0) / weights, 2) if weights else None
        shown.append(_case(grading, index, case, f"{'O' if hidden else ''}{numbers[hidden]}", worth, for_staff))
    return ShownVerdict(
        verdict=report["verdict"],
        word=str(VERDICT_WORDS[Verdict(report["verdict"])]),
        message=report.get("message", ""),
        output=list(_linked(report.get("output", ""))),
        cases=shown,
        seconds=report.get("seconds"),
        memory_bytes=report.get("memory_bytes"),
        tools=report.get("tools") or {},
        fault=report.get("fault", "") if for_staff else "",
    )


def log_of(grading: Grading, index: int, name: str) -> str | None:
    """The whole of one log of a visible case; None where there is none, or it is not for students."""
    cases = grading.report.get("cases", []) if grading.report else []
    if not 0 <= index < len(cases) or cases[index]["hidden"]:
        return None
    return cases[index].get("logs", {}).get(name)


def _case(
    grading: Grading, index: int, case: dict[str, Any], label: str, worth: float | None, for_staff: bool
) -> ShownCase:
    hidden = bool(case["hidden"])
    outcome = Outcome(case["outcome"])
    expected, obtained = ("", "") if hidden else (case.get("expected", ""), case.get("obtained", ""))
    left, right = compare_outputs(expected, obtained)
    logs = {} if hidden else case.get("logs", {})
    return ShownCase(
        index=index,
        label=label,
        anchor=f"caso-{grading.pk}-{index + 1}",
        name=case["name"],
        outcome=outcome.value,
        word=str(OUTCOME_WORDS[outcome]),
        hidden=hidden,
        points=None if worth is None else (worth if outcome is Outcome.PASSED else 0.0),
        most=worth,
        # of a hidden one the name of the property says all that may be said
        message="" if hidden else case.get("message", ""),
        seconds=case.get("seconds"),
        memory_bytes=case.get("memory_bytes"),
        given="" if hidden else case.get("given", ""),
        expected=left,
        obtained=right,
        logs=[Log(n, t[-LOG_SHOWN:], len(t) > LOG_SHOWN) for n, t in logs.items() if t],
        staff=_for_staff(case) if for_staff else {},
    )


def _for_staff(case: dict[str, Any]) -> dict[str, str]:
    texts = case.get("staff", {}).items()
    return {str(TEXT_WORDS.get(name, name)): text[-LOG_SHOWN:] for name, text in texts}


def compare_outputs(expected: str, obtained: str) -> tuple[list[Piece], list[Piece]]:
    """Both texts in pieces, with what differs marked. Long ones are marked by whole lines, or not at all."""
    if not expected and not obtained:
        return [], []
    if expected == obtained:
        return [Piece(expected)], [Piece(obtained)]
    old, new = expected.splitlines(keepends=True), obtained.splitlines(keepends=True)
    if max(len(old), len(new)) > COMPARED_LINES:
        return [Piece(expected)], [Piece(obtained)]
    left: list[Piece] = []
    right: list[Piece] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            left.append(Piece("".join(old[a:b])))
            right.append(Piece("".join(new[c:d])))
            continue
        pairs = min(b - a, d - c)
        for first, second in zip(old[a : a + pairs], new[c : c + pairs], strict=True):
            marked = _compare_line(first, second)
            left += marked[0]
            right += marked[1]
        left += [Piece(line, True) for line in old[a + pairs : b]]
        right += [Piece(line, True) for line in new[c + pairs : d]]
    return left, right


def _compare_line(old: str, new: str) -> tuple[list[Piece], list[Piece]]:
    if max(len(old), len(new)) > COMPARED_WIDTH:
        return [Piece(old, True)], [Piece(new, True)]
    first, second = re.findall(r"\s+|\S+", old), re.findall(r"\s+|\S+", new)
    left: list[Piece] = []
    right: list[Piece] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        left += [Piece("".join(first[a:b]), tag != "equal")] if b > a else []
        right += [Piece("".join(second[c:d]), tag != "equal")] if d > c else []
    return left, right


def _linked(output: str) -> Iterator[tuple[str, str]]:
    """The text in pieces, each with the anchor of the line that it names (`main.cc:12`), or nothing."""
    end = 0
    for named in _NAMED_LINE.finditer(output):
        yield output[end : named.start()], ""
        yield named[0], anchor_of(named["file"], int(named["line"]))
        end = named.end()
    if end < len(output):
        yield output[end:], ""


def anchor_of(name: str, line: int) -> str:
    """The id of a line of a file on the page of a submission."""
    return f"{re.sub(r'[^A-Za-z0-9]+', '-', name)}-l{line}"


# --- words --------------------------------------------------------------------------------------------------


def tools_of(spec: dict[str, Any], kind: str, tools: dict[str, str]) -> str:
    """What grades an exercise: “Envoy 1.37.0”, “Python”, “C++ o Rust”. `tools`: versions that workers told."""
    if kind == Exercise.Kind.ENVOY:
        return f"Envoy {tools['envoy']}".strip() if tools.get("envoy") else "Envoy"
    titles = [
        LANGUAGES[name].title
        for name in dict.fromkeys(file.get("language") for file in spec.get("files", []))
        if name in LANGUAGES
    ]
    if not titles:
        return _("Un programa")
    return titles[0] if len(titles) == 1 else _("%s o %s") % (", ".join(titles[:-1]), titles[-1])


def duration(span: Any) -> str:
    """“0,2 s”, “15 s”, “3 min”."""
    seconds = max(0.0, span.total_seconds())
    if seconds < 10:
        return f"{number_format(seconds, decimal_pos=1)} s"
    return f"{round(seconds)} s" if seconds < 120 else f"{round(seconds / 60)} min"
