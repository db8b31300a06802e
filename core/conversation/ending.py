"""How a conversation ended, and its results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.contracts.call_result import DisconnectedBy
from core.conversation.brain import DoNotCall, ScheduleCallback, TranscriptLine, WantsPerson

__all__ = ["DISCONNECTED_BY", "ConversationEnding", "EndReason"]

EndReason = Literal[
    "completed",
    "closure_phrase",
    "customer_hangup",
    "voicemail",
    "silent",
    "dead_air",
    "max_duration",
    "transferred",
    "pipeline_failure",
]

DISCONNECTED_BY: dict[EndReason, DisconnectedBy] = {
    "completed": "bot",
    "closure_phrase": "bot",
    "customer_hangup": "customer",
    "voicemail": "voicemail",
    "silent": "RNR",
    "dead_air": "bot",
    "max_duration": "timeout",
    "transferred": "transfer_to_agent",
    "pipeline_failure": "error",
}
"""Maps each of our end reasons to the guide's value."""


@dataclass(frozen=True)
class ConversationEnding:
    """The results of a conversation.

    `seconds` is the time from the answer to the end; `customer_spoke` whether the callee, not a machine, said or pressed
    anything; `callback`, `do_not_call` and `person` are the callee's last such wish. Transfers are in the event log, see
    `core.calls.transfer`.
    """

    end_reason: EndReason
    seconds: float
    transcript: tuple[TranscriptLine, ...]
    customer_spoke: bool
    callback: ScheduleCallback | None = None
    do_not_call: DoNotCall | None = None
    person: WantsPerson | None = None

    @property
    def disconnected_by(self) -> DisconnectedBy:
        """The guide's value for who or what ended the call."""
        return DISCONNECTED_BY[self.end_reason]
