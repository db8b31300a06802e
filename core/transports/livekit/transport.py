"""The `livekit` transport of the call engine: calls by LiveKit's SIP service, with the sound in this process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from core.contracts.transport import Leg, PlaceOrder
from core.kernel.clock import Clock
from core.transports.livekit.leg import LiveKitAudioLeg
from core.transports.livekit.line import LiveKitLine, LiveKitUnavailable
from core.transports.livekit.naming import Mark, bot_identity, room_name
from core.transports.livekit.outcomes import DialOutcome
from core.transports.livekit.rtc_room import RtcRoom
from core.transports.livekit.rtc_thread import RtcThread
from core.transports.livekit.server import FAILURES, DialFailed, LiveKitServer
from core.transports.livekit.turns import NoTurn, Turns
from core.transports.load import NOT_CROWDED, Crowding, TrunkLoad
from core.transports.refused import RefusedLeg
from core.voice.errors import VoiceUnavailable
from core.voice.ports import Speech

__all__ = ["LiveKitTransport"]

log = logging.getLogger(__name__)

_JOINS_AT_ONCE = 2
"""Rooms that this process joins at a time: twenty at once take half a minute on two cores, and most of them fail."""
_TURN_SECONDS = 12.0
"""How long a call waits for its turn to join."""
_BEFORE_DIAL_SECONDS = 25.0
"""How long it may take until the dial begins. With `_SEEN_SECONDS` it must stay below what the engine waits for `place`: what it has
to give up counts as a call that may have rung, though nothing was dialled."""
_SEEN_SECONDS = 2.0
"""How long the phone leg is waited for before the call is taken to have left. LiveKit may tell of it up to 3 s late."""
_LOOK_SECONDS = 3.0
"""How long LiveKit may take to say whether a caller is still there, whom it has connected by then."""
_LAST_SECONDS = 5.0


@dataclass
class _Live:
    """A call that is up, or on its way."""

    room_name: str
    server: LiveKitServer
    leg: LiveKitAudioLeg
    room: RtcRoom
    load: TrunkLoad | None
    dial: asyncio.Task[None] | None = None
    absent: int = 0
    ending: asyncio.Task[bool] | None = field(default=None, repr=False)


class LiveKitTransport:
    """Places calls over LiveKit.

    Args:
        clock: the real clock.
        installation: what our rooms are marked with.
        line_of: the trunk of a name as it is now. Raises LiveKitUnavailable.
        speech: makes the leg of the conversation.
        in_use: how many channels of a trunk are taken, in whatever process, with those of calls that are just leaving.
    """

    name = "livekit"
    real = True

    def __init__(
        self,
        clock: Clock,
        installation: str,
        line_of: Callable[[str], LiveKitLine],
        speech: Speech,
        in_use: Callable[[str], int] = lambda _: 0,
    ) -> None:
        self._clock, self.installation, self._line_of, self._speech, self._in_use = clock, installation, line_of, speech, in_use
        self._thread = RtcThread()
        self._joins = Turns(clock, _JOINS_AT_ONCE, _TURN_SECONDS)
        self._servers: dict[tuple[str, str, str], LiveKitServer] = {}
        self._loads: dict[str, TrunkLoad] = {}
        self._live: dict[str, _Live] = {}
        self._closing: set[asyncio.Task[bool]] = set()

    @property
    def rooms(self) -> frozenset[str]:
        """The rooms of the calls of this process."""
        return frozenset(self._live)

    def server_of(self, line: LiveKitLine) -> LiveKitServer:
        """The server of a trunk; one connection for all trunks of one account."""
        if line.account not in self._servers:
            self._servers[line.account] = LiveKitServer(line.settings.url, line.settings.api_key, line.api_secret)
        return self._servers[line.account]

    @property
    def servers(self) -> tuple[LiveKitServer, ...]:
        """Every server that was used here, also those whose last trunk was removed meanwhile."""
        return tuple(self._servers.values())

    async def forget(self, server: LiveKitServer) -> None:
        """No trunk is of this server any more: its connections are closed, unless calls are still up there."""
        if any(live.server is server for live in self._live.values()) or self._closing:
            return
        self._servers = {key: one for key, one in self._servers.items() if one is not server}
        await server.close()

    async def place(self, order: PlaceOrder) -> Leg:
        """Join a room of the call, then let LiveKit dial into it. Headers are the trunk's, the order's, and `X-Attempt-Id`.

        What keeps it from leaving is the trunk's failure: nobody was called, so the leg's first and last event is `Failed`. That takes
        less time than the engine waits. A dial that has begun is given up if this is cancelled: nobody would be on the line.

        Raises:
            LiveKitUnavailable: it cannot be known whether a phone rings: the server answers no more.
        """
        try:
            line = order.line if isinstance(order.line, LiveKitLine) else self._line_of(order.trunk)
            if line.outbound_trunk_id is None:
                raise LiveKitUnavailable(f"the trunk {order.trunk!r} is not known to LiveKit yet: `dialler trunks sync {order.trunk}`")
            speaking = self._speech(order)
            async with self._clock.timeout(_BEFORE_DIAL_SECONDS):
                live = await self._join(order, line)
        except (LiveKitUnavailable, VoiceUnavailable, *FAILURES) as error:
            log.error("call %s did not leave: %s", order.call_id, _in_words(error))
            return RefusedLeg(_in_words(error), spared=isinstance(error, VoiceUnavailable | NoTurn))
        try:
            live.dial = self._clock.spawn(self._dial(live, line, order), name=f"livekit dial {order.call_id}")
            await live.leg.seen.wait(_SEEN_SECONDS)
            if live.ending is not None and not live.leg.hanging_up and not live.leg.answered:  # nobody knows: it is being found out
                await self._clock.join(live.dial)
            if live.dial.done() and not live.dial.cancelled() and isinstance(live.dial.exception(), LiveKitUnavailable):
                raise LiveKitUnavailable("LiveKit answers no more, so it is not known whether a phone rings")
            return speaking(live.leg)
        except BaseException:  # the phone must not go on ringing
            await live.leg.hang_up("given up")
            raise

    async def answer(self, line: LiveKitLine, room: str, phone: str, order: PlaceOrder) -> Leg:
        """Take an inbound call that waits in a room: LiveKit answers it when our track is there. 487 if the caller has given up by then.

        Raises:
            VoiceUnavailable, LiveKitUnavailable, one of FAILURES: it cannot be taken.
        """
        speaking = self._speech(order)
        live = await self._enter(room, line, order.call_id)
        try:
            live.leg.phone = phone
            live.leg.ring()
            if await self._waits(live) and not live.leg.left.is_set():
                live.leg.pick_up()
            else:
                live.leg.fail(DialOutcome(487, "the caller hung up before the answer"))
            return speaking(live.leg)
        except BaseException:
            await live.leg.hang_up("not taken")
            raise

    async def reconcile(self) -> None:
        """Look whether the callees of answered calls are still there: LiveKit's news get lost. Twice missed is gone."""
        for live in list(self._live.values()):
            if not live.leg.answered or live.leg.ended:
                continue
            try:
                seats = await live.server.participants(live.room_name)
            except FAILURES as error:
                log.warning("LiveKit does not say who is in a room (%s)", type(error).__name__)
                continue
            live.absent = 0 if any(seat.phone for seat in seats) else live.absent + 1
            if live.absent >= 2:
                live.leg.lost("the callee is not in the room any more")

    def hint(self, room: str) -> None:
        """A webhook says that somebody left a room: look soon."""
        if room in self._live:
            self._live[room].absent += 1

    async def close(self) -> None:
        """Leave all rooms and end them, then the thread of the sound."""
        for live in list(self._live.values()):
            await live.leg.hang_up()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_SECONDS):
                while self._closing:
                    await asyncio.wait(set(self._closing))
        for ending in set(self._closing):  # a server that does not answer: the rooms are left to the reaper
            ending.cancel()
        for live in self._live.values():
            if live.dial is not None:
                live.dial.cancel()
        for server in self._servers.values():
            await server.close()
        self._servers.clear()
        self._thread.stop()

    async def _join(self, order: PlaceOrder, line: LiveKitLine) -> _Live:
        server, name = self.server_of(line), room_name(self.installation, order.call_id)
        await server.create_room(name, Mark(self.installation, line.name, order.call_id).written())
        load = self._loads.setdefault(line.name, TrunkLoad())
        crowding = load.begin(self._clock.now(), line.channels, line.calls_per_second, self._in_use(line.name))
        try:
            return await self._enter(name, line, order.call_id, crowding, load)
        except BaseException:
            load.end()
            raise

    async def _enter(
        self, name: str, line: LiveKitLine, call_id: str, crowding: Crowding = NOT_CROWDED, load: TrunkLoad | None = None
    ) -> _Live:
        server = self.server_of(line)

        async def refer(identity: str, destination: str) -> None:
            uri = destination if destination.lower().startswith(("sip:", "sips:", "tel:")) else f"tel:{destination}"
            await server.transfer(name, identity, uri, line.settings.ring_seconds)

        leg = LiveKitAudioLeg(
            self._clock,
            refer=refer,
            crowding=crowding,
            give_up=lambda outcome: self._give_up(name, outcome),
            on_over=lambda: self._over(name),
        )
        room = RtcRoom(self._thread, leg.post)
        leg.bind(room, lambda keys: self._press(room, keys))
        live = self._live[name] = _Live(name, server, leg, room, load)
        try:
            async with self._joins.one():
                await self._thread.run(room.join(server.ws_url, server.bot_token(name, bot_identity(call_id))))
        except BaseException:
            self._live.pop(name, None)
            self._end(live)
            raise
        return live

    async def _waits(self, live: _Live) -> bool:
        """Whether a caller is still in the room. If LiveKit does not say, as it was seen last: `reconcile` finds out."""
        try:
            async with self._clock.timeout(_LOOK_SECONDS):
                return any(seat.phone for seat in await live.server.participants(live.room_name))
        except FAILURES as error:
            log.warning("LiveKit does not say whether a caller is still there (%s)", type(error).__name__)
            return True

    async def _dial(self, live: _Live, line: LiveKitLine, order: PlaceOrder) -> None:
        """Dial, and say what became of it. Raises LiveKitUnavailable if that cannot be known."""
        number, _, live.leg.keys_on_answer = order.to_number.partition(";ext=")
        live.leg.pause_before_keys = order.extension_pause
        headers = {**line.settings.headers, **order.headers, "X-Attempt-Id": order.attempt}
        headers = {name: "".join(c for c in value if c.isprintable()) for name, value in headers.items()}
        trunk_id, limits = line.outbound_trunk_id or "", (line.settings.ring_seconds, line.settings.max_call_seconds)
        from_number = order.from_number.partition(";")[0] if order.from_number else None
        try:
            await live.server.dial(live.room_name, trunk_id, number, from_number, headers, *limits)
        except DialFailed as error:
            outcome = error.outcome
            if not outcome.ambiguous and not (live.leg.hanging_up and outcome.sip_status == 487):
                live.leg.fail(outcome)
                return
            if live.leg.hanging_up:
                return  # the code that cancelled it reports how it ended
            certain = await self._end(live)
            if not certain:  # the phone may ring: in doubt it counts as rung, so that nobody is dialled again by itself
                live.leg.ring()
            live.leg.fail(outcome)
            if not certain:
                raise LiveKitUnavailable(outcome.reason) from None
            return
        if live.leg.hanging_up or live.leg.ended:  # the answer crossed our giving up: the room is being ended
            return
        live.leg.pick_up()

    def _give_up(self, name: str, outcome: DialOutcome) -> None:
        live = self._live.get(name)
        if live is None:
            return

        def ended(task: asyncio.Task[bool]) -> None:
            if task.cancelled():
                return
            if not task.result():
                live.leg.ring()
            live.leg.fail(outcome)
            if live.dial is not None:
                live.dial.cancel()

        self._end(live).add_done_callback(ended)

    def _over(self, name: str) -> None:
        """A call is over: its room, too."""
        live = self._live.pop(name, None)
        if live is not None:
            if live.load is not None:
                live.load.end()
            self._end(live)

    def _end(self, live: _Live) -> asyncio.Task[bool]:
        """Leave a room and end it, once. The task tells whether it is certain that nobody is in it."""
        if live.ending is None:
            live.ending = self._clock.spawn(self._leave(live), name="livekit room ends")
            self._closing.add(live.ending)
            live.ending.add_done_callback(self._closing.discard)
        return live.ending

    async def _leave(self, live: _Live) -> bool:
        await self._thread.run(live.room.leave())
        return await live.server.end_room(live.room_name)

    def _press(self, room: RtcRoom, keys: str) -> None:
        self._clock.spawn(self._thread.run(room.press(keys)), name="livekit keys")


def _in_words(error: BaseException) -> str:
    if isinstance(error, LiveKitUnavailable | VoiceUnavailable):
        return str(error)
    return f"LiveKit is not to be had: {type(error).__name__}" + (f" ({error.code})" if hasattr(error, "code") else "")
