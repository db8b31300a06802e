"""What errors mean, whose rooms are whose, which are orphans, and what differs from our records."""

from __future__ import annotations

from typing import Any

import pytest
from livekit.protocol.sip import SIPMediaConfig, SIPOutboundTrunkInfo

from core.transports.line_settings import BadLineSettings
from core.transports.livekit import sync
from core.transports.livekit.naming import Mark, inbound_prefix, number_of, room_name
from core.transports.livekit.orphans import GRACE_SECONDS, RoomState, orphan
from core.transports.livekit.outcomes import left_in_words, outcome_of
from core.transports.livekit.settings import LiveKitSettings, read_livekit_settings

GIVEN = {"url": "wss://livekit.example", "api_key": "key", "api_secret": "secret:LIVEKIT", "address": "sip.example"}


def settings(**changes: Any) -> LiveKitSettings:
    return read_livekit_settings({**GIVEN, **changes})


@pytest.mark.parametrize("status", [404, 480, 486, 503, 603])
def test_the_sip_status_decides_whatever_the_twirp_code_is(status: int) -> None:
    found = outcome_of("resource_exhausted", 429, status, "phrase")
    assert (found.sip_status, found.ambiguous, found.by_server) == (status, False, False)


@pytest.mark.parametrize(
    ("code", "http", "status", "ambiguous", "by_server"),
    [
        ("canceled", 408, 408, False, False),
        ("unknown", 401, 503, False, True),
        ("not_found", 404, 503, False, True),
        ("invalid_argument", 400, 503, False, True),
        ("unavailable", 503, 503, True, True),
        ("aborted", 409, 487, True, False),
        ("internal", 500, 504, True, False),
        (None, None, 504, True, False),
    ],
)
def test_without_a_sip_status(code: str | None, http: int | None, status: int, ambiguous: bool, by_server: bool) -> None:
    found = outcome_of(code, http, None, "TimeoutError")
    assert (found.sip_status, found.ambiguous, found.by_server) == (status, ambiguous, by_server)


@pytest.mark.parametrize("reason", [None, *range(18)])
def test_every_way_to_leave_has_words(reason: int | None) -> None:
    assert left_in_words(reason)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": "livekit.example"}, "url"),
        ({"url": "wss://user:pass@livekit.example"}, "url"),
        ({"api_secret": "plain"}, "api_secret"),
        ({"address": "sip:carrier@example"}, "address"),
        ({"ring_seconds": 80}, "ring_seconds"),
        ({"headers": {"X A": "b"}}, "headers"),
        ({"headers": {"X-A": "b\r\nTo: c"}}, "headers"),
        ({"lab": True}, "livekit"),
        ({"user": "me"}, "livekit"),
        ({"url": "ws://livekit.example"}, "livekit"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_settings_that_cannot_be(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(BadLineSettings) as caught:
        settings(**changes)
    assert caught.value.field == field


def test_a_lab_is_on_this_machine() -> None:
    lab = settings(url="ws://127.0.0.1:7880", address="127.0.0.1:5090", lab=True)
    assert read_livekit_settings(lab.record()) == lab


def state(
    name: str, *, age: float = 100.0, bots: tuple[str, ...] = (), phones: tuple[str, ...] = (), mark: Mark | None = None
) -> RoomState:
    return RoomState(name, mark.written() if mark else "", age, bots, phones)


OURS = Mark("here", "lab", "c1")
ROOM = room_name("here", "c1")


@pytest.mark.parametrize(
    ("room", "owned", "why"),
    [
        (state(ROOM, bots=("bot-c1",), phones=("phone",), mark=OURS), True, None),
        (state(ROOM, bots=("bot-c1",), phones=("phone",), mark=OURS), None, None),
        (state(ROOM, phones=("phone",), mark=OURS), True, "its bot has died"),
        (state(ROOM, bots=("bot-c1",), mark=OURS), True, "its phone leg has died"),
        (state(ROOM, mark=OURS), True, "nobody is in it"),
        (state(ROOM, bots=("bot-c1",), phones=("phone",), mark=OURS), False, "no live process holds its call"),
        (state(ROOM, phones=("phone",), mark=OURS, age=GRACE_SECONDS - 1), False, None),
        (state(ROOM, phones=("phone",)), False, None),
        (state(ROOM, phones=("phone",), mark=Mark("there", "lab", "c1")), False, None),
        (state(room_name("there", "c1"), phones=("phone",), mark=OURS), False, None),
        (state("somebody-elses", phones=("phone",)), False, None),
        (state(inbound_prefix("here") + "x", phones=("sip_1",)), None, "its bot has died"),
    ],
)
def test_orphans(room: RoomState, owned: bool | None, why: str | None) -> None:
    assert orphan(room, "here", owned) == why


@pytest.mark.parametrize("metadata", ["", "x", "[]", "{}", '{"dialler": 1}', "null"])
def test_metadata_of_others_is_no_mark(metadata: str) -> None:
    assert Mark.read(metadata) is None


def outbound(changes: dict[str, Any] | None = None, password: str | None = None) -> SIPOutboundTrunkInfo:
    return sync.outbound_trunk("here", "lab", settings(**(changes or {})), ["+12025550101"], password, sync.fingerprint("key", password))


def with_id(trunk: SIPOutboundTrunkInfo, number: str) -> SIPOutboundTrunkInfo:
    copy = SIPOutboundTrunkInfo()
    copy.CopyFrom(trunk)
    copy.sip_trunk_id = number
    return copy


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({}, ()),
        ({"address": "other.example"}, ("address",)),
        ({"sip_transport": "tls"}, ("transport",)),
        ({"headers": {"X-A": "b"}}, ("headers",)),
        ({"media_encryption": "require"}, ("media_encryption",)),
        ({"user": "me", "password": "secret:P"}, ("auth_username",)),
    ],
)
def test_drift(changes: dict[str, Any], fields: tuple[str, ...]) -> None:
    assert sync.drift(outbound(changes), with_id(outbound(), "ST_1")) == fields


def test_a_changed_password_is_drift_and_does_not_show() -> None:
    assert sync.drift(outbound(password="new"), outbound(password="old")) == ("metadata",)
    assert "old" not in outbound(password="old").metadata


def test_the_older_field_of_encryption_counts_too() -> None:
    found = outbound()
    found.media.CopyFrom(SIPMediaConfig())
    found.MergeFrom(SIPOutboundTrunkInfo(media_encryption="SIP_MEDIA_ENCRYPT_REQUIRE"))
    assert sync.drift(outbound({"media_encryption": "require"}), found) == ()


def test_what_is_ours_is_kept_once_and_others_are_left_alone() -> None:
    wanted = outbound()
    stranger = SIPOutboundTrunkInfo(sip_trunk_id="ST_0", name=wanted.name, metadata="{}")
    elsewhere = sync.outbound_trunk("there", "lab", settings(), [], None, "")
    found = [with_id(wanted, "ST_2"), stranger, with_id(elsewhere, "ST_3"), with_id(wanted, "ST_1")]
    plan = sync.plan(wanted, sync.mine(found, "here", "lab"), lambda one: one.sip_trunk_id)
    assert plan.update is not None
    assert (plan.update.sip_trunk_id, [one.sip_trunk_id for one in plan.delete], plan.changed) == ("ST_1", ["ST_2"], ())
    assert not plan.in_step
    assert sync.plan(wanted, [with_id(wanted, "ST_1")], lambda one: one.sip_trunk_id).in_step
    assert not sync.plan(wanted, [], lambda one: one.sip_trunk_id).in_step


def test_no_numbers_or_no_wish_is_no_inbound_trunk() -> None:
    assert sync.inbound_trunk("here", "lab", settings(), []) is None
    assert sync.inbound_trunk("here", "lab", settings(inbound=False), ["+12025550101"]) is None
    made = sync.inbound_trunk("here", "lab", settings(accept_from=["192.0.2.0/24"]), ["+12025550101"])
    assert made is not None
    assert list(made.allowed_addresses) == ["192.0.2.0/24"]
    assert sync.dispatch_rule("here", "lab", None) is None


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+12025550142", "+12025550142"),
        ("12025550142", "+12025550142"),
        ("sip:+12025550142@carrier.example", "+12025550142"),
        ("anonymous", "anonymous"),
    ],
)
def test_numbers_of_inbound_calls(written: str, number: str) -> None:
    assert number_of(written) == number
