"""The state machine of a hand-off: the only place that defines its transitions (docs/state-machines.md draws it)."""

from __future__ import annotations

from typing import Final

__all__ = ["AGENT_STATES", "HELD", "OPEN", "OVER", "STATES", "TRANSITIONS", "WrongState", "next_state"]

STATES: Final = ("waiting", "claimed", "connecting", "connected", "completed", "unserved", "abandoned")
OPEN: Final = ("waiting", "claimed", "connecting")
"""The bot still has the call, and the caller waits."""
HELD: Final = ("claimed", "connecting", "connected")
"""An agent has it; at most one at a time."""
OVER: Final = ("completed", "unserved", "abandoned")

AGENT_STATES: Final = ("available", "busy", "offline")

TRANSITIONS: Final[dict[tuple[str, str], str]] = {
    ("waiting", "claim"): "claimed",
    ("claimed", "connect"): "connecting",
    ("claimed", "return"): "waiting",
    ("claimed", "claim_expired"): "waiting",
    ("connecting", "agent_not_reached"): "waiting",
    ("connecting", "connected"): "connected",
    ("connected", "complete"): "completed",
    ("waiting", "give_up"): "unserved",
    ("waiting", "call_over"): "abandoned",
    ("claimed", "call_over"): "abandoned",
    ("connecting", "call_over"): "abandoned",
}


class WrongState(ValueError):
    """The event is not allowed in that state."""


def next_state(state: str, event: str) -> str:
    """The state after `event`.

    Raises:
        WrongState: it is not allowed there.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise WrongState(f"a hand-off that is {state} cannot have the event {event!r}") from None
