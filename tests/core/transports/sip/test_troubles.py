"""What this machine cannot do for a trunk is known to whoever asks for a call, without a call being spent on it."""

from __future__ import annotations

import asyncio
import socket
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.contracts.transport import PlaceOrder
from core.kernel.virtual_clock import VirtualClock
from core.transports.sip.settings import SipSettings
from core.transports.sip.signalling import OwnFault
from core.transports.sip.transport import SipTransport, TrunkLine
from tests.conftest import START

ORDER = PlaceOrder("call", "call", "+12025550120", "+12025550102", "lab")


class SetClock(VirtualClock):
    """A clock that stands where it is set."""

    at = START

    def now(self) -> datetime:
        return self.at


class Wire:
    """Signalling that sends nothing, on a machine that may not open its port."""

    fault: OwnFault | None = None

    def open(self, peer: object, on_invite: object) -> None:
        if self.fault is not None:
            raise self.fault


def transport_on(clock: VirtualClock, wire: Any, port: int = 30000) -> SipTransport:
    settings = SipSettings(host="127.0.0.1", local_address="127.0.0.1", rtp_first=port, rtp_last=port + 1)
    return SipTransport(clock, wire, line_of=lambda name: TrunkLine(name, settings, 10, 5.0), speech=lambda _: lambda leg: leg)  # type: ignore[arg-type, return-value]


def test_a_port_that_cannot_be_opened_is_a_trouble_until_it_can() -> None:
    async def scene() -> None:
        clock, wire = SetClock(START), Wire()
        transport = transport_on(clock, wire)
        wire.fault = OwnFault("port 5060 is in use")
        assert transport.trouble("lab") is None
        with pytest.raises(OwnFault):
            await transport.listen("lab")
        assert transport.trouble("lab") == ("port 5060 is in use", START + timedelta(seconds=30))
        assert transport.trouble("other") is None
        wire.fault = None
        await transport.listen("lab")
        clock.at = START + timedelta(seconds=31)
        assert transport.trouble("lab") is None

    asyncio.run(scene())


def test_where_no_port_for_sound_is_free_it_is_looked_for_without_a_call() -> None:
    async def scene() -> None:
        clock = SetClock(START)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1] & ~1
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                if port != taken.getsockname()[1]:
                    other.bind(("127.0.0.1", port))
                transport = transport_on(clock, Wire(), port)
                await transport.listen("lab")
                assert transport.trouble("lab") is None  # nobody has called yet: it is not looked
                await transport.place(ORDER)
                assert transport.trouble("lab") is not None
                clock.at = START + timedelta(seconds=29)
                with pytest.raises(OwnFault, match="no free port for sound"):
                    await transport.listen("lab")
                clock.at = START + timedelta(seconds=50)
                assert transport.trouble("lab") is not None  # renewed by the look, not by a call
            taken.close()
            await transport.listen("lab")
            clock.at = START + timedelta(seconds=60)
            await transport.listen("lab")
            assert transport.trouble("lab") is None

    asyncio.run(scene())
