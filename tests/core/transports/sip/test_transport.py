"""Which trunk a call leaves on: the line of its order, or the trunk's record as it is now. Nothing is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from core.contracts.transport import Leg, PlaceOrder
from core.kernel.clock import RealClock
from core.transports.sip.settings import SipSettings
from core.transports.sip.signalling import InboundInvite, Invite, Listener, Peer
from core.transports.sip.transport import SipTransport, TrunkLine
from core.voice.ports import AudioLeg

LINE = TrunkLine("lab", SipSettings.model_validate({"host": "127.0.0.1", "local_address": "127.0.0.1", "lab": True}), 5, 50.0)


class NoSignalling:
    """Signalling that notes what it is told, and sends nothing."""

    def __init__(self) -> None:
        self.opened: list[Peer] = []
        self.dialled: list[Peer] = []

    def open(self, peer: Peer, on_invite: Callable[[InboundInvite], None]) -> None:
        self.opened.append(peer)

    def dial(self, peer: Peer, invite: Invite, listener: Listener) -> Any:
        self.dialled.append(peer)

    def request(self, *_: object) -> None:
        raise AssertionError

    def end_leftover(self, peer: Peer, kept: Mapping[str, Any], on_end: Callable[[], None]) -> None:
        raise AssertionError

    def close(self, trunk: str) -> None:
        pass


def placed(orders: list[TrunkLine | None], record: TrunkLine) -> tuple[NoSignalling, int]:
    """Place a call for each line that an order carries, while the record is as given; how often it was read."""
    signalling, reads = NoSignalling(), 0

    def line_of(_: str) -> TrunkLine:
        nonlocal reads
        reads += 1
        return record

    def speech(_: PlaceOrder) -> Callable[[AudioLeg], Leg]:
        return lambda audio: audio  # type: ignore[return-value]

    async def scenario() -> None:
        transport = SipTransport(RealClock(), signalling, line_of=line_of, speech=speech)
        try:
            for number, line in enumerate(orders):
                await transport.place(PlaceOrder(f"c{number}", f"a{number}", "+12025550142", "+12025550101", "lab", line=line))
        finally:
            transport.media.stop()

    asyncio.run(scenario())
    return signalling, reads


def test_the_record_is_read_once_for_all_calls_whose_orders_carry_it() -> None:
    signalling, reads = placed([LINE] * 4, replace(LINE, numbers=("+12025550101",)))
    assert reads == 1
    assert (len(signalling.opened), len(signalling.dialled)) == (1, 4)


def test_an_order_without_a_line_has_the_record_read() -> None:
    assert placed([None, None], LINE)[1] == 2


def test_an_order_with_another_line_than_the_open_one_has_the_record_read() -> None:
    stale = replace(LINE, settings=LINE.settings.model_copy(update={"host": "127.0.0.2"}))
    signalling, reads = placed([LINE, stale, LINE], LINE)
    assert reads == 2
    assert {peer.host for peer in signalling.dialled} == {"127.0.0.1"}
