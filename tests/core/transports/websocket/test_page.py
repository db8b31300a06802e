"""docs/transport-websocket.md shows every message as it is."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from core.transports.websocket.closing import Close
from core.transports.websocket.protocol import Handshake, Writer, sound_of
from core.voice.ports import FRAME

PAGE = (Path(__file__).parents[4] / "docs" / "transport-websocket.md").read_text(encoding="utf-8")


def messages() -> dict[str, dict[str, object]]:
    """The messages on the page, by their events."""
    blocks = "\n".join(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
    found = [json.loads(text) for text in re.findall(r"^\{\"event.*?\}+$", blocks, re.DOTALL | re.MULTILINE)]
    return {message["event"]: message for message in found}


def test_the_handshake_and_what_the_client_sends() -> None:
    shown = messages()
    handshake = Handshake()
    assert [handshake.take(shown[event]) is not None for event in ("connected", "start", "answer")] == [False, False, True]
    assert {"media", "hangup-call", "transfer-result"} <= shown.keys()
    assert len(sound_of({"payload": "AAAAAAAA"})) == 3


def test_what_we_send_has_the_fields_and_the_order_that_the_page_shows() -> None:
    shown, handshake = messages(), Handshake()
    opening = [handshake.take(shown[event]) for event in ("connected", "start", "answer")][-1]
    assert opening is not None
    writer = Writer(opening)
    sent = [
        writer.media(np.zeros(FRAME, dtype=np.int16), 0, datetime(2026, 4, 24, 14, 30, tzinfo=UTC)),
        writer.media_stop(),
        writer.hang_up("Call ended by bot"),
        writer.transfer("+12025550199"),
    ]
    changing = {"payload": "...", "chunk": 42}
    for text in sent:
        message = json.loads(text)
        assert list({**message, **{name: value for name, value in changing.items() if name in message}}.items()) == list(
            shown[message["event"]].items()
        )
    assert {message for message in shown if message.startswith("reverse-")} == {json.loads(text)["event"] for text in sent}


def test_every_close_code_is_in_the_table() -> None:
    assert {int(code) for code in re.findall(r"^\| (\d{4}) \|", PAGE, re.MULTILINE)} == {int(code) for code in Close}
