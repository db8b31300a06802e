"""Calls against sipp: every status, ringing, hang-ups, no answer."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from core.contracts.transport import Answered, Failed, HungUp, Ringing
from tests.live.lab import lab, live
from tests.live.sip_peer import sip_peer
from tests.live.sipp import hang_up_by_us, invite, pause, receive, request, respond, respond_in_dialog, run_sipp, sdp


def answer() -> list[str]:
    return [respond(200, "OK", body=sdp(40000), retransmit=True), receive("ACK")]


def test_answered_and_the_callee_hangs_up(tmp_path: Path) -> None:
    steps = [*invite(), respond(100, "Trying"), respond(180, "Ringing"), pause(0.2), *answer(), pause(0.3)]
    steps += [request("BYE", 1, 'Reason: Q.850;cause=16;text="Normal call clearing"'), '<recv response="200"></recv>']

    async def scenario() -> None:
        with run_sipp(tmp_path, steps) as sipp:
            async with lab(sipp.port) as here:
                leg = await here.call()
                assert await here.events(leg, 3) == [Ringing(), Answered(), HungUp()]
                assert await leg.next() == HungUp()
                sipp.finished()

    live(scenario)


def test_answered_and_we_hang_up(tmp_path: Path) -> None:
    steps = [*invite(), respond(183, "Session Progress", body=sdp(40000)), pause(0.2), *answer(), *hang_up_by_us()]

    async def scenario() -> None:
        with run_sipp(tmp_path, steps) as sipp:
            async with lab(sipp.port) as here:
                leg = await here.call()
                assert await here.events(leg, 2) == [Ringing(), Answered()]
                await leg.hang_up("completed")
                await leg.hang_up("completed")
                assert await here.events(leg, 1) == [HungUp("caller hung up")]
                sipp.finished()

    live(scenario)


@pytest.mark.parametrize(
    ("status", "phrase", "reason", "expected"),
    [
        (486, "Busy Here", 'Reason: Q.850;cause=17;text="User busy"', "Busy Here (Q.850 17: User busy)"),
        (603, "Decline", "", "Decline"),
        (480, "Temporarily Unavailable", "Reason: Q.850;cause=18", "Temporarily Unavailable (Q.850 18: no user responding)"),
        (404, "Not Found", "", "Not Found"),
        (484, "Address Incomplete", "", "Address Incomplete"),
        (408, "Request Timeout", "", "Request Timeout"),
        (503, "Service Unavailable", "", "Service Unavailable"),
        (500, "Server Error", "", "Server Error"),
        (302, "Moved Temporarily", "", "Moved Temporarily"),
    ],
)
def test_final_statuses(tmp_path: Path, status: int, phrase: str, reason: str, expected: str) -> None:
    steps = [*invite(), respond(status, phrase, *([reason] if reason else []), retransmit=True), receive("ACK")]

    async def scenario() -> None:
        with run_sipp(tmp_path, steps) as sipp:
            async with lab(sipp.port) as here:
                leg = await here.call()
                # a cause that names the callee's line says nothing of the trunk's health
                assert await here.events(leg, 1) == [Failed(status, expected, spared="Q.850" in reason)]
                sipp.finished()

    live(scenario)


def test_our_own_full_trunk_is_told_apart(tmp_path: Path) -> None:
    steps = [*invite(), respond(503, "Service Unavailable", retransmit=True), receive("ACK")]

    async def scenario() -> None:
        with run_sipp(tmp_path, ringing_until_cancelled()) as ringing:
            async with lab(ringing.port, channels=1) as here:
                first = await here.call()
                assert await here.events(first, 1) == [Ringing()]
                await first.hang_up()
                assert isinstance((await here.events(first, 1))[0], Failed)
                ringing.finished()
        with run_sipp(tmp_path, steps) as sipp:
            async with lab(sipp.port, channels=0) as here:
                leg = await here.call()
                assert await here.events(leg, 1) == [Failed(503, "Service Unavailable", from_trunk=True, spared=True)]
        for taken, ours in ((5, False), (6, True)):  # of five channels, in all processes, with this call's
            with run_sipp(tmp_path, steps) as sipp:
                async with lab(sipp.port, channels=5, in_use={"lab": taken}.__getitem__) as here:
                    leg = await here.call()
                    assert await here.events(leg, 1) == [Failed(503, "Service Unavailable", from_trunk=ours, spared=ours)]

    live(scenario)


def cancelled(*, behind_a_proxy: bool = False) -> list[str]:
    """The answers to a CANCEL: 200 to it, 487 to the INVITE. A proxy's CANCEL has its own Via only: the caller's is that of the INVITE."""
    keep = "SIP/2.0 487 Request Terminated"
    callers = "\nVia:[$4]" if behind_a_proxy else ""
    invite_again = f"""<send retrans="500"><![CDATA[
{keep}
[last_Via:]{callers}
[last_From:]
[last_To:];tag=[call_number]
[last_Call-ID:]
CSeq: [$3] INVITE
Content-Length: 0

]]></send>"""
    return [respond(200, "OK"), invite_again, receive("ACK")]


def ringing_until_cancelled(*, behind_a_proxy: bool = False) -> list[str]:
    keep = '<ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" assign_to="3"/>'
    if behind_a_proxy:
        keep += '<ereg regexp=".*" search_in="hdr" header="Via:" occurrence="2" assign_to="4"/>'
    ending = cancelled(behind_a_proxy=behind_a_proxy)
    return [*invite(actions=keep), respond(100, "Trying"), respond(180, "Ringing"), receive("CANCEL"), *ending]


def test_no_answer_is_cancelled(tmp_path: Path) -> None:
    async def scenario() -> None:
        with run_sipp(tmp_path, ringing_until_cancelled()) as sipp:
            async with lab(sipp.port) as here:
                leg = await here.call()
                assert await here.events(leg, 1) == [Ringing()]
                assert await leg.next(0.5) is None
                await leg.hang_up("ring timeout")
                assert await here.events(leg, 1) == [Failed(487, "Request Terminated")]
                sipp.finished()

    live(scenario)


def test_cancelled_before_any_answer(tmp_path: Path) -> None:
    keep = '<ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" assign_to="3"/>'
    steps = [*invite(actions=keep), pause(0.4), respond(180, "Ringing"), receive("CANCEL"), *cancelled()]

    async def scenario() -> None:
        with run_sipp(tmp_path, steps) as sipp:
            async with lab(sipp.port) as here:
                leg = await here.call()
                await leg.hang_up("cancelled")
                assert (await here.events(leg, 1))[-1] == Failed(487, "Request Terminated")
                sipp.finished()

    live(scenario)


def test_answered_at_the_moment_it_is_cancelled(tmp_path: Path) -> None:
    keep = '<ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" assign_to="3"/>'
    answered = respond(200, "OK", body=sdp(40000)).replace("[last_CSeq:]", "CSeq: [$3] INVITE")
    steps = [*invite(actions=keep), respond(180, "Ringing"), receive("CANCEL"), respond(200, "OK"), answered, receive("ACK")]
    steps += hang_up_by_us()

    async def scenario() -> None:
        with run_sipp(tmp_path, steps) as sipp:
            async with lab(sipp.port) as here:
                leg = await here.call()
                assert await here.events(leg, 1) == [Ringing()]
                await leg.hang_up("ring timeout")
                assert await here.events(leg, 1) == [Failed(487, "answered at the moment it was cancelled")]
                sipp.finished()

    live(scenario)


def test_nobody_there(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with lab(9) as here:
            leg = await here.call()
            assert await here.events(leg, 1) == [Failed(408, "the trunk does not answer", from_trunk=True)]

    live(scenario)


@pytest.mark.parametrize("trying", [False, True])
def test_silence_is_silence_when_we_give_up_sooner(trying: bool) -> None:
    """A trunk that says nothing, or no more than 100, and does not confirm the CANCEL: no status is invented for the callee."""

    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            leg = await here.call()
            invite = await peer.invited()
            if trying:
                peer.respond(invite, 100, "Trying")
            await here.clock.sleep(0.5)
            await leg.hang_up("ring timeout")
            said = "the trunk says no more than 100 Trying" if trying else "the trunk does not answer"
            assert await here.events(leg, 1) == [Failed(408, said, from_trunk=True)]

    live(scenario)


NONCE = "47364c23432d2e131a5fb210812c"


@pytest.mark.parametrize(
    ("status", "challenge", "reply"),
    [(401, "WWW-Authenticate", "Authorization"), (407, "Proxy-Authenticate", "Proxy-Authorization")],
)
def test_digest(tmp_path: Path, status: int, challenge: str, reply: str) -> None:
    demand = f'{challenge}: Digest realm="lab", nonce="{NONCE}", algorithm=MD5, qop="auth"'
    steps = [receive("INVITE"), respond(status, "Unauthorized", demand, retransmit=True), receive("ACK")]
    steps += [receive("INVITE"), *answer(), *hang_up_by_us()]
    messages = tmp_path / "messages.log"

    async def scenario() -> None:
        with run_sipp(tmp_path, steps, "-trace_msg", "-message_file", str(messages)) as sipp:
            async with lab(sipp.port, password="s3cret", user="dialler") as here:
                leg = await here.call()
                assert await here.events(leg, 1) == [Answered()]
                await leg.hang_up()
                sipp.finished()

    live(scenario)
    sent = re.search(rf"^{reply}: Digest (.*)$", messages.read_text(), re.MULTILINE)
    assert sent is not None
    given = {name: quoted or plain for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^,\s]+))', sent[1])}
    assert given["response"] == rfc_2617(given, "s3cret", "INVITE")
    assert (given["username"], given["nonce"], given["realm"]) == ("dialler", NONCE, "lab")


def rfc_2617(given: dict[str, str], password: str, method: str) -> str:
    """The response that RFC 2617, 3.2.2 asks for."""

    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    secret, what = md5(f"{given['username']}:{given['realm']}:{password}"), md5(f"{method}:{given['uri']}")
    return md5(f"{secret}:{given['nonce']}:{given['nc']}:{given['cnonce']}:{given['qop']}:{what}")


def test_a_wrong_password_is_tried_once(tmp_path: Path) -> None:
    demand = f'WWW-Authenticate: Digest realm="lab", nonce="{NONCE}"'
    refusal = [receive("INVITE"), respond(401, "Unauthorized", demand, retransmit=True), receive("ACK")]

    async def scenario() -> None:
        with run_sipp(tmp_path, refusal * 2) as sipp:
            async with lab(sipp.port, password="s3cret", user="dialler") as here:
                leg = await here.call()
                assert await here.events(leg, 1) == [Failed(401, "Unauthorized")]
                sipp.finished()

    live(scenario)


def test_hold_and_another_address(tmp_path: Path) -> None:
    held = request("INVITE", 1, body=sdp(40000, extra="a=sendonly"))
    moved = request("INVITE", 2, body=sdp(40010, codec="8"))
    acked = [request("ACK", 1).replace(' retrans="500"', ""), request("ACK", 2).replace(' retrans="500"', "")]
    wanted = '<recv response="200"><action><ereg regexp="{}" search_in="body" check_it="true" assign_to="7"/></action></recv>'
    trying = '<recv response="100" optional="true"></recv>'
    steps = [*invite(), *answer(), held, trying, wanted.format("a=recvonly"), acked[0], pause(0.3)]
    steps += [moved, trying, wanted.format("RTP/AVP 8 101"), acked[1], pause(0.3), *hang_up_by_us()]

    async def scenario() -> None:
        with run_sipp(tmp_path, steps) as sipp:
            async with lab(sipp.port) as here:
                leg = await here.call()
                assert await here.events(leg, 1) == [Answered()]
                await leg.next(1.2)
                await leg.hang_up()
                sipp.finished()

    live(scenario)


@pytest.mark.parametrize(
    ("steps", "succeeded", "status"),
    [
        ([respond_in_dialog(202, "Accepted"), "notify 100 Trying", "notify 200 OK"], True, 200),
        ([respond_in_dialog(202, "Accepted"), "notify 100 Trying", "notify 486 Busy Here"], False, 486),
        ([respond_in_dialog(403, "Forbidden")], False, 403),
    ],
)
def test_transfer(tmp_path: Path, steps: list[str], succeeded: bool, status: int) -> None:
    whole = [*invite(), *answer(), receive("REFER")]
    for number, step in enumerate(steps, 1):
        if step.startswith("notify"):
            headers = ("Event: refer", "Subscription-State: active", "Content-Type: message/sipfrag")
            whole += [request("NOTIFY", number, *headers, body=f"SIP/2.0 {step.removeprefix('notify ')}"), '<recv response="200"></recv>']
        else:
            whole.append(step)
    whole += hang_up_by_us()

    async def scenario() -> None:
        with run_sipp(tmp_path, whole) as sipp:
            async with lab(sipp.port) as here:
                leg = await here.call()
                assert await here.events(leg, 1) == [Answered()]
                outcome = await leg.transfer("+12025550199")
                assert (outcome.succeeded, outcome.sip_status) == (succeeded, status)
                await leg.hang_up("transferred" if succeeded else "")
                sipp.finished()

    live(scenario)
