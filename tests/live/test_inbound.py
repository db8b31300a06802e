"""Calls to us, and what strangers send."""

from __future__ import annotations

import asyncio
import logging
import random
import socket
from pathlib import Path

import pytest

from core.contracts.transport import Answered, HungUp, PlaceOrder, Ringing
from core.transports.sip.inbound import SipInbound
from tests.live.lab import CALLER, Lab, lab, live
from tests.live.sipp import free_port, hang_up_by_us, invite, receive, respond, run_sipp, sdp

CALL = f"""<send retrans="500"><![CDATA[
INVITE sip:{CALLER}@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: <sip:+12025550177@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:{CALLER}@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:caller@[local_ip]:[local_port]>
Max-Forwards: 70
Supported: timer
Session-Expires: 1800
Content-Type: application/sdp
Content-Length: [len]

{sdp(41000)}

]]></send>"""


def within(method: str, number: int) -> str:
    return f"""<send{"" if method == "ACK" else ' retrans="500"'}><![CDATA[
{method} [next_url] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: <sip:+12025550177@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:{CALLER}@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: {number} {method}
Max-Forwards: 70
Content-Length: 0

]]></send>"""


ANSWERED = [
    CALL, '<recv response="100" optional="true"></recv>', '<recv response="180" optional="true"></recv>',
    '<recv response="200" rrs="true"></recv>', within("ACK", 1), '<pause milliseconds="300"/>', within("BYE", 2),
    '<recv response="200"></recv>',
]  # fmt: skip


def port_of(here: Lab) -> int:
    from core.transports.sip.stack.signalling import SippySignalling

    signalling = here.transport._signalling
    assert isinstance(signalling, SippySignalling)
    return signalling.port_of("lab")


def test_a_call_comes_in(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lab(free_port()) as here:
            calls: asyncio.Queue[SipInbound] = asyncio.Queue()
            here.transport.on_inbound = calls.put_nowait  # type: ignore[assignment]  # it is told of no others
            await here.transport.listen("lab")
            with run_sipp(tmp_path, ANSWERED, towards=f"127.0.0.1:{port_of(here)}") as sipp:
                call = await asyncio.wait_for(calls.get(), 10)
                assert (call.trunk, call.to_number, call.from_number) == ("lab", CALLER, "+12025550177")
                await call.ring()
                leg = await call.answer(PlaceOrder("in-1", "in-1", call.from_number, CALLER, "lab"))
                assert [await leg.next(5), await leg.next(5)] == [Ringing(), Answered()]
                assert await leg.next(5) == HungUp()
                sipp.finished()

    live(scenario)


def test_a_call_that_nobody_wants_is_refused(tmp_path: Path) -> None:
    steps = [CALL, '<recv response="100" optional="true"></recv>', '<recv response="480"></recv>', within("ACK", 1)]

    async def scenario() -> None:
        async with lab(free_port()) as here:
            await here.transport.listen("lab")
            with run_sipp(tmp_path, steps, towards=f"127.0.0.1:{port_of(here)}") as sipp:
                while sipp.process.poll() is None:
                    await here.clock.sleep(0.05)
                sipp.finished()

    live(scenario)


def udp() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def test_strangers_and_nonsense_cost_a_line(tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    steps = [*invite(), respond(180, "Ringing"), '<pause milliseconds="800"/>', respond(200, "OK", body=sdp(40000), retransmit=True)]
    steps += [receive("ACK"), *hang_up_by_us()]
    luck = random.Random(1)

    async def scenario() -> None:
        with run_sipp(tmp_path, steps) as sipp:
            async with lab(sipp.port) as here:
                leg = await here.call()
                assert await here.events(leg, 1) == [Ringing()]
                address = ("127.0.0.1", port_of(here))
                whole = CALL.partition("CDATA[\n")[2].partition("]]>")[0].replace("[local_ip]:[local_port]", "127.0.0.1:9").encode()
                with (
                    socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trunk,
                    socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger,
                ):
                    trunk.bind(("127.0.0.1", 0))
                    stranger.bind(("127.0.0.7", 0))
                    for number in range(300):
                        broken = bytearray(whole.replace(b"[call_id]", str(number).encode()))
                        for _ in range(luck.randrange(1, 40)):
                            broken[luck.randrange(len(broken))] = luck.randrange(256)
                        trunk.sendto(broken, address)
                        trunk.sendto(luck.randbytes(luck.randrange(1, 1500)), address)
                        stranger.sendto(whole, address)
                assert await here.events(leg, 1) == [Answered()]  # the call goes on as if nothing were
                await leg.hang_up()
                sipp.finished()

    with caplog.at_level(logging.INFO):
        live(scenario)
    lines = [record for record in caplog.records if record.name.startswith("core.transports.sip") and record.levelno >= logging.WARNING]
    assert len(lines) <= 2, [record.getMessage() for record in lines]
    assert any("127.0.0.7" in record.getMessage() for record in lines)
    assert "Traceback" not in capsys.readouterr().out
