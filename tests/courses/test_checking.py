import hashlib
import json
import subprocess
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from courses.checking import Checked, check_course
from courses.rendering import EnvoyConfig
from courses.rendering.mirrors import Mirror
from tests.courses.builders import EXAMPLE, edited, example, put

FIRST = "01_inicio/01_primera.md"
THIRD = "01_inicio/fondo/03_tercera.md"
CODE = {
    "src/bucle.cc": b'#include "bucle.h"\n\nvoid girar() {\n  leer();\n}\n',
    "src/bucle.h": b"#pragma once\nvoid girar();\n",
}


def check(folder: Path, changes: dict[str, bytes | str | None], **options) -> Checked:
    return check_course(put(folder, example(changes)), **options)


def test_the_example_is_sound_and_counted():
    checked = check_course(EXAMPLE)
    assert checked.problems == ()
    counts = dict(checked.counts)
    assert (counts["files"], counts["documents"], counts["announced"]) == (7, 3, 1)
    assert (counts["references"], counts["locked"], counts["diagrams"], counts["links"]) == (2, 2, 1, 5)


@pytest.mark.parametrize(
    ("path", "old", "new", "line", "words"),
    [
        (THIRD, "#el-bucle", "#la-noria", 8, "ninguna sección «#la-noria»"),
        (THIRD, "../01_primera.md", "../cero.md", 8, "no está en el curso"),
        (FIRST, "esquema.png", "plano.png", 19, "no está en el curso"),
        (FIRST, "  accDescr: El bucle lee y después escribe.\n", "", 12, "descripción"),
        (FIRST, "src/bucle.cc:3-5", "src/Bucle.cc:3-5", 10, "contradice"),
        ("references.tsv", "motor\tsrc/bucle.h", "motore\tsrc/bucle.h", 3, "ningún repositorio «motore»"),
        ("course.yml", "  Español.", "  [Español](nada.md)", 10, "no está en el curso"),
    ],
)
def test_a_fault_is_found_with_its_line(tmp_path: Path, path: str, old: str, new: str, line: int, words: str):
    checked = check(tmp_path, {path: edited(path, old, new)})
    assert (path, line) in [(p.path, p.line) for p in checked.errors if words in p.message], checked.problems


@pytest.mark.parametrize(
    ("path", "old", "new", "at", "words"),
    [
        (FIRST, "minutes: 30", "minutes: 31", (FIRST, 1), "anuncia 30"),
        (FIRST, "src/bucle.cc:3-5", "src/otro.cc:3-5", (FIRST, 10), "sin comprobar"),
        (FIRST, "src/bucle.cc:3-5", "src/otro.cc:3-5", ("references.tsv", 2), "ningún archivo cita"),
    ],
)
def test_what_is_doubtful_is_a_warning_and_no_error(
    tmp_path: Path, path: str, old: str, new: str, at: tuple[str, int], words: str
):
    checked = check(tmp_path, {path: edited(path, old, new)})
    assert checked.errors == []
    assert at in [(p.path, p.line) for p in checked.warnings if words in p.message]


CONFIG = '\n``` {.yaml .envoy title="a.yaml"}\nadmin: {}\nmal: 1\n```\n'


class StrictEnvoy:
    """Refuses the second line of every configuration."""

    def refusals(self, config: EnvoyConfig) -> Sequence[tuple[int, str]]:
        return [(config.line + 1, f"no such field: {config.text.splitlines()[1]}")]


def test_a_marked_configuration_is_tried_with_envoy_and_refused_at_its_line(tmp_path: Path):
    text = example()[THIRD].decode() + CONFIG
    [problem] = check(tmp_path, {THIRD: text}, envoy=StrictEnvoy()).errors
    assert (problem.path, problem.line) == (THIRD, 12)
    assert text.splitlines()[problem.line - 1] == "mal: 1"
    assert "Envoy rechaza la configuración: no such field: mal: 1" in problem.message


def test_without_a_jail_a_configuration_is_a_warning(tmp_path: Path):
    checked = check(tmp_path, {THIRD: example()[THIRD].decode() + CONFIG})
    assert checked.errors == []
    assert ["no se ha probado" in p.message for p in checked.warnings] == [True]


@pytest.fixture
def repository(tmp_path: Path) -> tuple[Path, str]:
    """A Git repository with the code that the example cites, and its commit."""
    place = tmp_path / "motor"
    place.mkdir()

    def git(*words: str) -> str:
        identity = ["-c", "user.name=Ana", "-c", "user.email=ana@ejemplo.test"]
        done = subprocess.run(["git", *identity, *words], cwd=place, capture_output=True, check=True, text=True)
        return done.stdout.strip()

    git("init", "-q")
    put(place / "src", {path.removeprefix("src/"): content for path, content in CODE.items()})
    git("add", ".")
    git("commit", "-qm", "motor")
    return place / ".git", git("rev-parse", "HEAD")


def pinned(commit: str) -> str:
    return edited("course.yml", "0123456789abcdef0123456789abcdef01234567", commit)


def test_the_lock_is_proved_against_git(tmp_path: Path, repository: tuple[Path, str]):
    path, commit = repository
    with Mirror(path) as mirror:
        checked = check(tmp_path / "c", {"course.yml": pinned(commit)}, mirrors={"motor": mirror})
    assert checked.problems == ()


def test_a_row_that_git_contradicts_is_an_error(tmp_path: Path, repository: tuple[Path, str]):
    path, commit = repository
    right = hashlib.sha256(b"void girar();\n").hexdigest()
    changes = {"course.yml": pinned(commit), "references.tsv": edited("references.tsv", right, "0" * 64)}
    with Mirror(path) as mirror:
        [problem] = check(tmp_path / "c", changes, mirrors={"motor": mirror}).problems
    assert (problem.path, problem.line, problem.warning) == ("references.tsv", 3, False)


def test_a_reference_that_git_does_not_have_is_an_error_and_one_without_row_gets_it(
    tmp_path: Path, repository: tuple[Path, str]
):
    path, commit = repository
    text = edited(FIRST, "Sigue en", "Están `src/bucle.h:1` y `src/nada.cc:7`. Sigue en")
    with Mirror(path) as mirror:
        changes = {"course.yml": pinned(commit), FIRST: text}
        checked = check(tmp_path / "c", changes, mirrors={"motor": mirror})
    [fault], [hint] = checked.errors, checked.warnings
    assert "src/nada.cc no existe" in fault.message
    assert hashlib.sha256(b"#pragma once\n").hexdigest() in hint.message


def test_a_mirror_without_the_commit_is_an_error(tmp_path: Path, repository: tuple[Path, str]):
    with Mirror(repository[0]) as mirror:
        [problem] = check(tmp_path / "c", {}, mirrors={"motor": mirror}).problems
    assert "no tiene el commit 012345678" in problem.message


def test_the_command_prints_json_and_leaves_with_1_on_an_error(tmp_path: Path):
    out = StringIO()
    call_command("check_course", EXAMPLE, format="json", stdout=out)
    assert json.loads(out.getvalue())["errors"] == []

    folder = put(tmp_path, example({FIRST: edited(FIRST, "esquema.png", "plano.png")}))
    out = StringIO()
    with pytest.raises(SystemExit) as left:
        call_command("check_course", folder, format="json", stdout=out)
    assert left.value.code == 1
    [error] = json.loads(out.getvalue())["errors"]
    assert (error["file"], error["line"]) == (FIRST, 19)


def test_the_command_prints_one_line_an_error(tmp_path: Path):
    folder = put(tmp_path, example({FIRST: edited(FIRST, "esquema.png", "plano.png")}))
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("check_course", folder, stdout=out)
    assert out.getvalue().startswith(f"{FIRST}:19: ")


@pytest.mark.parametrize("pair", ["envoy", "=x", "envoy=/no/existe"])
def test_a_mirror_that_is_none_is_bad_usage(pair: str):
    with pytest.raises(CommandError):
        call_command("check_course", EXAMPLE, mirror=[pair])
