"""The result of a grading as plain values: outcomes of cases, the verdict, the score. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What a whole grading says. Only INTERNAL_ERROR is our fault."""

    ACCEPTED = "accepted"
    PARTIAL = "partial"
    REJECTED = "rejected"
    COMPILE_ERROR = "compile_error"
    INVALID = "invalid"
    PENDING_REVIEW = "pending_review"
    INTERNAL_ERROR = "internal_error"


class Outcome(StrEnum):
    """What one case says."""

    PASSED = "passed"
    WRONG = "wrong"
    RUNTIME_ERROR = "runtime_error"
    TIME_LIMIT = "time_limit"
    MEMORY_LIMIT = "memory_limit"
    OUTPUT_LIMIT = "output_limit"
    SKIPPED = "skipped"
    INTERNAL_ERROR = "internal_error"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case. What is under `staff` never reaches a student; of a hidden case nor do the texts below it.

    `name` names the property that is tested and may be shown of a hidden case too. `message` is a sentence in
    Spanish for the student; of a hidden case it may only name the property that failed.
    `seconds` is the program's own wall time, `memory_bytes` its peak; None where not measured.
    `logs` are named texts of a visible case (stderr, Envoy's trace).
    """

    name: str
    outcome: Outcome
    hidden: bool
    weight: float
    message: str = ""
    seconds: float | None = None
    memory_bytes: int | None = None
    given: str = ""
    expected: str = ""
    obtained: str = ""
    logs: dict[str, str] = field(default_factory=dict)
    staff: dict[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return self.outcome is Outcome.PASSED


@dataclass(frozen=True, slots=True)
class Report:
    """The whole grading: verdict, score in the exercise's points, and its cases in order.

    `output` is what a compiler or `envoy --mode validate` said, shown to the student; `message` one sentence.
    `fault` says, for staff alone, what went wrong on our side: set exactly where the verdict is INTERNAL_ERROR.
    `tools` are the versions of what ran. `seconds` and `memory_bytes` are the longest and largest of the cases.
    """

    verdict: Verdict
    score: float
    max_score: float
    cases: Sequence[CaseResult] = ()
    message: str = ""
    output: str = ""
    seconds: float | None = None
    memory_bytes: int | None = None
    tools: dict[str, str] = field(default_factory=dict)
    fault: str = ""

    def as_json(self) -> dict[str, Any]:
        """Everything, staff's part included, as the row stores it."""
        return asdict(self)

    def for_student(self) -> dict[str, Any]:
        """The same without what a student must not see."""
        whole = asdict(self)
        whole.pop("fault")
        for case in whole["cases"]:
            case.pop("staff")
            if case["hidden"]:
                case.update(given="", expected="", obtained="", logs={})
        return whole


def score_of(cases: Sequence[CaseResult], points: float) -> float:
    """The points that these cases earn: `points` times the passed share of the weights, to two decimals."""
    whole = sum(case.weight for case in cases)
    if not whole:
        return 0.0
    return round(points * sum(case.weight for case in cases if case.passed) / whole, 2)


def verdict_of(cases: Sequence[CaseResult], score: float) -> Verdict:
    """ACCEPTED where all passed, INTERNAL_ERROR where any was our fault, PARTIAL with points, else REJECTED."""
    if any(case.outcome is Outcome.INTERNAL_ERROR for case in cases):
        return Verdict.INTERNAL_ERROR
    if cases and all(case.passed for case in cases):
        return Verdict.ACCEPTED
    return Verdict.PARTIAL if score > 0 else Verdict.REJECTED
