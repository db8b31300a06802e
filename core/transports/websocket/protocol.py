"""The messages of the WebSocket protocol, read and written. Pure.

Every message is a JSON object in a text frame. Sound is LINEAR16 (signed, little-endian), 8,000 Hz, mono, base64 in `payload`.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

import numpy as np

from core.kernel.json_values import parse_json
from core.transports.websocket.closing import Close, Refused
from core.voice.ports import RATE, Frame

__all__ = ["MOST_CHARACTERS", "Handshake", "Ignored", "Opening", "Writer", "read_message", "sound_of"]

MOST_CHARACTERS: Final = 65_536
"""Of one message: about three seconds of sound."""
_LONGEST_ID: Final = 128
_MOST_FIELDS: Final = 200
_PARTS: Final = 3
_LONGEST_NAME, _MOST_NAMES = 40, 10
_PROTOCOLS_OWN: Final = frozenset({"callerId", "did", "callDirection", "streamId"})
_DIRECTIONS: Final[dict[str, Literal["inbound", "outbound"]]] = {"incoming": "inbound", "outgoing": "outbound"}


def _bad(reason: str) -> Refused:
    return Refused(Close.BAD_MESSAGE, reason)


def read_message(text: str) -> dict[str, Any]:
    """The object of a message.

    Raises:
        Refused: it is too long, no JSON, or has no event.
    """
    if len(text) > MOST_CHARACTERS:
        raise Refused(Close.TOO_LARGE, f"A message is longer than {MOST_CHARACTERS} characters.")
    try:
        message = parse_json(text)
    except ValueError:
        raise _bad("A message is not JSON.") from None
    if not isinstance(message, dict) or not isinstance(message.get("event"), str):
        raise _bad('A message must be a JSON object with an "event".')
    return message


def sound_of(message: dict[str, Any]) -> Frame:
    """The sound of a `media` message, of any length.

    Raises:
        Refused: its payload is not base64 of 16-bit samples.
    """
    nested = message.get("media")  # as some diallers of this kind write it
    payload = message.get("payload", nested.get("payload") if isinstance(nested, dict) else None)
    if not isinstance(payload, str):
        raise _bad('"media" needs a "payload": base64 of LINEAR16, 8,000 Hz, mono.')
    try:
        data = base64.b64decode(payload, validate=True)
    except (binascii.Error, ValueError):
        raise _bad('The "payload" of "media" is not base64.') from None
    if len(data) % 2:
        raise _bad(f'The "payload" of "media" has {len(data)} bytes: samples of 16 bits need an even number.')
    return np.frombuffer(data, dtype="<i2").astype(np.int16)


@dataclass(frozen=True)
class Opening:
    """What the handshake said.

    Attributes:
        caller_id: the customer's number as it was written; "" if it was withheld.
        did: the number that the customer called, or was called from; "" if it was not said.
        direction: `inbound`: the customer called; `outbound`: the customer was called.
        stream_id: what the other side calls the call.
        event: the whole `connected` message without its `event`.
        fields: what it contains besides the protocol's own fields.
    """

    caller_id: str
    did: str
    direction: Literal["inbound", "outbound"]
    stream_id: str
    event: dict[str, Any] = field(default_factory=dict)

    @property
    def fields(self) -> dict[str, Any]:
        """What the dialler says of the customer, in fields of its own."""
        return {name: value for name, value in self.event.items() if name not in _PROTOCOLS_OWN}

    @property
    def call_direction(self) -> str:
        """The direction in the protocol's words."""
        return "incoming" if self.direction == "inbound" else "outgoing"


class Ignored:
    """How many messages were left aside, by their event; `binary` for binary frames. Strangers cannot make it grow without end."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def add(self, event: str) -> None:
        """One more."""
        name = event[:_LONGEST_NAME]
        name = name if name in self.counts or len(self.counts) < _MOST_NAMES else "others"
        self.counts[name] = self.counts.get(name, 0) + 1


class Handshake:
    """`connected`, `start` and `answer`, in whatever order they come; the call begins when all three have.

    What a telephone exchange sends while it rings (sound, events of its own, a second `start`) is left aside and counted; of several
    messages of one kind the first one counts.
    """

    def __init__(self) -> None:
        self._came: dict[str, dict[str, Any]] = {}
        self.ignored = Ignored()

    @property
    def said(self) -> Opening | None:
        """What is known of the call so far; None before `connected`."""
        return self._opening() if "connected" in self._came else None

    def take(self, message: dict[str, Any]) -> Opening | None:
        """Take the next message; the opening once all three have come.

        Raises:
            Refused: one of the three says what cannot be; or the call is given up.
        """
        event = message["event"]
        if event == "hangup-call":
            raise Refused(Close.DONE, "The call was given up before it was answered.")
        check = {"connected": _check_connected, "start": _check_start, "answer": _check_answer}.get(event)
        if check is None or event in self._came:
            self.ignored.add(event)
            return None
        check(message)
        self._came[event] = message
        if {"connected", "start"} <= self._came.keys():
            self._check_stream()
        return self._opening() if len(self._came) == _PARTS else None

    @property
    def missing(self) -> str:
        """What has not come yet, in words."""
        missing = [name for name in ("connected", "start", "answer") if name not in self._came]
        return f"{' and '.join(missing)} did not come"

    def _check_stream(self) -> None:
        ids = {_text(self._came[name], name, "streamId") for name in ("connected", "start")} - {""}
        if len(ids) > 1:
            raise _bad('The "streamId" of "start" is not that of "connected".')
        if not ids:
            raise _bad('No "streamId" came, neither in "connected" nor in "start".')

    def _opening(self) -> Opening:
        said = self._came["connected"]
        stream_id = _text(said, "connected", "streamId") or _text(self._came.get("start", {}), "start", "streamId")
        return Opening(
            _text(said, "connected", "callerId"),
            _text(said, "connected", "did"),
            _DIRECTIONS[said.get("callDirection") or "incoming"],
            stream_id,
            {name: value for name, value in said.items() if name != "event"},
        )


def _check_connected(message: dict[str, Any]) -> None:
    if len(message) > _MOST_FIELDS:
        raise _bad(f'"connected" has more than {_MOST_FIELDS} fields.')
    if message.get("callDirection") not in (None, *_DIRECTIONS):  # a tuple: whatever JSON holds can be asked for
        raise _bad('The "callDirection" of "connected" must be incoming or outgoing.')
    for name in ("callerId", "did", "streamId"):
        _text(message, "connected", name)


def _check_start(message: dict[str, Any]) -> None:
    _text(message, "start", "streamId")
    _check_format(message.get("mediaFormat"))


def _check_answer(_: dict[str, Any]) -> None:
    """Nothing in it is needed."""


def _text(message: dict[str, Any], event: str, name: str) -> str:
    value = message.get(name)
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or len(value) > _LONGEST_ID:
        raise _bad(f'The "{name}" of "{event}" must be text of at most {_LONGEST_ID} characters.')
    return value.strip()


def _check_format(said: Any) -> None:
    if said is None:
        return
    if not isinstance(said, dict):
        raise _bad('The "mediaFormat" of "start" must be an object.')
    encoding = str(said.get("encoding", "LINEAR")).upper()
    if encoding not in {"LINEAR", "LINEAR16"}:
        raise _bad(f"The encoding {encoding[:20]} is not spoken here: only LINEAR (LINEAR16, 16-bit PCM).")
    if str(said.get("sampleRate", RATE)) != str(RATE):
        raise _bad(f"A sample rate of {str(said['sampleRate'])[:12]} is not spoken here: only {RATE} Hz.")
    if str(said.get("channels", 1)) != "1":
        raise _bad(f"{str(said['channels'])[:12]} channels are not spoken here: only 1.")


class Writer:
    """What we send on one call."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._who = {"streamId": opening.stream_id, "callerId": opening.caller_id}
        self._chunk = 0

    def media(self, frame: Frame, queued: int, now: datetime) -> str:
        """20 ms of the bot's voice. `queued`: how many more wait to be sent; `now`: the time (UTC)."""
        self._chunk += 1
        return json.dumps(
            {
                "event": "reverse-media",
                "chunk": self._chunk,
                "did": self._opening.did,
                "payload": base64.b64encode(frame.astype("<i2").tobytes()).decode(),
                "timestamp": f"{now:%Y-%m-%d %H:%M:%S}",
                "streamId": self._opening.stream_id,
                "callerId": self._opening.caller_id,
                "chunk_durn_ms": 20,
                "callDirection": self._opening.call_direction,
                "encoding": "LINEAR",
                "RevMediaQ": queued,
                "source": "ai",
            }
        )

    def media_stop(self) -> str:
        """What was sent and is not played yet is not to be played."""
        return json.dumps({"event": "reverse-media-stop", **self._who})

    def hang_up(self, message: str) -> str:
        """The bot's side ends the call."""
        return json.dumps({"event": "reverse-hangup-call", **self._who, "source": "ai", "message": message})

    def transfer(self, destination: str) -> str:
        """The customer is to be handed over."""
        return json.dumps(
            {
                "event": "reverse-call-transfer",
                **self._who,
                "transferTo": destination,
                "did": self._opening.did,
                "callDirection": self._opening.call_direction,
                "source": "ai",
                "message": "Call transferred by bot",
            }
        )
