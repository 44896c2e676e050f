"""Grades a program: compiled in one jail, each case run in a fresh one, its output judged outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from exercises.grading.accepting import languages_of
from exercises.grading.cases import OnStep, chosen_cases, points_of, report_of, report_without_cases, run_cases
from exercises.grading.checkers import LABKIT, check_answer
from exercises.grading.comparing import difference
from exercises.grading.faults import ToolMissing
from exercises.grading.languages import LANGUAGES, Language
from exercises.grading.outcomes import failure_of, result_of, seconds, text_of
from exercises.grading.report import CaseResult, Outcome, Report, Verdict
from exercises.grading.spec import CaseLimits, ProgramCase, ProgramSpec
from exercises.grading.substituting import substitute
from exercises.sandbox.interface import Job, Limit, Limits, Sandbox

COMPILER_MIB = 1024
BUILT_BYTES = 32 << 20

_versions: WeakKeyDictionary[Sandbox, dict[str, str]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Program:
    """What a case runs: the files of the box, those of them that are executable, and the entry's name."""

    language: Language
    entry: str
    files: Mapping[str, bytes]
    executable: tuple[str, ...] = ()


class NotCompiled(Exception):
    """The compiler refused: the student's fault. `output` is what it said."""

    def __init__(self, message: str, output: str) -> None:
        self.message = message
        self.output = output
        super().__init__(message)


def grade_program(
    spec: ProgramSpec,
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
    language = LANGUAGES[languages_of(spec, files)[0]]
    try:
        tools = {language.name: version_of(language, sandbox)}
        program = build(spec, files, language, sandbox, on_step)
    except ToolMissing as missing:
        message = f"Este corrector no tiene {language.title}: el fallo es nuestro y no cuenta contra ti."
        return report_without_cases(cases, points, Verdict.INTERNAL_ERROR, message, fault=str(missing))
    except NotCompiled as refusal:
        return report_without_cases(
            cases, points, Verdict.COMPILE_ERROR, refusal.message, output=refusal.output, tools=tools
        )
    results, fault = run_cases(
        cases,
        lambda case: run_case(spec, case, program, folder, sandbox, parameters),
        stop_at_failure=stop_at_failure,
        on_step=on_step,
    )
    return report_of(results, points, fault=fault, tools=tools)


def version_of(language: Language, sandbox: Sandbox) -> str:
    """What the toolchain calls itself, asked once. Raises ToolMissing."""
    missing = language.missing_tool()
    if missing:
        raise ToolMissing(f"{missing} is not there: install the toolchain of {language.title}")
    known = _versions.setdefault(sandbox, {})
    if language.name not in known:
        run = sandbox.run(
            Job(
                argv=[language.tools[0], *language.version],
                environment=language.environment,
                limits=Limits(wall_seconds=20, cpu_seconds=20, memory_mib=512),
            )
        )
        if not run.ended_well:
            said = text_of(run.stdout + run.stderr)
            raise ToolMissing(f"{language.tools[0]} does not run in a jail (code {run.exit_code}): {said}")
        said = text_of(run.stdout or run.stderr)
        known[language.name] = said.partition("\n")[0].strip()
    return known[language.name]


def build(
    spec: ProgramSpec, files: Mapping[str, bytes], language: Language, sandbox: Sandbox, on_step: OnStep
) -> Program:
    """Compile where there is something to compile. Raises NotCompiled."""
    sources = [file.name for file in spec.files if file.language == language.name and file.name in files]
    if language.build is None:
        return Program(language, sources[0], files)
    on_step("Compilando")
    run = sandbox.run(
        Job(
            argv=language.build(sources),
            files=files,
            environment=language.environment,
            collect=[language.built],
            collect_bytes=BUILT_BYTES,
            limits=Limits(
                wall_seconds=spec.compile_seconds,
                cpu_seconds=2 * spec.compile_seconds,
                memory_mib=COMPILER_MIB,
                processes=128,
                open_files=1024,
                stdout_bytes=256 << 10,
                stderr_bytes=256 << 10,
            ),
        )
    )
    said = text_of(run.stderr + run.stdout, 20_000)
    if run.hit is Limit.MEMORY:
        raise NotCompiled(f"El compilador agotó su memoria, {COMPILER_MIB} MiB.", said)
    if run.hit in (Limit.WALL, Limit.CPU):
        limit = seconds(spec.compile_seconds)
        raise NotCompiled(f"El compilador no acabó a tiempo: el límite es de {limit}.", said)
    if run.hit is Limit.OUTPUT:
        raise NotCompiled("El compilador escribió demasiado; esto es el principio.", said)
    if not run.ended_well:
        raise NotCompiled("No compila.", said)
    if language.built not in run.collected:
        why = run.uncollected.get(language.built, "missing")
        raise NotCompiled("El compilador no dejó ningún programa.", f"{said}\n{language.built}: {why}".strip())
    data = {name: content for name, content in files.items() if name not in sources}
    built = {language.built: run.collected[language.built]}
    return Program(language, sources[0], {**data, **built}, (language.built,))


def run_case(
    spec: ProgramSpec,
    case: ProgramCase,
    program: Program,
    folder: Mapping[str, bytes],
    sandbox: Sandbox,
    parameters: Mapping[str, object],
) -> CaseResult:
    """Run the program once and judge what it wrote. Raises CheckerBroken."""
    given = _content(case.input, case.input_text, folder)
    expected = _content(case.output, case.output_text, folder)
    arguments = [substitute(argument, parameters) for argument in case.arguments]
    run = sandbox.run(
        Job(
            argv=[*program.language.run(program.entry, case.limits.memory_mib), *arguments],
            files={**program.files, **{name: folder[path] for name, path in case.files.items()}},
            executable=program.executable,
            stdin=given,
            environment=program.language.environment,
            limits=jail_limits(case.limits),
        )
    )
    texts = {
        "given": _given(given, arguments),
        "expected": text_of(expected),
        "obtained": text_of(run.stdout),
        "logs": {"stderr": text_of(run.stderr, 20_000)},
    }
    failure = failure_of(run, case.limits)
    if failure:
        return result_of(case, *failure, run=run, **texts)
    compare = case.compare or spec.compare
    if compare.kind != "checker":
        found = difference(compare, expected, run.stdout)
        outcome = Outcome.WRONG if found else Outcome.PASSED
        return result_of(case, outcome, found or "", run=run, **texts)
    finding = check_answer(
        sandbox.run,
        sandbox.stage(LABKIT),
        checker=compare.checker,
        files={path: folder[path] for path in (compare.checker, *compare.files)},
        given=given,
        expected=expected,
        output=run.stdout,
        arguments=arguments,
        options=case.options,
        parameters=parameters,
    )
    said = {name: getattr(finding, name) for name in ("given", "expected", "obtained")}
    texts.update({name: text for name, text in said.items() if text})
    return result_of(case, finding.outcome, finding.message, run=run, **texts)


def jail_limits(limits: CaseLimits) -> Limits:
    """The walls of one run. Wall time is what counts; processor time only bounds many threads."""
    return Limits(
        wall_seconds=limits.seconds,
        cpu_seconds=2 * limits.seconds,
        memory_mib=limits.memory_mib,
        processes=limits.processes,
        stdout_bytes=limits.output_kib << 10,
        stderr_bytes=min(limits.output_kib, 256) << 10,
    )


def _content(path: str | None, text: str | None, folder: Mapping[str, bytes]) -> bytes:
    return folder[path] if path is not None else (text or "").encode()


def _given(given: bytes, arguments: list[str]) -> str:
    shown = text_of(given)
    if not arguments:
        return shown
    return f"Argumentos: {' '.join(arguments)}\n{shown}".rstrip("\n")
