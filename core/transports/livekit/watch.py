"""What a process does at LiveKit beside calls: trunks in step, inbound calls claimed, rooms without an owner ended, webhooks."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from core.contracts.transport import InboundCall
from core.kernel.clock import Clock
from core.kernel.database import Database
from core.kernel.failures import without_values
from core.transports.livekit import store
from core.transports.livekit.inbound import LiveKitInbound, Waiting
from core.transports.livekit.keeping import InStep, bring_in_step, concerns_server, failure_in_words
from core.transports.livekit.leftovers import Kept, kept_at, take_leftovers_away
from core.transports.livekit.line import LiveKitLine
from core.transports.livekit.naming import Mark, inbound_prefix, room_prefix
from core.transports.livekit.orphans import GRACE_SECONDS, RoomState, orphan
from core.transports.livekit.server import FAILURES, LiveKitServer, RoomSeen, Seat
from core.transports.livekit.troubles import Troubles

if TYPE_CHECKING:
    from core.transports.livekit.transport import LiveKitTransport

__all__ = ["LiveKitWatch"]

log = logging.getLogger(__name__)

_LEFT = frozenset({"participant_left", "participant_connection_aborted", "room_finished"})
_KNOWN = timedelta(seconds=5)
"""How long the accounts that webhooks may come from are taken as they were read: to read them is to decrypt their secrets."""
_PATIENCE = 4.0
"""Seconds that a caller waits for a process with a free seat, before one without any turns them away."""
_WORKS = ("leftovers", "rooms", "calls")


def _in_step(line: LiveKitLine) -> str:
    return f"in step: {line.name}"


class LiveKitWatch:
    """The watch of one process.

    Args:
        db, clock: the engine's.
        worker_id: who claims calls.
        transport: the transport of this process.
        lines: every usable trunk of LiveKit, as it is now.
        unusable: the names of the others: what was made for them stays until it is known where they belong.
        live_calls: those of some calls that a live process holds.
        free_seats: how many calls this process would take now.
        receive: takes a call to us.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        worker_id: str,
        transport: LiveKitTransport,
        *,
        lines: Callable[[], list[LiveKitLine]],
        unusable: Callable[[], set[str]] = set,
        live_calls: Callable[[Iterable[str]], set[str]],
        free_seats: Callable[[], int],
        receive: Callable[[InboundCall], Awaitable[object]],
    ) -> None:
        self._db, self._clock, self._worker_id, self._transport = db, clock, worker_id, transport
        self._lines, self._unusable = lines, unusable
        self._live_calls, self._free_seats, self._receive = live_calls, free_seats, receive
        self.grace_seconds = GRACE_SECONDS
        """How old a room must be before it can be one without an owner."""
        self._troubles = Troubles()
        self._suspects: set[str] = set()
        self._first_seen: dict[str, datetime] = {}
        self._known: list[LiveKitServer] = []
        self._known_at: datetime | None = None

    async def sync(self) -> dict[str, InStep | str]:
        """Bring LiveKit's trunks in step with our records; returns what was done for each, or why not, in words."""
        found: dict[str, InStep | str] = {}
        for line in self._lines():
            server = self._transport.server_of(line)
            try:
                kept = await bring_in_step(server, self._transport.installation, line)
            except FAILURES as error:
                found[line.name] = why = failure_in_words(error)
                told = why if concerns_server(error) else f"the trunk {line.name} is not in step: {why}"
                self._troubles.failed(server, _in_step(line), self._where(server), told)
                self._write(line.name, None, why)
                continue
            self._troubles.went_well(server, _in_step(line), self._where(server))
            found[line.name] = kept
            self._write(line.name, kept, kept.error)
            for done in kept.done:
                log.info("the trunk %s at LiveKit: %s", line.name, done)
        for server in self._transport.servers:
            await self._take_leftovers_away(server)
        self._troubles.keep_only(self._transport.servers, {*_WORKS, *map(_in_step, self._lines())})
        return found

    async def _take_leftovers_away(self, server: LiveKitServer) -> None:
        """Delete what was made at a server for trunks that were removed, or are of another server now; else it goes on ringing us."""

        def kept() -> Kept:
            with self._db.read() as connection:
                known = store.standings(connection)
            return kept_at(server.url, self._lines(), self._unusable(), known)

        try:
            names = await take_leftovers_away(server, self._transport.installation, kept)
        except FAILURES as error:
            self._troubles.failed(server, "leftovers", self._where(server), failure_in_words(error))
            return
        self._troubles.went_well(server, "leftovers", self._where(server))
        for name in names:
            log.info("what was made for the trunk %s at LiveKit is deleted: no record is of there any more", name)
        if names:
            with self._db.write() as connection:
                for name in set(names) - set(kept()):
                    store.forget_standing(connection, name)
        if all(line.settings.url != server.url for line in self._lines()):
            await self._transport.forget(server)

    async def reap(self) -> list[str]:
        """End our rooms that have lost an owner for two looks in a row; returns why, one for each that was ended."""
        prefix, ended, suspects = room_prefix(self._transport.installation), [], set()
        for server, _ in self._servers():
            try:
                rooms = [(server, room, await server.participants(room.name)) for room in await server.rooms(prefix)]
            except FAILURES as error:
                self._troubles.failed(server, "rooms", self._where(server), failure_in_words(error))
                continue
            self._troubles.went_well(server, "rooms", self._where(server))
            held = self._held(rooms)
            for _, room, seats in rooms:
                if room.name in self._transport.rooms:
                    continue
                why = orphan(self._state(room, seats), self._transport.installation, held.get(room.name), self.grace_seconds)
                if why is None:
                    continue
                if room.name in self._suspects:
                    ended.append(why)
                    log.warning("a room at LiveKit is ended: %s", why)
                    await server.end_room(room.name)
                else:
                    suspects.add(room.name)
        self._suspects = suspects
        return ended

    async def look_for_calls(self) -> int:
        """Claim inbound calls that nobody has taken; returns how many were taken here."""
        taken, seen, prefix = 0, set(), inbound_prefix(self._transport.installation)
        for server, line in self._servers():
            try:
                for room in await server.rooms(prefix):
                    seen.add(room.name)
                    if await self._consider(server, line, room):
                        taken += 1
            except FAILURES as error:
                self._troubles.failed(server, "calls", self._where(server), failure_in_words(error))
            else:
                self._troubles.went_well(server, "calls", self._where(server))
        self._first_seen = {room: moment for room, moment in self._first_seen.items() if room in seen}
        return taken

    async def on_webhook(self, body: str, authorization: str) -> bool:
        """Take a webhook. Returns False if none of our accounts sent it. Each event is acted on once, and as a hint only."""
        event = next((found for server in self._senders() if (found := server.verify(body, authorization))), None)
        if event is None:
            return False
        with self._db.write() as connection:
            if not store.take_event(connection, event.id, event.event, self._clock.now()):
                return True
        if event.event in _LEFT:
            self._transport.hint(event.room.name)
            await self._transport.reconcile()
        elif event.event == "participant_joined" and event.room.name.startswith(inbound_prefix(self._transport.installation)):
            await self.look_for_calls()
        return True

    def forget(self) -> None:
        """Forget old events and claims."""
        with self._db.write() as connection:
            store.forget_before(connection, self._clock.now() - store.KEPT)

    def _senders(self) -> list[LiveKitServer]:
        """Whose webhooks are taken: as of some seconds ago, since strangers can have them looked at as often as they like."""
        now = self._clock.now()
        if self._known_at is None or not timedelta() <= now - self._known_at < _KNOWN:
            self._known, self._known_at = [server for server, _ in self._servers()], now
        return self._known

    def _servers(self) -> list[tuple[LiveKitServer, LiveKitLine]]:
        """Each server once, with a line of it."""
        found: dict[int, tuple[LiveKitServer, LiveKitLine]] = {}
        for line in self._lines():
            server = self._transport.server_of(line)
            found.setdefault(id(server), (server, line))
        return list(found.values())

    def _where(self, server: LiveKitServer) -> str:
        """A server and its trunks, for people."""
        names = sorted(line.name for line in self._lines() if self._transport.server_of(line) is server)
        trunks = f"{'trunk' if len(names) == 1 else 'trunks'} {', '.join(names)}" if names else "no trunk any more"
        return f"LiveKit at {server.url} ({trunks})"

    def _state(self, room: RoomSeen, seats: list[Seat]) -> RoomState:
        age = self._clock.now().timestamp() - room.created_at
        bots = [seat.identity for seat in seats if seat.bot]
        return RoomState(room.name, room.metadata, age, bots, [seat.identity for seat in seats if seat.phone])

    def _held(self, rooms: list[tuple[LiveKitServer, RoomSeen, list[Seat]]]) -> dict[str, bool]:
        """Whether a live process holds the call of each room; those whose call is not known are left out."""
        calls: dict[str, str] = {}
        for _, room, seats in rooms:
            mark = Mark.read(room.metadata)
            bot = next((seat.identity for seat in seats if seat.bot), "")
            call_id = mark.call_id if mark is not None and mark.call_id else bot.removeprefix("bot-")
            if call_id:
                calls[room.name] = call_id
        live = self._live_calls(calls.values())
        return {name: call_id in live for name, call_id in calls.items()}

    async def _consider(self, server: LiveKitServer, line: LiveKitLine, room: RoomSeen) -> bool:
        if room.name in self._transport.rooms:
            return False
        seats = await server.participants(room.name)
        phone = next((seat for seat in seats if seat.phone), None)
        if phone is None or any(seat.bot for seat in seats):
            return False
        now = self._clock.now()
        waits = (now - self._first_seen.setdefault(room.name, now)).total_seconds()
        if self._free_seats() < 1 and waits < _PATIENCE:
            return False
        with self._db.write() as connection:
            if not store.claim_room(connection, room.name, self._worker_id, now):
                return False
        inbound = LiveKitInbound(self._transport, line, Waiting(room.name, phone.identity, phone.attributes))
        try:
            await self._receive(inbound)
        except Exception as error:  # it is claimed: no other process will take it
            log.error("a call to us was refused, because it could not be taken: %s", without_values(error))
            await inbound.refuse(500, "Server Internal Error")
            return False
        return True

    def _write(self, trunk: str, kept: InStep | None, error: str | None) -> None:
        with self._db.write() as connection:
            before = store.standings(connection).get(trunk)
            known: InStep | store.Standing | None = kept or before
            store.keep_standing(
                connection,
                store.Standing(
                    trunk,
                    known.outbound_trunk_id if known else None,
                    known.inbound_trunk_id if known else None,
                    known.dispatch_rule_id if known else None,
                    error,
                    self._clock.now(),
                ),
            )
