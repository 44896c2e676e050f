"""Programs that look for somebody to talk to."""

from __future__ import annotations

import secrets
import socket

import pytest

from exercises.sandbox.interface import Network
from exercises.sandbox.nsjail import NsjailSandbox
from tests.sandboxes import python

CONNECT = """
    import errno, socket, sys
    address = ("127.0.0.1", int(sys.argv[1]))
    try:
        socket.create_connection(address, timeout=2)
        print("reached")
    except OSError as error:
        print(errno.errorcode.get(error.errno, error))
"""
SERVE = """
    import socket
    server = socket.create_server(("127.0.0.1", 9000))
    while True:
        peer, _ = server.accept()
        peer.sendall(b"hello")
        peer.close()
"""
ASK = """
    import socket, time
    for _ in range(400):
        try:
            with socket.create_connection(("127.0.0.1", 9000), timeout=2) as peer:
                print(peer.recv(100).decode())
            break
        except ConnectionRefusedError:
            time.sleep(0.01)
"""


@pytest.mark.parametrize(
    ("network", "outcome"), [(Network.NONE, b"EAFNOSUPPORT\n"), (Network.LOOPBACK, b"ECONNREFUSED\n")]
)
def test_a_service_of_the_machine_is_out_of_reach(
    sandbox: NsjailSandbox, network: Network, outcome: bytes
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as service:
        port = service.getsockname()[1]
        run = sandbox.run(python(CONNECT, str(port), network=network))
    assert run.stdout == outcome


def test_a_shared_network_does_not_reach_the_machine_either(sandbox: NsjailSandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as service, sandbox.network() as network:
        port = service.getsockname()[1]
        run = network.run(python(CONNECT, str(port), network=Network.LOOPBACK))
    assert run.stdout == b"ECONNREFUSED\n"


@pytest.mark.parametrize("network", Network)
def test_an_abstract_socket_of_the_machine_is_out_of_reach(sandbox: NsjailSandbox, network: Network) -> None:
    name = f"formacion-{secrets.token_hex(8)}"
    with socket.socket(socket.AF_UNIX) as service:
        service.bind(f"\0{name}")
        service.listen()
        run = sandbox.run(
            python(
                """
                import errno, socket, sys
                try:
                    socket.socket(socket.AF_UNIX).connect("\\0" + sys.argv[1])
                    print("reached")
                except OSError as error:
                    print(errno.errorcode[error.errno])
                """,
                name,
                network=network,
            )
        )
    assert run.stdout == b"ECONNREFUSED\n"


def test_nothing_leaves_the_machine(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            import errno, socket
            print([name for _, name in socket.if_nameindex()])
            try:
                socket.create_connection(("192.0.2.1", 80), timeout=2)
                print("reached")
            except OSError as error:
                print(errno.errorcode[error.errno])
            """,
            network=Network.LOOPBACK,
        )
    )
    assert run.stdout.decode().splitlines()[0].startswith("['lo'")
    assert run.stdout.decode().splitlines()[-1] == "ENETUNREACH"


def test_two_jails_of_one_network_can_talk_and_a_third_cannot_listen_in(sandbox: NsjailSandbox) -> None:
    with sandbox.network() as network:
        network.start(python(SERVE, network=Network.LOOPBACK, seat=1, wall_seconds=60))
        inside = network.run(python(ASK, network=Network.LOOPBACK, seat=2, wall_seconds=30))
        outside = sandbox.run(python(CONNECT, "9000", network=Network.LOOPBACK))
    assert inside.stdout == b"hello\n"
    assert outside.stdout == b"ECONNREFUSED\n"


def test_jails_of_one_network_do_not_see_each_others_processes_or_files(sandbox: NsjailSandbox) -> None:
    look = """
        import os
        print([name for name in os.listdir("/proc") if name.isdigit()], os.listdir("/tmp"))
        try:
            os.kill(3, 9)
        except ProcessLookupError:
            print("nobody")
    """
    keep = """
        import os, time
        open("/tmp/mine", "w").close()
        os.fork()
        time.sleep(60)
    """
    with sandbox.network() as network:
        network.start(python(keep, network=Network.LOOPBACK, seat=1, wall_seconds=60))
        run = network.run(python(look, network=Network.LOOPBACK, seat=2))
    assert run.stdout == b"['2'] []\nnobody\n"


def test_leaving_a_network_ends_its_jails(sandbox: NsjailSandbox) -> None:
    with sandbox.network() as network:
        server = network.start(python(SERVE, network=Network.LOOPBACK, wall_seconds=60))
        assert server.poll() is None
    assert server.poll() is not None


def test_a_seat_is_taken_once(sandbox: NsjailSandbox) -> None:
    with sandbox.network() as network:
        network.start(python(SERVE, network=Network.LOOPBACK, seat=1, wall_seconds=60))
        with pytest.raises(ValueError, match="taken"):
            network.start(python(SERVE, network=Network.LOOPBACK, seat=1))


def test_the_network_cannot_be_changed_from_inside(sandbox: NsjailSandbox) -> None:
    run = sandbox.run(
        python(
            """
            import errno, fcntl, socket, struct
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
                try:
                    fcntl.ioctl(control, 0x8914, struct.pack("16sh14x", b"lo", 0))
                    print("down")
                except OSError as error:
                    print(errno.errorcode[error.errno])
            """,
            network=Network.LOOPBACK,
        )
    )
    assert run.stdout == b"EPERM\n"
