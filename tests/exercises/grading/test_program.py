"""How runs become results, with a sandbox that plays them. Real jails: test_real_programs.py."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from exercises.grading import grade
from exercises.grading.report import Outcome, Report, Verdict
from exercises.sandbox.interface import Job, Limit, Run
from tests.exercises.grading.builders import program
from tests.fakes import FakeSandbox, a_finding, a_run

MAIN = {"main.py": b"print('hola')"}
THREE = [
    {"name": "Primero", "input_text": "1", "output_text": "hola"},
    {"name": "Segundo", "input_text": "2", "output_text": "adiós", "weight": 2},
    {"name": "Tercero", "input_text": "secreto", "output_text": "hola", "hidden": True},
]


def is_version(job: Job) -> bool:
    return "--version" in job.argv


def is_checker(job: Job) -> bool:
    return any("labkit" in str(part) for part in job.argv)


def played(run: Run, **fields: Any) -> Report:
    """The report of an exercise whose program always ends in this way."""
    sandbox = FakeSandbox(lambda job: a_run("Python 3") if is_version(job) else run)
    return grade(program(**fields), MAIN, {}, sandbox)


@pytest.mark.parametrize(
    ("run", "outcome", "words"),
    [
        (a_run("hola ana\n"), Outcome.PASSED, ""),
        (a_run("hola"), Outcome.WRONG, "se esperaba «ana» y no hay nada más"),
        (a_run(hit=Limit.WALL, exit_code=None, signal=9), Outcome.TIME_LIMIT, "el límite es de 5 s"),
        (a_run(hit=Limit.CPU, exit_code=None, signal=9), Outcome.TIME_LIMIT, "no acabó a tiempo"),
        (a_run(hit=Limit.MEMORY, exit_code=None, signal=9), Outcome.MEMORY_LIMIT, "memoria, 256 MiB"),
        (a_run(hit=Limit.OUTPUT, exit_code=None, signal=9), Outcome.OUTPUT_LIMIT, "el límite es de 1024 KiB"),
        (a_run(exit_code=None, signal=signal.SIGSEGV), Outcome.RUNTIME_ERROR, "SIGSEGV (acceso a memoria"),
        (a_run(exit_code=None, signal=63), Outcome.RUNTIME_ERROR, "señal"),
        (a_run(exit_code=3), Outcome.RUNTIME_ERROR, "acabó con el código 3"),
    ],
)
def test_each_way_to_end_reads_differently(run: Run, outcome: Outcome, words: str) -> None:
    case = played(run).cases[0]
    assert case.outcome is outcome
    assert words in case.message


def test_the_right_output_of_a_program_that_crashes_is_not_right() -> None:
    crashed = a_run("hola ana", exit_code=None, signal=signal.SIGABRT)
    assert played(crashed).verdict is Verdict.REJECTED


def test_points_are_the_share_of_the_weights() -> None:
    report = played(a_run("hola"), cases=THREE)
    assert (report.verdict, report.score, report.max_score) == (Verdict.PARTIAL, 5.0, 10)


def test_time_and_memory_are_the_program_s_own() -> None:
    report = played(a_run("hola"), cases=THREE)
    assert report.cases[0].seconds == 0.25
    assert report.cases[0].memory_bytes == 5_000_001


def test_a_visible_case_shows_what_went_in_and_came_out() -> None:
    case = played(a_run("hola", stderr=b"aviso"), cases=THREE).cases[1]
    assert (case.given, case.expected, case.obtained, case.logs) == ("2", "adiós", "hola", {"stderr": "aviso"})


def test_a_trial_runs_the_visible_cases_for_what_they_are_worth() -> None:
    sandbox = FakeSandbox(lambda job: a_run("hola"))
    report = grade(program(cases=THREE), MAIN, {}, sandbox, visible_only=True)
    assert [case.name for case in report.cases] == ["Primero", "Segundo"]
    assert (report.score, report.max_score) == (2.5, 7.5)
    assert all(job.stdin != b"secreto" for job in sandbox.jobs)


def test_a_group_stops_at_its_first_failure() -> None:
    cases = [{**case, "group": "uno"} for case in THREE]
    report = played(a_run("adiós"), cases=cases)
    assert [case.outcome for case in report.cases] == [Outcome.WRONG, Outcome.SKIPPED, Outcome.SKIPPED]


def test_another_group_goes_on() -> None:
    cases = [{**case, "group": name} for case, name in zip(THREE, "aba", strict=True)]
    report = played(a_run("adiós"), cases=cases)
    assert [case.outcome for case in report.cases] == [Outcome.WRONG, Outcome.PASSED, Outcome.SKIPPED]


def test_a_wrong_solution_stops_at_its_first_failed_case() -> None:
    sandbox = FakeSandbox(lambda job: a_run("adiós"))
    report = grade(program(cases=THREE), MAIN, {}, sandbox, stop_at_failure=True)
    assert [case.outcome for case in report.cases] == [Outcome.WRONG, Outcome.SKIPPED, Outcome.SKIPPED]
    assert len([job for job in sandbox.jobs if not is_version(job)]) == 1


def test_steps_are_told() -> None:
    steps: list[str] = []
    grade(program(cases=THREE), MAIN, {}, FakeSandbox(lambda job: a_run("hola")), on_step=steps.append)
    assert steps == ["Caso 1 de 3", "Caso 2 de 3", "Caso 3 de 3"]


def test_only_its_own_input_enters_the_jail_of_a_case() -> None:
    sandbox = FakeSandbox(lambda job: a_run("hola"))
    grade(program(cases=THREE), MAIN, {"casos/oculto.txt": b"secreto"}, sandbox)
    runs = [job for job in sandbox.jobs if not is_version(job)]
    assert [(job.stdin, dict(job.files)) for job in runs] == [
        (b"1", MAIN),
        (b"2", MAIN),
        (b"secreto", MAIN),
    ]


def test_arguments_take_the_parameters() -> None:
    cases = [{"name": "Saluda", "output_text": "hola", "arguments": ["--a=${A}", "${B}", "${NADA}"]}]
    sandbox = FakeSandbox(lambda job: a_run("hola"))
    spec = program(cases=cases, parameters={"A": 1, "B": "dos"})
    grade(spec, MAIN, {}, sandbox, parameters={"B": "tres"})
    assert list(sandbox.jobs[-1].argv)[-3:] == ["--a=1", "tres", "${NADA}"]


# --- what is hidden stays hidden ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "run",
    [
        a_run("secreto", stderr=b"secreto"),
        a_run("secreto", stderr=b"secreto", exit_code=115),
        a_run("secreto", stderr=b"secreto", exit_code=None, signal=6),
        a_run("secreto", hit=Limit.OUTPUT, exit_code=None, signal=9),
    ],
)
def test_nothing_of_a_hidden_case_reaches_the_student(run: Run) -> None:
    report = played(run, cases=[THREE[0], THREE[2]])
    shown = report.for_student()["cases"][1]
    assert "secreto" not in str(shown)
    assert "115" not in str(shown)
    assert "SIG" not in str(shown)
    assert shown["message"] == "No se cumple la propiedad: Tercero."


def test_staff_sees_what_a_hidden_case_did() -> None:
    case = played(a_run("otra cosa", stderr=b"aviso"), cases=[THREE[0], THREE[2]]).cases[1]
    assert case.staff["obtained"] == "otra cosa"
    assert case.staff["given"] == "secreto"
    assert case.staff["stderr"] == "aviso"


def test_time_and_memory_of_a_hidden_case_are_rounded() -> None:
    run = a_run("hola", wall_seconds=0.23456, memory_peak_bytes=5_000_001)
    case = played(run, cases=[THREE[0], THREE[2]]).cases[1]
    assert (case.seconds, case.memory_bytes) == (0.2, 5 << 20)


# --- compiling ----------------------------------------------------------------------------------------------

CPP = [{"name": "main.cpp", "language": "cpp", "max_bytes": 1000}]


def compiled(build: Run) -> Report:
    def play(job: Job) -> Run:
        if "-o" in job.argv:
            return build
        return a_run("hola ana") if job.executable else a_run("12.2.0")

    return grade(program(files=CPP), {"main.cpp": b"int main() {}"}, {}, FakeSandbox(play))


def test_what_the_compiler_said_is_shown() -> None:
    report = compiled(a_run(stderr=b"main.cpp:1: error", exit_code=1))
    assert (report.verdict, report.output) == (Verdict.COMPILE_ERROR, "main.cpp:1: error")
    assert [case.outcome for case in report.cases] == [Outcome.SKIPPED]


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (a_run(exit_code=1), "No compila."),
        (a_run(exit_code=1, hit=Limit.MEMORY), "El compilador agotó su memoria"),
        (a_run(exit_code=None, signal=9, hit=Limit.WALL), "El compilador no acabó a tiempo"),
        (a_run(exit_code=None, signal=9, hit=Limit.OUTPUT), "El compilador escribió demasiado"),
        (a_run(uncollected={"programa": "missing"}), "no dejó ningún programa"),
    ],
)
def test_each_way_not_to_compile_reads_differently(build: Run, words: str) -> None:
    report = compiled(build)
    assert report.verdict is Verdict.COMPILE_ERROR
    assert words in report.message


def test_what_was_compiled_is_what_runs() -> None:
    report = compiled(a_run(collected={"programa": b"ELF"}))
    assert report.verdict is Verdict.ACCEPTED
    assert report.tools == {"cpp": "12.2.0"}


# --- our own faults -----------------------------------------------------------------------------------------

CHECKED = {"compare": {"checker": "corrector.py"}, "cases": [{"name": "Saluda"}, {"name": "Se despide"}]}
FOLDER = {"corrector.py": b"def check(answer): pass"}


def checked(said: Run) -> Report:
    sandbox = FakeSandbox(lambda job: said if is_checker(job) else a_run("hola"))
    return grade(program(**CHECKED), MAIN, FOLDER, sandbox)


def test_a_checker_decides() -> None:
    report = checked(a_finding(outcome="wrong", message="No saluda.", expected="hola"))
    assert [case.message for case in report.cases] == ["No saluda.", "No saluda."]
    assert report.cases[0].expected == "hola"


@pytest.mark.parametrize(
    "said",
    [
        a_finding(error="Traceback: KeyError"),
        a_run(""),
        a_run("[]"),
        a_run('{"outcome": "accepted"}'),
        a_run(exit_code=1),
        a_run(exit_code=None, signal=9, hit=Limit.WALL),
        a_run(exit_code=None, signal=9, hit=Limit.MEMORY),
    ],
)
def test_a_checker_that_fails_is_our_fault(said: Run) -> None:
    report = checked(said)
    assert report.verdict is Verdict.INTERNAL_ERROR
    assert report.score == 0
    assert report.fault.startswith("Saluda: ")
    assert [case.outcome for case in report.cases] == [Outcome.INTERNAL_ERROR, Outcome.SKIPPED]


def test_the_student_is_not_told_what_broke_on_our_side() -> None:
    report = checked(a_finding(error="Traceback: KeyError"))
    assert "KeyError" in report.as_json()["fault"]
    assert "KeyError" not in str(report.for_student())


def test_a_missing_toolchain_is_our_fault() -> None:
    sandbox = FakeSandbox(lambda job: a_run(exit_code=127))
    report = grade(program(files=CPP), {"main.cpp": b"int main() {}"}, {}, sandbox)
    assert report.verdict is Verdict.INTERNAL_ERROR
    assert "does not run in a jail" in report.fault


def test_files_that_may_not_be_handed_in_are_not_run() -> None:
    sandbox = FakeSandbox(lambda job: a_run())
    report = grade(program(), {"otro.py": b"x"}, {}, sandbox)
    assert report.verdict is Verdict.INVALID
    assert "no pide «otro.py»" in report.output
    assert sandbox.jobs == []
