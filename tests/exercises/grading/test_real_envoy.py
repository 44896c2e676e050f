"""Configurations graded with the real Envoy, in real jails."""

from __future__ import annotations

import pytest

from exercises.grading import grade
from exercises.grading.expecting import surprise
from exercises.grading.report import Outcome, Report, Verdict
from exercises.grading.spec import shipped
from exercises.sandbox.nsjail import NsjailSandbox
from tests.exercises.grading.builders import envoy, example
from tests.exercises.grading.configurations import PROXY, http_proxy

pytestmark = pytest.mark.sandbox

CHECKER = b"""
from labkit import Lab, Request, Response

def proxies(lab: Lab) -> None:
    upstream = lab.http_upstream("B1")
    lab.envoy.wait_ready()
    response = lab.request("ESCUCHA", "POST", "/api", headers={"x-a": "uno"}, body=b"cuerpo")
    lab.expect(lab.proven(response), "La respuesta no es la del servidor.", obtained=response.body)
    lab.expect_equal("el cuerpo", b"cuerpo", upstream.requests[0].body)
    lab.envoy.wait_stat("http.entrada.downstream_rq_2xx", 1)
    lab.expect_equal("los listeners", 1, lab.envoy.stat("listener_manager.total_listeners_active"))
    lab.expect("bootstrap" in str(lab.envoy.config_dump()), "No hay volcado.")
    upstream.expect_connections(1)

def answers_otherwise(lab: Lab) -> None:
    lab.http_upstream("B1", lambda request: Response(404, b"no: " + request.path.encode()))
    lab.envoy.wait_ready()
    with lab.connect("ESCUCHA") as connection:
        for path in ("/uno", "/dos"):
            response = lab.ask(connection, "GET", path)
            lab.expect_equal("el estado", 404, response.status)
            lab.expect_equal("el cuerpo", f"no: {path}", response.text)

def never_ends(lab: Lab) -> None:
    lab.envoy.wait_ready()
    lab.sleep(60)

def is_wrong(lab: Lab) -> None:
    lab.envoy.wait_ready()
    raise KeyError("our own")

def handler_is_wrong(lab: Lab) -> None:
    lab.http_upstream("B1", lambda request: 1 / 0)
    lab.envoy.wait_ready()
    lab.request("ESCUCHA")
"""
FOLDER = {"corrector.py": CHECKER}


def graded(sandbox: NsjailSandbox, check: str, text: str = PROXY, **fields: object) -> Report:
    cases = [{"name": "La propiedad", "check": check, "log_level": "debug"}]
    spec = envoy(ports=["ESCUCHA", "B1"], cases=cases, **fields)
    return grade(spec, {"envoy.yaml": text.encode()}, FOLDER, sandbox)


@pytest.mark.parametrize("name", sorted(shipped(example("pasarela")[1])))
def test_what_the_example_ships_gives_what_it_should(sandbox: NsjailSandbox, name: str) -> None:
    spec, folder = example("pasarela")
    report = grade(spec, shipped(folder)[name], folder, sandbox, stop_at_failure=name.startswith("wrong/"))
    assert surprise(spec, name, report) is None


@pytest.mark.parametrize("check", ["proxies", "answers_otherwise"])
def test_requests_go_through_envoy(sandbox: NsjailSandbox, check: str) -> None:
    report = graded(sandbox, check)
    assert report.verdict is Verdict.ACCEPTED, report
    assert report.tools["envoy"]


def test_the_log_of_a_visible_case_names_source_lines(sandbox: NsjailSandbox) -> None:
    spec, folder = example("pasarela")
    files = shipped(folder)["solution/tcp_proxy"]
    report = grade(spec, files, folder, sandbox, visible_only=True)
    assert "source/common/tcp_proxy/tcp_proxy.cc:" in report.cases[0].logs["envoy"]


def test_the_time_of_a_case_is_the_student_s(sandbox: NsjailSandbox) -> None:
    case = graded(sandbox, "never_ends", limits={"seconds": 1}).cases[0]
    assert (case.outcome, case.message) == (Outcome.TIME_LIMIT, "El caso no acabó en 1 s.")


@pytest.mark.parametrize(
    ("check", "words"), [("is_wrong", "KeyError: 'our own'"), ("handler_is_wrong", "ZeroDivisionError")]
)
def test_a_checker_that_raises_is_our_fault(sandbox: NsjailSandbox, check: str, words: str) -> None:
    report = graded(sandbox, check)
    assert report.verdict is Verdict.INTERNAL_ERROR
    assert words in report.fault


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "route_config:",
            "rute_config:",
            "envoy.yaml:11: no existe el campo «rute_config» en HttpConnectionManager",
        ),
        ("port_value: ${PUERTO_ESCUCHA}", "port_value: muchos", "envoy.yaml:4: "),
        ("filters:", "filters: ]", "envoy.yaml:6: YAML no válido"),
        ("domains:", "dominios:", "envoy.yaml:13: no existe el campo «dominios» en "),
    ],
)
def test_what_envoy_rejects_is_told_with_its_line(
    sandbox: NsjailSandbox, old: str, new: str, words: str
) -> None:
    assert old in PROXY
    report = graded(sandbox, "proxies", PROXY.replace(old, new))
    assert report.verdict is Verdict.INVALID
    assert report.output.startswith(words), report.output


def test_an_envoy_that_is_not_there_for_long_is_a_runtime_error(sandbox: NsjailSandbox) -> None:
    text = http_proxy("os.exit(3)")
    report = graded(sandbox, "proxies", text)
    assert report.cases[0].outcome is Outcome.RUNTIME_ERROR, report
