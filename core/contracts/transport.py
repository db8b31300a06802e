"""The protocol of transports: how the call engine places a call and talks on it, whatever carries it.

A transport places calls and hands back a `Leg`: the callee's end of one call. What happens on it arrives as events,
in order; speech goes in and out as text here (a voice transport puts speech recognition and synthesis between).
The conversation does not know which transport carries it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol, runtime_checkable

from core.contracts.voice_config import VoiceConfig
from core.kernel.hours import Constraint

__all__ = [
    "EXTENSION_ANSWERS",
    "KEY_SECONDS",
    "LINE_LOST",
    "WEBSOCKET",
    "Answered",
    "AsksTrunks",
    "Beep",
    "Digit",
    "DivertedCall",
    "EndsLeftovers",
    "Failed",
    "FaxTone",
    "Heard",
    "HungUp",
    "InboundCall",
    "KeepsLeftover",
    "KnowsTroubles",
    "Leg",
    "LegError",
    "LegEvent",
    "Line",
    "NotAnswered",
    "PlaceOrder",
    "Playout",
    "Ringing",
    "SpokenLeg",
    "TransferOutcome",
    "Transport",
]

WEBSOCKET: Final = "websocket"
"""The transport whose calls come in by no trunk: a dialler opens them, to a bot by name."""


class Line(Protocol):
    """A trunk as its transport needs it. Each transport that has trunks has a class of its own for it."""

    @property
    def name(self) -> str:
        """The trunk's name."""

    @property
    def channels(self) -> int:
        """Most calls at once."""

    @property
    def calls_per_second(self) -> float:
        """Most new calls a second."""


KEY_SECONDS: Final = 0.25
"""How long a key of the phone takes, with the pause after it."""
EXTENSION_ANSWERS: Final = 2.0
"""Seconds that a switchboard is given to put a call through to an extension."""


@dataclass(frozen=True)
class PlaceOrder:
    """What a transport needs to place one call.

    Attributes:
        call_id: the call.
        attempt: what the callee's network may see of us to tell two dials apart: the Idempotency-Key of the dialout, else the call id.
            It is sent as a header where the transport has headers.
        to_number: the customer's.
        from_number: ours; None: none is shown.
        trunk: the name of the trunk.
        headers: further headers.
        record: whether the sound is to be kept.
        lab: whether the trunk is a test line on this machine, which reaches no real phone.
        voice: what the bot speaks and listens with; None: its configuration names nothing.
        calling_window: when the campaign may call, for a callback that is promised in the call; None: at any time.
        extension_pause: seconds between the answer and the keys of an extension.
        line: the trunk, as it was when the call was put on record. None: the transport has no trunks, or has to read the trunk itself.
    """

    call_id: str
    attempt: str
    to_number: str
    from_number: str | None
    trunk: str
    headers: dict[str, str] = field(default_factory=dict)
    record: bool = False
    lab: bool = False
    voice: VoiceConfig | None = None
    line: Line | None = field(default=None, repr=False)
    calling_window: Constraint | None = field(default=None, repr=False)
    extension_pause: float = 2.0

    @property
    def extension_seconds(self) -> float:
        """How long after the answer an extension has been dialled and can answer; 0 if the number has none."""
        extension = self.to_number.partition(";ext=")[2]
        return self.extension_pause + len(extension) * KEY_SECONDS + EXTENSION_ANSWERS if extension else 0.0


@dataclass(frozen=True)
class Ringing:
    """The callee's phone rings (SIP 180 or 183)."""


@dataclass(frozen=True)
class Answered:
    """The callee, or a machine, picked up (SIP 200)."""


LINE_LOST: Final = 503
"""The status of an answered call that neither side has ended: its line is gone, which is no hanging up."""


@dataclass(frozen=True)
class Failed:
    """The call ended before it was answered, with the final SIP status and its reason phrase.

    `from_trunk` tells a refusal by our own trunk (its channels or its calls per second) from one by the callee's side.
    `spared`: it says nothing of the trunk's health, because our own limits, our own machine, or the callee's line was the cause.
    `ours`: nothing is wrong with the line: what speaks or listens in this process failed. That may happen after the answer, too;
    the leg can still be spoken on then, if what speaks has not failed.
    `cause`: the cause of the phone network (Q.850) that came with the status.
    """

    sip_status: int
    reason: str
    from_trunk: bool = False
    spared: bool = False
    ours: bool = False
    cause: int | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Heard:
    """The callee said something; `seconds` is how long it took. `barged_in`: it stopped the bot in mid-sentence."""

    text: str
    seconds: float
    barged_in: bool = False


@dataclass(frozen=True)
class Digit:
    """The callee pressed a key (RFC 4733)."""

    digit: str


@dataclass(frozen=True)
class Beep:
    """A short tone, as machines sound one before they record. It may also be a PBX's, or ringback that outlives the answer.

    `tells_machine`: what was heard before and after it leaves no other reading: a machine has answered, and records now. Else it means
    something only on a call whose machine is known already.
    """

    tells_machine: bool = False


@dataclass(frozen=True)
class FaxTone:
    """The tone of a fax or a modem: nobody is there to talk to."""


@dataclass(frozen=True)
class HungUp:
    """The callee's side ended the answered call."""

    reason: str = "hung up"


LegEvent = Ringing | Answered | Failed | Heard | Digit | Beep | FaxTone | HungUp


@dataclass(frozen=True)
class Playout:
    """What became of something the bot said: `spoken` is the part that was played, `completed` whether it was all."""

    spoken: str
    completed: bool
    seconds: float


@dataclass(frozen=True)
class TransferOutcome:
    """Whether a transfer went through, and with which SIP status it failed otherwise."""

    succeeded: bool
    sip_status: int | None = None
    reason: str = ""


class LegError(Exception):
    """A leg could not do what it was asked for. The message says why, and holds neither secrets nor what was said."""


class NotAnswered(Exception):
    """A call to us was refused as we picked up, for a reason of the caller's side: nothing failed here.

    Attributes:
        sip_status: the status that it was refused with.
        reason: why, in words, without personal data.
    """

    def __init__(self, sip_status: int, reason: str) -> None:
        super().__init__(reason)
        self.sip_status, self.reason = sip_status, reason


class Leg(Protocol):
    """The callee's end of one call."""

    @property
    def speaking(self) -> bool:
        """Whether the callee is speaking now, so that `Heard` is to follow: then nobody is silent."""

    async def next(self, timeout: float | None = None) -> LegEvent | None:
        """The next event; None when nothing happened for `timeout` clock seconds."""

    async def say(self, text: str) -> Playout:
        """Speak; returns when it was played, was interrupted by the callee, or the call is over.

        Raises:
            LegError: none of the words could be spoken.
        """

    async def hang_up(self, reason: str = "") -> None:
        """End the call: CANCEL before the answer, BYE after it. Safe at any moment, any number of times.

        It does not wait for the other side to confirm: that comes as the last event, or never.
        """

    async def transfer(self, destination: str) -> TransferOutcome:
        """Hand the callee over to `destination` (a number, tel: or sip: address)."""


@runtime_checkable
class SpokenLeg(Leg, Protocol):
    """A leg whose words become sound."""

    @property
    def answer_to_first_audio(self) -> float | None:
        """Seconds from the answer to our first sound; None until then."""

    def prepare(self, text: str) -> None:
        """These words are about to be said: have their sound ready. Never waits, never fails."""


@runtime_checkable
class KeepsLeftover(Protocol):
    """A leg whose call can be ended without its process, from what is kept of it."""

    @property
    def leftover(self) -> dict[str, Any] | None:
        """What is to be kept, as JSON; None if there is nothing (yet)."""


@runtime_checkable
class EndsLeftovers(Protocol):
    """A transport that can end a call of a process that died, from what was kept of it."""

    async def end_leftover(self, trunk: str, kept: dict[str, Any]) -> None:
        """Tell the other side that the call is over; best effort.

        Raises:
            Exception: it could not even be sent.
        """


class InboundCall(Protocol):
    """A call that somebody makes to one of our numbers. It rings here until it is answered or refused."""

    @property
    def from_number(self) -> str:
        """Who calls: E.164, if the caller's network gives a number of the phone network."""

    @property
    def to_number(self) -> str:
        """Which of our numbers (E.164)."""

    @property
    def reference(self) -> str:
        """What the caller's network calls this call."""

    async def ring(self) -> None:
        """Let the caller hear that it rings."""

    async def answer(self, order: PlaceOrder) -> Leg:
        """Pick up; the leg's first events are `Ringing` and `Answered`, or `Failed` with 487 if the caller has given up.

        Args:
            order: the call as the engine knows it; `to_number` is the caller's.

        Raises:
            NotAnswered: it was refused for a reason of the caller's side.
        """

    async def refuse(self, sip_status: int, reason: str) -> None:
        """Turn the caller away with a final SIP status. Safe at any moment, any number of times."""


@runtime_checkable
class DivertedCall(Protocol):
    """A call to us whose network says that it was meant for somebody else."""

    @property
    def diverted_from(self) -> tuple[tuple[str, str], ...]:
        """Whom it was diverted from and why, the latest first: E.164 if it is a number of the phone network; a reason may be empty."""


@runtime_checkable
class AsksTrunks(Protocol):
    """A transport that can ask a trunk whether it is there, without calling anybody."""

    async def ask(self, trunk: str) -> str | None:
        """What is wrong with the trunk, in words; None if it answers well. Takes seconds at most."""


@runtime_checkable
class KnowsTroubles(Protocol):
    """A transport that knows what is wrong on this machine."""

    def trouble(self, trunk: str) -> tuple[str, datetime] | None:
        """Why no call can leave on a trunk, in words, and when it is to be tried again; None if nothing is known to be wrong."""


class Transport(Protocol):
    """Something that can place calls."""

    name: str
    """Its name in configuration and in records: `sandbox`, `sip`, `livekit`, `websocket`."""
    real: bool
    """Whether real phones can ring: fictional numbers are refused by real transports."""

    async def place(self, order: PlaceOrder) -> Leg:
        """Send the call out. Returns when it has left (the INVITE is with the network); its fate comes as events."""
