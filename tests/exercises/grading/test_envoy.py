"""How an Envoy case is set up and judged, with a sandbox that plays it. Real jails: test_real_envoy.py."""

from __future__ import annotations

import json

import pytest

from exercises.grading import grade
from exercises.grading.envoy_errors import explain_refusal
from exercises.grading.report import Outcome, Report, Verdict
from exercises.grading.substituting import substitute, unknown_names
from exercises.sandbox.interface import Job, Limit, Run
from tests.exercises.grading.builders import envoy
from tests.fakes import FakeSandbox, a_finding, a_run

FOLDER = {"corrector.py": b"def answers(lab): pass"}
YAML = {"envoy.yaml": b"admin: ${PUERTO_ADMIN}\nlisteners: ${PUERTO_ESCUCHA}\nplazo: ${PLAZO}\n"}
HIDDEN = {"name": "Oculto", "check": "answers", "hidden": True, "variables": {"PLAZO": "9s"}}
CASES = [{"name": "Atiende", "check": "answers"}, HIDDEN]


def is_checker(job: Job) -> bool:
    return job.seat == 1


def is_validation(job: Job) -> bool:
    return "validate" in job.argv


def box(finding: Run, log: bytes = b"", *, ends: Run | None = None) -> FakeSandbox:
    """Envoy runs until it is stopped, or ends on its own as `ends` says; the checker finds `finding`."""

    def play(job: Job) -> Run:
        if is_validation(job):
            return a_run()
        return finding if is_checker(job) else ends or a_run(stderr=log, exit_code=None, signal=15)

    return FakeSandbox(play, keeps_running=lambda job: not is_checker(job) and ends is None)


def graded(sandbox: FakeSandbox, files: dict[str, bytes] = YAML) -> Report:
    return grade(envoy(cases=CASES, variables={"PLAZO": "2s"}), files, FOLDER, sandbox)


PASSED = a_finding(outcome="passed")


def test_the_checker_decides() -> None:
    assert graded(box(PASSED)).verdict is Verdict.ACCEPTED


def test_values_take_their_places() -> None:
    sandbox = box(PASSED)
    graded(sandbox)
    runs = [job for job in sandbox.jobs if not is_checker(job) and not is_validation(job)]
    ports = [json.loads(job.files["_case/case.json"])["ports"] for job in sandbox.jobs if is_checker(job)]
    assert [job.files["envoy.yaml"].decode() for job in runs] == [
        f"admin: {ports[0]['ADMIN']}\nlisteners: {ports[0]['ESCUCHA']}\nplazo: 2s\n",
        f"admin: {ports[1]['ADMIN']}\nlisteners: {ports[1]['ESCUCHA']}\nplazo: 9s\n",
    ]


def test_the_administration_is_where_we_say() -> None:
    sandbox = box(PASSED)
    graded(sandbox)
    runs = [job for job in sandbox.jobs if not is_checker(job)]
    for job in runs:
        forced = json.loads(job.argv[list(job.argv).index("--config-yaml") + 1])
        assert forced["admin"]["address"]["socket_address"]["address"] == "127.0.0.1"


def test_only_a_visible_case_is_traced() -> None:
    sandbox = box(PASSED)
    graded(sandbox)
    levels = [job.argv[list(job.argv).index("--log-level") + 1] for job in sandbox.jobs if not is_checker(job)]
    assert levels == ["warning", "trace", "warning"]  # the first only validates


def test_the_log_of_a_visible_case_is_kept() -> None:
    assert graded(box(PASSED, b"[trace] hola")).cases[0].logs == {"envoy": "[trace] hola"}


def test_the_log_of_a_hidden_case_is_for_staff() -> None:
    report = graded(box(a_finding(outcome="wrong", message="faltan 9s", given="9s"), b"secreto"))
    shown = report.for_student()["cases"][1]
    assert "secreto" not in str(shown)
    assert "9s" not in str(shown)
    assert report.cases[1].staff["envoy"] == "secreto"


def test_envoy_and_the_checker_never_share_a_jail() -> None:
    sandbox = box(PASSED)
    graded(sandbox)
    for job in sandbox.jobs:
        assert ("corrector.py" in job.files) == is_checker(job)
        assert ("envoy.yaml" in job.files) != is_checker(job)


@pytest.mark.parametrize(
    ("ends", "outcome", "words"),
    [
        (a_run(exit_code=None, signal=11), Outcome.RUNTIME_ERROR, "Envoy se cayó por la señal SIGSEGV"),
        (a_run(exit_code=1), Outcome.RUNTIME_ERROR, "Envoy terminó por su cuenta, con el código 1"),
        (
            a_run(
                exit_code=1, stderr=b"[2026-01-01 10:00:00.000][2][info][main] [source/a.cc:1] cannot bind\n"
            ),
            Outcome.RUNTIME_ERROR,
            "con el código 1: cannot bind",
        ),
        (a_run(exit_code=0), Outcome.RUNTIME_ERROR, "Envoy terminó por su cuenta, con el código 0"),
        (a_run(hit=Limit.MEMORY, exit_code=None, signal=9), Outcome.MEMORY_LIMIT, "memoria, 512 MiB"),
        (a_run(hit=Limit.OUTPUT, exit_code=None, signal=9), Outcome.OUTPUT_LIMIT, "Envoy escribió demasiado"),
        (a_run(hit=Limit.WALL, exit_code=None, signal=9), Outcome.TIME_LIMIT, "Envoy no acabó a tiempo"),
    ],
)
def test_where_envoy_ends_on_its_own_that_is_the_result(ends: Run, outcome: Outcome, words: str) -> None:
    case = graded(box(PASSED, ends=ends)).cases[0]
    assert case.outcome is outcome
    assert words in case.message


def test_an_unknown_name_is_refused_with_its_line() -> None:
    sandbox = box(PASSED)
    report = graded(sandbox, {"envoy.yaml": b"a: 1\nb: ${PUERTO_ESCUCHAR}\n"})
    assert report.verdict is Verdict.INVALID
    assert report.output.startswith("envoy.yaml:2: no existe ${PUERTO_ESCUCHAR}")
    assert sandbox.jobs == []


def test_what_envoy_rejects_is_invalid_and_runs_no_case() -> None:
    said = b"error initializing configuration '/box/envoy.yaml': yaml-cpp: error at line 2, column 5: bad"
    sandbox = FakeSandbox(lambda job: a_run(stderr=said, exit_code=1))
    report = graded(sandbox)
    assert (report.verdict, len(sandbox.jobs)) == (Verdict.INVALID, 1)
    assert report.output == "envoy.yaml:2: YAML no válido en la columna 5: bad"


def test_what_envoy_rejects_is_tried_with_the_values_of_a_visible_case() -> None:
    sandbox = FakeSandbox(lambda job: a_run(stderr=b"rejected: " + job.files["envoy.yaml"], exit_code=1))
    spec = envoy(cases=[HIDDEN, {"name": "Atiende", "check": "answers"}], variables={"PLAZO": "2s"})
    report = grade(spec, YAML, FOLDER, sandbox)
    assert "plazo: 2s" in report.output
    assert "9s" not in report.output


def test_without_envoy_the_fault_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVOY_BIN", "/nowhere/envoy")
    report = graded(box(PASSED))
    assert report.verdict is Verdict.INTERNAL_ERROR
    assert "/nowhere/envoy" in report.fault


# --- lines --------------------------------------------------------------------------------------------------

TEXT = """\
static_resources:
  listeners:
  - address: {socket_address: {port_value: x}}
    filter_chains:
    - filters:
      - name: tcp
        typed_config:
          stat_prefix: a
          clusterr: b
"""
PLACE = "static_resources.listeners[0].filter_chains[0].filters[0].typed_config.<any>"


@pytest.mark.parametrize(
    ("said", "start"),
    [
        (
            f"(INVALID_ARGUMENT: invalid JSON in X @ {PLACE}: near 1:93:  no  such field: 'clusterr')",
            "e.yaml:9: ",
        ),
        (
            "(INVALID_ARGUMENT: invalid JSON in X @ "
            "static_resources.listeners[0].address.socket_address.port_value: uint32, invalid number)",
            "e.yaml:3: ",
        ),
        ("(INVALID_ARGUMENT: invalid JSON in X @ static_resources.nada[3].otro: message)", "e.yaml:1: "),
        ("error adding listener named 'x': address is necessary", "e.yaml: error adding"),
    ],
)
def test_what_envoy_says_gets_its_line(said: str, start: str) -> None:
    stderr = "[2026-01-01 10:00:00.000][2][critical][main] [source/server/x.cc:76] error initializing "
    stderr += f"configuration '/box/e.yaml': {said}"
    assert explain_refusal("e.yaml", TEXT, stderr).startswith(start)


def test_substituting_moves_no_line_and_leaves_the_rest() -> None:
    text = "a: ${A}\nb: %REQ(:path)% $A ${b} ${NADA}\n"
    assert substitute(text, {"A": 5}) == "a: 5\nb: %REQ(:path)% $A ${b} ${NADA}\n"
    assert unknown_names(text, {"A"}) == [(2, "NADA")]
