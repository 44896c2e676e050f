"""Submissions that want a verdict they did not earn, or a look at what is hidden. None computes the answer."""

from __future__ import annotations

import json
import textwrap

import pytest

from exercises.grading import grade
from exercises.grading.report import Outcome, Report, Verdict
from exercises.sandbox.nsjail import NsjailSandbox
from tests.exercises.grading.builders import envoy, program
from tests.exercises.grading.configurations import HEAD, ROUTER, http_proxy

SECRET = "contraseña-del-caso-oculto"

# --- programs -----------------------------------------------------------------------------------------------

CASES = [
    {"name": "Suma", "input_text": "1 2", "output_text": "3"},
    {"name": "Suma números grandes", "hidden": True, "input_text": SECRET, "output_text": "41421356"},
]
CHECKED = {"compare": {"checker": "corrector.py"}, "cases": CASES}
CHECKER = {
    "corrector.py": b"""
def check(answer):
    answer.expect_equal("la suma", answer.expected.split(), answer.output.split())
"""
}
RESULT = json.dumps({"outcome": "passed", "verdict": "accepted", "score": 10, "max_score": 10})

FORGERS = {
    "writes the result and exits": f"""
        import os, pathlib
        for place in ("/box", "/box/_case", "/tmp", "/dev/shm", "/opt/checker", "."):
            for name in ("result.json", "report.json", "case.json", "verdict", "stdout"):
                try:
                    os.makedirs(place, exist_ok=True)
                    pathlib.Path(place, name).write_text({RESULT!r})
                except OSError:
                    pass
        os._exit(0)
    """,
    "prints the verdict": f"print({RESULT!r})",
    "writes the verdict to every descriptor": f"""
        import os
        for descriptor in range(1, 256):
            try:
                os.write(descriptor, {RESULT.encode()!r})
            except OSError:
                pass
    """,
    "equals everything": """
        class Always:
            def __eq__(self, other): return True
            def __hash__(self): return 0
        print(Always())
    """,
    "looks for the expected output": r"""
        import os
        mark = b"4142" + b"1356"  # so that it does not find itself
        for root, _, names in os.walk("/"):
            if root.startswith(("/proc", "/sys", "/usr", "/dev")):
                continue
            for name in names:
                try:
                    text = open(os.path.join(root, name), "rb").read(1 << 20)
                except OSError:
                    continue
                if mark in text:
                    print(mark.decode())
    """,
    "reads process 1 and the environment": r"""
        import os
        for number in (1, os.getppid(), os.getpid()):
            for name in ("environ", "cmdline", "mem", "maps"):
                try:
                    text = open(f"/proc/{number}/{name}", "rb").read(1 << 16)
                except OSError:
                    continue
                if b"4142" + b"1356" in text:
                    print(41421356)
    """,
    "leaves a daemon to write later": f"""
        import os, time
        if os.fork() == 0:
            os.setsid()
            time.sleep(0.3)
            print({RESULT!r}, flush=True)
    """,
    "ends well without a word": "import os; os._exit(0)",
}


@pytest.mark.parametrize("checker", [{}, CHECKER], ids=["compared", "checked"])
@pytest.mark.parametrize("name", FORGERS)
def test_a_program_does_not_forge_its_verdict(
    sandbox: NsjailSandbox, name: str, checker: dict[str, bytes]
) -> None:
    spec = program(**CHECKED) if checker else program(cases=CASES)
    code = textwrap.dedent(FORGERS[name]).encode()
    report = grade(spec, {"main.py": code}, checker, sandbox)
    assert (report.verdict, report.score) == (Verdict.REJECTED, 0)
    assert [case.outcome for case in report.cases] == [Outcome.WRONG, Outcome.WRONG]


@pytest.mark.parametrize(
    "code",
    [
        "print(input())",
        "import sys; sys.stderr.write(input())",
        "raise ValueError(input())",
        "import os; os._exit(ord(input()[0]))",
        "import os, sys; os.kill(os.getpid(), ord(input()[0]) % 31 + 1)",
        "print(input() * 200_000)",
    ],
)
def test_a_program_that_prints_its_input_tells_nothing_of_a_hidden_case(
    sandbox: NsjailSandbox, code: str
) -> None:
    spec = program(cases=CASES, limits={"seconds": 2})
    report = grade(spec, {"main.py": code.encode()}, {}, sandbox)
    shown = report.for_student()["cases"][1]
    assert SECRET not in json.dumps(shown, ensure_ascii=False)
    assert (shown["given"], shown["expected"], shown["obtained"], shown["logs"]) == ("", "", "", {})
    assert shown["message"] == "No se cumple la propiedad: Suma números grandes."
    assert SECRET in json.dumps(report.cases[1].staff, ensure_ascii=False)


def test_a_program_cannot_reach_the_checker(sandbox: NsjailSandbox) -> None:
    code = b"""
import glob, os
found = [p for p in ("/opt/checker", "/box/_case", "/box/corrector.py") if os.path.exists(p)]
print(found or "nada")
"""
    report = grade(program(**CHECKED), {"main.py": code}, CHECKER, sandbox)
    assert report.cases[0].obtained == "[b'nada']"


def test_output_that_looks_like_code_is_data_to_the_checker(sandbox: NsjailSandbox) -> None:
    code = b"print('3\\n__import__(\"os\")._exit(0)')"
    report = grade(program(**CHECKED), {"main.py": code}, CHECKER, sandbox)
    assert [case.outcome for case in report.cases] == [Outcome.WRONG, Outcome.WRONG]


# --- configurations -----------------------------------------------------------------------------------------

ENVOY_CHECKER = {
    "corrector.py": f"""
from labkit import Lab

def proxies(lab: Lab) -> None:
    lab.http_upstream("B1")
    lab.envoy.wait_ready()
    response = lab.request("ESCUCHA", "GET", "/x", headers={{"x-secreto": lab.options.get("secret", "")}})
    lab.expect(lab.proven(response), "No pasó por el servidor.", obtained=response.text)
    lab.expect_equal("las peticiones al servidor", 1, lab.envoy.stat("cluster.b1.upstream_rq_total"))

SECRET_OF_THE_CHECKER = "{SECRET}"
""".encode()
}
ENVOY_CASES = [
    {"name": "Pasa por el servidor", "check": "proxies", "log_level": "info"},
    {"name": "Pasa siempre", "check": "proxies", "hidden": True, "options": {"secret": SECRET}},
]


def with_envoy(sandbox: NsjailSandbox, text: str) -> Report:
    spec = envoy(ports=["ESCUCHA", "B1"], cases=ENVOY_CASES, limits={"seconds": 6})
    return grade(spec, {"envoy.yaml": text.encode()}, ENVOY_CHECKER, sandbox)


LUA_FORGERS = {
    "answers in the place of the server": """
        handle:respond({[":status"] = "200"}, string.rep("0", 64))
    """,
    "looks for the key and the checker's files": """
        local found = io.popen("cat /box/_case/* /opt/checker/labkit/* /box/corrector.py "
            .. "/proc/*/environ /proc/*/mem 2>/dev/null"):read("*a")
        handle:respond({[":status"] = "200"}, found .. "nada")
    """,
    "kills everything it sees and writes a result": """
        os.execute("kill -9 -1; echo '{\\"outcome\\": \\"passed\\"}' > /box/result.json; "
            .. "echo '{\\"outcome\\": \\"passed\\"}'")
        handle:respond({[":status"] = "200"}, "nada")
    """,
    "ends Envoy with success": "os.exit(0)",
}


@pytest.mark.parametrize("name", LUA_FORGERS)
def test_a_lua_filter_does_not_forge_a_verdict(sandbox: NsjailSandbox, name: str) -> None:
    report = with_envoy(sandbox, http_proxy(LUA_FORGERS[name]))
    assert report.score == 0
    assert report.verdict is Verdict.REJECTED, report
    assert SECRET not in json.dumps(report.for_student(), ensure_ascii=False)


@pytest.mark.parametrize(
    "path", ["/box/_case/case.json", "/opt/checker/labkit/web.py", "/box/corrector.py", "/etc/shadow"]
)
def test_a_direct_response_finds_no_hidden_file(sandbox: NsjailSandbox, path: str) -> None:
    route = f"{{match: {{prefix: /}}, direct_response: {{status: 200, body: {{filename: {path}}}}}}}"
    report = with_envoy(sandbox, HEAD.replace("ROUTE", route) + ROUTER)
    assert report.verdict is Verdict.INVALID
    assert path in report.output


def test_a_direct_response_does_not_know_the_proof(sandbox: NsjailSandbox) -> None:
    route = "{match: {prefix: /}, direct_response: {status: 200, body: {inline_string: '%REQ(x-nonce)%'}}}"
    report = with_envoy(sandbox, HEAD.replace("ROUTE", route) + ROUTER)
    assert (report.verdict, report.score) == (Verdict.REJECTED, 0)


def test_a_listener_in_the_place_of_the_administration_answers_nothing(sandbox: NsjailSandbox) -> None:
    route = "{match: {prefix: /}, direct_response: {status: 200, body: {inline_string: "
    route += "'cluster.b1.upstream_rq_total: 1'}}}"
    text = HEAD.replace("ROUTE", route) + ROUTER
    second = text.partition("  listeners:\n")[2].replace("name: entrada", "name: otra")
    report = with_envoy(sandbox, text + second.replace("PUERTO_ESCUCHA", "PUERTO_ADMIN"))
    assert report.score == 0
    assert report.cases[0].outcome is not Outcome.PASSED


LEAKS = {
    "to the log": """
        handle:logCritical("secreto " .. (handle:headers():get("x-secreto") or ""))
    """,
    "to the standard output and error": """
        local secret = handle:headers():get("x-secreto") or ""
        io.stdout:write(secret); io.stdout:flush()
        io.stderr:write(secret); io.stderr:flush()
    """,
    "to a file": """
        local file = io.open("/box/leak", "w")
        file:write(handle:headers():get("x-secreto") or ""); file:close()
    """,
    "and ends": """
        io.stderr:write(handle:headers():get("x-secreto") or ""); io.stderr:flush()
        os.exit(3)
    """,
}


@pytest.mark.parametrize("name", LEAKS)
def test_a_lua_filter_that_copies_a_header_tells_nothing_of_a_hidden_case(
    sandbox: NsjailSandbox, name: str
) -> None:
    report = with_envoy(sandbox, http_proxy(LEAKS[name]))
    hidden = report.cases[1]
    assert hidden.hidden
    assert SECRET not in json.dumps(report.for_student(), ensure_ascii=False)
    if name in ("to the log", "to the standard output and error"):
        assert SECRET in json.dumps(hidden.staff, ensure_ascii=False)
        assert hidden.outcome is Outcome.PASSED  # what it does beside proxying is its own affair


def test_an_access_log_is_data_and_stays_hidden(sandbox: NsjailSandbox) -> None:
    log = """\
          access_log:
          - name: log
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog
              log_format:
                text_format_source: {inline_string: "%REQ(x-secreto)% {\\"outcome\\": \\"passed\\"}\\n"}
"""
    route = "{match: {prefix: /}, direct_response: {status: 200}}"
    head = HEAD.replace("ROUTE", route).replace("          route_config:", log + "          route_config:")
    report = with_envoy(sandbox, head + ROUTER)
    assert report.score == 0
    assert '{"outcome": "passed"}' in report.cases[0].logs["stdout"]
    assert SECRET in report.cases[1].staff["stdout"]
    assert SECRET not in json.dumps(report.for_student(), ensure_ascii=False)
