"""Calls to us in every form that carriers write: who calls, whom, by way of whom; and what cannot be read is refused, not left alone."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.calls.tables import CallEvent
from core.contracts.transport import Answered, HungUp, InboundCall, NotAnswered, PlaceOrder, Ringing
from core.fleet.store import set_draining
from core.kernel.statements import table_of
from core.transports.sip.inbound import SipInbound
from tests.live.lab import CALLER, Lab, lab, live, until
from tests.live.sip_caller import SipCaller, sip_caller
from tests.live.sip_peer import sip_peer
from tests.live.sipp import free_port, sdp
from tests.live.test_inbound_engine import ours, rows
from web.composition import Whole

pytestmark = pytest.mark.needs("sippy")
CUSTOMER = "+12025550142"
_events = table_of(CallEvent)
Calls = asyncio.Queue[InboundCall]


@asynccontextmanager
async def reachable() -> AsyncIterator[tuple[SipCaller, Lab, Calls]]:
    """A trunk that listens, and somebody who can call it."""
    from tests.live.test_inbound import port_of

    async with lab(free_port()) as here:
        calls: Calls = asyncio.Queue()
        here.transport.on_inbound = calls.put_nowait
        await here.transport.listen("lab")
        async with sip_caller(port_of(here)) as caller:
            yield caller, here, calls


async def answered(caller: SipCaller, here: Lab, calls: Calls, invite: str, sender: str, number: str = CUSTOMER) -> SipInbound:
    """Call, be answered, and hang up. The From of every answer is what was sent."""
    caller.send(invite)
    call = await asyncio.wait_for(calls.get(), 10)
    assert isinstance(call, SipInbound)
    assert (call.from_number, call.to_number) == (number, CALLER)
    leg = await call.answer(PlaceOrder("in-1", "in-1", call.from_number, CALLER, "lab"))
    assert [await leg.next(5), await leg.next(5)] == [Ringing(), Answered()]
    ok = await caller.final()
    assert (ok.status, ok["from"].partition(";tag=")[0]) == (200, sender)
    caller.within("ACK", ok, 1)
    caller.within("BYE", ok, 2)
    assert (await caller.final()).status == 200
    assert await leg.next(5) == HungUp()
    return call


SIP = f"<sip:{CUSTOMER}@127.0.0.1>"
FROMS = [
    f"<tel:{CUSTOMER}>",
    f"<TEL:{CUSTOMER};isub=1;ext=7>",
    '"Doe, Ann \\"A\\" <x>" <tel:+1-202-555-0142>',
    "<tel:202-555-0142;phone-context=+1>",
    f"tel:{CUSTOMER}",
    "<sip:%2B12025550142@127.0.0.1;user=phone>",
    f"Zoë Müller <sips:{CUSTOMER}@carrier.example>",
    f'"Ann; x=<1>, y" <SIP:{CUSTOMER};npdi@127.0.0.1:5060;user=phone>',
    "<sip:2025550142;phone-context=+1@127.0.0.1;user=phone>",
]


@pytest.mark.parametrize("sender", FROMS)
def test_who_calls(sender: str) -> None:
    async def scenario() -> None:
        async with reachable() as (caller, here, calls):
            await answered(caller, here, calls, caller.write(sender=sender), sender)

    live(scenario)


ASSERTED = [
    ('"Unknown" <sip:Unavailable@127.0.0.1>', f"P-Asserted-Identity: <tel:{CUSTOMER}>", CUSTOMER),
    ("<sip:trunk7@127.0.0.1>", f'P-Asserted-Identity: "Doe, Ann" <sip:{CUSTOMER}@h;user=phone>, <tel:{CUSTOMER}>', CUSTOMER),
    ("<sip:trunk7@127.0.0.1>", f'Remote-Party-ID: "Ann, x" <sip:{CUSTOMER}@h>;party=calling;privacy=off;screen=yes', CUSTOMER),
    ("<sip:trunk7@127.0.0.1>", f"remote-party-id: <sip:+12025550133@h>;party=called, <tel:{CUSTOMER}>;party=calling", CUSTOMER),
    ("<sip:trunk7@127.0.0.1>", f"Remote-Party-ID: <sip:{CUSTOMER}@h>;party=calling;privacy=full", "anonymous"),
    ("<sip:anonymous@anonymous.invalid>", f"P-Asserted-Identity: <tel:{CUSTOMER}>\r\nPrivacy: id", "anonymous"),
]


@pytest.mark.parametrize(("sender", "header", "number"), ASSERTED)
def test_who_calls_as_their_network_says(sender: str, header: str, number: str) -> None:
    async def scenario() -> None:
        async with reachable() as (caller, here, calls):
            await answered(caller, here, calls, caller.write("INVITE", None, sender, None, header), sender, number)

    live(scenario)


CALLED = [
    (f"tel:{CALLER}", f"<tel:{CALLER}>", ""),
    ("TEL:+1-202-555-0101;ext=1", "<sip:x@127.0.0.1>", ""),
    ("tel:2025550101;phone-context=+1", "<sip:x@127.0.0.1>", ""),
    ("sip:2025550101;phone-context=+1@127.0.0.1;user=phone", "<sip:x@127.0.0.1>", ""),
    ("sip:%2b12025550101@127.0.0.1", "<sip:x@127.0.0.1>", ""),
    ("sip:account@127.0.0.1", f"<tel:{CALLER}>", ""),
    ("sip:account@127.0.0.1", "<sip:account@127.0.0.1>", f'Diversion: "Desk, front" <tel:{CALLER}>;reason=user-busy;counter=1'),
]


@pytest.mark.parametrize(("uri", "to", "header"), CALLED)
def test_whom(uri: str, to: str, header: str) -> None:
    async def scenario() -> None:
        async with reachable() as (caller, here, calls):
            call = await answered(caller, here, calls, caller.write("INVITE", uri, SIP, to, *([header] if header else [])), SIP)
            assert call.diverted_from == (((CALLER, "user-busy"),) if header else ())

    live(scenario)


CONTACTS = ["<sip:a@127.0.0.1:{port}>, <sip:b@127.0.0.1:9>", "<tel:+12025550142>", '"a, b" <sip:c@127.0.0.1:{port};transport=UDP>;q=0.5']


@pytest.mark.parametrize("contact", CONTACTS)
def test_contacts(contact: str) -> None:
    """The first of several; where the INVITE came from, if nothing can be sent to it."""

    async def scenario() -> None:
        async with reachable() as (caller, _, calls):
            caller.send(caller.write(contact=contact.format(port=caller.port)))
            call = await asyncio.wait_for(calls.get(), 10)
            leg = await call.answer(PlaceOrder("in-1", "in-1", call.from_number, CALLER, "lab"))
            ok = await caller.final()
            caller.within("ACK", ok, 1)
            assert [await leg.next(5), await leg.next(5)] == [Ringing(), Answered()]
            await leg.hang_up()
            while (message := await caller.next()) is not None and message.method != "BYE":
                pass
            assert message is not None

    live(scenario)


def test_compact_and_folded() -> None:
    async def scenario() -> None:
        async with reachable() as (caller, here, calls):
            lines = (
                f"v: SIP/2.0/UDP 127.0.0.1:{caller.port};rport\r\n ;branch=z9hG4bKf",
                f"f : {SIP}\r\n\t;tag=caller1",
                f"t:<tel:{CALLER}>",
            )
            more = ("i: folded", "cseq:  1   INVITE", f"m:\r\n <sip:a@127.0.0.1:{caller.port}>")
            await answered(caller, here, calls, caller.write("INVITE", f"tel:{CALLER}", SIP, None, lines=lines + more), SIP)

    live(scenario)


def broken(caller: SipCaller, what: str) -> str:
    """An INVITE with something wrong in it."""
    good = caller.write()
    return {
        "mailto in the Request-URI": good.replace("INVITE sip:+12025550101", "INVITE mailto:a"),
        "sips in the Request-URI": good.replace("INVITE sip:", "INVITE sips:"),
        "no URI": good.replace(good.split()[1], "nobody", 1),
        "a space in the URI": good.replace("INVITE sip:+1202", "INVITE sip:+1 202", 1),
        "another version": good.replace(" SIP/2.0\r\n", " SIP/7.0\r\n", 1),
        "no From": good.replace("From:", "X-From:"),
        "a bracket of From": good.replace(f"From: {SIP}", f"From: {SIP[:-1]}"),
        "a quote of From": good.replace(f"From: {SIP}", f'From: "Ann {SIP}'),
        "no Call-ID": good.replace("Call-ID:", "X-Call-ID:"),
        "another method in CSeq": good.replace("CSeq: 1 INVITE", "CSeq: 1 BYE"),
        "a CSeq of letters": good.replace("CSeq: 1 INVITE", "CSeq: one INVITE"),
        "a negative length": good.replace("Content-Length: ", "Content-Length: -"),
        "too long a length": good.replace("Content-Length: ", "Content-Length: 9"),
        "a line without a colon": good.replace("Max-Forwards: 70", "Max-Forwards 70"),
    }[what]


BROKEN = {"mailto in the Request-URI": 416, "sips in the Request-URI": 416, "another version": 505}
OTHERS = ["no URI", "a space in the URI", "no From", "a bracket of From", "a quote of From", "no Call-ID", "another method in CSeq"]
OTHERS += ["a CSeq of letters", "a negative length", "too long a length", "a line without a colon"]


@pytest.mark.parametrize("what", [*BROKEN, *OTHERS])
def test_what_cannot_be_read_is_refused(what: str) -> None:
    async def scenario() -> None:
        async with reachable() as (caller, _, calls):
            invite = broken(caller, what)
            caller.send(invite)
            refused = await caller.final()
            assert (refused.status, refused["via"].partition(";")[0]) == (BROKEN.get(what, 400), f"SIP/2.0/UDP 127.0.0.1:{caller.port}")
            assert what == "no From" or refused["from"].endswith(";tag=caller1")
            assert "tag=" in refused["to"]
            caller.send(invite.replace("INVITE", "ACK"))  # never answered, however broken
            caller.send(invite)
            again = await caller.final()  # the same again gets the same answer
            assert (again.first, again["to"]) == (refused.first, refused["to"])
            assert await caller.next(0.3) is None
            assert calls.empty()
            caller.send(caller.write("OPTIONS"))
            assert (await caller.final()).status == 200

    live(scenario)


def test_answers_that_cannot_be_read_get_none_and_refusals_are_limited() -> None:
    async def scenario() -> None:
        async with reachable() as (caller, _, __):
            for text in (
                "SIP/2.0 200 OK\r\nVia: x\r\n\r\n",
                "SIP/2.0 nonsense\r\n\r\n",
                "\r\n\r\n",
                "hello\r\n\r\n",
                "ACK\r\nVia: SIP/2.0/UDP h\r\n\r\n",
            ):
                caller.send(text)
            assert await caller.next(0.3) is None
            began = time.monotonic()
            for _ in range(300):
                caller.send(broken(caller, "a CSeq of letters"))
            refusals = 0
            while (answer := await caller.next(0.5)) is not None:
                refusals += answer.status == 400  # the others are above the trunk's limit of new calls: 503
            assert 20 <= refusals <= 40 + 20 * (time.monotonic() - began), "forty at once, and twenty a second"

    live(scenario)


@pytest.mark.parametrize("profile", ["RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVPF", "RTP/AVP 18 m"])
def test_sound_that_we_do_not_have_is_refused_in_a_line(profile: str, caplog: pytest.LogCaptureFixture) -> None:
    offer = sdp(41000).replace("RTP/AVP", profile) if "18" not in profile else sdp(41000, codec="18")

    async def scenario() -> None:
        async with reachable() as (caller, here, calls):
            caller.send(caller.write(body=offer))
            call = await asyncio.wait_for(calls.get(), 10)
            with pytest.raises(NotAnswered) as refused:
                await call.answer(PlaceOrder("in-1", "in-1", call.from_number, CALLER, "lab"))
            assert refused.value.sip_status == 488
            assert (await caller.final()).status == 488
            assert here.transport._trunks["lab"].load.calls == 0

    with caplog.at_level(logging.WARNING):
        live(scenario)
    assert "Traceback" not in caplog.text


def test_busy_elsewhere_says_when_to_come_again() -> None:
    async def scenario() -> None:
        async with reachable() as (caller, _, calls):
            caller.send(caller.write())
            await (await asyncio.wait_for(calls.get(), 10)).refuse(503, "Service Unavailable")
            refused = await caller.final()
            assert (refused.status, refused["retry-after"]) == (503, "30")

    live(scenario)


async def events_of(whole: Whole) -> tuple[Any, list[Any]]:
    """The one call on record, once it has its result, and its events."""
    await until(lambda: bool(rows(whole)) and rows(whole)[0].state == "done", "the call has its result")
    with whole.db.read() as connection:
        events = list(connection.execute(select(_events).order_by(_events.c.seq)))
    return rows(whole)[0], events


def test_who_it_was_diverted_from_is_on_record(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with ours(tmp_path) as (whole, towards), sip_caller(int(towards.partition(":")[2])) as caller:
            caller.send(caller.write("INVITE", None, SIP, None, "Diversion: <tel:202-555-0122;phone-context=+1>;reason=no-answer"))
            ok = await caller.final()
            caller.within("ACK", ok, 1)
            caller.within("BYE", ok, 2)
            row, events = await events_of(whole)
            assert (row.from_number, events[0].kind) == (CUSTOMER, "incoming")
            assert events[0].data["diverted_from"] == [{"number": "+12025550122", "reason": "no-answer"}]

    live(scenario)


def test_no_codec_in_common_is_a_call_that_failed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with ours(tmp_path) as (whole, towards), sip_caller(int(towards.partition(":")[2])) as caller:
            caller.send(caller.write(body=sdp(41000).replace("RTP/AVP", "RTP/SAVP")))
            assert (await caller.final()).status == 488
            row, _ = await events_of(whole)
            found = (row.result["disconnected_by"], row.result["end_reason"], row.result["sip_status"], row.result["phone_rang"])
            assert found == ("error", "trunk_failure", 488, False)

    with caplog.at_level(logging.WARNING):
        live(scenario)
    (line,) = [record.getMessage() for record in caplog.records if "488" in record.getMessage()]
    assert line.endswith(
        "refused with 488: the caller's side offers no sound that we have: the session description has no audio over plain RTP (RTP/AVP)"
    )
    assert "Traceback" not in caplog.text


def test_a_process_that_drains_sends_callers_elsewhere(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with ours(tmp_path) as (whole, towards), sip_caller(int(towards.partition(":")[2])) as caller:
            with whole.db.write() as connection:
                set_draining(connection, whole.engine.worker_id, draining=True)
            caller.send(caller.write())
            refused = await caller.final()
            assert (refused.status, refused["retry-after"]) == (503, "30")
            caller.send(caller.write("OPTIONS"))
            assert (await caller.final()).status == 200
            row, _ = await events_of(whole)
            assert (row.result["end_reason"], row.result["sip_status"]) == ("no_capacity", 503)

    live(scenario)


def test_options_and_what_we_do_not_take() -> None:
    async def scenario() -> None:
        async with reachable() as (caller, _, __):
            for method, uri, status in (("OPTIONS", None, 200), ("OPTIONS", f"tel:{CALLER}", 200), ("MESSAGE", None, 405)):
                caller.send(caller.write(method, uri))
                answer = await caller.final()
                assert (answer.status, "INVITE" in answer["allow"]) == (status, True)

    live(scenario)


@pytest.mark.parametrize("to", ["<tel:+12025550142>", "tel:+1-202-555-0142", '"Doe, Ann" <TEL:+12025550142;isub=1>'])
def test_an_answer_to_us_with_a_tel_uri(to: str) -> None:
    """The To of their answers is another than ours, and their Contact is of no use: the call goes on all the same."""

    async def scenario() -> None:
        async with sip_peer() as peer, lab(peer.port) as here:
            leg = await here.call()
            invite = await peer.invited()
            head = ["SIP/2.0 200 OK", f"Via: {invite['via']}", f"From: {invite['from']}", f"To: {to};tag=callee"]
            head += [f"Call-ID: {invite['call-id']}", f"CSeq: {invite['cseq']}", "Contact: <tel:+12025550142>, <tel:+12025550143>"]
            text = "\r\n".join([*head, "Content-Type: application/sdp", "", sdp(40000).replace("\n", "\r\n"), ""])
            peer.send(text)
            assert (await peer.request("ACK"))["to"].endswith(";tag=callee")
            assert await here.events(leg, 1) == [Answered()]
            await leg.hang_up()
            await peer.hung_up()

    live(scenario)
