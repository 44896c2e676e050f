"""The library of checkers against servers and clients of the test's own, on the loopback of this machine."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import exercises.grading

sys.path.append(str(Path(exercises.grading.__file__).parent))  # as in the checker's jail

import labkit
from labkit.failing import NetworkFailed, OutOfTime, show
from labkit.labs import _literal, _quoted

Script = Callable[[socket.socket], Any]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def a_lab(*, seconds: float = 20, **ports: int) -> labkit.Lab:
    faults: list[BaseException] = []
    lab = labkit.Lab(
        {
            "ports": {"ADMIN": 1, "B1": free_port(), **ports},
            "variables": {},
            "parameters": {},
            "options": {},
            "concurrency": 1,
            "seconds": seconds,
        },
        faults,
    )
    lab.faults = faults
    return lab


@contextmanager
def server(script: Script, may_play: threading.Event | None = None) -> Iterator[int]:
    """A server that plays the script with its first connection, once it may; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def play() -> None:
            peer, _ = listening.accept()
            with peer:
                if may_play is None or may_play.wait(10):
                    script(peer)

        threading.Thread(target=play, daemon=True).start()
        yield listening.getsockname()[1]


@contextmanager
def connected(script: Script, **lab: Any) -> Iterator[labkit.Connection]:
    is_open = threading.Event()  # a reset that comes sooner is seen while connecting
    with server(script, is_open) as port, a_lab(ESCUCHA=port, **lab).connect("ESCUCHA") as connection:
        is_open.set()
        yield connection


def reset(peer: socket.socket) -> None:
    labkit.Connection(peer, None, "").reset()


def test_what_is_read_is_handed_out_once() -> None:
    with connected(lambda peer: peer.sendall(b"uno\ndos-resto")) as connection:
        assert connection.receive_until(b"\n") == b"uno\n"
        assert connection.receive(3) == b"dos"
        assert connection.receive_all() == b"-resto"
        assert connection.received == b"uno\ndos-resto"


def test_finishing_leaves_the_other_way_open() -> None:
    def answer(peer: socket.socket) -> None:
        content = b""
        while piece := peer.recv(100):
            content += piece
        peer.sendall(content[::-1])

    with connected(answer) as connection:
        connection.send(b"hola")
        connection.finish()
        assert connection.receive_all() == b"aloh"


@pytest.mark.parametrize(
    ("script", "read", "words"),
    [
        (
            lambda peer: peer.sendall(b"ho"),
            lambda c: c.receive(4),
            "Se cerró la conexión con ${PUERTO_ESCUCHA}",
        ),
        (reset, lambda c: c.receive_all(), "(RST); faltaba: el final (FIN)"),
        (lambda peer: peer.recv(1), lambda c: c.receive(4, within=0.1), "En 0,1 s no llegó por la conexión"),
        (lambda peer: peer.recv(1), lambda c: c.wait_closed(within=0.1), "no llegó por la conexión"),
    ],
)
def test_what_does_not_arrive_is_the_other_side_s_fault(
    script: Script, read: Callable[[labkit.Connection], Any], words: str
) -> None:
    with connected(script) as connection, pytest.raises(NetworkFailed) as failed:
        read(connection)
    assert words in failed.value.message


def test_what_did_arrive_is_shown() -> None:
    with connected(lambda peer: peer.sendall(b"ho")) as connection, pytest.raises(labkit.Failed) as failed:
        connection.receive(4)
    assert failed.value.obtained == "ho"


@pytest.mark.parametrize(("script", "by_reset"), [(lambda peer: None, False), (reset, True)])
def test_waiting_for_the_end_tells_how_it_ended(script: Script, by_reset: bool) -> None:
    with connected(script) as connection:
        assert connection.wait_closed() >= 0
        assert connection.closed_by_reset is by_reset


def test_no_wait_outlasts_the_case() -> None:
    with connected(lambda peer: peer.recv(1), seconds=0.2) as connection, pytest.raises(OutOfTime) as failed:
        connection.receive(1, within=60)
    assert failed.value.outcome == "time_limit"
    assert "El caso no acabó en 0,2 s" in failed.value.message


def test_nobody_there_is_a_failure() -> None:
    with pytest.raises(NetworkFailed, match="Nadie aceptó la conexión"):
        a_lab(ESCUCHA=free_port()).connect("ESCUCHA")


def test_envoy_that_is_not_ready_is_a_failure() -> None:
    with pytest.raises(NetworkFailed, match="Envoy no estaba listo tras 0,05 s"):
        a_lab(ADMIN=free_port()).envoy.wait_ready(within=0.05)


def test_a_server_plays_its_script_with_every_connection() -> None:
    lab = a_lab()
    upstream = lab.tcp_upstream("B1", lambda connection: connection.send(connection.receive_until(b"\n")))
    for word in (b"uno\n", b"dos\n"):
        with lab.connect("B1") as client:
            client.send(word)
            assert client.receive_all() == word
    upstream.expect_connections(2)
    with pytest.raises(labkit.Failed, match="No coincide: las conexiones"):
        upstream.expect_connections(1)


def test_a_port_that_is_taken_is_the_configuration_s_fault() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        lab = a_lab(B1=taken.getsockname()[1])
        with pytest.raises(labkit.Failed, match="Envoy escucha en"):
            lab.http_upstream("B1")


def test_a_server_that_is_closed_refuses() -> None:
    lab = a_lab()
    lab.tcp_upstream("B1", lambda connection: None).close()
    with pytest.raises(NetworkFailed):
        lab.connect("B1")


def test_what_breaks_in_a_script_is_kept_but_a_cut_connection_is_not_our_fault() -> None:
    lab = a_lab()
    upstream = lab.tcp_upstream("B1", lambda connection: connection.receive(5))
    with lab.connect("B1") as client:
        client.send(b"uno")
        client.finish()
        client.wait_closed()
    assert isinstance(upstream.connections[0].fault, NetworkFailed)
    assert lab.faults == []

    other = a_lab()
    other.tcp_upstream("B1", lambda connection: 1 / 0)
    with other.connect("B1") as client:
        client.wait_closed()
    assert [type(fault) for fault in other.faults] == [ZeroDivisionError]


def test_only_our_own_server_proves_an_answer() -> None:
    lab = a_lab()
    upstream = lab.http_upstream("B1")
    response = lab.request("B1", "POST", "/a?b=c", headers={"x-uno": "1"}, body=b"cuerpo")
    assert lab.proven(response)
    request = upstream.requests[0]
    assert (request.method, request.path, request.body, request.headers["x-uno"]) == (
        "POST",
        "/a?b=c",
        b"cuerpo",
        "1",
    )
    response.nonce = "otro"
    assert not lab.proven(response)


def test_a_responder_answers_as_it_wants_over_one_connection() -> None:
    lab = a_lab()
    upstream = lab.http_upstream(
        "B1", lambda request: labkit.Response(503, request.path.encode(), {"x-a": "b"})
    )
    with lab.connect("B1") as connection:
        answers = [lab.ask(connection, "GET", path) for path in ("/uno", "/dos")]
    assert [(answer.status, answer.text, answer.headers["x-a"]) for answer in answers] == [
        (503, "/uno", "b"),
        (503, "/dos", "b"),
    ]
    upstream.expect_connections(1)


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhola", 200, b"ho"),
        (b"HTTP/1.1 200 OK\r\n\r\nhola", 200, b"hola"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 X\r\ncontent-length: 0\r\n\r\n", 404, b""),
        (b"HTTP/1.1 204 X\r\n\r\n", 204, b""),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3;x=y\r\nhol\r\n1\r\na\r\n0\r\nx: y\r\n\r\nresto",
            200,
            b"hola",
        ),
    ],
)
def test_answers_are_read_to_their_end(answer: bytes, status: int, body: bytes) -> None:
    with server(lambda peer: (peer.recv(1000), peer.sendall(answer))) as port:
        response = a_lab(ESCUCHA=port).request("ESCUCHA")
    assert (response.status, response.body) == (status, body)


@pytest.mark.parametrize(
    "answer",
    [b"hola\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"],
)
def test_what_is_not_http_is_the_other_side_s_fault(answer: bytes) -> None:
    with (
        server(lambda peer: (peer.recv(1000), peer.sendall(answer))) as port,
        pytest.raises(NetworkFailed),
    ):
        a_lab(ESCUCHA=port).request("ESCUCHA")


def test_counters_are_read_by_name() -> None:
    def admin(peer: socket.socket) -> None:
        asked = peer.recv(1000).split(b" ")[1]
        text = b"a.b: 3\na.h: P0(nan,1) P25(nan,1)\nc: -1\n" if b"filter=%5Ea%5C.b%24" in asked else b""
        peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(text), text))

    with server(admin) as port:
        assert a_lab(ADMIN=port).envoy.stat("a.b") == 3


def test_names_are_quoted_for_the_filter() -> None:
    assert _quoted(f"^{_literal('http.a_1.2xx')}$") == "%5Ehttp%5C.a_1%5C.2xx%24"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b"hola\n", "hola\n"),
        (b"\x00\xff", "\\x00\\xff"),
        (b"", "(nada)"),
        (None, "(nada)"),
        (0.5, "0,5"),
        (True, "sí"),
        (7, "7"),
    ],
)
def test_values_are_shown_as_people_read_them(value: object, shown: str) -> None:
    assert show(value) == shown


def test_long_values_are_cut() -> None:
    assert len(show("x" * 100_000)) < 5_000


def test_expectations_speak_spanish() -> None:
    lab = a_lab()
    lab.expect_between("el plazo", 1, 2, 1.5)
    with pytest.raises(labkit.Failed) as failed:
        lab.expect_between("el plazo", 1, 2, 2.5)
    assert (failed.value.message, failed.value.expected, failed.value.obtained) == (
        "No coincide: el plazo.",
        "entre 1 y 2",
        "2,5",
    )


def test_the_library_needs_nothing_but_the_standard_library() -> None:
    allowed = sys.stdlib_module_names | {"labkit"}
    for file in Path(labkit.__file__).parent.glob("*.py"):
        for line in file.read_text().splitlines():
            words = line.split()
            if words[:1] in (["import"], ["from"]):
                assert words[1].partition(".")[0] in allowed, f"{file.name}: {line}"
