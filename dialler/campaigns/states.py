"""The state machine of a campaign."""

from __future__ import annotations

from typing import Final

__all__ = ["OVER", "TRANSITIONS", "NotAllowed", "next_state"]

OVER: Final = ("completed", "stopped", "failed")

TRANSITIONS: Final[dict[tuple[str, str], str]] = {
    ("draft", "start"): "running",
    ("running", "start"): "running",
    ("running", "pause"): "paused",
    ("paused", "pause"): "paused",
    ("paused", "resume"): "running",
    ("running", "resume"): "running",
    ("draft", "stop"): "stopped",
    ("running", "stop"): "stopping",
    ("paused", "stop"): "stopping",
    ("stopping", "stop"): "stopping",
    ("stopped", "stop"): "stopped",
    ("stopping", "drained"): "stopped",
    ("running", "finished"): "completed",
    ("running", "failed"): "failed",
    # new leads, or a held one that was resolved, reopen a campaign that was over
    ("completed", "start"): "running",
    ("failed", "start"): "running",
    ("stopped", "start"): "running",
}


class NotAllowed(Exception):
    """The campaign's state does not allow this."""


def next_state(state: str, event: str) -> str:
    """The state after `event`.

    Raises:
        NotAllowed: the event is not allowed in that state.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise NotAllowed(f"The campaign is {state}: it cannot {event}.") from None
