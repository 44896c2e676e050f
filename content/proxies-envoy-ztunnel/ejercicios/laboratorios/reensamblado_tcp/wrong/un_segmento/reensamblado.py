"""Descarta lo que no empieza justo donde se espera: correcto para TCP, pero no guarda ni recorta nada."""

import sys

lines = iter(sys.stdin)
rcv_nxt, window = map(int, next(lines).split())
for line in lines:
    seq, flag, text = line.split()
    data = b"" if text == "-" else bytes.fromhex(text)
    if int(seq) != rcv_nxt:
        print(rcv_nxt, "-")
        continue
    rcv_nxt = (rcv_nxt + len(data) + (flag == "F")) % (1 << 32)
    print(rcv_nxt, data.hex() or "-", *(["FIN"] if flag == "F" else []))
