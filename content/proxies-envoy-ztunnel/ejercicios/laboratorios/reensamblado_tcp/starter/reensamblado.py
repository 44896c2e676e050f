"""Receptor de TCP. Entrada: RCV.NXT y VENTANA, y un segmento por línea. Salida: ACK, bytes entregados, FIN."""

import sys


def main() -> None:
    lines = iter(sys.stdin)
    rcv_nxt, window = map(int, next(lines).split())
    for line in lines:
        seq_text, flag, data_text = line.split()
        data = b"" if data_text == "-" else bytes.fromhex(data_text)
        # Falta casi todo: esto supone que cada segmento llega en orden y una sola vez.
        rcv_nxt += len(data)
        answer = [str(rcv_nxt), data.hex() or "-"]
        if flag == "F":
            rcv_nxt += 1
            answer = [str(rcv_nxt), data.hex() or "-", "FIN"]
        print(*answer)


main()
