"""Connections of our servers send at once what is written."""

from __future__ import annotations

import socket

import pytest

from web.serve.listening import config_for, listen


@pytest.mark.parametrize(("host", "family"), [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)])
def test_a_connection_does_not_wait_for_the_acknowledgement_of_its_head(host: str, family: socket.AddressFamily) -> None:
    try:
        listener = listen(host, 0)
    except OSError:
        assert host == "::1", "a machine without IPv6"
        return
    with listener, socket.socket(family, socket.SOCK_STREAM) as client:
        client.connect(listener.getsockname())
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_idle_connections_outlive_those_of_clients_and_nothing_is_logged() -> None:
    config = config_for(None)
    assert (config.timeout_keep_alive, config.access_log) == (75, False)
