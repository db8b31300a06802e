"""Why a call failed: SIP statuses and the causes of the phone network behind them (Q.850, RFC 3326, RFC 4497). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["CAUSES", "Cause", "in_words", "names_callee", "network_ended", "parse_reason", "refused_by_trunk", "with_text"]

CAUSES: Final[dict[int, str]] = {
    1: "unallocated number",
    2: "no route to transit network",
    3: "no route to destination",
    16: "normal call clearing",
    17: "user busy",
    18: "no user responding",
    19: "no answer from user",
    20: "subscriber absent",
    21: "call rejected",
    22: "number changed",
    26: "non-selected user clearing",
    27: "destination out of order",
    28: "invalid number format",
    29: "facility rejected",
    31: "normal, unspecified",
    34: "no circuit available",
    38: "network out of order",
    41: "temporary failure",
    42: "switching equipment congestion",
    44: "requested circuit not available",
    47: "resource unavailable",
    50: "requested facility not subscribed",
    55: "incoming calls barred",
    57: "bearer capability not authorized",
    58: "bearer capability not available",
    63: "service not available",
    65: "bearer capability not implemented",
    79: "service not implemented",
    87: "user not member of closed user group",
    88: "incompatible destination",
    102: "recovery on timer expiry",
    111: "protocol error",
    127: "interworking, unspecified",
}
"""The causes of Q.850 that calls end with, in words."""

_CONGESTION = frozenset({34, 38, 41, 42, 44, 47, 63})
"""Causes that tell of the lines between, not of the callee."""
_MAYBE_OURS = frozenset({403, 480, 486, 500, 502, 503, 504})
"""Statuses with which carriers refuse what is above the channels or the calls per second of a trunk."""
_CUT_OFF: Final = frozenset({*range(32, 127)} | {2, 3, 6, 8, 9, 20, 25, 27})
"""Causes with which an answered call is cut off rather than hung up, by the classes of ITU-T Q.850 (05/2018, table 1): no resource
(32-47), service not available (48-63) or not implemented (64-79), invalid message (80-95), protocol error (96-111); of the normal
class those that tell of the route, the circuit or the phone's radio. 127 (interworking) says nothing of how it ended."""
_CUT_OFF_FREESWITCH: Final = frozenset({500, 501, 604, 609, 613})
"""Causes of FreeSWITCH's own (switch_types.h): crash, shutdown, no media, gateway down, SRTP error."""
_CUT_OFF_SIP: Final = frozenset({408, 481, 488, *range(500, 600)})
"""The same by a status of SIP: the session timer ran out, a re-INVITE was lost or refused, a server failed."""
_LOST: Final = re.compile(r"\b(?:rtp|media|session)\b.{0,40}\b(?:time-?d?\s?-?out|timer|expir\w*|inactiv\w*|lost|loss)\b", re.IGNORECASE)
"""Texts of media servers and border controllers that end a call with the cause of a normal one."""
_LONGEST = 200
_VALUE = re.compile(r'([A-Za-z0-9.]+)\s*((?:;(?:[^,"]|"[^"]*")*)?)')


@dataclass(frozen=True)
class Cause:
    """A cause of the phone network (Q.850) with the text that came with it."""

    number: int
    text: str = ""

    def __str__(self) -> str:
        return f"Q.850 {self.number}: {self.text or CAUSES.get(self.number, 'unknown cause')}"


def parse_reason(header: str) -> Cause | None:
    """The Q.850 cause in a Reason header, `Q.850;cause=17;text="User busy"`; None if there is none in it."""
    for protocol, parameters in _VALUE.findall(header[:1000]):
        cause = re.search(r";\s*cause\s*=\s*\"?([0-9]{1,3})", parameters, re.IGNORECASE)
        if protocol.upper() == "Q.850" and cause:
            return Cause(int(cause[1]), _text(parameters))
    return None


def network_ended(header: str) -> str | None:
    """Why the network cut an answered call off, in words; None: somebody hung up.

    Args:
        header: the Reason headers of the BYE.
    """
    for protocol, parameters in _VALUE.findall(header[:1000]):
        found = re.search(r";\s*cause\s*=\s*\"?([0-9]{1,3})", parameters, re.IGNORECASE)
        number, text, kind = int(found[1]) if found else 0, _text(parameters), protocol.upper()
        lost = _LOST.search(text) is not None
        if kind == "Q.850" and (lost or number in _CUT_OFF or number in _CUT_OFF_FREESWITCH):
            return f"cut off ({Cause(number, text)})"
        if kind == "SIP" and (lost or number in _CUT_OFF_SIP):
            return f"cut off (SIP {number}{': ' if text else ''}{text})"
    return None


def with_text(phrase: str, header: str) -> str:
    """A reason phrase with what else the carrier says in a Reason header, `SIP;cause=503;text="Channel limit reached"`."""
    texts = (_text(parameters) for protocol, parameters in _VALUE.findall(header[:1000]) if protocol.upper() != "Q.850")
    more = next((text for text in texts if text and text.lower() not in phrase.lower()), "")
    return f"{phrase}: {more}" if more else phrase


def _text(parameters: str) -> str:
    text = re.search(r';\s*text\s*=\s*"([^"]*)"', parameters, re.IGNORECASE)
    return _plain(text[1]) if text else ""


def names_callee(cause: Cause) -> bool:
    """Whether a cause is the callee's doing, not the network's: the normal class of Q.850, except 2, 3 and 31."""
    return cause.number < 31 and cause.number not in {2, 3}


def in_words(phrase: str, cause: Cause | None) -> str:
    """A reason phrase with its cause: `Busy Here (Q.850 17: user busy)`. Control characters and what is too long are cut."""
    return _plain(phrase) + (f" ({cause})" if cause else "")


def _plain(text: str) -> str:
    return "".join(character for character in text if character.isprintable())[:_LONGEST]


def refused_by_trunk(status: int, cause: Cause | None, *, rang: bool, full: bool, too_fast: bool) -> bool:
    """Whether our own trunk refused a call, rather than the callee's side. Carriers say it in no agreed way.

    Args:
        status: the final SIP status.
        cause: the cause that came with it.
        rang: whether ringing was seen before: then it was the callee.
        full: whether as many other calls were up as the trunk has channels.
        too_fast: whether more calls left in the second before than the trunk takes.
    """
    if rang or status not in _MAYBE_OURS or (cause is not None and names_callee(cause)):
        return False
    return full or too_fast or (status != 486 and cause is not None and cause.number in _CONGESTION)
