"""Comprueba la pasarela con un servidor propio al otro lado."""

from labkit import Connection, Lab


def relays_bytes(lab: Lab) -> None:
    server = lab.tcp_upstream("B1", lambda connection: connection.send(connection.receive_until(b"\n")))
    lab.envoy.wait_ready()
    every_byte = bytes(value for value in range(256) if value != 10) + b"\n"
    with lab.connect("ESCUCHA") as client:
        client.send(every_byte)
        lab.expect_equal("los bytes que vuelven", every_byte, client.receive(len(every_byte)))
    server.expect_connections(1)


def survives_half_close(lab: Lab) -> None:
    reply = lab.secret()

    def answer_late(connection: Connection) -> None:
        connection.receive_all()
        lab.sleep(lab.options["delay"])
        connection.send(reply)

    lab.tcp_upstream("B1", answer_late)
    lab.envoy.wait_ready()
    with lab.connect("ESCUCHA") as client:
        client.send(b"hola")
        client.finish()
        lab.expect_equal("la respuesta tras el FIN del cliente", reply, client.receive_all())


def closes_idle(lab: Lab) -> None:
    lab.tcp_upstream("B1", lambda connection: connection.receive_all())
    lab.envoy.wait_ready()
    with lab.connect("ESCUCHA") as client:
        seconds = client.wait_closed(within=3)
    lab.expect_between("los segundos hasta el cierre", 0.4, 2, seconds)
