"""Trunks of LiveKit as an admin keeps them, by the command line and the API, on the real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from livekit import api
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from core.transports.livekit.server import LiveKitServer
from tests.live.lab import live
from tests.live.livekit.deployment import KEY, SECRET, Deployment, deployed
from tests.live.livekit.lab import phone_ending
from tests.live.livekit.served import Installation, trunk_of
from tests.live.sipp import free_port
from web.cli.main import app
from web.composition import open_whole

pytestmark = pytest.mark.needs("livekit-server", "redis-server", "livekit", "redis")

NUMBER = "+12025550102"


@asynccontextmanager
async def at(deployment: Deployment) -> AsyncIterator[LiveKitServer]:
    """The deployment's API."""
    server = LiveKitServer(deployment.url, KEY, SecretStr(SECRET))
    try:
        yield server
    finally:
        await server.close()


async def made(server: LiveKitServer, trunk: str, installation: str = "") -> tuple[list[Any], list[Any], list[Any]]:
    """The outbound trunks, inbound trunks and dispatch rules that were made for a trunk of ours."""
    sip = server.api.sip
    listed = (
        (await sip.list_outbound_trunk(api.ListSIPOutboundTrunkRequest())).items,
        (await sip.list_inbound_trunk(api.ListSIPInboundTrunkRequest())).items,
        (await sip.list_dispatch_rule(api.ListSIPDispatchRuleRequest())).items,
    )
    outbound, inbound, rules = (
        [one for one in found if f'"trunk": "{trunk}"' in one.metadata and installation in one.metadata] for found in listed
    )
    return outbound, inbound, rules


def test_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with deployed(tmp_path) as deployment:
        installation = Installation(tmp_path, deployment)
        for name in ("DIALLER_DATA", "DIALLER_DATABASE", "LIVEKIT_SECRET", "COLUMNS"):
            monkeypatch.setenv(name, installation.environment[name])
        by_hand(deployment)


def dialler(*words: str, stdin: str = "") -> Result:
    """A command, as one types it, in this process: a start of Python for each would take a minute."""
    result = CliRunner().invoke(app, list(words), input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def by_hand(deployment: Deployment) -> None:
    """What an admin does with a trunk, from `add` to `remove`."""

    def add(name: str, number: str, url: str, secret: str) -> None:
        made = dialler("trunks", "add", name, "--transport", "livekit", "--url", url, "--api-key", KEY, "--host", "127.0.0.1", "--lab",
                       "--number", number, stdin=secret + "\n")  # fmt: skip
        assert made.exit_code == 0, made.output

    add("cloud", NUMBER, deployment.url, SECRET)
    before = dialler("trunks", "check", "cloud")
    assert before.exit_code == 1
    assert "The outbound trunk is not there." in before.stdout
    synced = dialler("trunks", "sync")
    assert (synced.exit_code, synced.stdout.count("cloud: outbound trunk made.")) == (0, 1)
    assert "cloud: in step." in dialler("trunks", "sync", "cloud").stdout
    assert "Its trunks and its dispatch rule are as the record says." in dialler("trunks", "check", "cloud").stdout
    called = dialler("trunks", "check", "cloud", "--call", phone_ending("00"))
    assert (called.exit_code, "The test call was answered" in called.stdout) == (0, True)
    busy = dialler("trunks", "check", "cloud", "--call", phone_ending("86"))
    assert (busy.exit_code, "The callee is busy" in busy.stdout) == (0, True), "so the trunk works"

    async def drift() -> None:
        async with at(deployment) as server:
            ((outbound,), _, _) = await made(server, "cloud")
            outbound.address = "sip.elsewhere.example"
            await server.api.sip.update_outbound_trunk(outbound.sip_trunk_id, outbound)

    live(drift)
    drifted = dialler("trunks", "check", "cloud")
    assert (drifted.exit_code, "The outbound trunk differs in address." in drifted.stdout) == (1, True)
    assert "cloud: outbound trunk changed (address)." in dialler("trunks", "sync", "cloud").stdout

    add("wrong", "+12025550103", deployment.url, "another-secret-that-is-long-enough-0123456789")
    add("away", "+12025550104", f"ws://127.0.0.1:{free_port()}", SECRET)
    wrong, away = dialler("trunks", "check", "wrong"), dialler("trunks", "check", "away")
    assert (wrong.exit_code, "does not accept the API key and its secret" in wrong.stdout) == (1, True)
    assert (away.exit_code, "LiveKit does not answer" in away.stdout) == (1, True)
    removed = dialler("trunks", "remove", "away")
    assert (removed.exit_code, "could not be asked: LiveKit does not answer" in removed.stdout) == (0, True)
    assert dialler("trunks", "remove", "wrong").exit_code == 0
    assert dialler("trunks", "remove", "cloud").exit_code == 0

    async def gone() -> None:
        async with at(deployment) as server:
            assert await made(server, "cloud") == ([], [], [])

    live(gone)


def test_what_was_removed_or_changed_over_the_api_is_so_at_livekit(tmp_path: Path) -> None:
    """By the look that every process makes once a minute, made here by hand. A trunk of another system is left alone."""

    async def scenario() -> None:
        with deployed(tmp_path) as deployment:
            await changes(deployment, Installation(tmp_path, deployment))

    async def changes(deployment: Deployment, installation: Installation) -> None:
        foreign = api.SIPOutboundTrunkInfo(name="lab", address="sip.example", numbers=["+12025550109"], metadata='{"trunk": "lab"}')
        async with at(deployment) as server, open_whole(installation.settings()) as whole:
            kept = await server.api.sip.create_outbound_trunk(api.CreateSIPOutboundTrunkRequest(trunk=foreign))
            assert whole.livekit is not None
            ours = whole.livekit.transport.installation
            assert [len(one) for one in await made(server, "lab", ours)] == [1, 1, 1]
            transport = httpx.ASGITransport(app=whole.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://here", headers={"X-API-Key": installation.admin}) as http:
                changed = await http.patch("/api/v1/trunks/lab", json={"livekit": {"inbound": False}})
                assert changed.status_code == 200, changed.text
                await whole.livekit.watch.sync()
                assert [len(one) for one in await made(server, "lab", ours)] == [1, 0, 0]
                second = {
                    key: value for key, value in trunk_of(deployment).items() if key in {"url", "api_key", "api_secret", "address", "lab"}
                }
                body = {"name": "second", "transport": "livekit", "livekit": second, "channels": 1, "calls_per_second": 1}
                added = await http.post("/api/v1/trunks", json={**body, "numbers": [{"number": NUMBER}]})
                assert added.status_code == 201, added.text
                assert (await http.patch("/api/v1/trunks/sandbox", json={"is_default": True})).status_code == 200
                assert (await http.delete("/api/v1/trunks/lab")).status_code == 204
                await whole.livekit.watch.sync()
                assert await made(server, "lab", ours) == ([], [], [])
                assert kept.sip_trunk_id in [one.sip_trunk_id for one in (await made(server, "lab"))[0]]
                assert [len(one) for one in await made(server, "second")] == [1, 1, 1]
                assert (await http.delete("/api/v1/trunks/second")).status_code == 204
                await whole.livekit.watch.sync()  # its account is of no trunk any more: the process remembers it
                assert [len(one) for one in await made(server, "second")] == [0, 0, 0]
                assert whole.livekit.transport.servers == ()

    live(scenario)
