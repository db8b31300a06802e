"""The `sip` transport of the call engine: calls over SIP trunks, from this process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.contracts.transport import Answered, InboundCall, Leg, Line, NotAnswered, PlaceOrder, Ringing
from core.kernel.clock import Clock, Signal
from core.transports.load import TrunkLoad
from core.transports.refused import RefusedLeg
from core.transports.sip.asking import ask, verdict_on_options
from core.transports.sip.call import SipCall
from core.transports.sip.called import caller_number, our_number
from core.transports.sip.inbound import RETRY_LATER, SipInbound
from core.transports.sip.leg import SipAudioLeg
from core.transports.sip.line import TrunkLine, check_one_port, check_ports, look_up
from core.transports.sip.media import MediaSession
from core.transports.sip.negotiation import Negotiation
from core.transports.sip.ports import PortRange
from core.transports.sip.referral import Route
from core.transports.sip.registration import Registrar
from core.transports.sip.sdp import SdpError
from core.transports.sip.signalling import LINGER_SECONDS, InboundInvite, Invite, Network, OwnFault, Peer, Signalling, SipUnavailable
from core.transports.sip.standing import Registration
from core.voice.errors import VoiceUnavailable
from core.voice.media_thread import MediaThread
from core.voice.ports import Speech

__all__ = ["SipTransport", "TrunkLine", "look_up"]

log = logging.getLogger(__name__)

_LOOK_UP_AGAIN = 300.0
"""Seconds after which a host's name is looked up again."""
_SOONER = 270.0
"""So much sooner if it could not be."""
_LEFTOVER_SECONDS = 5.0
"""How long it is waited at the end until the calls of a dead process are confirmed to be over."""
_TROUBLE = timedelta(seconds=30)
"""How long no call is tried after one could not leave because of this machine."""


@dataclass
class _Open:
    """A trunk that is listened for."""

    line: TrunkLine
    peer: Peer
    ports: PortRange
    looked_up: float
    load: TrunkLoad
    registrar: Registrar | None = None


class SipTransport:
    """Places and answers calls over SIP trunks. It runs on the real clock.

    Args:
        clock: the real clock.
        signalling: SIP.
        line_of: a trunk by its name, as its record is now.
        speech: makes the leg of a conversation of one that carries sound.
        in_use: how many channels of a trunk are taken, in whatever process, with those of calls that are just leaving.
        on_registration: told, in the event loop's thread, of all news of a registration: the trunk, and how it stands.
    """

    name = "sip"
    real = True

    def __init__(
        self,
        clock: Clock,
        signalling: Signalling,
        *,
        line_of: Callable[[str], TrunkLine],
        speech: Speech,
        in_use: Callable[[str], int] = lambda _: 0,
        on_registration: Callable[[str, Registration], None] = lambda _, __: None,
    ) -> None:
        self._clock, self._signalling = clock, signalling
        self._line_of, self._speech, self._in_use = line_of, speech, in_use
        self._on_registration = on_registration
        self._trunks: dict[str, _Open] = {}
        self._opening: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._leftovers: list[Signal] = []
        self._troubles: dict[str, tuple[str, datetime]] = {}
        self.media = MediaThread("sip-media")
        self.on_inbound: Callable[[InboundCall], None] | None = None
        """Called with every call to a number of the trunk that it comes by, in the event loop's thread; without it such calls are
        refused with 480."""

    async def listen(self, trunk: str) -> None:
        """Be reachable for a trunk, and register if it wants that. Dialling does so too.

        As long as this machine keeps it from that, or no port for sound is free where a call wanted one, the trunk is in trouble: no
        call is spent on finding that out again.

        Raises:
            SipUnavailable: see there.
        """
        try:
            opened = await self._open(trunk)
            if trunk in self._troubles:
                check_one_port(opened.line, opened.ports)
        except OwnFault as error:
            self._fault(trunk, error)
            raise
        if self.trouble(trunk) is None:
            self._troubles.pop(trunk, None)

    def _fault(self, trunk: str, error: Exception) -> None:
        self._troubles[trunk] = (str(error), self._clock.now() + _TROUBLE)

    def check(self, trunk: str) -> None:
        """Whether a trunk that is listened for has ports for the sound of as many calls as its record says.

        Raises:
            OwnFault: it has not.
        """
        opened = self._trunks[trunk]
        check_ports(opened.line, opened.ports, self._in_use(trunk))

    async def keep_only(self, trunks: Collection[str]) -> None:
        """Listen no longer for any trunk but these, and those that still have calls."""
        for name in [name for name, trunk in self._trunks.items() if name not in trunks and not trunk.load.calls]:
            await self._shut(name, self._trunks.pop(name))

    async def place(self, order: PlaceOrder) -> Leg:
        """Send the INVITE. Its headers are the trunk's, the order's, and `X-Attempt-Id`.

        What keeps it from leaving is the trunk's failure: nobody was called, so the leg's first and last event is `Failed`.
        """
        try:
            return await self._place(order)
        except (SipUnavailable, VoiceUnavailable, OSError) as error:
            log.error("call %s did not leave: %s", order.call_id, error)
            own = isinstance(error, OwnFault) or not isinstance(error, SipUnavailable)
            if own and not isinstance(error, VoiceUnavailable):
                self._fault(order.trunk, error)
            return RefusedLeg(str(error), spared=own)

    def trouble(self, trunk: str) -> tuple[str, datetime] | None:
        """What is wrong on this machine with a trunk, so that no call can leave on it, and when it is to be tried again."""
        trouble = self._troubles.get(trunk)
        return trouble if trouble is not None and self._clock.now() < trouble[1] else None

    async def ask(self, trunk: str) -> str | None:
        """Ask a trunk whether it is there (OPTIONS). Returns what is wrong, in words."""
        try:
            peer = (await self._open(trunk)).peer
            reply = await ask(self._signalling, self._clock, peer, "OPTIONS")
        except (SipUnavailable, OSError) as error:
            return str(error)
        works, sentences = verdict_on_options(reply, peer)
        return None if works else " ".join(sentences)

    async def _place(self, order: PlaceOrder) -> Leg:
        trunk = await self._open(order.trunk, order.line)
        speaking = self._speech(order)
        number, _, extension = order.to_number.partition(";ext=")
        settings = trunk.line.settings
        to_user = settings.number_prefix + number.removeprefix("+")
        from_user = _plain_user(order.from_number) if order.from_number else (settings.user or "anonymous")
        leg, call = self._prepare(trunk)
        leg.keys_on_answer, leg.pause_before_keys = extension, order.extension_pause
        leg.own_uri = f"sip:{from_user}@{trunk.peer.from_domain or trunk.peer.advertised}"
        marks = {"{from}": from_user, "{to}": to_user}
        headers = [(name, _fill(value, marks)) for name, value in {**settings.headers, **order.headers}.items()]
        headers.append(("X-Attempt-Id", _fill(order.attempt, {})))
        try:
            spoken = speaking(leg)  # before the INVITE leaves: a voice that cannot be had rings nobody's phone
            self._signalling.dial(trunk.peer, Invite(to_user, from_user, call.negotiation.offer(), tuple(headers)), call)
        except BaseException:
            call.failed(503, "it did not leave", "", from_us=True)  # ends the leg, which frees its port and its place on the trunk
            raise
        return spoken

    async def end_leftover(self, trunk: str, kept: dict[str, Any]) -> None:
        """Send the BYE or the CANCEL of a call whose process died.

        Raises:
            SipUnavailable: the trunk cannot be used.
        """
        peer, over, loop = (await self._open(trunk)).peer, self._clock.signal(), asyncio.get_running_loop()

        def on_end() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(over.set)

        self._leftovers.append(over)
        self._signalling.end_leftover(peer, kept, on_end)

    async def close(self) -> None:
        """Listen for no trunk any more. The calls are over by then."""
        deadline = self._clock.now().timestamp() + _LEFTOVER_SECONDS
        for over in self._leftovers:
            await over.wait(max(deadline - self._clock.now().timestamp(), 0.0))
        for name in list(self._trunks):
            await self._shut(name, self._trunks.pop(name))
        await self._clock.sleep(2 * LINGER_SECONDS)  # the last BYEs are still on their way out
        self.media.stop()

    async def _shut(self, name: str, trunk: _Open) -> None:
        if trunk.registrar is not None:
            await trunk.registrar.stop()
        self._signalling.close(name)

    def _prepare(self, trunk: _Open) -> tuple[SipAudioLeg, SipCall]:
        """A leg and its call, with a port for its sound."""
        line, taken = trunk.line, self._in_use(trunk.line.name)
        sock = trunk.ports.open()
        crowding = trunk.load.begin(self._clock.now(), line.channels, line.calls_per_second, taken)
        leg = SipAudioLeg(self._clock, crowding, lambda: self._forget(trunk, session))
        session = MediaSession(sock)
        negotiation = Negotiation(trunk.peer.advertised, session.port, trunk.line.settings.codecs, random.getrandbits(31))
        call = SipCall(negotiation, session, leg.post, trunk.line.settings.media_timeout)
        session.on_digit, session.on_silence = call.pressed, call.unheard
        leg.bind(call)
        leg.route = Route(trunk.peer.host, trunk.peer.address[1], trunk.line.settings.number_prefix)
        self.media.add(session)
        return leg, call

    def _forget(self, trunk: _Open, session: MediaSession) -> None:
        trunk.load.end()
        self.media.remove(session)

    async def _open(self, name: str, carried: Line | None = None) -> _Open:
        """The trunk as its record is now; opened, or changed, if need be.

        Args:
            name: the trunk's.
            carried: what a call's order carries of it. Only if that is not what is open, the record is read: of the two, nobody knows
                here which is the newer.
        """
        async with self._opening[name]:
            known, now = self._trunks.get(name), self._clock.now().timestamp()
            if known is not None and known.line == carried and now - known.looked_up < _LOOK_UP_AGAIN:
                return known
            line = self._line_of(name)
            if known is not None and known.line == line and now - known.looked_up < _LOOK_UP_AGAIN:
                return known
            try:
                peer = await look_up(line, _addresses_of(known) if known is not None and known.load.calls else ())
            except SipUnavailable as error:
                if known is None or known.line != line:
                    raise
                log.warning("%s; the address that it had is used", error)
                known.looked_up = now - _SOONER
                return known
            if known is None or known.peer != peer:
                self._signalling.open(peer, self._surfacing(name))
            same_ports = known is not None and _ports_of(known.line) == _ports_of(line)
            ports = known.ports if known is not None and same_ports else PortRange(*_ports_of(line))
            trunk = _Open(line, peer, ports, now, known.load if known else TrunkLoad())
            if known is not None and known.registrar is not None:
                if known.peer == peer and line.settings.register_:
                    trunk.registrar = known.registrar
                else:
                    await known.registrar.stop()
            if line.settings.register_ and trunk.registrar is None:
                trunk.registrar = Registrar(self._clock, self._signalling, peer, lambda standing: self._on_registration(name, standing))
                trunk.registrar.start()
            self._trunks[name] = trunk
            return trunk

    def _surfacing(self, name: str) -> Callable[[InboundInvite], None]:
        """What signalling calls in its thread for every call that comes in."""
        loop = asyncio.get_running_loop()

        def on_invite(invite: InboundInvite) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._surface, name, invite)

        return on_invite

    def _surface(self, name: str, invite: InboundInvite) -> None:
        """A call has come in, in the event loop's thread."""
        if self.on_inbound is None or name not in self._trunks:
            invite.dialog.reject(480, "Temporarily Unavailable")
            return
        usable = False
        for trunk in (name, *(other for other in invite.also if other in self._trunks)):
            try:
                line = self._line_of(trunk)
            except SipUnavailable as error:
                log.warning("the trunk %s cannot take calls: %s", trunk, error)
                continue
            usable = True
            number = our_number(invite.called, line.numbers, line.settings.number_prefix)
            if number is not None:
                break
        else:
            if usable:
                log.warning("the trunk %s sent a call to a number that is not on it", name)
            invite.dialog.reject(*((404, "Not Found") if usable else (480, "Temporarily Unavailable")))
            return
        caller, opened = caller_number(invite.caller, invite.asserted, number, private=invite.private), self._trunks[trunk]
        self.on_inbound(SipInbound(trunk, caller, number, invite, lambda order: self._answer(opened, invite, order)))

    def _answer(self, trunk: _Open, invite: InboundInvite, order: PlaceOrder) -> Leg:
        """Pick up.

        Raises:
            NotAnswered: there is no sound that both sides have; it was refused.
            SipUnavailable, VoiceUnavailable, OSError: it cannot be answered; it was refused.
        """
        try:
            speaking = self._speech(order)
            leg, call = self._prepare(trunk)
        except (VoiceUnavailable, SipUnavailable, OSError):
            invite.dialog.reject(503, "Service Unavailable", RETRY_LATER)
            raise
        leg.own_uri = f"sip:{_plain_user(order.from_number or '')}@{trunk.peer.advertised}"
        try:
            ours, call.session.stream = (call.negotiation.offer(), None) if invite.sdp is None else call.negotiation.answer(invite.sdp)
        except SdpError as error:
            invite.dialog.reject(488, "Not Acceptable Here")
            self._forget(trunk, call.session)
            raise NotAnswered(488, f"the caller's side offers no sound that we have: {error}") from None
        leg.post(Ringing())
        invite.listen(call)
        invite.dialog.accept(ours)
        call.accepted()
        leg.post(Answered())
        return speaking(leg)


def _addresses_of(trunk: _Open) -> tuple[Network, ...]:
    """The addresses of its host that are let in, without those that its record adds."""
    return trunk.peer.accept_from[: len(trunk.peer.accept_from) - len(trunk.line.settings.accept_from)]


def _ports_of(line: TrunkLine) -> tuple[str, int, int]:
    return line.settings.local_address, line.settings.rtp_first, line.settings.rtp_last


def _plain_user(number: str) -> str:
    return number.partition(";")[0]


def _fill(text: str, marks: dict[str, str]) -> str:
    """The text with its marks replaced, on one line."""
    for mark, value in marks.items():
        text = text.replace(mark, value)
    return "".join(character for character in text if character.isprintable())
