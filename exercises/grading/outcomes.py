"""From what happened in a jail to what a case says, in Spanish; and what of it a student may see."""

from __future__ import annotations

import signal
from collections.abc import Mapping

from exercises.grading.report import CaseResult, Outcome
from exercises.grading.spec import Case, CaseLimits
from exercises.sandbox.interface import Limit, Run

SHOWN = 4_000  # characters of input and output that a page shows
KEPT = 256_000  # characters of a log that are kept

SIGNALS = {
    signal.SIGABRT: "el programa se abortó a sí mismo",
    signal.SIGBUS: "acceso a memoria no válido",
    signal.SIGFPE: "operación aritmética no válida",
    signal.SIGILL: "instrucción no válida",
    signal.SIGKILL: "lo mataron a la fuerza",
    signal.SIGPIPE: "escribió donde ya nadie leía",
    signal.SIGSEGV: "acceso a memoria no válido",
    signal.SIGSYS: "llamada al sistema no permitida",
    signal.SIGXFSZ: "un archivo demasiado grande",
}


def failure_of(run: Run, limits: CaseLimits, who: str = "El programa") -> tuple[Outcome, str] | None:
    """Why a run did not end well, as outcome and sentence; None where it did."""
    if run.hit in (Limit.WALL, Limit.CPU):
        return Outcome.TIME_LIMIT, f"{who} no acabó a tiempo: el límite es de {seconds(limits.seconds)}."
    if run.hit is Limit.MEMORY:
        return Outcome.MEMORY_LIMIT, f"{who} pasó del límite de memoria, {limits.memory_mib} MiB."
    if run.hit is Limit.OUTPUT:
        return Outcome.OUTPUT_LIMIT, f"{who} escribió demasiado: el límite es de {limits.output_kib} KiB."
    if run.signal is not None:
        return Outcome.RUNTIME_ERROR, f"{who} acabó por la señal {signal_name(run.signal)}."
    if run.exit_code != 0:
        return Outcome.RUNTIME_ERROR, f"{who} acabó con el código {run.exit_code}."
    return None


def signal_name(number: int) -> str:
    """«SIGSEGV (acceso a memoria no válido)»."""
    try:
        known = signal.Signals(number)
    except ValueError:
        return str(number)
    return f"{known.name} ({SIGNALS[known]})" if known in SIGNALS else known.name


def seconds(value: float) -> str:
    """«0,5 s»."""
    return f"{value:g} s".replace(".", ",")


def text_of(content: bytes, most: int = SHOWN) -> str:
    """Bytes as text for a page: what is not UTF-8 is replaced, the middle left out where there is too much."""
    text = content.decode("utf-8", "replace").replace("\x00", "\N{REPLACEMENT CHARACTER}")
    if len(text) <= most:
        return text
    return f"{text[: most // 2]}\n[… faltan {len(text) - most} caracteres …]\n{text[-most // 2 :]}"


def result_of(
    case: Case,
    outcome: Outcome,
    message: str = "",
    *,
    run: Run | None = None,
    given: str = "",
    expected: str = "",
    obtained: str = "",
    logs: Mapping[str, str] | None = None,
    staff: Mapping[str, str] | None = None,
) -> CaseResult:
    """The result of a case. Of a hidden one all texts go to the staff; the message names the property alone.

    Its time and memory are rounded, so that they carry little of what the program was given.
    """
    shown_logs = {name: text for name, text in (logs or {}).items() if text}
    taken = run.wall_seconds if run else None
    memory = run.memory_peak_bytes if run else None
    if not case.hidden:
        return CaseResult(
            name=case.name,
            outcome=outcome,
            hidden=False,
            weight=case.weight,
            message=message,
            seconds=taken,
            memory_bytes=memory,
            given=given,
            expected=expected,
            obtained=obtained,
            logs=shown_logs,
            staff=dict(staff or {}),
        )
    kept = {"message": message, "given": given, "expected": expected, "obtained": obtained}
    for_staff = {name: text for name, text in {**kept, **shown_logs, **(staff or {})}.items() if text}
    return CaseResult(
        name=case.name,
        outcome=outcome,
        hidden=True,
        weight=case.weight,
        message=_of_a_hidden_case(case, outcome),
        seconds=None if taken is None else round(taken, 1),
        memory_bytes=None if memory is None else (memory + (1 << 20) - 1) >> 20 << 20,
        staff=for_staff,
    )


def _of_a_hidden_case(case: Case, outcome: Outcome) -> str:
    if outcome is Outcome.PASSED:
        return ""
    if outcome is Outcome.SKIPPED:
        return "No se ejecutó: falló antes otro caso."
    if outcome is Outcome.INTERNAL_ERROR:
        return OURS
    return f"No se cumple la propiedad: {case.name}."


OURS = "No se pudo corregir: el fallo es nuestro y no cuenta contra ti."
