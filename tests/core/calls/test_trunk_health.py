"""A trunk that fails is rested, whoever asks for a call is told why, and it opens again. In virtual time, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import update

from core.calls.trunk_health import admit, ask_rested, why_held
from core.calls.trunk_limits import blame_for
from core.contracts.transport import Answered, Failed, HungUp, Leg, PlaceOrder, Ringing
from core.kernel.statements import table_of
from core.trunks.breaker import FAILURES, FIRST_REST, Health
from core.trunks.health import change_health
from core.trunks.limits import Limit, Limits
from core.trunks.reading import NumberRecord
from core.trunks.records import add_trunk
from core.trunks.store import TrunkInfo
from core.trunks.tables import Trunk
from tests.conftest import START
from tests.core.api.conftest import sqlite, with_core, with_each_core
from tests.core.api.support import BOT, BUSY, PAYS, Core, problem_of
from tests.core.calls.test_stuck_lines import StuckLeg

__all__ = ["sqlite", "with_core", "with_each_core"]

WithCore = Callable[..., Any]
DOWN = Failed(503, "Service Unavailable")


class Carrier:
    """A real transport whose trunk fares as it is told, and that can be asked."""

    name, real = "sip", True

    def __init__(self, core: Core) -> None:
        self.core = core
        self.events: list[Any] = [DOWN]
        self.answer: str | None = None
        self.placed = self.asked = 0

    async def place(self, order: PlaceOrder) -> Leg:
        self.placed += 1
        return StuckLeg(self.core.clock, [*self.events, self.events[-1]])

    async def ask(self, trunk: str) -> str | None:
        self.asked += 1
        return self.answer


def carrier(core: Core) -> Carrier:
    transport = Carrier(core)
    core.engine.transports["sip"] = transport
    core.engine.preferred_trunk = "carrier"
    sip = {"host": "127.0.0.1", "local_address": "127.0.0.1", "lab": True}
    with core.db.write() as connection:
        add_trunk(
            connection, "carrier", transport="sip", channels=10, calls_per_second=50, numbers=[NumberRecord("+12025550102")], sip=sip,
            now=core.clock.now(),
        )  # fmt: skip
    return transport


async def fail(core: Core, times: int) -> None:
    for _ in range(times):
        await core.placed(PAYS)
        await core.over()


async def view(core: Core) -> dict[str, Any]:
    response = await core.http.get("/api/v1/trunks/carrier", headers=core.key(role="admin"))
    return dict(response.json()["health"])


def test_a_trunk_that_fails_is_rested_and_says_why(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        line = carrier(core)
        await fail(core, FAILURES)
        refused = await core.dial(PAYS)
        assert refused.status_code == 503
        problem = problem_of(refused)
        assert problem["reason"] == "trunk_unavailable"
        assert "503 Service Unavailable" in problem["detail"]
        assert 0 < int(refused.headers["Retry-After"]) <= FIRST_REST.total_seconds()
        assert line.placed == FAILURES
        assert core.seats_taken() == 0
        seen = await view(core)
        assert (seen["state"], seen["reason"], seen["rests"]) == ("resting", "503 Service Unavailable", 1)
        assert datetime.fromisoformat(seen["resting_until"]) > core.clock.now()

    with_each_core(test)


def test_it_opens_after_one_call_that_is_carried(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        line = carrier(core)
        await fail(core, FAILURES)
        await core.clock.sleep(FIRST_REST.total_seconds())
        line.events = [Ringing(), Answered(), HungUp()]
        both = await core.together(core.dial(PAYS), core.dial(BUSY))
        assert sorted(response.status_code for response in both) == [200, 503]  # one on trial, the other waits
        await core.over()
        assert (await view(core))["state"] == "closed"
        assert (await core.dial(PAYS)).status_code == 200

    with_each_core(test)


def test_it_rests_longer_if_that_call_fails(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        carrier(core)
        await fail(core, FAILURES)
        await core.clock.sleep(FIRST_REST.total_seconds())
        await fail(core, 1)
        seen = await view(core)
        assert (seen["state"], seen["rests"]) == ("resting", 2)
        assert datetime.fromisoformat(seen["resting_until"]) - core.clock.now() > 1.9 * FIRST_REST

    with_core(test)


def test_it_is_asked_before_its_rest_is_over(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        line = carrier(core)
        await fail(core, FAILURES)
        await ask_rested(core.engine)
        assert line.asked == 0  # not yet
        await core.clock.sleep((FIRST_REST - timedelta(seconds=5)).total_seconds())
        line.answer = "it does not answer"
        await ask_rested(core.engine)
        assert ((await view(core))["state"], (await view(core))["reason"]) == ("resting", "it does not answer")
        await core.clock.sleep((2 * FIRST_REST - timedelta(seconds=5)).total_seconds())
        line.answer = None
        await ask_rested(core.engine)
        assert (await view(core))["state"] == "trial"
        assert line.placed == FAILURES  # nobody was called to find that out

    with_core(test)


def test_busy_callees_and_our_own_limits_rest_nothing(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        line = carrier(core)
        for event in (Failed(486, "Busy Here"), Failed(480, "Gone"), Failed(503, "Full", from_trunk=True, spared=True)):
            line.events = [event]
            await fail(core, FAILURES)
            assert (await view(core))["state"] == "closed"
        line.events = [DOWN]
        await fail(core, FAILURES - 1)
        line.events = [Failed(486, "Busy Here")]
        await fail(core, 1)
        line.events = [DOWN]
        await fail(core, FAILURES - 1)
        assert (await view(core))["state"] == "closed"  # not in a row

    with_core(test)


def test_an_operator_ends_the_rest(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        carrier(core)
        await fail(core, FAILURES)
        answer = await core.http.post("/api/v1/trunks/carrier/reset", headers=core.key(role="admin"))
        assert answer.json()["health"]["state"] == "closed"
        assert (await core.dial(PAYS)).status_code == 200
        unknown = await core.http.post("/api/v1/trunks/other/reset", headers=core.key(role="admin"))
        assert unknown.status_code == 404

    with_core(test)


def test_why_a_trunk_is_held_is_told_with_the_time_and_one_full_stop() -> None:
    rested = Health(failures=FAILURES, resting_until=START + timedelta(seconds=30.997), reason="408 Check that it knows your address.")
    trunk = TrunkInfo("lab", "sip", None, 1, 1.0, health=rested)
    until = f"{START + timedelta(seconds=30):%H:%M:%S} UTC"
    said = f"The trunk 'lab' is rested until {until}, because it failed: 408 Check that it knows your address."
    assert why_held(trunk, START) == said
    assert "is tried with one call" in (why_held(replace(trunk, health=rested.on_trial(START)), START + timedelta(seconds=40)) or "")
    assert why_held(trunk, START + timedelta(seconds=31)) is None


class Full(Carrier):
    """A carrier that takes so many calls at once and answers the others with a status, at once."""

    def __init__(self, core: Core, channels: int, status: int) -> None:
        super().__init__(core)
        self.channels, self.status, self.up = channels, status, 0

    async def place(self, order: PlaceOrder) -> Leg:
        self.placed += 1
        if self.up >= self.channels:
            return StuckLeg(self.core.clock, [Failed(self.status, "Full")] * 2)
        self.up += 1
        return RingsAWhile(self.core.clock, [Ringing(), Failed(480, "No Answer")], self)


class RingsAWhile(StuckLeg):
    def __init__(self, clock: Any, events: list[Any], carrier: Full) -> None:
        super().__init__(clock, events)
        self.carrier = carrier

    async def next(self, timeout: float | None = None) -> Any:
        event = await super().next(timeout)
        if isinstance(event, Ringing):
            return event
        await self.clock.sleep(8.0)
        self.carrier.up -= 1
        return event


def test_what_a_full_carrier_refuses_is_the_trunks_and_is_learned(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        line = carrier(core)
        full = Full(core, 2, 480)
        core.engine.transports["sip"] = full
        calls = [
            str(answer.json()["call_id"]) for n in range(120, 129) if (answer := await core.dial(f"+1202555{n:04d}")).status_code == 200
        ]
        await core.over()
        results = [(await core.call(call_id))["result"] for call_id in calls]
        refused = [result for result in results if result["sip_reason"] == "Full"]
        assert (len(results) - len(refused), line.placed, full.placed) == (2, 0, len(calls))
        assert len(refused) >= 5
        for result in refused:
            said = (result["disconnected_by"], result["end_reason"], result["phone_rang"], result["fault"], result["disposition"])
            assert said == ("no_answer", "trunk_busy", False, "trunk", "ERROR")
        limits = (await view(core))["limits"]
        assert (limits["channels"], limits["reason"]) == (2, "480 Full")
        assert (await view(core))["state"] == "closed"
        answer = await core.http.post("/api/v1/trunks/carrier/reset", headers=core.key(role="admin"))
        assert answer.json()["health"]["limits"] is None

    with_each_core(test)


def test_a_carrier_that_refuses_everybody_is_rested_whatever_its_status(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        carrier(core)
        core.engine.transports["sip"] = Full(core, 0, 480)
        calls = [
            str(answer.json()["call_id"]) for n in range(120, 135) if (answer := await core.dial(f"+1202555{n:04d}")).status_code == 200
        ]
        await core.over()
        assert 7 <= len(calls) < 15
        for call_id in calls:
            result = (await core.call(call_id))["result"]
            assert (result["phone_rang"], result["fault"], result["end_reason"]) == (False, "trunk", "trunk_refused")
        assert (await view(core))["state"] == "resting"
        assert (await view(core))["limits"] is None

    with_core(test)


def test_a_trunk_that_this_machine_cannot_use_costs_one_call_and_is_not_rested(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        line = carrier(core)
        line.trouble = lambda _: ("its port is in use", core.clock.now() + timedelta(seconds=30))  # type: ignore[attr-defined]
        refused = await core.dial(PAYS)
        assert (refused.status_code, problem_of(refused)["reason"]) == (503, "trunk_unavailable")
        assert "its port is in use" in problem_of(refused)["detail"]
        assert refused.headers["Retry-After"] == "30"
        assert (await view(core))["state"] == "closed"
        fleet = (await core.http.get("/health/fleet", params={"bot_id": BOT}, headers=core.key())).json()
        assert fleet["fleet_available"] == 0  # so that nobody asks again and again
        assert fleet["held"] == "No call can leave on the trunk 'carrier' from this machine: its port is in use."
        line.trouble = lambda _: None  # type: ignore[attr-defined]
        fleet = (await core.http.get("/health/fleet", params={"bot_id": BOT}, headers=core.key())).json()
        assert (fleet["fleet_available"] > 0, fleet["held"]) == (True, None)

    with_core(test)


class Silent(Carrier):
    """A carrier that says "100 Trying" and nothing more; what it answers to our CANCEL is `end` (None: nothing)."""

    def __init__(self, core: Core, end: Failed | None = None) -> None:
        super().__init__(core)
        self.end, self.rings = end, False

    async def place(self, order: PlaceOrder) -> Leg:
        self.placed += 1
        if self.rings:
            return StuckLeg(self.core.clock, [Ringing(), Failed(480, "No Answer")])
        return SilentLeg(self.core.clock, self.end)


class SilentLeg(StuckLeg):
    def __init__(self, clock: Any, end: Failed | None) -> None:
        super().__init__(clock, [])
        self.end = end

    async def hang_up(self, reason: str = "") -> None:
        await super().hang_up(reason)
        if self.end is not None:
            self.events.append(self.end)


def silent(core: Core, end: Failed | None) -> Silent:
    carrier(core)
    transport = Silent(core, end)
    core.engine.transports["sip"] = transport
    return transport


async def one_by_one(core: Core, numbers: range) -> list[dict[str, Any]]:
    results = []
    for number in numbers:
        call_id = await core.placed(f"+1202555{number:04d}")
        await core.over()
        results.append((await core.call(call_id))["result"])
    return results


ENDS = [
    *[Failed(status, "x") for status in (487, 408, 480, 486, 500, 503, 600, 603)],
    Failed(480, "x", cause=18), Failed(503, "x", cause=34), Failed(487, "x", cause=16), None,
]  # fmt: skip


@pytest.mark.parametrize("end", ENDS, ids=str)
def test_a_call_that_never_rang_is_nobodys_and_so_many_rest_the_trunk(with_core: WithCore, end: Failed | None) -> None:
    async def test(core: Core) -> None:
        silent(core, end)
        core.bot(ring_timeout_seconds=10)
        for result in await one_by_one(core, range(120, 120 + FAILURES)):
            said = (result["disconnected_by"], result["end_reason"], result["phone_rang"], result["fault"])
            assert said == ("error", "never_rang", False, "trunk")
            assert result["sip_status"] == (end.sip_status if end else None)
        seen = await view(core)
        assert (seen["state"], seen["rests"]) == ("resting", 1)
        assert seen["reason"].startswith("no ringing within 10 s")
        assert (await core.dial(PAYS)).status_code == 503

    with_core(test)


def test_one_number_that_never_rings_rests_nothing_but_the_trunk_on_trial(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        silent(core, Failed(487, "Request Terminated"))
        core.bot(ring_timeout_seconds=10)
        await fail(core, 2 * FAILURES)
        assert (await view(core))["state"] == "closed"
        await one_by_one(core, range(120, 119 + FAILURES))
        assert (await view(core))["rests"] == 1
        await core.clock.sleep(FIRST_REST.total_seconds())
        await fail(core, 1)
        assert ((await view(core))["state"], (await view(core))["rests"]) == ("resting", 2)

    with_each_core(test)


def test_a_call_that_rings_between_proves_the_trunk_well(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        line = silent(core, Failed(487, "Request Terminated"))
        core.bot(ring_timeout_seconds=10)
        for _ in range(3):
            line.rings = False
            await one_by_one(core, range(120, 119 + FAILURES))
            line.rings = True
            await fail(core, 1)
        assert (await view(core))["state"] == "closed"

    with_core(test)


def test_a_number_that_does_not_exist_is_that_however_late_it_is_said(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        silent(core, Failed(404, "Not Found"))
        core.bot(ring_timeout_seconds=10)
        results = await one_by_one(core, range(120, 120 + FAILURES))
        assert {(result["end_reason"], result["fault"]) for result in results} == {("invalid_number", "callee")}
        assert (await view(core))["state"] == "closed"

    with_core(test)


@pytest.mark.parametrize(
    ("event", "left"),
    [
        (Failed(408, "silent", from_trunk=True), True),
        (Failed(503, "slow"), True),
        (Failed(487, "Request Terminated"), True),
        (Failed(480, "switched off"), False),
        (Failed(500, "busy", cause=17), False),
    ],
    ids=str,
)
def test_only_what_came_from_the_callee_proves_that_a_late_failure_was_carried(with_core: WithCore, event: Failed, left: bool) -> None:
    """Two limits were lowered by the same refusals: a call that was carried beyond one of them shows that it was the other."""

    async def test(core: Core) -> None:
        carrier(core)
        engine, now = core.engine, core.clock.now()
        traffic = engine.traffic["carrier"]
        traffic.channels, traffic.rate = 10, 50.0
        with core.db.write() as connection:
            after = change_health(
                connection, "carrier", lambda health: replace(health, limits=health.limits.after_refusal(1.0, 50.0, "503 Full", now))
            )
        assert after is not None
        traffic.limits = after[1].limits
        order = PlaceOrder("late", "late", "+12025550121", "+12025550102", "carrier")
        traffic.leaves("before", "+12025550120", now)
        traffic.leaves("late", order.to_number, now)
        await core.clock.sleep(10)
        assert await blame_for(engine, order, event, now, rang=False) == "callee"
        assert traffic.limits.unclear is left

    with_core(test)


class Learns(Carrier):
    """A carrier of which something is learned as the third call leaves. `left` is when they left."""

    def __init__(self, core: Core, limits: Limits) -> None:
        super().__init__(core)
        self.limits, self.left = limits, list[datetime]()

    async def place(self, order: PlaceOrder) -> Leg:
        self.left.append(self.core.clock.now())
        if len(self.left) == 3:
            with self.core.db.write() as connection:
                change_health(connection, "carrier", lambda health: replace(health, limits=self.limits))
            self.core.engine.traffic["carrier"].limits = self.limits
        return StuckLeg(self.core.clock, [Ringing()])


async def learn(core: Core, limits: Limits) -> tuple[list[datetime], list[dict[str, Any]]]:
    """Fifteen dialouts side by side on a trunk of five a second, whose turns are taken before that is learned."""
    carrier(core)
    with core.db.write() as connection:
        connection.execute(update(table_of(Trunk)).where(table_of(Trunk).c.name == "carrier").values(channels=20, calls_per_second=5.0))
    line = core.engine.transports["sip"] = Learns(core, limits)
    core.bot(ring_timeout_seconds=60)
    answers = await core.together(*(core.dial(f"+1202555{number:04d}") for number in range(120, 135)))
    calls = [answer.json()["call_id"] for answer in answers if answer.status_code == 200]
    assert len(calls) == 15
    await core.over()
    return line.left, [(await core.call(call_id))["result"] for call_id in calls]


def test_calls_that_have_their_turn_leave_at_the_rate_that_is_learned_meanwhile(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        limit = Limit(1.0, 1.0, START + timedelta(days=9), 30.0, START)
        left, _ = await learn(core, Limits(rate=limit, lowered_at=START, reason="503 Full"))
        assert len(left) == 15
        assert (left[2] - left[0]).total_seconds() < 0.6
        assert min((after - before).total_seconds() for before, after in pairwise(left[2:])) >= 0.75

    with_core(test)


def test_calls_that_have_their_turn_do_not_leave_beyond_the_channels_that_are_learned_meanwhile(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        limit = Limit(3.0, 3.0, START + timedelta(days=9), 30.0, START)
        left, results = await learn(core, Limits(channels=limit, lowered_at=START, reason="503 Full"))
        assert len(left) == 3
        said = [(result["end_reason"], result["phone_rang"], result["fault"], result["sip_status"]) for result in results]
        assert said.count(("trunk_busy", False, "trunk", None)) == 12

    with_core(test)


@pytest.mark.parametrize("cause", [2, 3, 87, 88, 26])
def test_numbers_without_a_route_rest_no_trunk(with_core: WithCore, cause: int) -> None:
    async def test(core: Core) -> None:
        line = carrier(core)
        line.events = [Failed(503, "Service Unavailable", cause=cause, spared=cause == 26)]
        results = await one_by_one(core, range(120, 120 + 2 * FAILURES))
        assert {result["end_reason"] for result in results} == {"invalid_number" if cause == 26 else "trunk_failure"}
        assert not any(result["phone_rang"] for result in results)
        seen = await view(core)
        assert (seen["state"], seen["limits"]) == ("closed", None)

    with_core(test)


def test_a_probe_is_not_lost_as_a_call_goes_out_on_trial(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        carrier(core)
        now = core.clock.now()
        limits = Limits(channels=Limit(1.0, 1.0, now, 30.0, now), lowered_at=now, reason="503 Full")
        ill = Health(failures=FAILURES, rests=1, rested_at=now, resting_until=now, reason="503", limits=limits)
        with core.db.write() as connection:
            change_health(connection, "carrier", lambda _: ill)
            probed = replace(limits, channels=Limit(2.0, 1.0, now + timedelta(seconds=3), 30.0, now))
            trunk = TrunkInfo("carrier", "sip", None, 10, 5.0, health=ill)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Limits, "probed", lambda *_: probed)
                admit(core.engine, connection, trunk, now)
            after = change_health(connection, "carrier", lambda health: health)
        assert after is not None
        assert after[0].trial_until is not None
        assert after[0].limits == probed

    with_core(test)


def test_no_number_of_a_carriers_text_stands_in_the_log(with_core: WithCore, caplog: pytest.LogCaptureFixture) -> None:
    async def test(core: Core) -> None:
        line = carrier(core)
        line.events = [Failed(503, "+12025550120 not available")]
        await fail(core, FAILURES)
        assert "503 (number) not available" in caplog.text
        assert "2025550120 not" not in caplog.text

    with_core(test)
