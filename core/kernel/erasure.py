"""What stays of a call once the person in it is erased: its figures, without who they are and what was said. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import phonenumbers

from core.kernel.numbers import split_key

__all__ = ["ERASED", "NotErasable", "digits_of", "erased_result", "holds_one_of"]

ERASED: Final = "(erased)"
"""What stands in place of a value that was erased."""

_NOT_DIGITS: Final = re.compile(r"[^0-9]")
_LEAST: Final = 7
"""Fewer digits than this identify nobody."""
_FIGURES: Final = (
    "session_id",
    "call_duration_seconds",
    "disconnected_by",
    "was_transferred",
    "transfer_method",
    "transfer_at",
    "bot_id",
    "bot_version",
    "direction",
    "idempotency_key",
    "disposition",
    "end_reason",
    "sip_status",
    "phone_rang",
    "fault",
    "may_have_been_dialled",
    "started_at",
    "ringing_at",
    "answered_at",
    "ended_at",
    "transport",
    "sandbox",
)
"""The fields of a call result that say nothing of the person: reports count by them."""
_COUNTED: Final = ("right_party", "promise_date", "promise_amount", "DISPOSITION")
"""The fields of an analysis that reports count by."""


class NotErasable(Exception):
    """A person cannot be erased, or not yet; the message says why and what to do."""


def digits_of(numbers: Iterable[str]) -> frozenset[str]:
    """What to look for in texts and files: the digits of each number without its country code, since people write it either way.

    Args:
        numbers: keys of numbers (E.164, with or without an extension).
    """
    found = set()
    for number in numbers:
        phone = split_key(number)[0]
        try:
            national = str(phonenumbers.parse(phone).national_number)
        except phonenumbers.NumberParseException:
            national = ""
        found.add(national if len(national) >= _LEAST else _NOT_DIGITS.sub("", phone))
    return frozenset(found - {""})


def holds_one_of(text: str, digits: Iterable[str]) -> bool:
    """Whether a text has one of these rows of digits in it, however it groups them."""
    plain = _NOT_DIGITS.sub("", text)
    return any(row in plain for row in digits)


def erased_result(result: Mapping[str, Any], digits: Iterable[str]) -> dict[str, Any]:
    """A call result without the person: every figure, and the fields of the contract that must be there.

    Args:
        result: the call result.
        digits: those of the person's numbers (`digits_of`); an Idempotency-Key that holds them goes, too.
    """
    kept = {name: result[name] for name in _FIGURES if name in result}
    if kept.get("idempotency_key") is not None and holds_one_of(str(kept["idempotency_key"]), digits):
        kept["idempotency_key"] = None
    outbound = result.get("direction", "outbound") == "outbound"
    analysis = result.get("post_call_analysis")
    counted = {name: analysis[name] for name in _COUNTED if name in analysis} if isinstance(analysis, Mapping) else None
    return kept | {
        "caller_id": ERASED,
        "from_number": result.get("from_number") if outbound else ERASED,
        "transcript": [],
        "recording_url": None,
        "recording_key": None,
        "post_call_analysis": counted or None,
        "remarks": ERASED,
        "variables": {},
    }
