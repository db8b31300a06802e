"""The messages of the WebSocket protocol: what is read, what is refused and in which words, what is written."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.transports.websocket.closing import Close, Closing, Refused
from core.transports.websocket.flood import Flood
from core.transports.websocket.protocol import MOST_CHARACTERS, Handshake, Opening, Writer, read_message, sound_of
from core.voice.ports import FRAME, Frame

CONNECTED: dict[str, Any] = {"event": "connected", "callerId": "+12025550142", "did": "+12025550101", "streamId": "s-1"}
START: dict[str, Any] = {
    "event": "start",
    "streamId": "s-1",
    "mediaFormat": {"encoding": "LINEAR", "sampleRate": 8000, "channels": 1},
}
ANSWER: dict[str, Any] = {"event": "answer"}


def opening_of(*messages: dict[str, Any]) -> Opening:
    handshake = Handshake()
    took = [handshake.take(message) for message in messages]
    assert took[:-1] == [None] * (len(took) - 1)
    assert took[-1] is not None
    return took[-1]


def test_the_handshake_of_the_guide() -> None:
    opening = opening_of({**CONNECTED, "callDirection": "incoming", "customer_name": "Rahul Sharma", "n": 3}, START, ANSWER)
    assert (opening.caller_id, opening.did, opening.direction, opening.stream_id) == ("+12025550142", "+12025550101", "inbound", "s-1")
    assert opening.event["customer_name"] == "Rahul Sharma"
    assert "event" not in opening.event


def test_the_stream_id_may_come_in_either_message() -> None:
    without = {name: value for name, value in CONNECTED.items() if name != "streamId"}
    assert opening_of(without, START, ANSWER).stream_id == "s-1"
    assert opening_of(CONNECTED, {"event": "start"}, ANSWER).stream_id == "s-1"
    with pytest.raises(Refused, match='No "streamId" came'):
        opening_of(without, {"event": "start"}, ANSWER)
    with pytest.raises(Refused, match="is not that of"):
        opening_of(CONNECTED, {"event": "start", "streamId": "other"}, ANSWER)


def test_what_may_be_left_out_and_outgoing_calls() -> None:
    opening = opening_of({"event": "connected", "callDirection": "outgoing"}, {"event": "start", "streamId": 7}, ANSWER)
    assert (opening.direction, opening.call_direction, opening.stream_id, opening.caller_id, opening.did) == (
        "outbound",
        "outgoing",
        "7",
        "",
        "",
    )


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([START, {**CONNECTED, "streamId": "other"}], "is not that of"),
        ([{**CONNECTED, "callDirection": "sideways"}], "incoming or outgoing"),
        ([{**CONNECTED, "callerId": ["x"]}], '"callerId" of "connected" must be text'),
        ([{**CONNECTED, "did": "1" * 200}], '"did" of "connected" must be text'),
        ([{**CONNECTED, **{f"f{n}": n for n in range(300)}}], "more than 200 fields"),
        ([CONNECTED, {**START, "mediaFormat": {"encoding": "LINEAR", "sampleRate": 16000, "channels": 1}}], "sample rate of 16000"),
        ([CONNECTED, {**START, "mediaFormat": {"encoding": "MULAW"}}], "encoding MULAW"),
        ([CONNECTED, {**START, "mediaFormat": {"channels": 2}}], "2 channels"),
        ([CONNECTED, {**START, "mediaFormat": "LINEAR"}], "must be an object"),
    ],
)
def test_a_handshake_that_is_not_one_is_refused_in_words(messages: list[dict[str, Any]], words: str) -> None:
    handshake = Handshake()
    for message in messages[:-1]:
        handshake.take(message)
    with pytest.raises(Refused) as refused:
        handshake.take(messages[-1])
    assert refused.value.closing.code == Close.BAD_MESSAGE
    assert words in refused.value.closing.reason


MEDIA: dict[str, Any] = {"event": "media", "payload": "%%%"}
RINGING: dict[str, Any] = {"event": "ringing"}


@pytest.mark.parametrize(
    ("messages", "ignored"),
    [
        ([CONNECTED, MEDIA, START, ANSWER], {"media": 1}),
        ([MEDIA, CONNECTED, START, MEDIA, MEDIA, ANSWER], {"media": 3}),
        ([CONNECTED, RINGING, START, {"event": "mark", "name": "x"}, ANSWER], {"ringing": 1, "mark": 1}),
        ([CONNECTED, {**CONNECTED, "callerId": "+12025550150"}, START, START, ANSWER], {"connected": 1, "start": 1}),
        ([START, CONNECTED, ANSWER], {}),
        ([ANSWER, ANSWER, START, CONNECTED], {"answer": 1}),
        ([CONNECTED, {**START, "mediaFormat": {"encoding": "linear16", "sampleRate": "8000", "channels": "1"}}, ANSWER], {}),
        ([{**CONNECTED, "new": {"x": 1}}, {**START, "new": 1}, {**ANSWER, "new": 1}], {}),
    ],
)
def test_what_is_not_of_the_handshake_is_left_aside(messages: list[dict[str, Any]], ignored: dict[str, int]) -> None:
    handshake = Handshake()
    openings = [handshake.take(message) for message in messages]
    assert openings[:-1] == [None] * (len(messages) - 1)
    assert openings[-1] is not None
    assert (openings[-1].caller_id, openings[-1].stream_id) == ("+12025550142", "s-1"), "the first of several counts"
    assert handshake.ignored.counts == ignored


def test_names_of_ignored_events_are_bounded() -> None:
    handshake = Handshake()
    for number in range(1000):
        handshake.take({"event": f"{number}" + "x" * 1000})
    assert len(handshake.ignored.counts) == 11
    assert sum(handshake.ignored.counts.values()) == 1000
    assert max(map(len, handshake.ignored.counts)) == 40


@given(st.permutations([CONNECTED, START, ANSWER]), st.lists(st.tuples(st.integers(0, 2), st.sampled_from([MEDIA, RINGING])), max_size=8))
def test_the_three_messages_may_come_in_any_order_among_others(
    three: list[dict[str, Any]], others: list[tuple[int, dict[str, Any]]]
) -> None:
    messages = [message for place, one in enumerate(three) for message in (*[other for at, other in others if at == place], one)]
    handshake = Handshake()
    openings = [handshake.take(message) for message in messages]
    assert [opening is not None for opening in openings] == [False] * (len(messages) - 1) + [True]
    assert sum(handshake.ignored.counts.values()) == len(others)


def test_sound() -> None:
    samples = np.array([0, 1, -1, 32767, -32768], dtype=np.int16)
    assert (sound_of({"event": "media", "payload": base64.b64encode(samples.tobytes()).decode()}) == samples).all()
    assert len(sound_of({"event": "media", "payload": ""})) == 0
    nested = {"event": "media", "media": {"payload": base64.b64encode(samples.tobytes()).decode()}}
    assert (sound_of(nested) == samples).all()


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (None, 'needs a "payload"'),
        (5, 'needs a "payload"'),
        ("%%%", "not base64"),
        ("AAA", "not base64"),
        ("é", "not base64"),
        ("AAAA", "3 bytes"),
    ],
)
def test_sound_that_is_none(payload: Any, words: str) -> None:
    with pytest.raises(Refused, match=words):
        sound_of({"event": "media", "payload": payload})


@pytest.mark.parametrize(
    "text", ["", "x", "[]", '"a"', "{}", '{"event": 3}', "[" * 9000, '{"event": NaN}', '{"event":"a","n":' + "9" * 5000 + "}"]
)
def test_a_message_that_is_none(text: str) -> None:
    with pytest.raises(Refused) as refused:
        read_message(text)
    assert refused.value.closing.code == Close.BAD_MESSAGE


def test_a_message_that_is_too_long() -> None:
    with pytest.raises(Refused) as refused:
        read_message(" " * (MOST_CHARACTERS + 1))
    assert refused.value.closing.code == Close.TOO_LARGE


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
EVENTS = st.sampled_from(["connected", "start", "answer", "media", "hangup-call", "x"])
FIELDS = st.sampled_from(["callerId", "did", "streamId", "callDirection", "mediaFormat", "payload", "sampleRate"])
MESSAGES = st.builds(lambda event, fields: {**fields, "event": event}, EVENTS, st.dictionaries(FIELDS | st.text(), JSON))


@example(['{"event": "connected", "callDirection": []}'])
@given(st.lists(st.one_of(MESSAGES.map(json.dumps), st.text(), JSON.map(json.dumps)), max_size=6))
def test_whatever_a_stranger_sends_is_taken_or_refused(texts: list[str]) -> None:
    handshake = Handshake()
    try:
        for text in texts:
            message = read_message(text)
            if message["event"] == "media":
                sound_of(message)
            opening = handshake.take(message)
            if opening is not None:
                json.loads(Writer(opening).media_stop())
                return
    except Refused as error:
        closing = error.closing
    else:
        return
    assert len(closing.sent_reason.encode()) <= 123
    assert closing.code in list(Close)


def test_a_reason_fits_into_a_close_frame() -> None:
    assert len(Closing(4400, "é" * 200).sent_reason.encode()) <= 123


def test_what_is_sent() -> None:
    writer = Writer(Opening("+12025550142", "+12025550101", "inbound", "s-1"))
    now, frame = datetime(2026, 4, 24, 14, 30, tzinfo=UTC), np.arange(FRAME, dtype=np.int16)
    assert json.loads(writer.media(frame, 0, now))["chunk"] == 1
    sent = json.loads(writer.media(frame, 3, now))
    payload: Frame = np.frombuffer(base64.b64decode(sent.pop("payload")), dtype="<i2")
    assert (payload == frame).all()
    assert sent == {
        "event": "reverse-media",
        "chunk": 2,
        "did": "+12025550101",
        "timestamp": "2026-04-24 14:30:00",
        "streamId": "s-1",
        "callerId": "+12025550142",
        "chunk_durn_ms": 20,
        "callDirection": "incoming",
        "encoding": "LINEAR",
        "RevMediaQ": 3,
        "source": "ai",
    }
    who = {"streamId": "s-1", "callerId": "+12025550142"}
    assert json.loads(writer.media_stop()) == {"event": "reverse-media-stop", **who}
    assert json.loads(writer.hang_up("Call ended by bot")) == {
        "event": "reverse-hangup-call", **who, "source": "ai", "message": "Call ended by bot",
    }  # fmt: skip
    transfer = json.loads(writer.transfer("+12025550150"))
    assert (transfer["event"], transfer["transferTo"]) == ("reverse-call-transfer", "+12025550150")


def test_a_flood_is_noticed_and_a_burst_is_not() -> None:
    flood = Flood()
    assert all(flood.admit(0.0, 300) for _ in range(500))
    assert not flood.admit(0.0, 300)
    assert sum(flood.admit(1.0, 300) for _ in range(500)) == 250
    steady = Flood()
    assert all(steady.admit(n * 0.01, 400) for n in range(5000))


def test_long_messages_are_a_flood_sooner() -> None:
    flood = Flood()
    taken = sum(flood.admit(n / 250, 64_033) for n in range(2500))  # ten seconds
    assert taken == (1_048_576 + 10 * 131_072) // 64_033
    assert flood.admit(11.0, 64_033)


@pytest.mark.parametrize("milliseconds", [4, 10, 20, 60, 500, 1000, 3000])
def test_sound_in_real_time_is_no_flood_even_after_a_gap(milliseconds: int) -> None:
    length = len(base64.b64encode(bytes(16 * milliseconds))) + 250  # with the fields around it
    flood, seconds = Flood(), milliseconds / 1000
    for n in range(int(60 / seconds)):
        at = max(n * seconds, 9.0) if seconds >= 0.02 else n * seconds  # the first nine seconds come at once
        assert flood.admit(at, length), f"after {n * seconds} s"
