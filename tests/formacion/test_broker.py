"""Where the broker is, and what the embedded one is told."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from formacion import broker


def test_the_embedded_broker_listens_on_a_socket_of_its_own_and_keeps_what_it_heard(tmp_path):
    command = broker.embedded_broker_command(tmp_path)
    configuration = Path(command[-1]).read_text()
    assert "port 0\n" in configuration
    assert "unixsocketperm 700\n" in configuration
    assert "appendonly yes\n" in configuration
    assert f'unixsocket "{broker.embedded_socket(tmp_path)}"' in configuration
    assert stat.S_IMODE((tmp_path / "broker").stat().st_mode) == 0o700


def test_the_server_of_the_machine_comes_before_the_one_that_is_brought_along(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    brought, _configuration = broker.embedded_broker_command(tmp_path)
    assert Path(brought).name == "valkey-server"
    assert Path(brought).is_file()
    own = tmp_path / "valkey-server"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    assert broker.embedded_broker_command(tmp_path)[0] == str(own)


def test_a_path_too_long_for_a_socket_gets_a_short_folder_for_its_owner_alone(tmp_path):
    data_dir = tmp_path / ("carpeta" * 20)
    broker.embedded_broker_command(data_dir)
    socket = broker.embedded_socket(data_dir)
    try:
        assert len(str(socket)) <= 100
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
        assert socket != broker.embedded_socket(tmp_path / ("otra" * 40))
    finally:
        socket.parent.rmdir()


def test_a_folder_that_somebody_else_put_there_is_refused(tmp_path):
    elsewhere = tmp_path / "ajena"
    elsewhere.mkdir()
    data_dir = tmp_path / "datos"
    data_dir.mkdir()
    (data_dir / "broker").symlink_to(elsewhere)
    with pytest.raises(ImproperlyConfigured, match="otra persona"):
        broker.embedded_broker_command(data_dir)


def test_a_configured_broker_replaces_the_embedded_one(settings):
    settings.BROKER_URL = "redis://cola:6379/0"
    assert not broker.is_embedded()
    assert broker.broker_url() == "redis://cola:6379/0"
    settings.BROKER_URL = ""
    settings.DATA_DIR = Path("/datos de aquí")
    assert broker.broker_url() == "redis+socket:///datos%20de%20aqu%C3%AD/broker/broker.sock"


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("amqp://cola//", {"confirm_publish": True}),
        (
            "redis://cola/0",
            {"visibility_timeout": 600, "unacked_restore_interval": 5, "unacked_restore_throttle": 1},
        ),
    ],
)
def test_each_broker_is_told_to_lose_nothing(url, options):
    assert broker.transport_options(url, 600) == options
