"""Exercises for tests, from text or from the examples beside this file."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from exercises.grading.spec import EnvoySpec, ExerciseSpec, ProgramSpec, parse_spec

EXAMPLES = Path(__file__).parent / "examples"

PROGRAM: dict[str, Any] = {
    "format": 1,
    "kind": "program",
    "points": 10,
    "files": [{"name": "main.py", "language": "python", "max_bytes": 1000}],
    "cases": [{"name": "Saluda", "input_text": "ana", "output_text": "hola ana"}],
}
ENVOY: dict[str, Any] = {
    "format": 1,
    "kind": "envoy",
    "points": 10,
    "files": [{"name": "envoy.yaml", "max_bytes": 10_000}],
    "ports": ["ESCUCHA"],
    "checker": "corrector.py",
    "cases": [{"name": "Atiende", "check": "answers"}],
}


def program(**fields: Any) -> ProgramSpec:
    """A program exercise with one visible case, but for what is given."""
    spec = ExerciseSpec.from_json({**PROGRAM, **fields})
    assert isinstance(spec, ProgramSpec)
    return spec


def envoy(**fields: Any) -> EnvoySpec:
    """An Envoy exercise with one visible case, but for what is given."""
    spec = ExerciseSpec.from_json({**ENVOY, **fields})
    assert isinstance(spec, EnvoySpec)
    return spec


def folder_of(name: str) -> dict[str, bytes]:
    """The files of an example."""
    root = EXAMPLES / name
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def example(name: str) -> tuple[ExerciseSpec, dict[str, bytes]]:
    """The specification of an example, worth 10 points, and its folder."""
    folder = folder_of(name)
    spec, problems = parse_spec(folder, 10)
    assert spec is not None, problems
    return spec, folder


def problems_of(text: str) -> list[str]:
    """`line: message` of every problem of an exercise.yml that stands alone, warnings left out."""
    _, problems = parse_spec({"exercise.yml": textwrap.dedent(text).lstrip("\n").encode()}, 10)
    return [f"{problem.line}: {problem.message}" for problem in problems if not problem.warning]
