"""Guarda trozos que no se pisan, ordenados por su principio; un segmento solo aporta lo que cabe entre ellos."""

import sys
from bisect import bisect_right

CIRCLE = 1 << 32


class Receiver:
    def __init__(self, rcv_nxt: int, window: int) -> None:
        self.rcv_nxt = rcv_nxt
        self.window = window
        self.passed = 0  # bytes entregados; las posiciones se cuentan desde el primero y no dan la vuelta
        self.starts: list[int] = []
        self.pieces: dict[int, bytes] = {}
        self.fin: int | None = None
        self.closed = False

    def keep(self, first: int, data: bytes) -> None:
        """Guarda de `data`, que empieza en `first`, lo que nadie trajo antes."""
        last = first + len(data)
        at, index = first, bisect_right(self.starts, first)
        if index:
            before = self.starts[index - 1]
            at = max(at, before + len(self.pieces[before]))
        while at < last:
            following = self.starts[index] if index < len(self.starts) else last
            until = min(last, following)
            if at < until:
                self.pieces[at] = data[at - first : until - first]
                self.starts.insert(index, at)
                index += 1
            if following >= last:
                return
            at = following + len(self.pieces[following])
            index += 1

    def receive(self, seq: int, fin: bool, data: bytes) -> str:
        if self.closed:
            return f"{self.rcv_nxt} -"
        offset = (seq - self.rcv_nxt + CIRCLE // 2) % CIRCLE - CIRCLE // 2
        kept = data[max(0, -offset) : max(0, self.window - offset)]
        if kept:
            self.keep(self.passed + max(0, offset), kept)
        if fin and 0 <= offset + len(data) < self.window:
            self.fin = self.passed + offset + len(data)
        ready = self.deliver()
        self.closed = self.fin == self.passed
        self.rcv_nxt = (self.rcv_nxt + len(ready) + self.closed) % CIRCLE
        return f"{self.rcv_nxt} {ready.hex() or '-'}{' FIN' if self.closed else ''}"

    def deliver(self) -> bytes:
        ready = []
        for start in self.starts:
            if start != self.passed:
                break
            ready.append(self.pieces.pop(start))
            self.passed += len(ready[-1])
        del self.starts[: len(ready)]
        return b"".join(ready)


def main() -> None:
    lines = iter(sys.stdin)
    receiver = Receiver(*map(int, next(lines).split()))
    for line in lines:
        seq, flag, text = line.split()
        print(receiver.receive(int(seq), flag == "F", b"" if text == "-" else bytes.fromhex(text)))


main()
