"""Runs the exercise's own checker, with `labkit`, in a jail of its own. Its word decides; its fault is ours."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exercises.grading.faults import CheckerBroken
from exercises.grading.outcomes import text_of
from exercises.grading.report import Outcome
from exercises.sandbox.interface import Job, Limits, Network, Run

LABKIT = Path(__file__).parent / "labkit"
MOUNT = "/opt/checker/labkit"
SLACK_SECONDS = 3.0  # what the checker's jail lives longer than the time that the checker itself minds


@dataclass(frozen=True, slots=True)
class Finding:
    """What a checker found."""

    outcome: Outcome
    message: str = ""
    given: str = ""
    expected: str = ""
    obtained: str = ""


def checker_job(
    staged_labkit: Path,
    case: Mapping[str, Any],
    files: Mapping[str, bytes],
    *,
    seconds: float,
    network: Network = Network.NONE,
    seat: int = 0,
) -> Job:
    """The job of a checker. `case` is what `labkit.run` reads, `files` are those of the box."""
    return Job(
        argv=["/usr/bin/python3", "-I", "-S", "-B", f"{MOUNT}/run.py"],
        files={**files, "_case/case.json": json.dumps(case, ensure_ascii=False).encode()},
        mounts={MOUNT: staged_labkit},
        limits=Limits(
            wall_seconds=seconds + SLACK_SECONDS,
            cpu_seconds=seconds + SLACK_SECONDS,
            memory_mib=512,
            processes=256,  # a thread for each connection
            open_files=1024,
            stdout_bytes=1 << 20,
            stderr_bytes=64 << 10,
        ),
        network=network,
        seat=seat,
    )


def finding_of(run: Run) -> Finding:
    """What the checker's run says. Raises CheckerBroken unless it is a result."""
    if run.hit is not None:
        raise CheckerBroken(f"the checker hit its own limit: {run.hit}\n{text_of(run.stderr)}")
    if run.exit_code != 0:
        how = f"signal {run.signal}" if run.signal else f"exit code {run.exit_code}"
        raise CheckerBroken(f"the checker ended with {how}\n{text_of(run.stderr)}")
    try:
        said = json.loads(run.stdout)
        if "error" in said:
            raise CheckerBroken(str(said["error"]))
        texts = {name: text_of(str(said.get(name, "")).encode()) for name in _TEXTS}
        return Finding(_OUTCOMES[said["outcome"]], **texts)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckerBroken(f"the checker printed no result ({error})\n{text_of(run.stdout)}") from error


_TEXTS = ("message", "given", "expected", "obtained")
_OUTCOMES = {
    Outcome.PASSED.value: Outcome.PASSED,
    Outcome.WRONG.value: Outcome.WRONG,
    Outcome.TIME_LIMIT.value: Outcome.TIME_LIMIT,
}


def check_answer(
    run: Callable[[Job], Run],
    staged_labkit: Path,
    *,
    checker: str,
    files: Mapping[str, bytes],
    given: bytes,
    expected: bytes,
    output: bytes,
    arguments: list[str],
    options: Mapping[str, Any],
    parameters: Mapping[str, Any],
    seconds: float = 10.0,
) -> Finding:
    """Let the exercise's checker decide on a program's output. Raises CheckerBroken."""
    case = {
        "kind": "answer",
        "checker": checker,
        "function": "check",
        "arguments": arguments,
        "options": dict(options),
        "parameters": dict(parameters),
    }
    box = {**files, "_case/input": given, "_case/expected": expected, "_case/output": output}
    return finding_of(run(checker_job(staged_labkit, case, box, seconds=seconds)))
