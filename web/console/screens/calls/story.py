"""The events of a call in words, for people who do not know SIP. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from web.console.foreign_texts import said
from web.console.i18n import gettext as _
from web.console.i18n import no_op as N_
from web.console.words import plain

__all__ = ["happened", "reason_of"]

_EVENTS: Final = {
    "placing": N_("The call was handed to the line"),
    "incoming": N_("Somebody called us"),
    "rang": N_("The phone rang"),
    "answered": N_("The call was answered"),
    "first_audio": N_("The bot's first sound was heard"),
    "heard_first": N_("The callee spoke first"),
    "first_words_said": N_("The first words were said"),
    "person_confirmed": N_("The callee confirmed who they are"),
    "private_held_back": N_("Something private was held back"),
    "silence": N_("The callee said nothing"),
    "machine_in_doubt": N_("It may be a machine: the bot talks on"),
    "voicemail_detected": N_("A machine was recognised"),
    "beep_heard": N_("The beep of the mailbox was heard"),
    "voicemail_message_left": N_("A message was left"),
    "voicemail_message_not_left": N_("No message was left"),
    "callback_requested": N_("The callee asked to be called back"),
    "do_not_call_requested": N_("The callee asked not to be called again"),
    "opt_out_in_doubt": N_("The callee may want no more calls: the bot asks"),
    "person_requested": N_("The callee asked for a person"),
    "handoff_waiting": N_("The call waits for an agent"),
    "transfer_sent": N_("The call was transferred"),
    "transfer_failed": N_("The transfer failed"),
    "max_duration_reached": N_("The longest duration was reached"),
    "model_answered": N_("The model answered"),
    "model_failed": N_("The model did not answer as it should"),
    "tool_call": N_("The model asked for a tool"),
    "custom_tool_result": N_("The tool answered"),
    "analysis_skipped": N_("The call was not analysed"),
    "analysis_invalid": N_("The analysis of the call could not be used"),
    "brain_failed": N_("The bot failed to answer"),
    "leg_failed": N_("The line failed"),
    "line_ended": N_("A line of the bot ended"),
    "end_not_confirmed": N_("The network did not confirm the end of the call"),
    "conversation_ended": N_("The conversation ended"),
    "ended": N_("The call ended"),
    "done": N_("The result was written"),
    "prefetch_asked": N_("The CRM was asked for data"),
    "prefetch_ok": N_("The CRM answered"),
    "prefetch_failed": N_("The CRM did not answer as it should"),
}
_WHO: Final = {
    "bot": N_("The bot ended the call."),
    "customer": N_("The callee hung up."),
    "voicemail": N_("A mailbox answered."),
    "RNR": N_("Somebody picked up and stayed silent."),
    "outside_hours": N_("It was outside the hours of the bot."),
    "no_answer": N_("Nobody answered."),
    "rejected": N_("The callee rejected the call."),
    "timeout": N_("The longest duration was reached."),
    "transfer_to_agent": N_("The call was handed to a person."),
    "error": N_("Something failed on our side or on the line."),
}
_HIDDEN: Final = ("worker", "leftover", "leaves_at", "at", "disconnected_by")


def happened(kind: str, data: Mapping[str, Any]) -> tuple[str, str]:
    """What an event says, and its details."""
    text = _(_EVENTS[kind]) if kind in _EVENTS else said(plain(kind))
    shown = {key: value for key, value in data.items() if key not in _HIDDEN and value not in (None, "", {}, [])}
    details = [f"{said(plain(key))}: {_short(value)}" for key, value in shown.items()]
    return text, " · ".join(details)[:300]


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    if isinstance(value, (dict, list)):
        return "…"
    return str(value)[:120]


def reason_of(disconnected_by: str | None) -> str:
    """Why a call ended, in a sentence; empty while it goes on."""
    return _(_WHO[disconnected_by]) if disconnected_by in _WHO else ""
