"""WebSocket calls, from the first message to the result, on both databases, in virtual time."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select

from core.calls.tables import CallEvent
from core.kernel.statements import table_of
from tests.core.api.sockets import CUSTOMER, DID, QUIET, Dialler, with_sockets

_events = table_of(CallEvent)
SHORT = {"after_seconds": 2, "re_engagements": 0, "goodbye": "bye"}


def test_a_call_from_its_first_message_to_its_result(with_each_core: Callable[..., Any]) -> None:
    async def test(dialler: Dialler) -> None:
        async with dialler.line() as line:
            line.shake_hands(customer_name="Rahul Sharma")
            await line.quiet()
        media = [(at, message) for at, message in line.came if message["event"] == "reverse-media"]
        assert [message["chunk"] for _, message in media] == list(range(1, len(media) + 1))
        gaps = {round(later - sooner, 3) for (sooner, _), (later, _) in pairwise(media[:76])}
        assert gaps == {0.02}, "four words are 1.52 s: one chunk every 20 ms, none sooner"
        assert line.kinds() == ["reverse-media", "reverse-media-stop", "reverse-hangup-call"]
        assert line.came[-1][1] == {
            "event": "reverse-hangup-call",
            "streamId": "s-1",
            "callerId": CUSTOMER,
            "source": "ai",
            "message": "Call ended by bot",
        }
        assert (line.code, line.reason) == (1000, "The call is over.")
        (result,) = dialler.results()
        assert (result["disconnected_by"], result["transport"], result["direction"]) == ("RNR", "websocket", "inbound")
        assert (result["caller_id"], result["from_number"]) == (CUSTOMER, DID)
        assert result["connected_event"] == {"callerId": CUSTOMER, "did": DID, "streamId": "s-1", "customer_name": "Rahul Sharma"}

    with_each_core(with_sockets(test, silence=SHORT))


def test_fields_of_connected_are_in_the_bots_words_as_data(with_each_core: Callable[..., Any]) -> None:
    opening = (
        "{{call.customer_name}} {{crm.customer_name}} {{call.address.city|?}} {{call.amount}} {{call.nothing|none}} {{call.yes}} "
        "{{call.trick}} {{call.bot_id}} {{call.customer_number}} {{crm.stream_id|unknown}}"
    )

    async def test(dialler: Dialler) -> None:
        async with dialler.line() as line:
            line.shake_hands(
                customer_name="Rahul",
                amount=15000,
                nothing=None,
                yes=True,
                trick="{{call.customer_name}}{{secret:X}}",
                bot_id="other",
                Customer_Number="+12025550199",
                address={"city": "Forlì"},
            )
            await line.quiet()
        (result,) = dialler.results()
        said = result["transcript"][0]["text"]
        assert said.endswith(f"Rahul Rahul ? 15000 none true {{{{call.customer_name}}}}{{{{secret:X}}}} talker {CUSTOMER} unknown")
        assert result["variables"]["address"] == {"city": "Forlì"}
        assert not {"callerId", "did", "streamId"} & result["variables"].keys()
        (push,) = [body for kind, body in dialler.pushed() if kind == "crm_push"]
        assert push == {"WHO": "Rahul", "ALSO": "Rahul", "CITY": "Forlì"}

    mapper = {"WHO": "{{crm.customer_name}}", "ALSO": "{{call.customer_name}}", "CITY": "{{crm.address.city}}"}
    bot: dict[str, Any] = {
        "opening_message": opening,
        "silence": SHORT,
        "brain": {"kind": "rules", "scenario": "survey", "questions": ["Did it arrive?"]},
    }
    with_each_core(with_sockets(test, **bot, post_call_push={"url": "https://crm.example.com/x", "key_mapper": mapper}))


def test_the_opening_of_the_dialler_s_fields_is_prepared_before_the_answer(with_core: Callable[..., Any]) -> None:
    async def test(dialler: Dialler) -> None:
        prepared: list[str] = []
        speech = dialler.transport.speech

        def noting(order: Any) -> Any:
            def leg_of(audio: Any) -> Any:
                leg: Any = speech(order)(audio)
                prepare = leg.prepare

                def note(text: str) -> None:
                    prepared.append(text)
                    prepare(text)

                leg.prepare = note
                return leg

            return leg_of

        dialler.transport.speech = noting
        async with dialler.line() as line:
            line.shake_hands(customer_name="Rahul")
            await line.quiet(5)
        assert prepared[0] == dialler.results()[0]["transcript"][0]["text"]  # and the apology, should a voice fail
        assert "Rahul" in prepared[0]

    with_core(with_sockets(test, opening_message="Is that {{call.customer_name}}?"))


def test_a_call_that_you_made_is_outbound(with_each_core: Callable[..., Any]) -> None:
    async def test(dialler: Dialler) -> None:
        async with dialler.line() as line:
            line.shake_hands(callDirection="outgoing")
            await line.quiet()
        (result,) = dialler.results()
        assert (result["direction"], result["caller_id"], result["from_number"]) == ("outbound", CUSTOMER, DID)
        assert {message["callDirection"] for _, message in line.came if "callDirection" in message} == {"outgoing"}

    with_each_core(with_sockets(test, silence=SHORT))


@pytest.mark.parametrize(("direction", "by", "why"), [("incoming", "customer", "caller_gave_up"), ("outgoing", "no_answer", "no_answer")])
def test_a_call_given_up_before_its_answer_is_on_record(with_each_core: Callable[..., Any], direction: str, by: str, why: str) -> None:
    connected = {"event": "connected", "callerId": CUSTOMER, "did": DID, "streamId": "s-1", "callDirection": direction, "name": "Asha"}
    gone = {"event": "hangup-call", "disconnectedBy": "customer"}

    async def test(dialler: Dialler) -> None:
        assert await dialler.ends(connected, gone) == (1000, "The call was given up before it was answered.")
        assert await dialler.ends(connected, {"event": "start"}, gone) == (1000, "The call was given up before it was answered.")
        async with dialler.line() as line:
            line.send_text(json.dumps(connected))
            await dialler.core.clock.sleep(1)
            line.drop()
        results = dialler.results()
        assert [(result["disconnected_by"], result["end_reason"]) for result in results] == [(by, why)] * 3
        assert all(result["caller_id"] == CUSTOMER and result["variables"] == {"name": "Asha"} for result in results)
        assert all(result["call_duration_seconds"] == 0 and result["answered_at"] is None for result in results)
        assert dialler.core.seats_taken() == 0
        assert await dialler.ends(gone) == (1000, "The call was given up before it was answered.")
        assert len(dialler.results()) == 3, "nobody knows whose call that was"

    with_each_core(with_sockets(test))


def test_sound_and_unknown_events_before_the_answer_cost_nothing(with_each_core: Callable[..., Any]) -> None:
    async def test(dialler: Dialler) -> None:
        async with dialler.line() as line:
            line.send_bytes(b"\0" * 320)
            line.send("ringing")
            line.send("start", streamId="s-1")
            line.send("connected", callerId=CUSTOMER, did=DID, streamId="s-1")
            for _ in range(200):  # it rings for 25 seconds, and ringback comes
                line.send("media", payload=QUIET)
                await dialler.core.clock.sleep(0.125)
            line.send("start", streamId="s-1")
            line.send("answer")
            await line.quiet(1)
            for event in ("answer", "start", "connected", "mark", "dtmf"):
                line.send(event)
            await line.quiet()
        (result,) = dialler.results()
        assert (result["disconnected_by"], result["end_reason"], line.code) == ("RNR", "silent", 1000)
        with dialler.core.db.read() as connection:
            came = connection.execute(select(_events.c.data).where(_events.c.kind == "incoming")).scalar_one()
        assert came["ignored"] == {"binary": 1, "ringing": 1, "media": 200, "start": 1}

    with_each_core(with_sockets(test, silence=SHORT))


def test_a_handshake_that_fails_is_on_record_once_the_call_is_known(with_each_core: Callable[..., Any]) -> None:
    connected, start = {"event": "connected", "callerId": CUSTOMER, "streamId": "s"}, {"event": "start"}
    wide = {"event": "start", "mediaFormat": {"sampleRate": 16000}}

    async def test(dialler: Dialler) -> None:
        for messages in (({"event": "hello"}, "hello"), ("hello",), ("[1]",), ({"event": 1},), (wide,)):
            code, reason = await dialler.ends(*messages)
            assert (code, len(reason) > 15) == (4400, True)
        assert (await dialler.ends(start))[0] == 4408
        assert dialler.results() == [], "nobody has said whose call it is"
        began = dialler.core.clock.now()
        assert await dialler.ends(connected, start) == (4408, "The handshake took longer than 10 s: answer did not come.")
        assert 10 <= (dialler.core.clock.now() - began).total_seconds() < 11
        assert (await dialler.ends(connected, wide))[0] == 4400
        assert (await dialler.ends(connected, "hello"))[0] == 4400
        results = dialler.results()
        assert {(result["disconnected_by"], result["end_reason"], result["fault"]) for result in results} == {
            ("error", "handshake_failed", "trunk")
        }
        assert [result["sip_reason"] for result in results] == [
            "The handshake took longer than 10 s: answer did not come.",
            "A sample rate of 16000 is not spoken here: only 8000 Hz.",
            "A message is not JSON.",
        ]
        assert results[1]["remarks"].startswith("The other side's dialler did not bring the call to an answer")

    with_each_core(with_sockets(test))


def test_ringing_has_an_end(with_core: Callable[..., Any]) -> None:
    async def test(dialler: Dialler) -> None:
        async with dialler.line() as line:
            line.send("connected", callerId=CUSTOMER, streamId="s-1")
            began = dialler.core.clock.now()
            await line.quiet(130)
            assert line.code == 4408
            assert (dialler.core.clock.now() - began).total_seconds() < 121
        assert [result["end_reason"] for result in dialler.results()] == ["handshake_failed"]

    with_core(with_sockets(test))


def test_a_client_that_sends_nothing_or_reads_nothing_is_hung_up_on(with_each_core: Callable[..., Any]) -> None:
    async def test(dialler: Dialler) -> None:
        clock = dialler.core.clock
        async with dialler.line() as line:
            line.shake_hands()
            began = clock.now()
            while line.code is None:
                await clock.sleep(1)
            assert 59 < (clock.now() - began).total_seconds() < 62
        assert (line.code, "60 s" in line.reason) == (4408, True)
        async with dialler.line() as line:
            line.shake_hands()
            await line.quiet(0.5)
            line.reads = False
            await line.quiet(6)
            line.reads = True
            await clock.sleep(3)
        assert (line.code, "does not read" in line.reason) == (4408, True)
        silent, unread = dialler.results()
        assert (silent["disconnected_by"], unread["disconnected_by"]) == ("error", "error")

    with_each_core(with_sockets(test, opening_message="word " * 200))
