"""What does not belong to a call, sent at it while it goes on: its sound, its log, its memory and its end are unharmed."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.contracts.transport import Answered, Failed, HungUp, Ringing
from core.voice.leg import VoiceLeg
from core.voice.ports import FRAME, RATE, Frame
from tests.live.lab import Lab, lab, live, tone
from tests.live.rtp_peer import RtpPeer, rtp_peer
from tests.live.sip_peer import SipPeer, sip_peer
from tests.live.sipp import sdp

pytestmark = pytest.mark.needs("sippy")


def resident() -> int:
    """Bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Ear:
    """An end of a call that keeps what it hears, and says a tone."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self._said = 0

    def exchange(self, heard: Frame) -> Frame:
        self.frames.append(heard.copy())
        at = np.arange(self._said, self._said + FRAME)
        self._said += FRAME
        return (8000 * np.sin(2 * np.pi * 1000 * at / RATE)).astype(np.int16)

    def heard(self) -> Frame:
        return np.concatenate(self.frames) if self.frames else np.zeros(0, dtype=np.int16)


def share_of_tone(sound: Frame, frequency: float) -> float:
    """How much of the time a tone, and nothing else to speak of, is heard: the share of 40 ms pieces that are it."""
    size = 2 * FRAME
    pieces = [sound[at : at + size].astype(np.float64) for at in range(0, len(sound) - size, size)]
    wave = np.exp(-2j * np.pi * frequency * np.arange(size) / RATE)
    good = [abs(piece @ wave) / size * 2 for piece in pieces]
    energy = [np.sqrt(2 * np.mean(piece**2)) for piece in pieces]
    return float(sum(g > 4000 and g > 0.8 * e for g, e in zip(good, energy, strict=True)) / max(len(pieces), 1))


def malformed_sip(call: SipPeer, own: int) -> Iterator[bytes]:
    """Requests and answers that are not quite, from the trunk's own address."""
    dice = random.Random(7)
    invite = call.invite
    lines = [f"Via: SIP/2.0/UDP 127.0.0.1:{call.port};branch=z9hG4bK", f"From: {invite['to']};tag={call.tag}", f"To: {invite['from']}"]
    lines += [f"Call-ID: {invite['call-id']}", "Contact: <sip:callee@127.0.0.1>", "Max-Forwards: 70"]
    for number in range(own):
        method = dice.choice(["INVITE", "BYE", "NOTIFY", "OPTIONS", "ACK", "CANCEL", "INFO", "XYZZY", "SUBSCRIBE"])
        if number % 12 in {5, 9, 10}:  # which can be read after all
            method = dice.choice(["OPTIONS", "XYZZY"])
        good = "\r\n".join([f"{method} sip:x@127.0.0.1 SIP/2.0", *lines, f"CSeq: {2000000 + number} {method}", "Content-Length: 0", "", ""])
        match number % 12:
            case 0:
                yield dice.randbytes(dice.randrange(1, 1200))
            case 1:
                yield good.encode()[: dice.randrange(10, 200)]
            case 2:
                yield good.replace("CSeq: ", "CSeq: x").encode()
            case 3:
                yield good.replace("From:", "Form:").encode()
            case 4:
                yield good.replace("Content-Length: 0", "Content-Length: 99999").encode()
            case 5:
                yield good.replace("Content-Length: 0", "Content-Length: -5").encode()
            case 6:
                yield f"SIP/2.0 {dice.choice(['99', '1000', 'abc', '-1', '200'])} OK\r\n".encode() + good.encode().partition(b"\r\n")[2]
            case 7:
                yield good.replace(";tag=", ";tag=wrong").encode()  # within no call that we have
            case 8:
                yield good.replace("<sip:callee@127.0.0.1>", "<<sip:::@[>>;;;").replace(invite["call-id"], f"c{number}").encode()
            case 9:
                yield good.replace("Max-Forwards: 70", "X: " + "y" * dice.randrange(1000, 60000)).encode()
            case 10:
                yield (
                    good.encode().replace(b"Max-Forwards: 70", b"Subject: \xff\xfe\x00\x80" + dice.randbytes(40)).replace(b"sip:x", b"\x00")
                )
            case _:
                yield b"\r\n" * dice.randrange(0, 500)


def foreign_rtp(number: int) -> bytes:
    """Packets that are no part of the call: broken, of another stream, of another kind, far too long."""
    dice = random.Random(number)
    loud = bytes([0x00, 0x80] * 80)  # as loud as mu-law goes
    header = struct.pack("!BBHII", 0x80, 0, number & 0xFFFF, number * 160, 0xBAD)
    match number % 7:
        case 0:
            return dice.randbytes(dice.randrange(0, 400))
        case 1:
            return header[: dice.randrange(0, 12)]
        case 2:
            return header + loud  # another SSRC
        case 3:
            return header[:1] + bytes([dice.choice([3, 9, 18, 96, 111, 13, 101])]) + header[2:] + loud
        case 4:
            return header + loud * 20
        case 5:
            return bytes([dice.choice([0x00, 0x40, 0xC0, 0x8F, 0x9F, 0xBF])]) + header[1:] + loud
        case _:
            return struct.pack("!BBHII", 0x80, 0, dice.randrange(65536), dice.randrange(2**32), 77) + loud  # the SSRC of the call, guessed


async def talking(here: Lab, peer: SipPeer, sound: RtpPeer, seconds: float = 60.0) -> tuple[VoiceLeg, Ear]:
    """An answered call whose callee sends a tone of 700 Hz, and is sent one of 1,000."""
    leg = await here.call()
    await peer.invited()
    await peer.answer(sdp(sound.port))
    assert await here.events(leg, 1) == [Answered()]
    ear = Ear()
    audio = leg._audio
    audio.connect(ear)
    sound.say(tone(700, seconds))
    await here.clock.sleep(0.3)
    return leg, ear


async def unharmed(here: Lab, sound: RtpPeer, ear: Ear, least: float = 0.75) -> None:
    """Both hear the tone of the other for most of the next second."""
    ear.frames.clear()
    since = sound.now()
    await here.clock.sleep(1.0)
    assert share_of_tone(ear.heard(), 700) >= least
    assert share_of_tone(sound.heard(since), 1000) >= least


def test_malformed_sip_during_a_call(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            with rtp_peer() as sound:
                leg, ear = await talking(here, peer, sound)
                caplog.clear()
                ear.frames.clear()
                began = sound.now()
                before = resident()
                for datagram in malformed_sip(peer, 1000):
                    peer.send(datagram)
                    await here.clock.sleep(0.001)
                peer.forget()
                reply = await peer.asked("UPDATE")
                assert reply.status in {200, 500}  # the highest CSeq of the flood may stand
                assert resident() - before < 50_000_000
                assert share_of_tone(ear.heard(), 700) >= 0.75
                assert share_of_tone(sound.heard(began), 1000) >= 0.75
                await unharmed(here, sound, ear)
                await leg.hang_up()
                await peer.hung_up()
                assert await here.events(leg, 1) == [HungUp("caller hung up")]

    live(scenario)
    lines = [record for record in caplog.records if record.levelno >= logging.INFO]
    assert len(lines) <= 10, [line.getMessage() for line in lines]
    assert not any("12025550142" in record.getMessage() for record in lines)
    out, err = capfd.readouterr()
    assert len(out + err) < 2000, (out + err)[:3000]


@pytest.mark.parametrize("source", ["another port", "another address", "the same port"])
def test_foreign_rtp_during_a_call(source: str, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            with rtp_peer() as sound:
                leg, ear = await talking(here, peer, sound)
                port = _port_of(peer)
                caplog.clear()
                ear.frames.clear()
                began = sound.now()
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                    other.bind(("127.0.0.2" if source == "another address" else "127.0.0.1", 0))
                    sender = sound._socket if source == "the same port" else other
                    for number in range(1000):
                        if source == "the same port" and number % 7 == 6:
                            continue  # nobody could tell these from the call's own
                        sender.sendto(foreign_rtp(number), ("127.0.0.1", port))
                        if number % 5 == 4:
                            await here.clock.sleep(0.005)
                assert share_of_tone(ear.heard(), 700) >= 0.75
                assert share_of_tone(sound.heard(began), 1000) >= 0.75
                await unharmed(here, sound, ear)
                await leg.hang_up()
                await peer.hung_up()
                assert await here.events(leg, 1) == [HungUp("caller hung up")]

    live(scenario)
    assert len(caplog.records) <= 5


def _port_of(peer: SipPeer) -> int:
    line = next(line for line in peer.invite.body.splitlines() if line.startswith("m=audio"))
    return int(line.split()[1])


def test_a_burst_of_foreign_rtp_delays_nothing() -> None:
    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            with rtp_peer() as sound:
                leg, ear = await talking(here, peer, sound)
                ear.frames.clear()
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                    for _ in range(3):
                        for number in range(150):
                            other.sendto(foreign_rtp(number), ("127.0.0.1", _port_of(peer)))
                        await here.clock.sleep(0.1)
                await unharmed(here, sound, ear)
                await leg.hang_up()
                await peer.hung_up()

    live(scenario)


def test_sip_from_elsewhere_is_ignored(caplog: pytest.LogCaptureFixture) -> None:
    """Not even a perfect BYE ends the call if it comes from an address that is not the trunk's."""

    async def scenario() -> None:
        async with sip_peer() as peer, sip_peer("127.0.0.2") as stranger, lab(peer.port) as here:
            leg = await here.call()
            await peer.invited()
            await peer.answer(sdp(40000))
            assert await here.events(leg, 1) == [Answered()]
            stranger.invite, stranger.tag, stranger.them = peer.invite, peer.tag, peer.them
            for _ in range(50):
                stranger.ask("BYE")
            stranger.ask("OPTIONS")
            assert (await peer.asked("OPTIONS")).status == 200  # it came later
            assert (await leg.say("one")).completed
            with pytest.raises(AssertionError, match="did not come"):
                await asyncio.wait_for(stranger._next(lambda _: True, "a word", 0.3), 5)
            await leg.hang_up()
            await peer.hung_up()

    live(scenario)
    assert len([record for record in caplog.records if "127.0.0.2" in record.getMessage()]) == 1


@pytest.mark.parametrize("method", ["BYE", "INVITE", "UPDATE", "NOTIFY", "INFO", "REFER"])
def test_a_forged_request_with_wrong_tags(method: str) -> None:
    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            leg = await here.call()
            await peer.invited()
            await peer.answer(sdp(40000))
            assert await here.events(leg, 1) == [Answered()]
            peer.ask(method, to_tag="forged")
            assert (await peer.response(method)).status == 481
            peer.tag = "forged"
            peer.ask(method)
            assert (await peer.response(method)).status == 481
            peer.tag = "callee"
            assert (await leg.say("one")).completed
            await leg.hang_up()
            await peer.hung_up()
            assert await here.events(leg, 1) == [HungUp("caller hung up")]

    live(scenario)


def test_a_forged_cancel() -> None:
    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            leg = await here.call()
            invite = await peer.invited()
            peer.respond(invite, 180, "Ringing")
            assert await here.events(leg, 1) == [Ringing()]
            peer.ask("CANCEL")
            assert (await peer.response("CANCEL")).status == 481
            await peer.answer(sdp(40000))
            assert await here.events(leg, 1) == [Answered()]
            peer.ask("CANCEL")
            assert (await peer.response("CANCEL")).status == 481
            assert (await leg.say("one")).completed
            await leg.hang_up()
            await peer.hung_up()

    live(scenario)


@pytest.mark.parametrize(
    "headers",
    [
        ("Reason: ;;;=,",),
        ("Reason: Q.850;cause=notanumber",),
        ("Contact: <<>>",),
        ("Warning: x",),
        ("Server:",),
        ("WWW-Authenticate: Digest",),
        ("Session-Expires: x;;;",),
        ("Record-Route: <<<",),
    ],
)
@pytest.mark.parametrize("status", [486, 302, 401])
def test_a_refusal_with_broken_headers_ends_the_call(status: int, headers: tuple[str, ...]) -> None:
    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port, user="x", password="y") as here:
            leg = await here.call()
            invite = await peer.invited()
            peer.respond(invite, status, "So", *headers)
            found = await here.events(leg, 1, 5.0)
            assert isinstance(found[0], Failed)
            assert found[0].sip_status == status

    live(scenario)


@pytest.mark.parametrize(
    ("headers", "contact"), [((), "<<>>"), ((), "sip:::::"), (("Record-Route: <<<",), None), (("Session-Expires: x;;;",), None)]
)
def test_an_answer_with_broken_headers_does_not_hang(headers: tuple[str, ...], contact: str | None) -> None:
    """It is a call, or it is ended in words; it is not waited for."""

    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            leg = await here.call()
            await peer.invited()
            peer.respond(peer.invite, 200, "OK", *headers, body=sdp(40000), contact=contact)
            found = await here.events(leg, 1, 5.0)
            assert isinstance(found[0], Answered | Failed)

    live(scenario)


@pytest.mark.parametrize("phrase", [b"Occup\xe9", "Occupé".encode(), b"\xff\xfe\x00"])
def test_a_phrase_in_an_old_encoding(phrase: bytes) -> None:
    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            leg = await here.call()
            invite = await peer.invited()
            lines = ["SIP/2.0 486 PHRASE", *(f"Via: {via}" for via in invite.all("via")), f"From: {invite['from']}"]
            lines += [f"To: {invite['to']};tag=x", f"Call-ID: {invite['call-id']}", f"CSeq: {invite['cseq']}", "", ""]
            peer.send("\r\n".join(lines).encode().replace(b"PHRASE", phrase))
            found = await here.events(leg, 1, 5.0)
            assert isinstance(found[0], Failed)
            assert found[0].sip_status == 486
            await peer.request("ACK")

    live(scenario)


def test_a_session_name_with_accents() -> None:
    """Content-Length counts bytes, not letters."""

    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            leg = await here.call()
            await peer.invited()
            await peer.answer(sdp(40000).replace("s=-", "s=Téléphonie"))
            assert await here.events(leg, 1, 5.0) == [Answered()]
            await leg.hang_up()
            await peer.hung_up()

    live(scenario)
