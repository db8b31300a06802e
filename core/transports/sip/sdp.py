"""Session descriptions (RFC 8866) and the offer and answer of one audio stream (RFC 3264). Pure.

SdpError
├── BadSdp           it cannot be read
└── NothingInCommon  no audio stream, or no codec of it, that both sides have: 488
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, cast

from core.transports.sip.codec_names import Codec

__all__ = [
    "OUR_EVENTS",
    "STATIC",
    "BadSdp",
    "Direction",
    "Media",
    "NothingInCommon",
    "SdpError",
    "Stream",
    "accept_answer",
    "answer",
    "offer",
    "parse_sdp",
    "write_sdp",
]

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
"""Who sends, seen from whose description it is."""

STATIC: Final[dict[int, Codec]] = {0: "PCMU", 8: "PCMA"}
"""The payload types that mean a codec without a word about it."""
_PAYLOAD_TYPES: Final[dict[Codec, int]] = {"PCMU": 0, "PCMA": 8}
_EVENTS = "TELEPHONE-EVENT"
OUR_EVENTS: Final = 101
"""The payload type that we offer telephone events under."""
_DIRECTIONS: Final = ("sendrecv", "sendonly", "recvonly", "inactive")
_LONGEST = 20_000
_REPLY: Final[dict[Direction, Direction]] = {
    "sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive",
}  # fmt: skip


class SdpError(Exception):
    """A session description cannot be used."""


class BadSdp(SdpError):
    """It cannot be read."""


class NothingInCommon(SdpError):
    """There is no audio stream in it, or no codec of it, that we have."""


@dataclass(frozen=True)
class Media:
    """The audio stream of one description: where its author wants to receive, and what.

    Attributes:
        address: an IP address, `0.0.0.0` if on hold in the old way.
        port: 0 if the stream is refused.
        codecs: payload type and codec, in order of preference; those we do not have are left out.
        events: the payload type of telephone events; None if there is none.
        direction: who sends, seen from its author.
        position: the place of the stream among those of the description, whose kinds are in `streams`.
    """

    address: str
    port: int
    codecs: tuple[tuple[int, Codec], ...]
    events: int | None = None
    direction: Direction = "sendrecv"
    position: int = 0
    streams: tuple[str, ...] = ("audio",)


@dataclass(frozen=True)
class Stream:
    """What was agreed: where to send, in which codec under which payload type, and whether to send at all."""

    address: str
    port: int
    codec: Codec
    payload_type: int
    events: int | None
    sends: bool
    receives: bool


def parse_sdp(text: str) -> Media:
    """The first audio stream over plain RTP in a description.

    Raises:
        BadSdp, NothingInCommon: see there.
    """
    if len(text) > _LONGEST:
        raise BadSdp("the session description is too long")
    session: list[tuple[str, str]] = []
    streams: list[list[tuple[str, str]]] = []
    for line in text.splitlines():
        if not line.strip():
            continue
        if len(line) < 2 or line[1] != "=":
            raise BadSdp("a line of the session description is not of the form letter=value")
        if line[0] == "m":
            streams.append([])
        (streams[-1] if streams else session).append((line[0], line[2:].strip()))
    if not session or session[0] != ("v", "0"):
        raise BadSdp("the session description does not begin with v=0")
    kinds = tuple(stream[0][1].partition(" ")[0] for stream in streams)
    for position, stream in enumerate(streams):
        fields = stream[0][1].split()
        if len(fields) >= 4 and fields[0] == "audio" and fields[2] == "RTP/AVP":
            return replace(_media(session, stream, fields), position=position, streams=kinds)
    raise NothingInCommon("the session description has no audio over plain RTP (RTP/AVP)")


def _media(session: Sequence[tuple[str, str]], stream: Sequence[tuple[str, str]], fields: Sequence[str]) -> Media:
    names: dict[int, str] = dict(STATIC)
    direction: Direction = "sendrecv"
    for kind, value in (*session, *stream):
        if kind == "a" and value in _DIRECTIONS:
            direction = cast(Direction, value)
        if kind == "a" and value.startswith("rtpmap:"):
            number, _, name = value.removeprefix("rtpmap:").partition(" ")
            encoding, _, rate = name.strip().upper().partition("/")
            names[_number(number, 127)] = encoding if rate in {"8000", "8000/1"} else ""
    offered = [_number(field, 127) for field in fields[3:]]
    codecs = tuple((kind, cast(Codec, names[kind])) for kind in offered if names.get(kind) in _PAYLOAD_TYPES)
    events = next((kind for kind in offered if names.get(kind) == _EVENTS), None)
    port = _number(fields[1].partition("/")[0], 65535)
    return Media(_address(session, stream), port, codecs, events, direction)


def _address(session: Sequence[tuple[str, str]], stream: Sequence[tuple[str, str]]) -> str:
    for kind, value in (*stream, *session):
        if kind == "c":
            fields = value.split()
            if len(fields) == 3 and fields[0] == "IN":
                try:
                    return str(ipaddress.ip_address(fields[2].partition("/")[0]))
                except ValueError:
                    raise BadSdp("the connection address of the session description is not an IP address") from None
    raise BadSdp("the session description has no connection address (c=)")


_MOST_DIGITS = 10


def _number(text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > _MOST_DIGITS or int(text) > most:
        raise BadSdp(f"the session description has {text[:20]!r} where a number up to {most} belongs")
    return int(text)


def write_sdp(media: Media, session_id: int, version: int) -> str:
    """The description of our side; every stream but the audio one is refused.

    Args:
        media: our stream; `position` and `streams` are those of the offer that it answers.
        session_id: the same in every description of one call.
        version: one higher in every description that differs from the one before.
    """
    family = "IP6" if ":" in media.address else "IP4"
    lines = ["v=0", f"o=- {session_id} {version} IN {family} {media.address}", "s=-", f"c=IN {family} {media.address}", "t=0 0"]
    for position, kind in enumerate(media.streams):
        if position != media.position:
            lines.append(f"m={kind} 0 RTP/AVP 0")
            continue
        types = [*(str(number) for number, _ in media.codecs), *([] if media.events is None else [str(media.events)])]
        lines.append(f"m=audio {media.port} RTP/AVP {' '.join(types)}")
        lines += [f"a=rtpmap:{number} {codec}/8000" for number, codec in media.codecs]
        if media.events is not None:
            lines += [f"a=rtpmap:{media.events} telephone-event/8000", f"a=fmtp:{media.events} 0-15"]
        lines += ["a=ptime:20", f"a={media.direction}"]
    return "\r\n".join(lines) + "\r\n"


def offer(address: str, port: int, codecs: Sequence[Codec]) -> Media:
    """What we offer."""
    return Media(address, port, tuple((_PAYLOAD_TYPES[codec], codec) for codec in codecs), OUR_EVENTS)


def answer(theirs: Media, address: str, port: int, codecs: Sequence[Codec]) -> tuple[Media, Stream]:
    """Answer their offer: our description, and what is agreed by it. Of the codecs that both have, the first of theirs is taken.

    Raises:
        NothingInCommon: no codec, or the stream is refused.
    """
    chosen = _choose(theirs, codecs)
    ours = Media(address, port, (chosen,), theirs.events, _REPLY[theirs.direction], theirs.position, theirs.streams)
    return ours, _stream(theirs, chosen)


def accept_answer(theirs: Media, codecs: Sequence[Codec]) -> Stream:
    """What their answer to our offer of these codecs agrees.

    Raises:
        NothingInCommon: no codec, or the stream is refused.
    """
    return _stream(theirs, _choose(theirs, codecs))


def _choose(theirs: Media, codecs: Sequence[Codec]) -> tuple[int, Codec]:
    chosen = next((pair for pair in theirs.codecs if pair[1] in codecs), None)
    if chosen is None or theirs.port == 0:
        raise NothingInCommon(f"they have none of {', '.join(codecs)}")
    return chosen


def _stream(theirs: Media, chosen: tuple[int, Codec]) -> Stream:
    held = ipaddress.ip_address(theirs.address).is_unspecified
    sends = theirs.direction in {"sendrecv", "recvonly"} and not held
    receives = theirs.direction in {"sendrecv", "sendonly"}
    return Stream(theirs.address, theirs.port, chosen[1], chosen[0], theirs.events, sends, receives)
