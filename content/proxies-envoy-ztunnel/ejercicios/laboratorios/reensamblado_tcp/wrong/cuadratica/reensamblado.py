"""Correcta, pero por cada segmento vuelve a recorrer todos los guardados."""

import sys

CIRCLE = 1 << 32

lines = iter(sys.stdin)
start, window = map(int, next(lines).split())
delivered = 0
held: list[tuple[int, bytes]] = []
fin = None
closed = False
for line in lines:
    seq, flag, text = line.split()
    data = b"" if text == "-" else bytes.fromhex(text)
    ready = bytearray()
    ended = False
    if not closed:
        ahead = (int(seq) - start - delivered) % CIRCLE
        at = delivered + (ahead if ahead < CIRCLE // 2 else ahead - CIRCLE)
        if flag == "F" and delivered <= at + len(data) < delivered + window:
            fin = at + len(data)
        low, high = max(at, delivered), min(at + len(data), delivered + window)
        if low < high:
            held.append((low, data[low - at : high - at]))
        image: dict[int, int] = {}
        for place, piece in held:
            for offset, byte in enumerate(piece):
                image.setdefault(place + offset, byte)
        while delivered in image:
            ready.append(image[delivered])
            delivered += 1
        closed = ended = fin == delivered
    print((start + delivered + closed) % CIRCLE, ready.hex() or "-", *(["FIN"] if ended else []))
