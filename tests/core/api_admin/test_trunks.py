"""Trunks, numbers and workers over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from core.api import trunk_bodies
from core.transports.livekit.settings import LiveKitSettings
from core.transports.sip.settings import SipSettings
from core.trunks.store import SANDBOX_NUMBER, choose_trunk, ensure_sandbox_trunk
from tests.core.api.support import BOT, STORY, Core, fields_of, talkers

TRUNKS = "/api/v1/trunks"
NORTH, SOUTH, EAST = "+12025550101", "+12025550102", "+12025550103"
CARRIER = {"name": "carrier", "transport": "sandbox", "channels": 5, "calls_per_second": 2.5, "numbers": [{"number": NORTH, "bot_id": BOT}]}


def test_a_trunk_with_its_numbers(admin: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        made = await core.http.post(TRUNKS, json=CARRIER)
        assert made.status_code == 201, made.text
        trunk = made.json()
        assert trunk["numbers"] == [{"number": NORTH, "bot_id": BOT, "label": ""}]
        assert (trunk["default_number"], trunk["is_default"]) == (NORTH, False)
        assert (await core.http.get(f"{TRUNKS}/carrier")).json() == trunk
        assert [t["name"] for t in (await core.http.get(TRUNKS)).json()["trunks"]] == ["sandbox", "carrier"]
        call_id = await core.placed(from_number="+1 (202) 555-0101")
        assert (await core.call(call_id))["from_number"] == NORTH
        assert (await core.call(await core.placed(talkers(1)[0])))["from_number"] == SANDBOX_NUMBER
        assert (await core.http.post(TRUNKS, json=CARRIER)).status_code == 409
        assert set(fields_of(await core.dial(from_number=SOUTH))) == {"from_number"}

    admin(test)


def test_the_default_trunk_and_number_are_what_calls_without_a_number_use(admin: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        await core.http.post(TRUNKS, json=CARRIER)
        assert (await core.http.post(f"{TRUNKS}/carrier/numbers", json={"number": SOUTH, "label": "south"})).status_code == 201
        changed = await core.http.patch(f"{TRUNKS}/carrier", json={"is_default": True, "default_number": SOUTH, "channels": 7})
        assert changed.json()["channels"] == 7
        assert (await core.call(await core.placed()))["from_number"] == SOUTH
        assert [t["is_default"] for t in (await core.http.get(TRUNKS)).json()["trunks"]] == [True, False]
        assert (await core.http.patch(f"{TRUNKS}/carrier", json={"is_default": False})).status_code == 409
        assert (await core.http.delete(f"{TRUNKS}/carrier")).status_code == 409
        assert (await core.http.delete(f"{TRUNKS}/carrier/numbers/{SOUTH}")).status_code == 409
        await core.http.patch(f"{TRUNKS}/sandbox", json={"is_default": True})
        assert (await core.http.delete(f"{TRUNKS}/carrier")).status_code == 204
        assert (await core.http.get(f"{TRUNKS}/carrier")).status_code == 404
        assert set(fields_of(await core.dial(from_number=NORTH))) == {"from_number"}

    admin(test)


def test_a_number_gets_another_bot_and_goes(admin: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        core.bot("other")
        await core.http.post(TRUNKS, json=CARRIER)
        path = f"{TRUNKS}/carrier/numbers"
        assert (await core.http.post(path, json={"number": NORTH})).status_code == 409
        assert set(fields_of(await core.http.post(path, json={"number": EAST, "bot_id": "nobody"}))) == {"bot_id"}
        assert (await core.http.patch(f"{path}/{NORTH}", json={"label": "main"})).json() == {
            "number": NORTH,
            "bot_id": BOT,
            "label": "main",
        }
        assert (await core.http.patch(f"{path}/{NORTH}", json={"bot_id": "other"})).json()["bot_id"] == "other"
        assert (await core.http.patch(f"{path}/{NORTH}", json={"bot_id": None})).json() == {
            "number": NORTH,
            "bot_id": None,
            "label": "main",
        }
        assert (await core.http.patch(f"{path}/{SOUTH}", json={})).status_code == 404
        assert (await core.http.delete(f"{path}/{NORTH}")).status_code == 204
        assert (await core.http.get(f"{TRUNKS}/carrier")).json()["default_number"] is None

    admin(test)


@pytest.mark.parametrize(
    ("more", "fields"),
    [
        ({"name": "Main Trunk"}, {"name"}),
        ({"transport": "pigeon"}, {"transport"}),
        ({"calls_per_second": 5e-324}, {"calls_per_second"}),
        ({"channels": 0, "calls_per_second": 0}, {"channels", "calls_per_second"}),
        ({"numbers": [{"number": "12345"}]}, {"number"}),
        ({"default_number": SOUTH}, {"default_number"}),
        ({"chanels": 3}, {"chanels"}),
    ],
)
def test_every_bad_field_is_named(more: dict[str, Any], fields: set[str], admin_on_sqlite: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        assert set(fields_of(await core.http.post(TRUNKS, json={**CARRIER, **more}))) == fields
        assert len((await core.http.get(TRUNKS)).json()["trunks"]) == 1  # nothing of it was kept

    admin_on_sqlite(test)


def test_every_number_that_cannot_be_put_on_a_trunk_is_named(admin: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        await core.http.post(TRUNKS, json=CARRIER)
        bad = [{"number": "12345"}, {"number": SOUTH}, {"number": "none"}]
        refused = await core.http.post(TRUNKS, json={**CARRIER, "name": "other", "numbers": bad})
        assert refused.status_code == 422
        told = refused.json()["errors"]
        assert [error["field"] for error in told] == ["number", "number"]
        assert told[0]["detail"].startswith("'12345': ")
        assert told[1]["detail"].startswith("'none': ")
        await core.http.post(f"{TRUNKS}/carrier/numbers", json={"number": EAST})
        taken = [{"number": NORTH}, {"number": SOUTH}, {"number": EAST}]
        refused = await core.http.post(TRUNKS, json={**CARRIER, "name": "other", "numbers": taken})
        assert refused.status_code == 409
        assert f"{NORTH}, {EAST} are on the trunk 'carrier'" in refused.json()["detail"]
        assert (await core.http.get(f"{TRUNKS}/other")).status_code == 404

    admin(test)


def test_every_setting_that_cannot_be_is_named(admin_on_sqlite: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        wrong = {"host": "h", "port": 0, "codecs": ["G722", "PCMA"], "media_timeout": -1, "headers": {"a b": "c"}}
        assert set(fields_of(await core.http.patch(f"{TRUNKS}/sandbox", json={"sip": wrong}))) == {
            "sip.port", "sip.codecs[1]", "sip.media_timeout", "sip.headers",
        }  # fmt: skip
        assert set(fields_of(await core.http.patch(f"{TRUNKS}/sandbox", json={"livekit": {"ring_seconds": 900, "inbound": "maybe"}}))) == {
            "livekit.ring_seconds", "livekit.inbound",
        }  # fmt: skip

    admin_on_sqlite(test)


@pytest.mark.parametrize(("body", "settings"), [("SipBody", SipSettings), ("LiveKitBody", LiveKitSettings)])
def test_a_body_has_every_setting_and_no_other(body: str, settings: type[BaseModel]) -> None:
    made: type[BaseModel] = getattr(trunk_bodies, body)
    assert list(made.model_fields) == list(settings.model_fields)
    assert not any(field.is_required() for field in made.model_fields.values())
    assert made().model_dump(exclude_unset=True) == {}


def test_the_built_in_trunk_stays(admin_on_sqlite: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        assert (await core.http.delete(f"{TRUNKS}/sandbox")).status_code == 409
        assert (await core.http.patch(f"{TRUNKS}/sandbox", json={"channels": 1})).status_code == 409
        await core.http.post(TRUNKS, json={**CARRIER, "is_default": True})
        with core.db.write() as connection:  # the next start
            ensure_sandbox_trunk(connection, channels=9, calls_per_second=9, now=core.clock.now())
            chosen = choose_trunk(connection, None, None)
        assert chosen is not None
        assert chosen.name == "carrier"

    admin_on_sqlite(test)


def test_a_drained_worker_finishes_its_calls_and_takes_none(admin: Callable[..., Any]) -> None:
    async def test(core: Core) -> None:
        path = f"/api/v1/workers/{core.engine.worker_id}"
        call_id = await core.placed(STORY)
        drained = (await core.http.post(f"{path}/drain")).json()
        assert (drained["state"], drained["calls"]) == ("draining", 1)
        assert (await core.dial()).status_code == 503
        assert (await core.http.get("/health/fleet")).json()["fleet_available"] == 0
        await core.over()
        assert (await core.call(call_id))["result"]["end_reason"] != "cancelled"
        [worker] = (await core.http.get("/api/v1/workers")).json()["workers"]
        assert (worker["id"], worker["calls"]) == (core.engine.worker_id, 0)
        assert (await core.http.post(f"{path}/undrain")).json()["state"] == "working"
        assert (await core.dial()).status_code == 200
        assert (await core.http.post("/api/v1/workers/none/drain")).status_code == 404

    admin(test)


@pytest.mark.parametrize(
    ("transport", "settings", "said"),
    [
        ("sip", {"host": "h", "srtp": True}, "srtp: A trunk of the transport sip sends sound as plain RTP only"),
        ("sip", {"host": "h", "transport": "tls"}, "transport: A trunk of the transport sip speaks SIP over UDP only"),
        ("sip", {"host": "h", "api_key": "k"}, "api_key: it is an option of trunks of LiveKit"),
        ("livekit", {"url": "wss://h", "codecs": ["PCMA"]}, "codecs: it is an option of trunks of SIP"),
    ],
)
def test_options_that_a_transport_does_not_have(admin: Callable[..., Any], transport: str, settings: dict[str, Any], said: str) -> None:
    async def test(core: Core) -> None:
        refused = await core.http.post(TRUNKS, json={**CARRIER, transport: settings})
        assert refused.status_code == 422
        assert said in refused.text
        refused = await core.http.patch(f"{TRUNKS}/sandbox", json={transport: settings})
        assert refused.status_code == 422
        assert said in refused.text
        refused = await core.http.post(TRUNKS, json={**CARRIER, "transport": "tls"})
        assert fields_of(refused) == {"transport": "unknown_transport"}
        assert "speaks SIP over UDP only, without TLS or TCP" in refused.text

    admin(test)
