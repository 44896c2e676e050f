"""Grades what was handed in against an exercise: values go in, a Report comes out. No Django below here.

Whose fault it is: a Report with Verdict.INTERNAL_ERROR and `fault` where the exercise or this machine is wrong
(a checker that raised, a tool that is missing: another try gives the same), `SandboxBroken` raised where the
walls failed (another try may work). Neither is ever a student's verdict.
"""

from __future__ import annotations

from collections.abc import Mapping

from exercises.grading.accepting import refusals, too_long
from exercises.grading.cases import OnStep, chosen_cases, points_of, report_without_cases
from exercises.grading.envoy import grade_envoy
from exercises.grading.program import grade_program
from exercises.grading.report import Report, Verdict
from exercises.grading.spec import EnvoySpec, ExerciseSpec, ProgramSpec, parse_spec
from exercises.sandbox.interface import Sandbox


def grade(
    spec: ExerciseSpec,
    files: Mapping[str, bytes],
    folder: Mapping[str, bytes],
    sandbox: Sandbox,
    *,
    visible_only: bool = False,
    parameters: Mapping[str, object] | None = None,
    on_step: OnStep | None = None,
    stop_at_failure: bool = False,
) -> Report:
    """Grade `files` (name -> bytes) with those that grade: `folder`, path -> bytes, the ones of `spec.paths()`.

    `visible_only` runs the visible cases alone, for as many points as they are worth. `parameters` replace the
    exercise's own. `on_step` hears in Spanish what is being done. `stop_at_failure` skips all after the first
    case that is not passed. Raises SandboxBroken.
    """
    cases = chosen_cases(spec, visible_only=visible_only)
    refused = refusals(spec, files)
    if refused:
        message = "La entrega no se puede corregir."
        output = "\n".join(refused.values())
        return report_without_cases(cases, points_of(spec, cases), Verdict.INVALID, message, output=output)
    kinds = {ProgramSpec: grade_program, EnvoySpec: grade_envoy}
    return kinds[type(spec)](
        spec,
        files,
        folder,
        sandbox,
        visible_only=visible_only,
        stop_at_failure=stop_at_failure,
        parameters={**spec.parameters, **(parameters or {})},
        on_step=on_step or (lambda step: None),
    )


__all__ = ["ExerciseSpec", "Report", "Verdict", "grade", "parse_spec", "refusals", "too_long"]
