"""Dispositions: the words for what came of a call, and the fields of the rules brain's analysis. docs/dispositions.md"""

from __future__ import annotations

from typing import Final

__all__ = ["DEFAULTS", "DISPOSITIONS", "FINER", "RULES_ANALYSIS", "WITHOUT_A_CONVERSATION"]

DISPOSITIONS: Final = (
    "PROMISE_TO_PAY",
    "ALREADY_PAID",
    "REFUSED_TO_PAY",
    "DISPUTE",
    "APPOINTMENT_CONFIRMED",
    "APPOINTMENT_RESCHEDULE",
    "APPOINTMENT_CANCELLED",
    "SURVEY_COMPLETED",
    "SURVEY_PARTIAL",
    "CALLBACK",
    "RIGHT_PARTY_NOT_AVAILABLE",
    "WRONG_NUMBER",
    "DO_NOT_CALL",
    "TRANSFERRED",
    "QUESTION",
    "NO_OUTCOME",
)
"""Every disposition that the rules brain gives (docs/dispositions.md)."""

DEFAULTS: Final[dict[str, tuple[str, str]]] = {
    "no_answer": ("NO_ANSWER", "The phone rang, and nobody answered."),
    "rejected": ("REJECTED", "The call was rejected."),
    "voicemail": ("VOICEMAIL", "An answering machine picked up."),
    "RNR": ("RNR", "Somebody picked up and did not say a word."),
    "timeout": ("TIMEOUT", "The call reached its longest duration without an outcome."),
    "error": ("ERROR", "The call failed for a technical reason."),
    "outside_hours": ("OUTSIDE_HOURS", "The bot was outside its active hours."),
    "customer": ("HUNG_UP", "The customer hung up before saying anything."),
    "bot": ("NO_OUTCOME", "The conversation ended without an outcome."),
    "transfer_to_agent": ("TRANSFERRED", "Handed over to a person."),
}
"""The guide's `disconnected_by` -> disposition and remarks."""

FINER: Final[dict[str, tuple[str, str]]] = {
    "busy": ("BUSY", "The line was busy."),
    "declined": ("DECLINED", "The customer declined the call."),
    "invalid_number": ("INVALID_NUMBER", "The network does not know this number."),
    "withdrawn": ("WITHDRAWN", "The callee called us before answering, so our call was withdrawn."),
    "cancelled": ("CANCELLED", "The call was ended by an operator."),
    "prefetch_failed": ("NO_CRM_DATA", "The CRM did not give the customer's data, and the bot does not call without; nobody was called."),
    "suppressed": ("SUPPRESSED", "The number is on the suppression list; nobody was called."),
    "worker_died": ("ERROR", "The process that held the call died, and the call was cut off."),
    "handshake_failed": ("ERROR", "The other side's dialler did not bring the call to an answer."),
    "trunk_refused": DEFAULTS["error"],
    "trunk_busy": DEFAULTS["error"],
    "never_rang": DEFAULTS["error"],
    "no_capacity": ("NO_CAPACITY", "Every seat was taken, and the caller was refused."),
    "abandoned": ("ABANDONED", "The customer answered, and no seat was free."),
}
"""Our finer `end_reason`s that deserve a word of their own; REJECTED is left for what is neither busy nor declined."""


WITHOUT_A_CONVERSATION: Final = tuple(disposition for disposition, _ in (*DEFAULTS.values(), *FINER.values()))
"""Every disposition that a call without a conversation can have."""

RULES_ANALYSIS: Final = (
    "DISPOSITION",
    "SUB_DISPOSITION",
    "CALLING_REMARKS",
    "right_party",
    "promise_date",
    "promise_amount",
    "paid_date",
    "reason",
    "callback_requested",
    "callback_at",
    "callback_preferred_time_text",
    "requested_time",
    "requested_time_text",
    "answers",
    "questions",
    "question",
    "do_not_call",
    "wants_person",
    "wrong_number",
)
"""The fields of an analysis by the rules brain, in its order."""
