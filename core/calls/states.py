"""The state machine of a call: the only place that says what may follow what (docs/state-machines.md draws it)."""

from __future__ import annotations

from typing import Final

__all__ = ["LIVE", "STATES", "TRANSITIONS", "next_state"]

STATES: Final = ("placing", "ringing", "talking", "ended", "finishing", "done")
LIVE: Final = ("placing", "ringing", "talking")
"""States in which a call holds a seat."""

TRANSITIONS: Final[dict[tuple[str, str], str]] = {
    ("placing", "rang"): "ringing",
    ("placing", "answered"): "talking",
    ("ringing", "answered"): "talking",
    ("placing", "ended"): "ended",
    ("ringing", "ended"): "ended",
    ("talking", "ended"): "ended",
    ("placing", "done"): "done",  # it ended, and nothing is to be asked of the network
    ("ringing", "done"): "done",
    ("talking", "done"): "done",
    ("ended", "finishing"): "finishing",
    ("ended", "done"): "done",  # taken over from a process that died, or it ended as it came in
    ("finishing", "finishing"): "finishing",  # taken over from a process that died
    ("finishing", "done"): "done",
}


def next_state(state: str, event: str) -> str:
    """The state after `event`.

    Raises:
        ValueError: if the event is not allowed in that state.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise ValueError(f"a call that is {state} cannot have the event {event!r}") from None
