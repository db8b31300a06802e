"""What the dialler's client makes of the core's answers: the same embedded and over a URL."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core.access.keys import revoke
from core.suppressions import store as suppressions
from dialler.core_client import CoreUnreachable, LeadRefused, Misconfigured, Placed, TryLater
from tests.conftest import START
from tests.core.api.support import talkers
from tests.dialler.seam.cores import SeamCore, make_key

Seam = Callable[..., None]

BUSY, STORY, PAYS = "+12025550107", "+12025550113", "+12025550100"
NEAR = timedelta(minutes=2)
"""How far apart the clocks of two processes may be: two real seconds."""


async def placed(core: SeamCore, number: str, attempt: str, bot_id: str = "bot") -> str:
    """The id of a call that was placed."""
    answer = await core.client().dialout(bot_id, number, {"customer_name": "Asha"}, attempt)
    assert isinstance(answer, Placed), answer
    return answer.call_id


async def result_of(core: SeamCore, attempt: str) -> dict[str, Any]:
    """The result of an attempt's call, once it is there."""
    client = core.client()
    for _ in range(400):
        call = await client.call_of_attempt(attempt)
        if call is not None and call["result"] is not None:
            return dict(call["result"])
        await core.clock.sleep(2)
    raise AssertionError("the call never ended")


def rang(core: SeamCore) -> list[str]:
    """The attempts that reached the callees' network, by their own log."""
    lines = [json.loads(line) for line in core.network_log.read_text(encoding="utf-8").splitlines()]
    return [line["attempt"] for line in lines if line["event"] == "invite"]


def test_placed_and_placed_once(seam: Seam) -> None:
    async def test(core: SeamCore) -> None:
        core.bot("bot")
        call_id = await placed(core, BUSY, "a")
        assert await placed(core, BUSY, "a") == call_id
        result = await result_of(core, "a")
        assert (result["session_id"], result["idempotency_key"], result["end_reason"]) == (call_id, "a", "busy")
        assert await placed(core, BUSY, "a") == call_id
        assert rang(core) == ["a"]

    seam(test)


def test_an_attempt_whose_lead_has_changed_since_is_still_the_call_that_it_was(seam: Seam) -> None:
    async def test(core: SeamCore) -> None:
        core.bot("bot")
        call_id = await placed(core, BUSY, "a")
        assert await core.client().dialout("bot", BUSY, {"customer_name": "Asha Rao"}, "a") == Placed(call_id)
        assert rang(core) == ["a"]

    seam(test)


def test_not_now_for_want_of_seats(seam: Seam) -> None:
    async def test(core: SeamCore) -> None:
        core.bot("bot")
        await placed(core, STORY, "a")
        answer = await core.client().dialout("bot", talkers(1)[0], {}, "b")
        assert isinstance(answer, TryLater)
        assert answer.reason == "no_capacity"
        assert answer.retry_at is not None
        assert timedelta(0) < answer.retry_at - core.clock.now() <= timedelta(seconds=6)
        assert await core.client().call_of_attempt("b") is None

    seam(test, seats=1)


def test_not_now_outside_the_hours_with_the_moment(seam: Seam) -> None:
    async def test(core: SeamCore) -> None:
        permitted = {"enabled": True, "start": "08:00", "end": "21:00"}
        core.bot("bot", active_hours={"start": "14:00", "end": "23:00"}, permitted_hours=permitted)
        core.bot("open", permitted_hours=permitted)
        client = core.client()
        answer = await client.dialout("bot", "+14155550100", {}, "a")
        assert isinstance(answer, TryLater)
        assert (answer.reason, answer.retry_at) == ("outside_active_hours", START.replace(hour=14)), "when the bot opens for others"
        answer = await client.dialout("open", "+14155550100", {}, "a")
        assert isinstance(answer, TryLater)
        assert answer.reason == "outside_permitted_hours"
        assert answer.retry_at is not None
        assert abs(answer.retry_at - START.replace(hour=16)) < NEAR, "eight in California"

    seam(test)


def test_numbers_refused_for_good(seam: Seam) -> None:
    async def test(core: SeamCore) -> None:
        core.bot("bot")
        with core.db.write() as connection:
            suppressions.add(connection, PAYS, reason="asked", source="callee", now=START)
        client = core.client()
        answers = [
            await client.dialout("bot", PAYS, {}, "a"),
            await client.dialout("bot", "112", {}, "b"),
            await client.dialout("bot", BUSY, {"note": "a\x00b"}, "c"),
            await client.dialout("bot", BUSY, {"note": "x" * 1_100_000}, "d"),
        ]
        assert [isinstance(answer, LeadRefused) and answer.cause for answer in answers] == ["suppressed", "number", "request", "request"]
        assert all(isinstance(answer, LeadRefused) and len(answer.detail) > 20 for answer in answers)

    seam(test)


def test_misconfigured_is_what_every_lead_shares(seam: Seam) -> None:
    async def test(core: SeamCore) -> None:
        core.bot("bot")
        core.bot("foreign", caller_id="+12025550177")
        revoked = make_key(core.db, key_id="old")
        with core.db.write() as connection:
            assert revoke(connection, "old", START)
        answers = [
            await core.client("dk_wrong").dialout("bot", BUSY, {}, "a"),
            await core.client(revoked).dialout("bot", BUSY, {}, "a"),
            await core.client().dialout("nobody", BUSY, {}, "a"),
            await core.client(make_key(core.db, bots=["other"])).dialout("bot", BUSY, {}, "a"),
            await core.client().dialout("foreign", BUSY, {}, "a"),
        ]
        assert all(isinstance(answer, Misconfigured) and len(answer.detail) > 20 for answer in answers), answers
        for client, bot_id in ((core.client("dk_wrong"), "bot"), (core.client(), "nobody")):
            assert (await client.fleet(bot_id)).available == 1, "so that a dialout is tried, which says what is wrong"

    seam(test)


def test_the_fleet_and_what_its_calls_do(seam: Seam) -> None:
    async def test(core: SeamCore) -> None:
        core.bot("bot", seats=3)
        client = core.client()
        before = await client.fleet("bot")
        assert (before.available, before.calls, before.max, before.by_state) == (3, 0, 9, {})
        await placed(core, "+12025550117", "a")  # picks up after 25 s
        after = await client.fleet("bot")
        assert (after.available, after.calls, after.by_state) == (2, 1, {"ringing": 1})

    seam(test, seats=9)


def test_a_call_is_found_by_its_attempt_and_cancelled(seam: Seam) -> None:
    async def test(core: SeamCore) -> None:
        core.bot("bot")
        client = core.client()
        assert await client.call_of_attempt("a") is None
        call_id = await placed(core, "+12025550113", "a")
        call = await client.call_of_attempt("a")
        assert call is not None
        assert (call["call_id"], call["to_number"], call["result"]) == (call_id, "+12025550113", None)
        assert await client.call(call_id) == call
        assert await client.call("no such call/at all") is None
        assert await core.client(make_key(core.db, bots=["other"])).call(call_id) is None, "a key for other bots does not see it"
        assert await core.client(make_key(core.db)).call_of_attempt("a") is None, "another caller's attempts are not ours"
        await client.cancel(call_id)
        assert (await result_of(core, "a"))["end_reason"] == "cancelled"
        await client.cancel(call_id)
        await client.cancel("no such call/at all")

    seam(test)


def test_a_core_that_fails_leaves_it_open(seam: Seam, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(core: SeamCore) -> None:
        core.bot("bot")
        client = core.client()

        def fail(*_: Any, **__: Any) -> None:
            raise RuntimeError("broken")

        with monkeypatch.context() as patched:
            patched.setattr("core.calls.dialout.insert_call", fail)
            patched.setattr("core.api.calls.list_calls", fail)
            patched.setattr("core.api.calls.read_call", fail)
            patched.setattr("core.api.fleet.live_workers", fail)
            asks = [
                client.dialout("bot", BUSY, {}, "a"),
                client.fleet("bot"),
                client.call_of_attempt("a"),
                client.call("a"),
                client.cancel("a"),
            ]
            for ask in asks:
                with pytest.raises(CoreUnreachable, match=r"answered 50[03]"):
                    await ask
        assert await client.call_of_attempt("a") is None
        await placed(core, BUSY, "a")

    seam(test)
