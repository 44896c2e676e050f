"""Mira los dos extremos de un tcp_proxy: qué llega, entero o no, y cuándo acaba la sesión."""

from labkit import Connection, Lab


def answers_after_the_clients_fin(lab: Lab) -> None:
    question, reply = lab.secret(), lab.secret()

    def answer_late(connection: Connection) -> None:
        lab.expect_equal("lo que recibe el backend", question, connection.receive_all())
        lab.sleep(lab.options["delay"])
        connection.send(reply)

    lab.tcp_upstream("B1", answer_late)
    lab.envoy.wait_ready()
    with lab.connect("ESCUCHA") as client:
        client.send(question)
        client.finish()
        lab.expect_equal("la respuesta tras el FIN del cliente", reply, client.receive_all())


def backend_finishes_first(lab: Lab) -> None:
    greeting, rest = lab.secret(), lab.secret()
    heard = []

    def greet_and_listen(connection: Connection) -> None:
        connection.send(greeting)
        connection.finish()
        heard.append(connection.receive_all())

    server = lab.tcp_upstream("B1", greet_and_listen)
    lab.envoy.wait_ready()
    with lab.connect("ESCUCHA") as client:
        lab.expect_equal("lo que envía el backend", greeting, client.receive_all())
        lab.sleep(0.2)
        client.send(rest)
        client.finish()
        client.wait_closed(within=2)
    server.expect_connections(1)
    while not heard and lab.seconds_left() > 1:
        lab.sleep(0.02)
    lab.expect_equal("lo que recibe el backend tras su propio FIN", rest, heard[0] if heard else b"")


def megabytes_after_the_fin(lab: Lab) -> None:
    size = lab.options["bytes"]
    block = lab.secret(1000)
    content = block * (size // len(block))

    def pour(connection: Connection) -> None:
        connection.receive_all()
        connection.send(content)

    lab.tcp_upstream("B1", pour)
    lab.envoy.wait_ready()
    with lab.connect("ESCUCHA") as client:
        client.send(b"dame")
        client.finish()
        lab.sleep(0.2)  # los búferes se llenan antes de que el cliente lea
        arrived = client.receive_all()
    lab.expect_equal("los bytes que llegan tras el FIN", len(content), len(arrived))
    lab.expect(arrived == content, "Llegaron todos los bytes, pero no los mismos.")


def closes_a_silent_session(lab: Lab) -> None:
    server = lab.tcp_upstream("B1", lambda connection: connection.receive_all(within=6))
    lab.envoy.wait_ready()
    with lab.connect("ESCUCHA") as client:
        seconds = client.wait_closed(within=lab.options["latest"] + 0.3)
    server.expect_connections(1)
    lab.expect_between(
        "los segundos hasta el cierre de la sesión muda",
        lab.options["earliest"],
        lab.options["latest"],
        seconds,
    )


def busy_session_lives(lab: Lab) -> None:
    def echo(connection: Connection) -> None:
        for _round in range(lab.options["rounds"]):
            connection.send(connection.receive_until(b"\n"))

    server = lab.tcp_upstream("B1", echo)
    lab.envoy.wait_ready()
    with lab.connect("ESCUCHA") as client:
        for _round in range(lab.options["rounds"]):
            line = lab.secret().hex().encode() + b"\n"
            client.send(line)
            lab.expect_equal("lo que vuelve por la sesión", line, client.receive_until(b"\n"))
            lab.sleep(lab.options["pause"])
    server.expect_connections(1)


def silent_session_lives(lab: Lab) -> None:
    server = lab.tcp_upstream(
        "B1", lambda connection: connection.send(connection.receive_until(b"\n", within=6))
    )
    lab.envoy.wait_ready()
    with lab.connect("ESCUCHA") as client:
        lab.sleep(lab.options["silence"])
        line = lab.secret().hex().encode() + b"\n"
        client.send(line)
        lab.expect_equal("lo que vuelve tras el silencio", line, client.receive_until(b"\n"))
    server.expect_connections(1)
