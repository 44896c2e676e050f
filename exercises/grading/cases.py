"""Goes through the cases of an exercise in order: groups, what is skipped, and the report that comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from exercises.grading.faults import GradingFault
from exercises.grading.outcomes import OURS, result_of
from exercises.grading.report import CaseResult, Outcome, Report, Verdict, score_of, verdict_of
from exercises.grading.spec import Case, ExerciseSpec

OnStep = Callable[[str], None]


def chosen_cases(spec: ExerciseSpec, *, visible_only: bool) -> list[Case]:
    """The cases of this grading."""
    return [case for case in spec.cases if not (visible_only and case.hidden)]


def points_of(spec: ExerciseSpec, cases: Sequence[Case]) -> float:
    """What these cases are worth, of the exercise's points."""
    whole = sum(case.weight for case in spec.cases)
    return round(spec.points * sum(case.weight for case in cases) / whole, 2) if whole else 0.0


def run_cases(
    cases: Sequence[Case],
    run_one: Callable[[Case], CaseResult],
    *,
    stop_at_failure: bool,
    on_step: OnStep,
) -> tuple[list[CaseResult], str]:
    """The results in order, and the fault of ours that ended it, if any.

    The cases of a group stop at its first failure; all of them where `stop_at_failure` says so, or at a fault.
    """
    results: list[CaseResult] = []
    failed_groups: set[str] = set()
    fault = ""
    stopped = False
    for number, case in enumerate(cases, start=1):
        if stopped or case.group in failed_groups:
            results.append(result_of(case, Outcome.SKIPPED, "No se ejecutó: falló antes otro caso."))
            continue
        on_step(f"Caso {number} de {len(cases)}")
        try:
            result = run_one(case)
        except GradingFault as raised:
            fault = f"{case.name}: {raised}"
            result = result_of(case, Outcome.INTERNAL_ERROR, OURS, staff={"fault": str(raised)})
        results.append(result)
        if not result.passed:
            stopped = stopped or stop_at_failure or bool(fault)
            if case.group is not None:
                failed_groups.add(case.group)
    return results, fault


def report_of(
    results: Sequence[CaseResult], points: float, *, fault: str = "", tools: Mapping[str, str]
) -> Report:
    """The report of cases that ran."""
    score = 0.0 if fault else score_of(results, points)
    verdict = verdict_of(results, score)
    passed = sum(result.passed for result in results)
    return Report(
        verdict=verdict,
        score=score,
        max_score=points,
        cases=tuple(results),
        message=OURS if fault else _summary(verdict, passed, len(results)),
        seconds=max((result.seconds for result in results if result.seconds is not None), default=None),
        memory_bytes=max(
            (result.memory_bytes for result in results if result.memory_bytes is not None), default=None
        ),
        tools=dict(tools),
        fault=fault,
    )


def report_without_cases(
    cases: Sequence[Case],
    points: float,
    verdict: Verdict,
    message: str,
    *,
    output: str = "",
    fault: str = "",
    tools: Mapping[str, str] | None = None,
) -> Report:
    """The report where no case could run: not compiled, not valid, or a fault of ours."""
    reason = "No se ejecutó." if verdict is not Verdict.INTERNAL_ERROR else OURS
    return Report(
        verdict=verdict,
        score=0.0,
        max_score=points,
        cases=tuple(result_of(case, Outcome.SKIPPED, reason) for case in cases),
        message=message,
        output=output,
        tools=dict(tools or {}),
        fault=fault,
    )


def _summary(verdict: Verdict, passed: int, count: int) -> str:
    if verdict is Verdict.ACCEPTED:
        return "Todos los casos superados." if count > 1 else "Caso superado."
    if not passed:
        return "Ningún caso superado." if count > 1 else "Caso no superado."
    return f"{passed} de {count} casos superados."
