"""TCP as a checker speaks it: connections with patience, and servers that play a script."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable

from labkit.failing import Failed, NetworkFailed, OutOfTime, show

HOST = "127.0.0.1"
PATIENCE = 5.0  # seconds that one wait lasts unless it says otherwise


class Clock:
    """The time that is left for the case."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.ends = time.monotonic() + seconds

    def left(self) -> float:
        return self.ends - time.monotonic()

    def patience(self, within: float) -> float:
        """How long a wait may last. Raises OutOfTime where nothing is left."""
        left = self.left()
        if left <= 0:
            raise OutOfTime(f"El caso no acabó en {show(self.seconds)} s.")
        return min(within, left)

    def give_up(self, message: str) -> NetworkFailed:
        """What to raise where a wait ended for nothing."""
        if self.left() <= 0:
            return OutOfTime(f"El caso no acabó en {show(self.seconds)} s. {message}")
        return NetworkFailed(message)


class Connection:
    """One TCP connection. `received` is all that was read; `name` says in messages which one it is."""

    def __init__(self, sock: socket.socket, clock: Clock, name: str) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = sock
        self.name = name
        self.received = bytearray()
        self.closed_by_reset = False
        self.fault: Failed | None = None
        self._clock = clock
        self._taken = 0  # how much of `received` was handed out

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def send(self, content: bytes, *, within: float = PATIENCE) -> None:
        """Write everything, or fail."""
        self.socket.settimeout(self._clock.patience(within))
        try:
            self.socket.sendall(content)
        except TimeoutError:
            raise self._clock.give_up(
                f"No se pudo escribir todo en {self.name}: el otro lado no lee."
            ) from None
        except OSError:
            self.closed_by_reset = True
            raise NetworkFailed(f"Se cortó {self.name} mientras se escribía.") from None

    def receive(self, size: int, *, within: float = PATIENCE) -> bytes:
        """Exactly `size` bytes, or fail."""
        self._read_until(lambda: len(self.received) >= self._taken + size, within, f"{size} bytes")
        return self._take(size)

    def receive_until(self, mark: bytes, *, within: float = PATIENCE) -> bytes:
        """Everything up to the mark, with it, or fail."""
        self._read_until(lambda: self.received.find(mark, self._taken) >= 0, within, f"«{show(mark)}»")
        return self._take(self.received.index(mark, self._taken) + len(mark) - self._taken)

    def receive_all(self, *, within: float = PATIENCE) -> bytes:
        """Everything up to the other side's FIN, or fail."""
        began = time.monotonic()
        while self._read_some(began, within, "el final (FIN)"):
            pass
        return self._take(len(self.received) - self._taken)

    def finish(self) -> None:
        """Say that nothing more will be written (FIN), and go on reading."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.closed_by_reset = True
            raise NetworkFailed(f"Se cortó {self.name} antes de acabar de escribir.") from None

    def reset(self) -> None:
        """Tear the connection down with a RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def wait_closed(self, *, within: float = PATIENCE) -> float:
        """Seconds until the other side closes, by FIN or RST (see `closed_by_reset`); fails if it does not."""
        began = time.monotonic()
        try:
            while self._read_some(began, within, "el cierre"):
                pass
        except NetworkFailed:
            if not self.closed_by_reset:
                raise
        return time.monotonic() - began

    def close(self) -> None:
        self.socket.close()

    def _read_until(self, enough: Callable[[], bool], within: float, what: str) -> None:
        began = time.monotonic()
        while not enough():
            if not self._read_some(began, within, what):
                rest = bytes(self.received[self._taken :])
                raise NetworkFailed(f"Se cerró {self.name}; faltaba: {what}.", obtained=rest)

    def _read_some(self, began: float, within: float, what: str) -> bool:
        """Read what there is; False at the other side's FIN."""
        patience = self._clock.patience(within - (time.monotonic() - began))
        try:
            self.socket.settimeout(max(patience, 0.001))
            content = self.socket.recv(1 << 18)
        except TimeoutError:
            failure = self._clock.give_up(f"En {show(within)} s no llegó por {self.name}: {what}.")
            failure.obtained = show(bytes(self.received[self._taken :]))
            raise failure from None
        except OSError:
            self.closed_by_reset = True
            rest = bytes(self.received[self._taken :])
            raise NetworkFailed(f"Se cortó {self.name} (RST); faltaba: {what}.", obtained=rest) from None
        self.received += content
        return bool(content)

    def _take(self, size: int) -> bytes:
        taken = bytes(self.received[self._taken : self._taken + size])
        self._taken += len(taken)
        return taken


class Upstream:
    """A server on a port of the case: a thread for each connection, all of them kept."""

    def __init__(self, port: int, name: str, clock: Clock, faults: list[BaseException]) -> None:
        self.port = port
        self.name = name
        self.connections: list[Connection] = []
        self._clock = clock
        self._faults = faults
        try:
            self._listening = socket.create_server((HOST, port), backlog=256)
        except OSError:
            raise Failed(f"Envoy escucha en {name}, que es el puerto de nuestro servidor.") from None
        threading.Thread(target=self._accept, daemon=True).start()

    def serve(self, connection: Connection) -> None:
        raise NotImplementedError

    def expect_connections(self, count: int) -> None:
        """Not passed unless Envoy opened exactly that many connections to this server."""
        if len(self.connections) != count:
            message = f"No coincide: las conexiones que Envoy abrió con el servidor de {self.name}."
            raise Failed(message, expected=count, obtained=len(self.connections))

    def close(self) -> None:
        """Stop listening: from now on connections are refused. Those that are open stay."""
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listening.accept()
            except OSError:
                return
            connection = Connection(sock, self._clock, f"la conexión de Envoy con el servidor de {self.name}")
            self.connections.append(connection)
            threading.Thread(target=self._play, args=[connection], daemon=True).start()

    def _play(self, connection: Connection) -> None:
        try:
            self.serve(connection)
        except NetworkFailed as fault:
            connection.fault = fault  # the check itself sees what comes of it
        except BaseException as fault:
            self._faults.append(fault)
        finally:
            connection.close()


class TcpUpstream(Upstream):
    """Plays `script` with every connection and closes it at the script's end."""

    def __init__(
        self,
        port: int,
        name: str,
        clock: Clock,
        faults: list[BaseException],
        script: Callable[[Connection], object],
    ) -> None:
        self._script = script
        super().__init__(port, name, clock, faults)

    def serve(self, connection: Connection) -> None:
        self._script(connection)


def connect(port: int, name: str, clock: Clock, within: float) -> Connection:
    """A connection to a port of the case, or fail."""
    try:
        sock = socket.create_connection((HOST, port), timeout=clock.patience(within))
    except ConnectionResetError:
        raise NetworkFailed(f"Se cortó (RST) la conexión con {name} nada más abrirla.") from None
    except OSError:
        raise clock.give_up(f"Nadie aceptó la conexión en {name}.") from None
    return Connection(sock, clock, f"la conexión con {name}")
