"""What an exercise asks and how it is graded: `exercise.yml` -> frozen dataclasses, or problems with lines.

The format is docs/formats/exercise.schema.json; what a schema cannot say is checked here. Quizzes are in
`quiz.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

from courses.extensions import Problem
from courses.strict_yaml import Located, NotYaml, Place, load, schema_problems
from exercises.grading.languages import LANGUAGES
from exercises.grading.report import Outcome, Verdict

FILE = "exercise.yml"
STARTER, SOLUTIONS, WRONG = "starter/", "solution/", "wrong/"
ADMIN = "ADMIN"  # the port of Envoy's administration, there in every exercise
PORT = "PUERTO_"
LATER = ("service", "evidence", "review")  # kinds that the models know and nothing here grades yet

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/formats/exercise.schema.json").read_text())

Values = Mapping[str, str | int | float]


@dataclass(frozen=True, slots=True)
class AcceptedFile:
    """A file that may be handed in. Without `language` it goes with every language.

    `starter` is its starting point, a path of the exercise's folder, or None.
    """

    name: str
    max_bytes: int
    language: str | None = None
    optional: bool = False
    starter: str | None = None


@dataclass(frozen=True, slots=True)
class CaseLimits:
    """What one run of a case may use."""

    seconds: float = 5.0
    memory_mib: int = 256
    output_kib: int = 1024
    processes: int = 64


@dataclass(frozen=True, slots=True)
class Compare:
    """How an output is compared. `checker` and `files` only of kind `checker`."""

    kind: str = "tokens"  # exact, tokens, numbers, checker
    absolute: float = 1e-9
    relative: float = 1e-9
    checker: str = ""
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One property that is tested. `name` is shown even of a hidden case, whose data never are."""

    name: str
    hidden: bool = False
    weight: float = 1.0
    group: str | None = None
    limits: CaseLimits = CaseLimits()
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProgramCase(Case):
    """A run of the program. Of `input` (a path) and `input_text` at most one; the same of the output.

    `files` maps the name in the program's folder to a path of the exercise's. `compare` None: the exercise's.
    """

    input: str | None = None
    input_text: str | None = None
    output: str | None = None
    output_text: str | None = None
    arguments: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    compare: Compare | None = None

    def paths(self) -> Iterator[str]:
        """The files of the exercise's folder that this case needs."""
        yield from (path for path in (self.input, self.output) if path)
        yield from self.files.values()
        if self.compare and self.compare.checker:
            yield self.compare.checker
            yield from self.compare.files


@dataclass(frozen=True, slots=True)
class EnvoyCase(Case):
    """A run of Envoy beside the checker's function `check`. `variables` come before the exercise's."""

    check: str = ""
    variables: Values = field(default_factory=dict)
    concurrency: int = 1
    log_level: str = "trace"

    def paths(self) -> Iterator[str]:
        return iter(())


@dataclass(frozen=True, slots=True)
class Expected:
    """What a shipped solution must give. `verdict` None: whatever is not accepted."""

    verdict: Verdict | None
    fails: str | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExerciseSpec:
    """What all kinds share. `expect` maps `solution/…` and `wrong/…` to results that are not the usual ones."""

    kind: ClassVar[str]
    points: float
    files: tuple[AcceptedFile, ...]
    cases: tuple[Any, ...]
    max_attempts: int | None = None
    parameters: Values = field(default_factory=dict)
    expect: Mapping[str, Expected] = field(default_factory=dict)

    @property
    def accepts(self) -> list[dict[str, Any]]:
        """The files that may be handed in, as plain data: name, max_bytes, optional, language?, starter?."""
        return [
            {
                "name": file.name,
                "max_bytes": file.max_bytes,
                "optional": file.optional,
                **({"language": file.language} if file.language else {}),
                **({"starter": file.starter} if file.starter else {}),
            }
            for file in self.files
        ]

    def paths(self) -> list[str]:
        """The files of the exercise's folder that grade, sorted: what an ExerciseVersion keeps."""
        return sorted({path for case in self.cases for path in case.paths()})

    def as_json(self) -> dict[str, Any]:
        """Plain data, for a row: what `from_json` reads. Without `expect`, which no grading needs."""
        return {
            "format": 1,
            "kind": self.kind,
            "points": self.points,
            "files": self.accepts,
            "max_attempts": self.max_attempts,
            "parameters": dict(self.parameters),
            **self._own_json(),
            "cases": [_case_json(case) for case in self.cases],
        }

    def _own_json(self) -> dict[str, Any]:
        raise NotImplementedError

    def digest(self, folder: Mapping[str, bytes]) -> str:
        """SHA-256 of all that decides a grading: this specification and the bytes of `paths()`."""
        parts = {path: hashlib.sha256(folder[path]).hexdigest() for path in self.paths()}
        text = json.dumps([self.as_json(), parts], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> ExerciseSpec:
        """What `as_json` gave. Raises ValueError for a kind that is not graded here."""
        kinds: dict[str, type[ProgramSpec] | type[EnvoySpec]] = {"program": ProgramSpec, "envoy": EnvoySpec}
        if data["kind"] not in kinds:
            raise ValueError(f"exercises of kind {data['kind']!r} are not graded by running them")
        return kinds[data["kind"]].read(data)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramSpec(ExerciseSpec):
    """A program that is run once a case, each in a jail of its own."""

    kind: ClassVar[str] = "program"
    limits: CaseLimits = CaseLimits()
    compile_seconds: float = 30.0
    compare: Compare = Compare()

    def paths(self) -> list[str]:
        own = [self.compare.checker, *self.compare.files] if self.compare.checker else []
        return sorted({*ExerciseSpec.paths(self), *own})

    def _own_json(self) -> dict[str, Any]:
        limits = {**_fields(self.limits), "compile_seconds": self.compile_seconds}
        return {"limits": limits, "compare": _compare_json(self.compare)}

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        limits = dict(data.get("limits", {}))
        compile_seconds = limits.pop("compile_seconds", 30.0)
        usual = CaseLimits(**limits)
        cases = tuple(
            ProgramCase(
                **_common(case, usual),
                input=case.get("input"),
                input_text=case.get("input_text"),
                output=case.get("output"),
                output_text=case.get("output_text"),
                arguments=tuple(case.get("arguments", ())),
                files=case.get("files", {}),
                compare=_compare(case["compare"]) if "compare" in case else None,
            )
            for case in data["cases"]
        )
        return cls(
            **_shared(data),
            cases=cases,
            limits=usual,
            compile_seconds=compile_seconds,
            compare=_compare(data.get("compare", "tokens")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvoySpec(ExerciseSpec):
    """A configuration with which the real Envoy runs, beside a checker in another jail."""

    kind: ClassVar[str] = "envoy"
    ports: tuple[str, ...]
    checker: str
    checker_files: tuple[str, ...] = ()
    variables: Values = field(default_factory=dict)
    limits: CaseLimits = CaseLimits(seconds=10.0, memory_mib=512)

    def paths(self) -> list[str]:
        return sorted({self.checker, *self.checker_files})

    def names(self) -> set[str]:
        """All that a handed in file may write as `${NAME}`."""
        ports = {PORT + port for port in (ADMIN, *self.ports)}
        cases = {name for case in self.cases for name in case.variables}
        return ports | set(self.variables) | set(self.parameters) | cases

    def _own_json(self) -> dict[str, Any]:
        return {
            "ports": list(self.ports),
            "variables": dict(self.variables),
            "limits": {"seconds": self.limits.seconds, "memory_mib": self.limits.memory_mib},
            "checker": self.checker,
            "checker_files": list(self.checker_files),
        }

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        usual = CaseLimits(**{"seconds": 10.0, "memory_mib": 512, **data.get("limits", {})})
        cases = tuple(
            EnvoyCase(
                **_common(case, usual),
                check=case["check"],
                variables=case.get("variables", {}),
                concurrency=case.get("concurrency", 1),
                log_level="warning" if case.get("hidden") else case.get("log_level", "trace"),
            )
            for case in data["cases"]
        )
        return cls(
            **_shared(data),
            cases=cases,
            ports=tuple(data["ports"]),
            variables=data.get("variables", {}),
            limits=usual,
            checker=data["checker"],
            checker_files=tuple(data.get("checker_files", ())),
        )


def _fields(limits: CaseLimits) -> dict[str, Any]:
    return {name: getattr(limits, name) for name in CaseLimits.__slots__}


def _shared(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "points": float(data.get("points", 0)),
        "files": tuple(AcceptedFile(**file) for file in data["files"]),
        "max_attempts": data.get("max_attempts"),
        "parameters": data.get("parameters", {}),
        "expect": {
            name: Expected(
                verdict=Verdict(wanted["verdict"]) if "verdict" in wanted else None,
                fails=wanted.get("fails"),
                outcome=Outcome(wanted["outcome"]) if "outcome" in wanted else None,
            )
            for name, wanted in data.get("expect", {}).items()
        },
    }


def _common(case: Mapping[str, Any], usual: CaseLimits) -> dict[str, Any]:
    return {
        "name": case["name"],
        "hidden": case.get("hidden", False),
        "weight": float(case.get("weight", 1)),
        "group": case.get("group"),
        "limits": CaseLimits(**{**_fields(usual), **case.get("limits", {})}),
        "options": case.get("options", {}),
    }


def _compare(value: str | Mapping[str, Any]) -> Compare:
    if isinstance(value, str):
        return Compare(value)
    if "numbers" in value:
        return Compare("numbers", **value["numbers"])
    return Compare("checker", checker=value["checker"], files=tuple(value.get("files", ())))


def _compare_json(compare: Compare) -> str | dict[str, Any]:
    if compare.kind == "numbers":
        return {"numbers": {"absolute": compare.absolute, "relative": compare.relative}}
    if compare.kind == "checker":
        return {"checker": compare.checker, "files": list(compare.files)}
    return compare.kind


def _case_json(case: ProgramCase | EnvoyCase) -> dict[str, Any]:
    whole: dict[str, Any] = {"name": case.name, "hidden": case.hidden, "weight": case.weight}
    if case.group:
        whole["group"] = case.group
    whole["limits"] = _fields(case.limits)
    if case.options:
        whole["options"] = dict(case.options)
    if isinstance(case, EnvoyCase):
        return whole | {
            "check": case.check,
            "variables": dict(case.variables),
            "concurrency": case.concurrency,
            "log_level": case.log_level,
        }
    for name in ("input", "input_text", "output", "output_text"):
        if (value := getattr(case, name)) is not None:
            whole[name] = value
    if case.arguments:
        whole["arguments"] = list(case.arguments)
    if case.files:
        whole["files"] = dict(case.files)
    if case.compare:
        whole["compare"] = _compare_json(case.compare)
    return whole


# --- from the folder ----------------------------------------------------------------------------------------


def parse_spec(folder: Mapping[str, bytes], points: float) -> tuple[ExerciseSpec | None, list[Problem]]:
    """The exercise in a folder (path below it -> bytes), worth `points`; or None and what is wrong.

    Problems have paths below the folder. A warning alone does not refuse the exercise.
    """
    content = folder.get(FILE)
    if content is None:
        return None, [Problem(FILE, 0, f"falta {FILE}: describe los archivos, los límites y los casos")]
    try:
        located = load(content.decode("utf-8"))
    except UnicodeDecodeError:
        return None, [Problem(FILE, 0, "no está en UTF-8: guárdalo con esa codificación")]
    except NotYaml as error:
        return None, [Problem(FILE, error.line, error.message)]
    kind = located.value.get("kind") if isinstance(located.value, dict) else None
    if kind in LATER:
        message = f"los ejercicios de tipo «{kind}» todavía no se corrigen: usa program o envoy"
        return None, [Problem(FILE, located.line("kind"), message)]
    found = [Problem(FILE, line, message) for line, message in schema_problems(located, SCHEMA)]
    if found:
        return None, found
    data = dict(located.value, points=points)
    starters = {file["name"] for file in data["files"] if STARTER + file["name"] in folder}
    data["files"] = [
        dict(file, starter=STARTER + file["name"]) if file["name"] in starters else file
        for file in data["files"]
    ]
    spec = ExerciseSpec.from_json(data)
    found = list(_contradictions(spec, located, folder))
    return (None if any(not problem.warning for problem in found) else spec), found


def _contradictions(spec: ExerciseSpec, located: Located, folder: Mapping[str, bytes]) -> Iterator[Problem]:
    def problem(place: Place, message: str) -> Problem:
        return Problem(FILE, located.line(*place), message)

    for place, path in _named_paths(located.value):
        if path not in folder:
            yield problem(place, f"no existe «{path}» en la carpeta del ejercicio: créalo o corrige la ruta")
        elif path == FILE or path.startswith((STARTER, SOLUTIONS, WRONG)):
            yield problem(place, f"«{path}» no puede formar parte de la corrección: muévelo a otra carpeta")
    yield from (
        problem(("files", number, "name"), f"«{spec.files[number].name}» está dos veces: deja uno")
        for number in _repeated([(file.name, file.language) for file in spec.files])
    )
    yield from (
        problem(("cases", number, "name"), "hay otro caso con este nombre: dale uno propio")
        for number in _repeated([case.name for case in spec.cases])
    )
    if all(case.hidden for case in spec.cases):
        yield problem(("cases",), "todos los casos están ocultos: deja visible al menos uno")
    for name, wanted in spec.expect.items():
        if not any(path.startswith(name + "/") for path in folder):
            yield problem(("expect", name), f"no existe la carpeta «{name}/»: créala o quita esta línea")
        if wanted.fails is not None and wanted.fails not in {case.name for case in spec.cases}:
            yield problem(("expect", name, "fails"), "ningún caso se llama así: copia el nombre exacto")
    yield from _bad_values(located, problem)
    if isinstance(spec, ProgramSpec):
        yield from _program_contradictions(spec, located, problem)
    elif isinstance(spec, EnvoySpec):
        yield from _envoy_contradictions(spec, problem)
    yield from _shipped(spec, folder)


def _repeated(names: Sequence[Any]) -> list[int]:
    return [number for number, name in enumerate(names) if name in names[:number]]


def _named_paths(data: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    """Every path of the folder that exercise.yml names, and where."""

    def compared(place: Place, value: Any) -> Iterator[tuple[Place, str]]:
        if isinstance(value, Mapping) and "checker" in value:
            yield (*place, "checker"), value["checker"]
            yield from (((*place, "files", n), path) for n, path in enumerate(value.get("files", ())))

    if "checker" in data:
        yield ("checker",), data["checker"]
    yield from ((("checker_files", n), path) for n, path in enumerate(data.get("checker_files", ())))
    yield from compared(("compare",), data.get("compare"))
    for number, case in enumerate(data["cases"]):
        place: Place = ("cases", number)
        yield from (((*place, key), case[key]) for key in ("input", "output") if key in case)
        yield from (((*place, "files", name), path) for name, path in case.get("files", {}).items())
        yield from compared((*place, "compare"), case.get("compare"))


def _bad_values(located: Located, problem: Any) -> Iterator[Problem]:
    data = located.value
    groups: list[tuple[Place, Values]] = [((key,), data.get(key, {})) for key in ("variables", "parameters")]
    groups += [(("cases", n, "variables"), case.get("variables", {})) for n, case in enumerate(data["cases"])]
    for place, values in groups:
        for name, value in values.items():
            if isinstance(value, str) and not value.isprintable():
                yield problem((*place, name), f"«{name}» tiene que ser de una línea, sin caracteres de control")
            if name.startswith(PORT):
                yield problem((*place, name), f"«{PORT}…» se reserva para los puertos: usa otro nombre")


def _program_contradictions(spec: ProgramSpec, located: Located, problem: Any) -> Iterator[Problem]:
    languages = {file.language for file in spec.files if file.language}
    if not languages:
        yield problem(("files",), f"ningún archivo tiene «language»: uno de {', '.join(LANGUAGES)}")
    names = {file.name for file in spec.files}
    for number, file in enumerate(spec.files):
        if file.language and not file.name.endswith(LANGUAGES[file.language].suffixes):
            wanted = " o ".join(LANGUAGES[file.language].suffixes)
            yield problem(("files", number, "name"), f"un archivo de {file.language} termina en {wanted}")
    for number, (case, data) in enumerate(zip(spec.cases, located.value["cases"], strict=True)):
        for one, other in (("input", "input_text"), ("output", "output_text")):
            if one in data and other in data:
                yield problem(("cases", number, other), f"sobran «{one}» o «{other}»: deja uno de los dos")
        compare = case.compare or spec.compare
        if compare.kind != "checker" and case.output is None and case.output_text is None:
            yield problem(("cases", number), "falta «output» u «output_text», la salida que se espera")
        for name in case.files:
            if name in names:
                yield problem(("cases", number, "files", name), "así se llama un archivo que se entrega")


def _envoy_contradictions(spec: EnvoySpec, problem: Any) -> Iterator[Problem]:
    if ADMIN in spec.ports:
        yield problem(("ports", spec.ports.index(ADMIN)), "ADMIN existe siempre: quítalo de la lista")
    both = set(spec.parameters) & set(spec.variables)
    yield from (problem(("parameters", name), f"«{name}» es también una variable") for name in sorted(both))


def _shipped(spec: ExerciseSpec, folder: Mapping[str, bytes]) -> Iterator[Problem]:
    """Warnings about what an exercise must ship: one solution, three wrong ones, nothing that nobody reads."""
    solutions = shipped(folder)
    right = [name for name in solutions if name.startswith(SOLUTIONS)]
    wrong = [name for name in solutions if name.startswith(WRONG)]
    if not right:
        yield Problem(FILE, 0, "falta una solución: crea solution/<nombre>/ con los archivos", warning=True)
    if len(wrong) < 3:
        message = f"hay {len(wrong)} soluciones equivocadas y hacen falta 3: crea wrong/<nombre>/"
        yield Problem(FILE, 0, message, warning=True)
    used = {FILE, *spec.paths()}
    names = {file.name for file in spec.files}
    for path in folder:
        if path.startswith((STARTER, SOLUTIONS, WRONG)):
            name = path.rpartition("/")[2]
            if name not in names:
                yield Problem(path, 0, f"«{name}» no está entre los archivos que se entregan", warning=True)
        elif path not in used:
            yield Problem(path, 0, "no lo usa ningún caso: nómbralo en exercise.yml o bórralo", warning=True)


def shipped(folder: Mapping[str, bytes]) -> dict[str, dict[str, bytes]]:
    """The solutions that an exercise ships: `solution/NAME` or `wrong/NAME` -> the files as handed in."""
    found: dict[str, dict[str, bytes]] = {}
    for path in sorted(folder):
        parts = path.split("/")
        if len(parts) == 3 and path.startswith((SOLUTIONS, WRONG)):
            found.setdefault("/".join(parts[:2]), {})[parts[2]] = folder[path]
    return found
