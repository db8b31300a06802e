"""What is remembered, and the watch, on both databases; its server is a fake and its clock virtual."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from livekit import api

from core.kernel.database import Database
from core.kernel.virtual_clock import VirtualClock
from core.transports.livekit import store
from core.transports.livekit.keeping import InStep
from core.transports.livekit.naming import Mark, inbound_prefix, room_name
from core.transports.livekit.server import RoomSeen, Seat
from core.transports.livekit.watch import LiveKitWatch

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
WHERE = "LiveKit at http://127.0.0.1:7880 (trunks b, lab)"
LONG_AGO = int(NOW.timestamp()) - 600


class FakeServer:
    """Rooms and who is in them."""

    def __init__(self) -> None:
        self.all: dict[str, tuple[str, list[Seat]]] = {}
        self.ended: list[str] = []
        self.url = "http://127.0.0.1:7880"
        self.failure: Exception | None = None

    async def rooms(self, prefix: str) -> list[RoomSeen]:
        if self.failure is not None:
            raise self.failure
        return [RoomSeen(name, metadata, LONG_AGO) for name, (metadata, _) in self.all.items() if name.startswith(prefix)]

    async def participants(self, room: str) -> list[Seat]:
        return self.all[room][1]

    async def end_room(self, room: str) -> bool:
        self.ended.append(room)
        return True

    def verify(self, body: str, authorization: str) -> Any:
        if authorization != "good":
            return None
        event, number, room = body.split()
        return SimpleNamespace(id=number, event=event, room=SimpleNamespace(name=room))


class FakeTransport:
    """What a watch needs of a transport."""

    def __init__(self, server: FakeServer) -> None:
        self.installation, self.rooms, self.servers, self._server = "here", frozenset[str](), (server,), server
        self.hints: list[str] = []

    def server_of(self, _: Any) -> FakeServer:
        return self._server

    def hint(self, room: str) -> None:
        self.hints.append(room)

    async def reconcile(self) -> None:
        """Nothing to look at."""


def line_named(name: str) -> Any:
    return SimpleNamespace(name=name, settings=SimpleNamespace(url="http://127.0.0.1:7880"))


class Fixture:
    """A watch of a worker."""

    def __init__(self, db: Database, clock: VirtualClock, worker: str = "w1", server: FakeServer | None = None) -> None:
        self.server = server or FakeServer()
        self.transport, self.received, self.live, self.seats = FakeTransport(self.server), list[Any](), set[str](), 5

        self.trunks, self.reads = ["lab"], 0

        async def receive(inbound: Any) -> None:
            self.received.append(inbound)

        def live_calls(ids: Iterable[str]) -> set[str]:
            return self.live & set(ids)

        self.watch = LiveKitWatch(
            db, clock, worker, self.transport,  # type: ignore[arg-type]
            lines=self._lines,
            live_calls=live_calls, free_seats=lambda: self.seats, receive=receive,
        )  # fmt: skip

    def _lines(self) -> list[Any]:
        self.reads += 1
        return [line_named(name) for name in self.trunks]


def phone(identity: str = "phone", **attributes: str) -> Seat:
    return Seat(identity, True, False, attributes, 0)


BOT = Seat("bot-c1", False, True, {}, 0)
ROOM = room_name("here", "c1")


def run(database: Database, scenario: Any) -> None:
    async def whole() -> None:
        clock = VirtualClock(NOW)
        with clock.hold():
            await scenario(clock)
        clock.close()

    asyncio.run(whole())


def test_an_event_and_a_room_are_taken_once(database: Database) -> None:
    with database.write() as connection:
        assert store.take_event(connection, "EV_1", "room_started", NOW)
        assert not store.take_event(connection, "EV_1", "room_started", NOW)
        assert store.claim_room(connection, "r", "w1", NOW)
        assert not store.claim_room(connection, "r", "w2", NOW)
        name = store.installation_name(connection)
        assert store.installation_name(connection) == name
    with database.write() as connection:
        store.forget_before(connection, NOW + timedelta(seconds=1))
        assert store.take_event(connection, "EV_1", "room_started", NOW)


def test_a_standing_is_written_over(database: Database) -> None:
    with database.write() as connection:
        store.keep_standing(connection, store.Standing("lab", None, None, None, "no answer", NOW))
        store.keep_standing(connection, store.Standing("lab", "ST_1", None, None, None, NOW))
        assert store.standings(connection) == {"lab": store.Standing("lab", "ST_1", None, None, None, NOW)}
        store.forget_standing(connection, "lab")
        assert store.standings(connection) == {}


def test_a_webhook_is_verified_and_acted_on_once(database: Database) -> None:
    async def scenario(clock: VirtualClock) -> None:
        one, other = Fixture(database, clock), Fixture(database, clock, "w2")
        assert not await one.watch.on_webhook(f"participant_left EV_1 {ROOM}", "bad")
        assert await one.watch.on_webhook(f"participant_left EV_1 {ROOM}", "good")
        assert await other.watch.on_webhook(f"participant_left EV_1 {ROOM}", "good")
        assert (one.transport.hints, other.transport.hints) == ([ROOM], [])

    run(database, scenario)


def test_a_room_without_an_owner_is_ended_at_the_second_look(database: Database) -> None:
    async def scenario(clock: VirtualClock) -> None:
        here = Fixture(database, clock)
        here.server.all = {
            ROOM: (Mark("here", "lab", "c1").written(), [phone()]),
            room_name("here", "c2"): (Mark("here", "lab", "c2").written(), [BOT, phone()]),
            "dialler-there-c1": (Mark("there", "lab", "c1").written(), [phone()]),
        }
        here.live = {"c1", "c2"}
        assert await here.watch.reap() == []
        assert await here.watch.reap() == ["its bot has died"]
        assert here.server.ended == [ROOM]

    run(database, scenario)


def test_a_room_whose_bot_comes_back_is_left_alone(database: Database) -> None:
    async def scenario(clock: VirtualClock) -> None:
        here = Fixture(database, clock)
        mark = Mark("here", "lab", "c1").written()
        here.live = {"c1"}
        for seats in ([phone()], [BOT, phone()], [phone()]):
            here.server.all = {ROOM: (mark, seats)}
            assert await here.watch.reap() == []

    run(database, scenario)


def test_a_call_to_us_is_taken_by_one_worker(database: Database) -> None:
    async def scenario(clock: VirtualClock) -> None:
        server = FakeServer()
        one, other = Fixture(database, clock, "w1", server), Fixture(database, clock, "w2", server)
        room = inbound_prefix("here") + "x"
        caller = phone("sip_1", **{"sip.phoneNumber": "+12025550177", "sip.trunkPhoneNumber": "12025550101", "sip.callID": "SCL_1"})
        server.all = {room: ("", [caller]), "dialler-there-in-y": ("", [caller])}
        assert [await one.watch.look_for_calls(), await other.watch.look_for_calls()] == [1, 0]
        (inbound,) = one.received
        assert (inbound.from_number, inbound.to_number, inbound.reference) == ("+12025550177", "+12025550101", "SCL_1")
        assert other.received == []

    run(database, scenario)


def test_a_full_worker_lets_others_go_first_and_then_turns_the_caller_away(database: Database) -> None:
    async def scenario(clock: VirtualClock) -> None:
        here = Fixture(database, clock)
        here.seats = 0
        here.server.all = {inbound_prefix("here") + "x": ("", [phone("sip_1")])}
        assert await here.watch.look_for_calls() == 0
        await clock.sleep(5)
        assert await here.watch.look_for_calls() == 1
        await here.received[0].refuse(486, "Busy Here")
        await here.received[0].refuse(486, "Busy Here")
        assert here.server.ended == [inbound_prefix("here") + "x"]

    run(database, scenario)


def test_what_fails_at_a_server_is_told_once_by_its_trunks_until_it_changes_or_is_well(
    database: Database, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fake(server: FakeServer, *_: object) -> Any:
        if server.failure is not None:
            raise server.failure
        return [] if callable(_[1]) else InStep(None, None, None, ())

    monkeypatch.setattr("core.transports.livekit.watch.bring_in_step", fake)
    monkeypatch.setattr("core.transports.livekit.watch.take_leftovers_away", fake)
    caplog.set_level(logging.INFO)

    async def scenario(clock: VirtualClock) -> None:
        here = Fixture(database, clock)
        here.watch._lines = lambda: [line_named("lab"), line_named("b")]

        async def told_of(failure: Exception | None) -> list[str]:
            here.server.failure = failure
            caplog.clear()
            for _ in range(3):
                await here.watch.sync()
                await here.watch.look_for_calls()
                await here.watch.reap()
            return caplog.messages

        key = "LiveKit does not accept the API key and its secret"
        assert await told_of(api.ServerError("unauthenticated", "no", status=401)) == [f"{WHERE}: {key}"]
        assert await told_of(TimeoutError()) == [f"{WHERE}: LiveKit does not answer in time"]
        assert await told_of(None) == [f"{WHERE}: all is well again"]
        refusals = [f"the trunk {name} is not in step: LiveKit refused it: full, no" for name in ("lab", "b")]
        assert (await told_of(api.ServerError("full", "no", status=400)))[:2] == [f"{WHERE}: {one}" for one in refusals]
        assert await told_of(None) == [f"{WHERE}: all is well again"]

    run(database, scenario)


def test_a_call_to_us_that_cannot_be_taken_is_turned_away_and_the_next_one_is_taken(database: Database) -> None:
    async def scenario(clock: VirtualClock) -> None:
        here = Fixture(database, clock)
        first, second = inbound_prefix("here") + "x", inbound_prefix("here") + "y"
        here.server.all = {first: ("", [phone("sip_1")]), second: ("", [phone("sip_2")])}

        async def receive(inbound: Any) -> None:
            if inbound.reference == first:
                raise OSError("the database is away")
            here.received.append(inbound)

        here.watch._receive = receive
        assert await here.watch.look_for_calls() == 1
        assert [inbound.reference for inbound in here.received] == [second]
        assert here.server.ended == [first]

    run(database, scenario)


def test_strangers_do_not_have_the_secrets_read_with_every_webhook(database: Database) -> None:
    async def scenario(clock: VirtualClock) -> None:
        here = Fixture(database, clock)
        for _ in range(50):
            assert not await here.watch.on_webhook(f"participant_left EV_1 {ROOM}", "bad")
        assert here.reads == 1
        here.trunks = []
        await clock.sleep(6)
        assert not await here.watch.on_webhook(f"participant_left EV_2 {ROOM}", "good")  # of an account that is ours no more
        here.trunks = ["lab"]
        await clock.sleep(6)
        assert await here.watch.on_webhook(f"participant_left EV_2 {ROOM}", "good")
        assert here.reads == 3

    run(database, scenario)
