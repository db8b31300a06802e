"""INVITEs without end from the trunk's own address: those above its limit are refused, and the calls in progress do not hear of it."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from core.contracts.transport import Answered, HungUp
from tests.live.lab import lab, live
from tests.live.rtp_farm import rtp_farm
from tests.live.sipp import hang_up_by_us, invite, receive, respond, run_sipp, sdp
from tests.live.test_inbound import port_of
from tests.live.test_load import callees

CALLS, A_SECOND, SECONDS = 10, 500, 10
_FLOOD = """
import socket, sys, time
port, rate, seconds = map(int, sys.argv[1:])
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("127.0.0.1", 0))
sock.setblocking(False)
own, began, sent, refused, retry = sock.getsockname()[1], time.monotonic(), 0, 0, 0
while time.monotonic() - began < seconds + 1:
    due = min(int((time.monotonic() - began) * rate), rate * seconds)
    while sent < due:
        sent += 1
        text = (
            f"INVITE sip:+12025550101@127.0.0.1:{port} SIP/2.0\\r\\nVia: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bK{sent}\\r\\n"
            f"From: <sip:+12025550177@127.0.0.1:{own}>;tag={sent}\\r\\nTo: <sip:+12025550101@127.0.0.1:{port}>\\r\\n"
            f"Call-ID: flood-{sent}\\r\\nCSeq: 1 INVITE\\r\\nContact: <sip:x@127.0.0.1:{own}>\\r\\n"
            f"Max-Forwards: 70\\r\\nContent-Length: 0\\r\\n\\r\\n"
        )
        sock.sendto(text.encode(), ("127.0.0.1", port))
    try:
        while True:
            data = sock.recv(4096)
            refused += data.startswith(b"SIP/2.0 503")
            retry += b"Retry-After" in data
    except BlockingIOError:
        time.sleep(0.002)
print(sent, refused, retry)
"""


@pytest.mark.parametrize("flooded", [False, True], ids=["quiet", "flood"])
def test_a_flood_does_not_silence_live_calls(tmp_path: Path, caplog: pytest.LogCaptureFixture, *, flooded: bool) -> None:
    body = sdp(0).replace("m=audio 0 ", "m=audio [field0] ")
    steps = [*invite(), respond(180, "Ringing"), respond(200, "OK", body=body, retransmit=True), receive("ACK"), *hang_up_by_us()]
    words = " ".join(["word"] * ((SECONDS + 1) * 5))
    figures = ""

    async def scenario() -> None:
        nonlocal figures
        with rtp_farm(CALLS) as farm, run_sipp(tmp_path, steps, *callees(tmp_path, farm.ports), calls=CALLS) as sipp:
            async with lab(sipp.port, channels=CALLS, inbound_per_second=20) as here:
                surfaced = 0

                def on_inbound(call: object) -> None:
                    nonlocal surfaced
                    surfaced += 1
                    here.clock.spawn(call.refuse(486, "Busy Here"), name="refusing")  # type: ignore[attr-defined]

                here.transport.on_inbound = on_inbound
                await here.transport.listen("lab")
                legs = [await here.call() for _ in range(CALLS)]
                for leg in legs:
                    assert Answered() in await here.events(leg, 2)
                command = [sys.executable, "-c", _FLOOD, str(port_of(here)), str(A_SECOND), str(SECONDS)]
                flood = subprocess.Popen(command, stdout=subprocess.PIPE, text=True) if flooded else None  # noqa: ASYNC220
                playouts = await asyncio.gather(*(leg.say(words) for leg in legs))
                assert all(playout.completed for playout in playouts)
                if flood is not None:
                    said, _ = await asyncio.to_thread(flood.communicate, None, 30)
                    sent, refused, retry = map(int, said.split())
                for leg in legs:
                    await leg.hang_up()
                for leg in legs:
                    assert await here.events(leg, 1) == [HungUp("caller hung up")]
                sipp.finished()
                stats = here.transport.media.stats
                if flood is not None:
                    assert sent == A_SECOND * SECONDS
                    assert surfaced <= 20 * (SECONDS + 3), "no more than the limit and its burst are looked at"
                    assert refused == retry >= sent * 0.9 - surfaced
            heard = farm.heard()
        whole, lost, late = sum(one.packets for one in heard), sum(one.lost for one in heard), sum(one.late for one in heard)
        figures = f"{whole} packets, {lost} lost, {late} late, longest gap {max(one.longest_gap for one in heard) * 1000:.0f} ms; {stats}"
        figures += f"; {surfaced} of {sent} surfaced, {refused} refused" if flooded else ""
        print(figures)
        assert lost <= whole * 0.01, figures
        assert late <= whole * 0.1, figures
        assert stats.skipped_ticks <= stats.ticks * 0.1, figures

    with caplog.at_level(logging.WARNING):
        live(scenario)
    told = [record.getMessage() for record in caplog.records if "new calls a second" in record.getMessage()]
    assert len(told) <= 2
    assert bool(told) is flooded
