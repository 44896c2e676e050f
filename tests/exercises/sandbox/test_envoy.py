"""A real Envoy in one jail, its checker and upstream in another, one network between them."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import pytest

from exercises.sandbox.interface import Job, Limits, Network
from exercises.sandbox.nsjail import NsjailSandbox
from tests.sandboxes import python

pytestmark = pytest.mark.sandbox

ADMIN_PORT, LISTENER_PORT, UPSTREAM_PORT = 9901, 10000, 9000
ENVOY_LIMITS = Limits(wall_seconds=60, cpu_seconds=30, memory_mib=512, processes=64, open_files=256)


def configuration() -> bytes:
    def at(port: int) -> dict[str, object]:
        return {"socket_address": {"address": "127.0.0.1", "port_value": port}}

    kinds = "type.googleapis.com/envoy.extensions.filters"
    router = {"@type": f"{kinds}.http.router.v3.Router"}
    manager = {
        "@type": f"{kinds}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "entrada",
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": router}],
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "todo",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/api"}, "route": {"cluster": "servicio"}}],
                }
            ]
        },
    }
    chain = [{"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}]
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": at(UPSTREAM_PORT)}}]}]
    resources_ = {
        "listeners": [{"name": "entrada", "address": at(LISTENER_PORT), "filter_chains": chain}],
        "clusters": [
            {
                "name": "servicio",
                "type": "STATIC",
                "load_assignment": {"cluster_name": "servicio", "endpoints": endpoints},
            }
        ],
    }
    return json.dumps({"admin": {"address": at(ADMIN_PORT)}, "static_resources": resources_}).encode()


CHECKER = f"""
    import http.client, http.server, threading, time

    class Upstream(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = b"upstream saw " + self.path.encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", {UPSTREAM_PORT}), Upstream)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def get(port, path):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()

    for _ in range(2000):
        try:
            if get({ADMIN_PORT}, "/ready")[0] == 200:
                break
        except OSError:
            time.sleep(0.01)
    print(get({LISTENER_PORT}, "/api/x"))
    print(get({LISTENER_PORT}, "/other")[0])
"""


@pytest.fixture(scope="module")
def envoy(sandbox: NsjailSandbox) -> Path:
    return sandbox.stage(Path(str(resources.files("envoy") / "_bin" / "envoy")))


def test_envoy_proxies_from_its_jail_to_the_checkers(sandbox: NsjailSandbox, envoy: Path) -> None:
    job = Job(
        argv=["/envoy", "-c", "envoy.json", "--concurrency", "1", "--disable-hot-restart", "-l", "warning"],
        files={"envoy.json": configuration()},
        mounts={"/envoy": envoy},
        limits=ENVOY_LIMITS,
        network=Network.LOOPBACK,
        seat=1,
    )
    with sandbox.network() as network:
        running = network.start(job)
        checked = network.run(
            python(CHECKER, network=Network.LOOPBACK, seat=2, wall_seconds=40, cpu_seconds=20)
        )
        ended = running.stop(grace_seconds=20)
    assert checked.ended_well, checked.stderr.decode() + ended.stderr.decode()
    assert checked.stdout.decode() == "(200, 'upstream saw /api/x')\n404\n"
    assert (ended.exit_code, ended.hit) == (0, None)
    assert b"SIGTERM" in ended.stderr


def test_envoy_says_what_is_wrong_with_a_configuration(sandbox: NsjailSandbox, envoy: Path) -> None:
    job = Job(
        argv=["/envoy", "--mode", "validate", "-c", "envoy.json", "-l", "warning"],
        files={"envoy.json": b'{"static_resources": {"listeners": [{"nombre": 1}]}}'},
        mounts={"/envoy": envoy},
        limits=ENVOY_LIMITS,
        network=Network.LOOPBACK,  # without IPv4 sockets Envoy does not even validate
    )
    run = sandbox.run(job)
    assert run.exit_code == 1
    assert b"nombre" in run.stderr + run.stdout
