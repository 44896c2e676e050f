"""Whether a solution that an exercise ships gave what it should. Pure."""

from __future__ import annotations

from exercises.grading.report import Report, Verdict
from exercises.grading.spec import SOLUTIONS, ExerciseSpec


def stops_at_failure(name: str) -> bool:
    """A wrong solution has shown what it is at its first failed case."""
    return not name.startswith(SOLUTIONS)


def expected_result(spec: ExerciseSpec, name: str) -> str:
    """What `solution/…` or `wrong/…` must give, in Spanish."""
    wanted = spec.expect.get(name)
    if wanted is None:
        return "todos los puntos" if name.startswith(SOLUTIONS) else "no aceptada"
    parts = [wanted.verdict.value if wanted.verdict else "no aceptada"]
    if wanted.fails:
        parts.append(f"falla «{wanted.fails}»")
    if wanted.outcome:
        parts.append(f"con {wanted.outcome.value}")
    return ", ".join(parts)


def surprise(spec: ExerciseSpec, name: str, report: Report) -> str | None:
    """What is not as it should be, in Spanish; None where all is."""
    if report.verdict is Verdict.INTERNAL_ERROR:
        return f"fallo nuestro: {report.fault}"
    wanted = spec.expect.get(name)
    failed = next((case for case in report.cases if not case.passed), None)
    if wanted is None:
        if not name.startswith(SOLUTIONS):
            return "se acepta" if report.verdict is Verdict.ACCEPTED else None
        if report.verdict is Verdict.ACCEPTED and report.score == spec.points:
            return None
        said = f": «{failed.name}», {failed.message or report.message}" if failed else f": {report.message}"
        return f"da {report.verdict.value}{said}"
    if wanted.verdict is None and report.verdict is Verdict.ACCEPTED:
        return "se acepta"
    if wanted.verdict is not None and report.verdict is not wanted.verdict:
        return f"da {report.verdict.value} y se esperaba {wanted.verdict.value}"
    if wanted.fails is not None and (failed is None or failed.name != wanted.fails):
        return f"falla primero «{failed.name if failed else '—'}» y se esperaba «{wanted.fails}»"
    if wanted.outcome is not None and (failed is None or failed.outcome is not wanted.outcome):
        return f"falla con {failed.outcome.value if failed else '—'} y se esperaba {wanted.outcome.value}"
    return None
