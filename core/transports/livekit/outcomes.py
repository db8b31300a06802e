"""What became of a dial, from what LiveKit's server answered. Pure.

It is read off the SIP status, never off texts: 480 and 486 come under one Twirp code, and a ring timeout without any status.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["SIP_SERVICE_GONE", "DialOutcome", "hung_up", "left_in_words", "outcome_of"]

_RING_TIMEOUT: Final = "canceled"
_NOT_SENT: Final = frozenset(
    {"unauthenticated", "permission_denied", "invalid_argument", "malformed", "bad_route", "not_found", "unimplemented", "unknown_401"}
)
"""Refusals by the server itself, without a SIP status: it did not dial."""


@dataclass(frozen=True)
class DialOutcome:
    """How a dial failed.

    Attributes:
        sip_status: the final SIP status; one of ours where no SIP answer came.
        reason: in words.
        ambiguous: whether the phone may still ring: the room is to be ended, and looked at, before anything is said of it.
        by_server: LiveKit refused; the carrier was not asked.
    """

    sip_status: int
    reason: str
    ambiguous: bool = False
    by_server: bool = False


def outcome_of(code: str | None, http_status: int | None, sip_status: int | None, phrase: str) -> DialOutcome:
    """What an error of CreateSIPParticipant means.

    Args:
        code: its Twirp code; None if no answer came at all.
        http_status: of the answer.
        sip_status: the SIP status in its metadata, if there is one.
        phrase: the SIP reason phrase, or the error's name.
    """
    if sip_status:
        return DialOutcome(sip_status, phrase or str(sip_status))
    if code == _RING_TIMEOUT:
        return DialOutcome(408, "nobody answered within the ring timeout")
    if http_status in {401, 403} or code in _NOT_SENT:
        return DialOutcome(503, f"LiveKit refused the call: {_REFUSALS.get(http_status or 0, code or phrase)}", by_server=True)
    if code == "aborted":
        return DialOutcome(487, "Request Terminated", ambiguous=True)
    if code == "unavailable":
        return DialOutcome(503, "no SIP service of LiveKit took the call", ambiguous=True, by_server=True)
    return DialOutcome(504, f"LiveKit gave no clear answer ({code or phrase})", ambiguous=True)


_REFUSALS: Final = {401: "API key and secret are not accepted", 403: "the API key may not place calls"}

_LEFT: Final = {
    None: "hung up",
    0: "hung up",
    1: "hung up",
    2: "another participant took its place",
    3: "the LiveKit server shut down",
    4: "it was removed from the room",
    5: "the room was deleted",
    6: "LiveKit lost track of it",
    7: "it could not join",
    9: "the connection was closed",
    10: "the room was closed",
    11: "the callee was unavailable",
    12: "hung up",
    13: "the SIP trunk failed",
    14: "the connection to LiveKit's SIP service was lost",
    15: "the sound failed",
    16: "an agent failed",
}


def left_in_words(reason: int | None) -> str:
    """Why a participant, or we, left a room; by LiveKit's DisconnectReason."""
    return _LEFT.get(reason, f"left the room (reason {reason})")


SIP_SERVICE_GONE: Final = 14
"""LiveKit's DisconnectReason of a phone leg whose SIP service is not heard of any more (CONNECTION_TIMEOUT)."""
_BY_THE_CALLEE: Final = frozenset({None, 0, 1, 10, 11, 12})


def hung_up(reason: int | None) -> bool:
    """Whether the callee ended the call that a participant, or we, left with this DisconnectReason: else the line was lost.

    A room closes by itself (10) when everybody but its bots has left.
    """
    return reason in _BY_THE_CALLEE
