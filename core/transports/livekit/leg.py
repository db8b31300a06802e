"""The audio leg of a call over LiveKit: what the thread of the sound tells becomes events of the event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from core.contracts.transport import LINE_LOST, Answered, Digit, Failed, HungUp, Ringing, TransferOutcome
from core.kernel.clock import Clock
from core.transports.audio_leg import TransportLeg
from core.transports.livekit.outcomes import SIP_SERVICE_GONE, DialOutcome, hung_up, left_in_words
from core.transports.livekit.rtc_room import Changed, Key, Lost, OwnEnd, PhoneLeft, PhoneSeen, RoomNews, RtcRoom
from core.transports.livekit.server import DialFailed
from core.transports.load import Crowding
from core.transports.refused import NO_CALL

__all__ = ["LiveKitAudioLeg", "Refer"]

_LEAVING_SECONDS = 10.0
"""How long a callee who was transferred may take to leave the room."""
_DIAL_SECONDS = 5.0
"""How long the dial may take to say how it ended, once we are out of its room."""

Refer = Callable[[str, str], Awaitable[None]]
"""Sends the participant of an identity to a destination; raises DialFailed."""


class LiveKitAudioLeg(TransportLeg):
    """An `AudioLeg` of one room.

    Args:
        clock: all waiting is done through it.
        refer: transfers.
        crowding: how full the trunk was when the call left.
        give_up: ends the dial of a call that is not answered yet, and then calls `fail` with this outcome.
        on_over: called once, when the call is over: the room is to be ended.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        refer: Refer,
        crowding: Crowding,
        give_up: Callable[[DialOutcome], None],
        on_over: Callable[[], None],
    ) -> None:
        super().__init__(clock, crowding)
        self._refer, self._give_up, self._on_over = refer, give_up, on_over
        self._press: Callable[[str], None] = lambda _: None
        self._rang = False
        self._out: str | None = None
        """Why we are not in the room any more, though the dial goes on."""
        self.answered = False
        """Whether somebody has picked up."""
        self.phone: str | None = None
        """The identity of the phone leg, once it was seen in the room."""
        self.seen = clock.signal()
        """Set when the phone leg was seen, or the call is over."""
        self.left = clock.signal()
        """Set when the phone leg has left, or the call is over."""
        self.hanging_up = False

    @property
    def rang(self) -> bool:
        """Whether the phone is known to have rung."""
        return self._rang

    def bind(self, room: RtcRoom, press: Callable[[str], None]) -> None:
        """The room that this is the leg of, and what sends keys into it."""
        self._sound, self._press = room, press

    def post(self, news: RoomNews) -> None:
        """Something happened in the room; from any thread."""
        self.run_soon(lambda: self._take(news))

    def press(self, keys: str) -> None:
        """Send keys of the phone."""
        self._press(keys)

    async def hang_up(self, reason: str = "") -> None:
        """End the room, which cancels a dial and ends an answered call; nothing if it is over.

        A call that is not answered yet is over once LiveKit has confirmed that nobody is in the room.
        """
        if self.ended or self.hanging_up:
            return
        if self.answered:
            self.hanging_up = True
            self._end(HungUp("transferred" if reason == "transferred" else "caller hung up"))
        else:
            self._stop(DialOutcome(487, "Request Terminated"))

    async def transfer(self, destination: str) -> TransferOutcome:
        """Hand the callee over by REFER. It went through when LiveKit says so and the callee has left the room."""
        if not self.answered or self.ended or self.phone is None:
            return NO_CALL
        identity = self.phone
        try:
            await self._refer(identity, destination)
        except DialFailed as error:
            outcome = error.outcome
            if outcome.ambiguous and await self.left.wait(_LEAVING_SECONDS):
                return TransferOutcome(True, 200, "the callee left while it was transferred")
            return TransferOutcome(False, outcome.sip_status, outcome.reason)
        if await self.left.wait(_LEAVING_SECONDS):
            return TransferOutcome(True, 200, "OK")
        return TransferOutcome(False, 408, "the callee did not leave: the transfer is not confirmed")

    def pick_up(self) -> None:
        """It was answered. What LiveKit's attributes say of it is not taken for it: `active` has been seen before the answer."""
        if self.ended or self.answered or self.hanging_up:
            return
        self.answered = True
        if self._out is None:
            self._put_answer()
        else:
            self._events.put(Answered())
            self._end(Failed(LINE_LOST, self._out))

    def fail(self, outcome: DialOutcome) -> None:
        """It will not be answered."""
        if not self.ended:
            by_trunk = outcome.by_server and not self._rang
            ours, spared = self._whose_refusal(outcome.sip_status, None, rang=self._rang, by_trunk=by_trunk)
            self._end(Failed(outcome.sip_status, outcome.reason, from_trunk=ours, spared=spared))

    def lost(self, reason: str) -> None:
        """The answered call is over, though nothing in the room said so."""
        if self.answered and not self.ended:
            self._end(HungUp(reason))

    def ring(self) -> None:
        """The phone rings."""
        if not self._rang and not self.answered and not self.ended:
            self._rang = True
            self._events.put(Ringing())

    def _take(self, news: RoomNews) -> None:
        if self.ended:
            return
        match news:
            case PhoneSeen(identity, attributes):
                self.phone = identity
                self.seen.set()
                self._status(attributes.get("sip.callStatus"))
            case Changed(attributes):
                self._status(attributes.get("sip.callStatus"))
            case Key(key) if self.answered:
                self._events.put(Digit(key))
            case PhoneLeft(reason):
                self.left.set()
                if self.answered:
                    self._over_by(reason)
                elif reason == SIP_SERVICE_GONE and not self.hanging_up:  # else the dial says why, which it cannot any more
                    self._stop(DialOutcome(504, left_in_words(reason)))
            case OwnEnd(reason) if self.answered:
                self._over_by(reason)
            case OwnEnd(reason):
                self._be_out(left_in_words(reason))
            case Lost(why) if self.answered:
                self._end(Failed(LINE_LOST, why))
            case Lost(why):
                self._be_out(why)
            case _:
                pass

    def _be_out(self, why: str) -> None:
        """We are out of the room of a call that is not answered yet: the dial ends with it, and should say why."""
        self._out = why

        async def wait() -> None:
            await self._clock.sleep(_DIAL_SECONDS)
            if not (self.ended or self.hanging_up):
                self._stop(DialOutcome(504, why))

        self._clock.spawn(wait(), name="livekit dial without a room")

    def _stop(self, outcome: DialOutcome) -> None:
        """Give up what is not answered yet."""
        self.hanging_up = True
        self._give_up(outcome)

    def _over_by(self, reason: int | None) -> None:
        words = left_in_words(reason)
        self._end(HungUp(words) if hung_up(reason) else Failed(LINE_LOST, words))

    def _status(self, status: str | None) -> None:
        if status == "ringing":
            self.ring()

    def _end(self, final: Failed | HungUp) -> None:
        self._events.end(final)
        self.seen.set()
        self.left.set()
        self._on_over()
