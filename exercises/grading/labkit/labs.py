"""One case of a laboratory: Envoy on one side, the check's own clients and servers on both ends of it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping

from labkit.failing import Expectations, NetworkFailed, show
from labkit.sockets import PATIENCE, Clock, Connection, TcpUpstream, connect
from labkit.web import HttpUpstream, Request, Response, proof, read_response, send_request

PORT = "PUERTO_"


class Envoy:
    """Envoy's administration. What it says confirms what was seen on the wire; it never stands for it."""

    def __init__(self, port: int, clock: Clock) -> None:
        self._port = port
        self._clock = clock

    def wait_ready(self, *, within: float = PATIENCE) -> None:
        """Wait until `/ready` answers 200, or fail."""
        ends = time.monotonic() + self._clock.patience(within)
        while True:
            try:
                if self.get("/ready").status == 200:
                    return
            except NetworkFailed:
                pass
            if time.monotonic() > ends:
                raise self._clock.give_up(f"Envoy no estaba listo tras {show(within)} s.")
            time.sleep(0.004)

    def get(self, path: str) -> Response:
        """Ask the administration for something."""
        with connect(self._port, "la administración de Envoy", self._clock, PATIENCE) as connection:
            nonce = send_request(connection, "GET", path, {"connection": "close"}, b"", "envoy")
            return read_response(connection, "GET", nonce)

    def post(self, path: str) -> Response:
        """Tell the administration to do something."""
        with connect(self._port, "la administración de Envoy", self._clock, PATIENCE) as connection:
            headers = {"connection": "close", "content-length": "0"}
            nonce = send_request(connection, "POST", path, headers, b"", "envoy")
            return read_response(connection, "POST", nonce)

    def stats(self, pattern: str = "") -> dict[str, int]:
        """Counters and gauges by name, those whose name fits the regular expression."""
        path = f"/stats?filter={_quoted(pattern)}" if pattern else "/stats"
        pairs = (line.rpartition(": ") for line in self.get(path).text.splitlines())
        return {name: int(value) for name, _, value in pairs if value.lstrip("-").isdigit()}

    def stat(self, name: str) -> int:
        """One counter or gauge; 0 where Envoy has none of that name."""
        return self.stats(f"^{_literal(name)}$").get(name, 0)

    def wait_stat(self, name: str, wanted: int, *, within: float = PATIENCE) -> None:
        """Wait until it has that value, or fail."""
        ends = time.monotonic() + self._clock.patience(within)
        while (value := self.stat(name)) != wanted:
            if time.monotonic() > ends:
                failure = self._clock.give_up(f"No coincide: la estadística {name} de Envoy.")
                failure.expected, failure.obtained = show(wanted), show(value)
                raise failure
            time.sleep(0.01)

    def config_dump(self) -> dict:
        """The configuration in force, as `/config_dump` gives it."""
        return json.loads(self.get("/config_dump").body)


def _literal(name: str) -> str:
    return "".join(char if char.isalnum() or char == "_" else f"\\{char}" for char in name)


def _quoted(text: str) -> str:
    return "".join(char if char.isalnum() or char in "_.-" else f"%{ord(char):02X}" for char in text)


class Lab(Expectations):
    """What a check gets. Ports go by the names of exercise.yml."""

    def __init__(self, case: dict, faults: list[BaseException]) -> None:
        self.ports: dict[str, int] = case["ports"]
        self.variables: dict = case["variables"]
        self.parameters: dict = case["parameters"]
        self.options: dict = case["options"]
        self.concurrency: int = case["concurrency"]
        self._clock = Clock(case["seconds"])
        self._faults = faults
        self.envoy = Envoy(self.ports["ADMIN"], self._clock)

    def port(self, name: str) -> int:
        return self.ports[name]

    def secret(self, size: int = 12) -> bytes:
        """Fresh letters and digits that nobody can know beforehand: what only the right way brings back."""
        return os.urandom(size).hex().encode()

    def seconds_left(self) -> float:
        """What is left of the time of this case."""
        return self._clock.left()

    def sleep(self, seconds: float) -> None:
        """Wait; fails where the case has no such time left."""
        time.sleep(self._clock.patience(seconds))
        self._clock.patience(0)

    def connect(self, port: str, *, within: float = PATIENCE) -> Connection:
        """A TCP connection to a port of Envoy's, or fail."""
        return connect(self.port(port), f"${{{PORT}{port}}}", self._clock, within)

    def request(
        self,
        port: str,
        method: str = "GET",
        path: str = "/",
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        within: float = PATIENCE,
    ) -> Response:
        """One HTTP/1.1 request over a connection of its own, or fail."""
        with self.connect(port, within=within) as connection:
            return self.ask(connection, method, path, headers=headers, body=body, within=within)

    def ask(
        self,
        connection: Connection,
        method: str = "GET",
        path: str = "/",
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        within: float = PATIENCE,
    ) -> Response:
        """One HTTP/1.1 request over an open connection, or fail."""
        nonce = send_request(connection, method, path, headers or {}, body, "laboratorio.test")
        return read_response(connection, method, nonce, within)

    def proven(self, response: Response) -> bool:
        """True where the answer carries the proof that one of our own servers gave it."""
        return proof(response.nonce) in response.body

    def tcp_upstream(self, port: str, script: Callable[[Connection], object]) -> TcpUpstream:
        """A TCP server on a port of the case that plays the script with every connection."""
        return TcpUpstream(self.port(port), f"${{{PORT}{port}}}", self._clock, self._faults, script)

    def http_upstream(self, port: str, responder: Callable[[Request], Response] | None = None) -> HttpUpstream:
        """An HTTP/1.1 server on a port of the case."""
        return HttpUpstream(self.port(port), f"${{{PORT}{port}}}", self._clock, self._faults, responder)
