"""HTTP/1.1 as a checker speaks it: plain requests, and a server whose answers cannot be made up.

Every request carries a fresh number; the server answers its HMAC under a key that never leaves this process.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable, Mapping

from labkit.failing import NetworkFailed
from labkit.sockets import PATIENCE, Clock, Connection, Upstream

NONCE = "x-nonce"
_KEY = os.urandom(32)


def proof(nonce: str) -> bytes:
    """What only our own server can answer to this number."""
    return hmac.new(_KEY, nonce.encode("utf-8", "replace"), hashlib.sha256).hexdigest().encode()


class Response:
    """An answer. `headers` have lower-case names; those that came twice are joined with a comma."""

    __slots__ = ("body", "headers", "nonce", "status")

    def __init__(
        self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None, nonce: str = ""
    ) -> None:
        self.status = status
        self.headers = dict(headers or {})
        self.body = body
        self.nonce = nonce

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


class Request:
    """What reached the server."""

    __slots__ = ("body", "headers", "method", "path")

    def __init__(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> None:
        self.method = method
        self.path = path
        self.headers = dict(headers)
        self.body = body

    @property
    def nonce(self) -> str:
        return self.headers.get(NONCE, "")

    @property
    def proof(self) -> bytes:
        """The body with which a responder proves that the request came here."""
        return proof(self.nonce)


class HttpUpstream(Upstream):
    """Answers every request with the proof of its number, or as `responder` says. Keeps the requests."""

    def __init__(
        self,
        port: int,
        name: str,
        clock: Clock,
        faults: list[BaseException],
        responder: Callable[[Request], Response] | None = None,
    ) -> None:
        self.requests: list[Request] = []
        self._responder = responder or (lambda request: Response(200, request.proof))
        super().__init__(port, name, clock, faults)

    def serve(self, connection: Connection) -> None:
        while True:
            try:
                head = connection.receive_until(b"\r\n\r\n", within=self._clock.seconds)
            except NetworkFailed:
                return  # the other side had nothing more to ask
            first, headers = _head(head)
            method, path = (*first.split(" "), "", "")[:2]
            request = Request(method, path, headers, _body(connection, headers, until_end=False))
            self.requests.append(request)
            response = self._responder(request)
            connection.send(_message(f"HTTP/1.1 {response.status} X", response.headers, response.body))
            if headers.get("connection", "").lower() == "close":
                return


def send_request(
    connection: Connection, method: str, path: str, headers: Mapping[str, str], body: bytes, host: str
) -> str:
    """Write a request and return its number; `headers` may replace `host` and the number's header."""
    names = {name.lower() for name in headers}
    whole = dict(headers)
    if "host" not in names:
        whole = {"host": host, **whole}
    nonce = next((value for name, value in headers.items() if name.lower() == NONCE), os.urandom(12).hex())
    if NONCE not in names:
        whole[NONCE] = nonce
    connection.send(_message(f"{method} {path} HTTP/1.1", whole, body))
    return nonce


def read_response(connection: Connection, method: str, nonce: str, within: float = PATIENCE) -> Response:
    """Read one answer; those of the 100s are skipped."""
    while True:
        first, headers = _head(connection.receive_until(b"\r\n\r\n", within=within))
        parts = first.split(" ")
        if len(parts) < 2 or not parts[0].startswith("HTTP/1.") or not parts[1].isdigit():
            raise NetworkFailed("La respuesta no es HTTP/1.1.", obtained=first)
        status = int(parts[1])
        if not 100 <= status < 200 or status == 101:
            break
    no_body = method == "HEAD" or status in (204, 304)
    body = b"" if no_body else _body(connection, headers, until_end=True, within=within)
    return Response(status, body, headers, nonce)


def _message(first: str, headers: Mapping[str, str], body: bytes) -> bytes:
    whole = dict(headers)
    if not {"content-length", "transfer-encoding"} & {name.lower() for name in whole} and (
        body or first.startswith("HTTP/")
    ):
        whole["content-length"] = str(len(body))
    lines = [first, *(f"{name}: {value}" for name, value in whole.items()), "", ""]
    return "\r\n".join(lines).encode("utf-8") + body


def _head(head: bytes) -> tuple[str, dict[str, str]]:
    first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return first, headers


def _body(
    connection: Connection, headers: Mapping[str, str], *, until_end: bool, within: float = PATIENCE
) -> bytes:
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return _chunks(connection, within)
    length = headers.get("content-length", "")
    if length.isdigit():
        return connection.receive(int(length), within=within)
    return connection.receive_all(within=within) if until_end else b""


def _chunks(connection: Connection, within: float) -> bytes:
    body = b""
    while True:
        line = connection.receive_until(b"\r\n", within=within)
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError:
            raise NetworkFailed("Un trozo del cuerpo no dice su tamaño.", obtained=line) from None
        if not size:
            while connection.receive_until(b"\r\n", within=within) != b"\r\n":
                pass  # trailers
            return body
        body += connection.receive(size, within=within)
        connection.receive_until(b"\r\n", within=within)
