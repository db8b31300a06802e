"""Our transport on a deployment of LiveKit, and what tests do with it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from core.contracts.transport import Failed, HungUp, Leg, LegEvent, PlaceOrder
from core.kernel.clock import RealClock
from core.transports.livekit.keeping import bring_in_step, take_away
from core.transports.livekit.line import LiveKitLine
from core.transports.livekit.server import LiveKitServer
from core.transports.livekit.settings import read_livekit_settings
from core.voice.leg import VoiceLeg
from core.voice.ports import AudioLeg
from tests.live.lab import ToneVoice
from tests.live.livekit.deployment import KEY, SECRET, Deployment

if TYPE_CHECKING:
    from core.transports.livekit.transport import LiveKitTransport

__all__ = ["CALLER", "Lab", "lab", "phone_ending"]

CALLER = "+12025550101"


def phone_ending(digits: str) -> str:
    """A number whose last two digits say what its phone does."""
    return f"+120255501{digits}"


class Lab:
    """A transport with one trunk, `lab`, and a view of the server beside it."""

    def __init__(self, deployment: Deployment, transport: LiveKitTransport, lines: dict[str, LiveKitLine], server: LiveKitServer) -> None:
        self.deployment, self.transport, self._lines, self.server = deployment, transport, lines, server
        self.clock = RealClock()

    @property
    def line(self) -> LiveKitLine:
        """The trunk."""
        return self._lines["lab"]

    async def in_step(self) -> None:
        """Make what the trunk needs at the server, if it is not there.

        Raises:
            one of core.transports.livekit.server.FAILURES.
        """
        kept = await bring_in_step(self.server, self.transport.installation, self.line)
        self._lines["lab"] = replace(self.line, outbound_trunk_id=kept.outbound_trunk_id)

    def order(self, digits: str, **more: Any) -> PlaceOrder:
        """A call."""
        number = uuid.uuid4().hex[:8]
        return PlaceOrder(f"call-{number}", f"attempt-{number}", phone_ending(digits), CALLER, "lab", **more)

    async def call(self, digits: str, **more: Any) -> VoiceLeg:
        """Place a call."""
        leg = await self.transport.place(self.order(digits, **more))
        assert isinstance(leg, VoiceLeg), leg
        return leg

    async def rooms(self) -> list[str]:
        """Our rooms at the server."""
        return [room.name for room in await self.server.rooms("dialler-")]

    async def no_rooms(self, seconds: float = 10.0) -> None:
        """Wait until none of our rooms is left."""
        async with asyncio.timeout(seconds):
            while await self.rooms():
                await self.clock.sleep(0.05)

    @staticmethod
    async def last(leg: Leg, seconds: float = 20.0) -> LegEvent:
        """The last event; what was heard before it does not matter."""
        async with asyncio.timeout(seconds):
            while True:
                event = await leg.next()
                if isinstance(event, HungUp | Failed):
                    return event

    @staticmethod
    async def events(leg: Leg, count: int, seconds: float = 20.0) -> list[LegEvent]:
        """The next so many events."""
        found = []
        async with asyncio.timeout(seconds):
            for _ in range(count):
                event = await leg.next()
                assert event is not None
                found.append(event)
        return found


@asynccontextmanager
async def lab(deployment: Deployment, installation: str | None = None, **settings: object) -> AsyncIterator[Lab]:
    """A transport on a deployment, its trunk made there."""
    from core.transports.livekit.transport import LiveKitTransport  # its package may not be here: then the tests are skipped

    given = {
        "url": deployment.url, "api_key": KEY, "api_secret": "secret:LIVEKIT", "address": "127.0.0.1:5060", "lab": True, **settings,
    }  # fmt: skip
    installation = installation or uuid.uuid4().hex[:8]
    line = LiveKitLine("lab", read_livekit_settings(given), 10, 50.0, SecretStr(SECRET), None, (CALLER,))
    clock, server = RealClock(), LiveKitServer(deployment.url, KEY, SecretStr(SECRET))

    def speech(order: PlaceOrder) -> Callable[[AudioLeg], Leg]:
        return lambda audio: VoiceLeg(audio, ToneVoice(), clock, call_id=order.call_id)

    try:
        lines = {"lab": line}
        transport = LiveKitTransport(clock, installation, lines.__getitem__, speech)
        here = Lab(deployment, transport, lines, server)
        await here.in_step()
        try:
            yield here
        finally:
            await transport.close()
        await here.no_rooms()
        await take_away(server, installation, "lab")
    finally:
        await server.close()
