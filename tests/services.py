"""PostgreSQL, Redis and RabbitMQ for the tests: those of TEST_*_URL, those on loopback, or throwaway servers.

Each run of the tests gets its own database name, Redis number and virtual host, and drops them afterwards.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis


class ServiceMissing(Exception):
    """A service cannot be had: the run fails, it does not skip."""


@dataclass(frozen=True)
class Services:
    """The addresses that the tests get: this run's own database, Redis number and virtual host."""

    database_url: str
    redis_url: str
    rabbitmq_url: str

    def environment(self) -> dict[str, str]:
        return {
            "TEST_DATABASE_URL": self.database_url,
            "TEST_REDIS_URL": self.redis_url,
            "TEST_RABBITMQ_URL": self.rabbitmq_url,
        }


@contextmanager
def running() -> Iterator[Services]:
    """All three services, with places of this run's own."""
    name = f"formacion_{os.getpid()}_{secrets.token_hex(3)}"
    with ExitStack() as stack:
        postgres = stack.enter_context(postgresql_server())
        redis_url = stack.enter_context(redis_server())
        rabbit = stack.enter_context(rabbitmq_server())
        yield Services(
            database_url=stack.enter_context(own_database(postgres, name)),
            redis_url=stack.enter_context(own_redis_number(redis_url)),
            rabbitmq_url=stack.enter_context(own_virtual_host(rabbit, name)),
        )


def listens(url: str) -> bool:
    """True where something listens at the host and port of the URL."""
    parts = urlsplit(url)
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((parts.hostname or "127.0.0.1", parts.port or 0)) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_listens(url: str, process: subprocess.Popen[bytes], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not listens(url):
        if process.poll() is not None or time.monotonic() > deadline:
            raise ServiceMissing(f"{what} no arranca (salida {process.poll()}).")
        time.sleep(0.1)


def program(name: str, *places: str) -> str:
    """The path of a program on the PATH or in one of the glob patterns. Raises ServiceMissing with a remedy."""
    found = shutil.which(name) or next(
        (str(path) for place in places for path in sorted(Path("/").glob(place.lstrip("/")), reverse=True)),
        None,
    )
    if not found:
        raise ServiceMissing(f"No responde ningún servidor y falta {name}: instálalo con apt o da TEST_*_URL.")
    return found


@contextmanager
def stopping(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        # the whole session: `runuser` and `su` do not pass every signal on
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, sign)
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)


def as_somebody(folder: Path, user: str) -> list[str]:
    """A prefix that runs a command as `user` where we are root, for servers that refuse root."""
    if os.geteuid() != 0:
        return []
    shutil.chown(folder, user, user)
    return ["runuser", "-u", user, "--"]


@contextmanager
def postgresql_server() -> Iterator[str]:
    """The URL of a server, with a database from which others can be made."""
    given = os.environ.get("TEST_DATABASE_URL") or "postgresql://postgres@127.0.0.1:5432/postgres"
    if listens(given):
        yield given
        return
    binaries = Path(program("initdb", "/usr/lib/postgresql/*/bin/initdb")).parent
    with tempfile.TemporaryDirectory(prefix="formacion-pg-") as folder:
        prefix = as_somebody(Path(folder), "postgres")
        url = f"postgresql://postgres@127.0.0.1:{free_port()}/postgres"
        port = str(urlsplit(url).port)
        data = f"{folder}/data"
        quiet = {"stdout": subprocess.DEVNULL, "check": True}
        subprocess.run(
            [*prefix, str(binaries / "initdb"), "-A", "trust", "-U", "postgres", "-N", data], **quiet
        )
        command = [*prefix, str(binaries / "postgres"), "-D", data, "-p", port, "-k", folder]
        process = subprocess.Popen(
            [*command, "-c", "fsync=off"], stderr=subprocess.DEVNULL, start_new_session=True
        )
        with stopping(process):
            wait_until_listens(url, process, "PostgreSQL")
            yield url


@contextmanager
def redis_server() -> Iterator[str]:
    """The URL of a server, without a number."""
    given = os.environ.get("TEST_REDIS_URL") or "redis://127.0.0.1:6379"
    if listens(given):
        yield given
        return
    port = free_port()
    url = f"redis://127.0.0.1:{port}"
    command = [program("redis-server", "/usr/bin/valkey-server"), "--port", str(port), "--save", ""]
    process = subprocess.Popen(
        [*command, "--bind", "127.0.0.1"], stdout=subprocess.DEVNULL, start_new_session=True
    )
    with stopping(process):
        wait_until_listens(url, process, "Redis")
        yield url


@contextmanager
def rabbitmq_server() -> Iterator[tuple[str, dict[str, str]]]:
    """The URL of a server, and the environment under which `rabbitmqctl` reaches it."""
    given = os.environ.get("TEST_RABBITMQ_URL") or "amqp://guest:guest@127.0.0.1:5672"
    if listens(given):
        yield given, dict(os.environ)
        return
    server = program("rabbitmq-server", "/usr/sbin/rabbitmq-server", "/usr/lib/rabbitmq/bin/rabbitmq-server")
    with tempfile.TemporaryDirectory(prefix="formacion-mq-") as folder:
        port = free_port()
        environment = {
            **os.environ,
            "RABBITMQ_NODENAME": f"formacion{os.getpid()}@localhost",
            "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq.conf",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": f"{folder}/mnesia",
            "RABBITMQ_LOG_BASE": f"{folder}/log",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/plugins",
        }
        Path(folder, "rabbitmq.conf").write_text(f"listeners.tcp.local = 127.0.0.1:{port}\n")
        as_somebody(Path(folder), "rabbitmq")  # the server itself leaves root for this user
        process = subprocess.Popen(
            [server],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        with stopping(process):
            url = f"amqp://guest:guest@127.0.0.1:{port}"
            wait_until_listens(url, process, "RabbitMQ", 120)
            yield url, environment


@contextmanager
def own_database(server: str, name: str) -> Iterator[str]:
    """A URL whose database name is this run's own. Django makes `test_…` from it; all of them are dropped."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            rows = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"%{name}%"])
            for (database,) in rows.fetchall():
                connection.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')


@contextmanager
def own_redis_number(server: str) -> Iterator[str]:
    """A Redis number that is empty now, emptied afterwards."""
    if urlsplit(server).path.strip("/"):
        yield server  # whoever names a number means it
        return
    for number in range(15, 0, -1):
        url = f"{server.rstrip('/')}/{number}"
        with redis.Redis.from_url(url) as client:
            if client.dbsize() == 0:
                client.set("formacion:tests", os.getpid())
                client.delete("formacion:tests")
                break
    else:
        raise ServiceMissing("Redis no tiene ningún número libre entre 1 y 15.")
    try:
        yield url
    finally:
        with redis.Redis.from_url(url) as client:
            client.flushdb()


@contextmanager
def own_virtual_host(server: tuple[str, dict[str, str]], name: str) -> Iterator[str]:
    """A virtual host of RabbitMQ for this run alone."""
    url, environment = server
    if urlsplit(url).path.strip("/"):
        yield url
        return
    control = program("rabbitmqctl", "/usr/sbin/rabbitmqctl", "/usr/lib/rabbitmq/bin/rabbitmqctl")
    node = ["-n", environment["RABBITMQ_NODENAME"]] if "RABBITMQ_NODENAME" in environment else []

    def tell(*words: str) -> None:
        done = subprocess.run([control, *node, *words], env=environment, capture_output=True, text=True)
        if done.returncode:
            raise ServiceMissing(f"rabbitmqctl {words[0]}: {done.stderr.strip()[-500:]}")

    tell("add_vhost", name)
    tell("set_permissions", "-p", name, urlsplit(url).username or "guest", ".*", ".*", ".*")
    try:
        yield f"{url.rstrip('/')}/{name}"
    finally:
        tell("delete_vhost", name)
