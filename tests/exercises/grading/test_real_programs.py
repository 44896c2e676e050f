"""Programs graded in real jails."""

from __future__ import annotations

import pytest

from exercises.grading import grade
from exercises.grading.expecting import surprise
from exercises.grading.languages import LANGUAGES
from exercises.grading.report import Outcome, Report, Verdict
from exercises.grading.spec import shipped
from exercises.sandbox.nsjail import NsjailSandbox
from tests.exercises.grading.builders import example, program

pytestmark = pytest.mark.sandbox

SLOW_LIMITS = {"seconds": 1, "memory_mib": 64, "output_kib": 16}


def python(sandbox: NsjailSandbox, code: str, **fields: object) -> Report:
    spec = program(**{"limits": SLOW_LIMITS, **fields})
    return grade(spec, {"main.py": code.encode()}, {}, sandbox)


@pytest.mark.parametrize("name", sorted(shipped(example("palabras")[1])))
def test_what_the_example_ships_gives_what_it_should(sandbox: NsjailSandbox, name: str) -> None:
    spec, folder = example("palabras")
    report = grade(spec, shipped(folder)[name], folder, sandbox, stop_at_failure=name.startswith("wrong/"))
    assert surprise(spec, name, report) is None


@pytest.mark.parametrize(
    ("code", "outcome", "words"),
    [
        ("print('hola', input())", Outcome.PASSED, ""),
        ("print('hola')", Outcome.WRONG, "se esperaba «ana»"),
        ("while True: pass", Outcome.TIME_LIMIT, "el límite es de 1 s"),
        ("import time; time.sleep(60)", Outcome.TIME_LIMIT, "el límite es de 1 s"),
        ("x = bytearray(1 << 28)\nfor i in range(0, 1 << 28, 4096): x[i] = 1", Outcome.MEMORY_LIMIT, "64 MiB"),
        ("while True: print('x' * 1000)", Outcome.OUTPUT_LIMIT, "16 KiB"),
        ("1 / 0", Outcome.RUNTIME_ERROR, "código 1"),
        ("import os; os.abort()", Outcome.RUNTIME_ERROR, "SIGABRT"),
        ("import ctypes; ctypes.string_at(0)", Outcome.RUNTIME_ERROR, "SIGSEGV"),
        ("raise SystemExit(137)", Outcome.RUNTIME_ERROR, "código 137"),
    ],
)
def test_each_way_to_end_reads_differently(
    sandbox: NsjailSandbox, code: str, outcome: Outcome, words: str
) -> None:
    case = python(sandbox, code).cases[0]
    assert (case.outcome, words in case.message) == (outcome, True), case


def test_the_traceback_of_a_visible_case_is_shown(sandbox: NsjailSandbox) -> None:
    case = python(sandbox, "def f():\n    1 / 0\nf()\n").cases[0]
    assert 'File "/box/main.py", line 2' in case.logs["stderr"]
    assert "ZeroDivisionError" in case.logs["stderr"]


def test_the_version_of_the_tool_is_told(sandbox: NsjailSandbox) -> None:
    assert python(sandbox, "print()").tools["python"].startswith("Python 3.")


def test_a_program_of_two_files_finds_the_second(sandbox: NsjailSandbox) -> None:
    files = [
        {"name": "main.py", "language": "python", "max_bytes": 100},
        {"name": "saludo.py", "language": "python", "max_bytes": 100},
    ]
    code = {"main.py": b"import saludo", "saludo.py": b"print('hola', input())"}
    assert grade(program(files=files), code, {}, sandbox).verdict is Verdict.ACCEPTED


def test_a_case_brings_its_own_files_and_leaves_none_behind(sandbox: NsjailSandbox) -> None:
    cases = [
        {"name": "Lee el archivo", "output_text": "dato", "files": {"d.txt": "casos/d.txt"}},
        {"name": "No queda nada", "output_text": "nada"},
    ]
    code = b"""
import os
print(open('d.txt').read() if os.path.exists('d.txt') else 'nada')
open('d.txt', 'w').write('otro')
"""
    report = grade(program(cases=cases), {"main.py": code}, {"casos/d.txt": b"dato"}, sandbox)
    assert [case.outcome for case in report.cases] == [Outcome.PASSED, Outcome.PASSED]


CPP = [{"name": "main.cpp", "language": "cpp", "max_bytes": 1000}]
HELLO = {
    "python": ("main.py", "print('hola', input())"),
    "cpp": (
        "main.cpp",
        '#include <iostream>\nint main() { std::string s; std::cin >> s; std::cout << "hola " << s; }',
    ),
    "rust": (
        "main.rs",
        "fn main() { let mut s = String::new(); std::io::stdin().read_line(&mut s).unwrap();"
        ' println!("hola {}", s); }',
    ),
    "java": (
        "Main.java",
        "public class Main { public static void main(String[] a) {"
        ' System.out.println("hola " + new java.util.Scanner(System.in).next()); } }',
    ),
    "go": (
        "main.go",
        'package main\nimport "fmt"\nfunc main() { var s string; fmt.Scan(&s); fmt.Println("hola", s) }',
    ),
}


@pytest.mark.parametrize("language", HELLO)
def test_each_language_is_compiled_and_run(sandbox: NsjailSandbox, language: str) -> None:
    if LANGUAGES[language].missing_tool():
        pytest.skip(f"this machine has no {LANGUAGES[language].title}, and says so when asked to grade it")
    name, code = HELLO[language]
    spec = program(files=[{"name": name, "language": language, "max_bytes": 1000}])
    report = grade(spec, {name: code.encode()}, {}, sandbox)
    assert report.verdict is Verdict.ACCEPTED, report
    assert report.tools[language]


def test_what_gcc_says_is_shown(sandbox: NsjailSandbox) -> None:
    report = grade(program(files=CPP), {"main.cpp": b"int main() {\n  return x;\n}\n"}, {}, sandbox)
    assert report.verdict is Verdict.COMPILE_ERROR
    assert "main.cpp:2:" in report.output


def test_a_compiler_does_not_read_what_is_outside(sandbox: NsjailSandbox) -> None:
    code = b'#include "/etc/shadow"\nint main() {}'
    report = grade(program(files=CPP), {"main.cpp": code}, {}, sandbox)
    assert report.verdict is Verdict.COMPILE_ERROR
    assert "No such file" in report.output


def test_a_compiler_that_never_ends_is_stopped(sandbox: NsjailSandbox) -> None:
    limits = {**SLOW_LIMITS, "compile_seconds": 1}
    code = b"template <int N> struct T { static const int v = T<N - 1>::v + T<N - 2>::v; };\n"
    code += b'#include "/dev/zero"\nint main() {}'
    report = grade(program(files=CPP, limits=limits), {"main.cpp": code}, {}, sandbox)
    assert report.verdict is Verdict.COMPILE_ERROR
    assert "compilador" in report.message


CHECKED = {
    "compare": {"checker": "corrector.py", "files": ["sumas.py"]},
    "cases": [{"name": "Suma", "input_text": "1 2", "options": {"sum": 3}}],
}
CHECKER = {
    "sumas.py": b"def total(numbers): return sum(numbers)",
    "corrector.py": b"""
from labkit import Answer
import sumas

def check(answer: Answer) -> None:
    numbers = answer.numbers()
    answer.expect(numbers, "No hay ning\xc3\xban n\xc3\xbamero.")
    answer.expect_equal("la suma", answer.options["sum"], sumas.total(numbers))
    1 / (numbers[0] - 3)
""",
}


@pytest.mark.parametrize(
    ("code", "outcome", "words"),
    [
        ("print(1, 2)", Outcome.PASSED, ""),
        ("print(1, 1)", Outcome.WRONG, "No coincide: la suma."),
        ("print()", Outcome.WRONG, "No hay ningún número."),
        ("print('tres')", Outcome.WRONG, "«tres» no es un número."),
    ],
)
def test_a_checker_of_its_own_decides(sandbox: NsjailSandbox, code: str, outcome: Outcome, words: str) -> None:
    report = grade(program(**CHECKED), {"main.py": code.encode()}, CHECKER, sandbox)
    assert (report.cases[0].outcome, report.cases[0].message) == (outcome, words), report.fault


def test_a_checker_that_raises_is_our_fault(sandbox: NsjailSandbox) -> None:
    report = grade(program(**CHECKED), {"main.py": b"print(3, 0)"}, CHECKER, sandbox)
    assert report.verdict is Verdict.INTERNAL_ERROR
    assert "ZeroDivisionError" in report.fault
    assert 'corrector.py", line 9' in report.fault
