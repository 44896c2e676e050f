"""Guarda cada byte aceptado por su distancia al primero esperado; así el círculo de 32 bits no se ve más."""

import sys

CIRCLE = 1 << 32


class Receiver:
    def __init__(self, rcv_nxt: int, window: int) -> None:
        self.start = rcv_nxt
        self.window = window
        self.delivered = 0  # bytes entregados desde el principio, sin dar la vuelta
        self.held: dict[int, int] = {}  # posición -> byte, de lo que espera tras un hueco
        self.fin: int | None = None
        self.closed = False

    @property
    def ack(self) -> int:
        return (self.start + self.delivered + self.closed) % CIRCLE

    def place(self, seq: int) -> int:
        """La posición absoluta de un número, que puede quedar antes de lo ya entregado."""
        expected = (self.start + self.delivered) % CIRCLE
        ahead = (seq - expected) % CIRCLE
        return self.delivered + (ahead if ahead < CIRCLE // 2 else ahead - CIRCLE)

    def receive(self, seq: int, fin: bool, data: bytes) -> tuple[bytes, bool]:
        if self.closed:
            return b"", False
        at = self.place(seq)
        edge = self.delivered + self.window
        for position in range(max(at, self.delivered), min(at + len(data), edge)):
            self.held.setdefault(position, data[position - at])
        if fin and self.delivered <= at + len(data) < edge:
            self.fin = at + len(data)
        ready = bytearray()
        while self.delivered in self.held:
            ready.append(self.held.pop(self.delivered))
            self.delivered += 1
        self.closed = self.fin == self.delivered
        return bytes(ready), self.closed


def main() -> None:
    lines = iter(sys.stdin)
    receiver = Receiver(*map(int, next(lines).split()))
    out = []
    for line in lines:
        seq, flag, text = line.split()
        data = b"" if text == "-" else bytes.fromhex(text)
        ready, ended = receiver.receive(int(seq), flag == "F", data)
        out.append(f"{receiver.ack} {ready.hex() or '-'}{' FIN' if ended else ''}")
    print("\n".join(out))


main()
