"""The group of each disposition. Figures are counted from groups and outcomes, not from the words themselves."""

from __future__ import annotations

from typing import Final

__all__ = ["CONVERSIONS", "GROUPS", "OTHER", "group_of"]

CONVERSIONS: Final = ("PROMISE_TO_PAY", "ALREADY_PAID", "APPOINTMENT_CONFIRMED", "SURVEY_COMPLETED")
"""What counts as a conversion unless a report is asked for with others."""
OTHER: Final = "other"
"""The group of words of a bot's own."""

GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "conversion": CONVERSIONS,
    "talk": (
        *("REFUSED_TO_PAY", "DISPUTE", "APPOINTMENT_RESCHEDULE", "APPOINTMENT_CANCELLED", "SURVEY_PARTIAL"),
        *("QUESTION", "NO_OUTCOME", "TIMEOUT", "HUNG_UP"),
    ),
    "callback": ("CALLBACK",),
    "transferred": ("TRANSFERRED",),
    "wrong party": ("RIGHT_PARTY_NOT_AVAILABLE", "WRONG_NUMBER"),
    "opt-out": ("DO_NOT_CALL", "SUPPRESSED"),
    "machine": ("VOICEMAIL",),
    "silent": ("RNR",),
    "no answer": ("NO_ANSWER",),
    "busy": ("BUSY", "DECLINED", "REJECTED"),
    "failed": ("ERROR", "INVALID_NUMBER", "CANCELLED", "WITHDRAWN", "NO_CRM_DATA", "OUTSIDE_HOURS", "NO_CAPACITY", "ABANDONED"),
}
"""Group -> the dispositions in it (docs/dispositions.md)."""
_GROUP_OF: Final = {word: group for group, words in GROUPS.items() for word in words}


def group_of(disposition: str | None, conversions: tuple[str, ...] = CONVERSIONS) -> str:
    """The group of a disposition; empty if there is none. What the report counts as a conversion takes precedence."""
    if not disposition:
        return ""
    if disposition in conversions:
        return "conversion"
    group = _GROUP_OF.get(disposition, OTHER)
    return "talk" if group == "conversion" else group
