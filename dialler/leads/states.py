"""The state machine of a lead: the only place that says what may follow what (docs/state-machines.md draws it)."""

from __future__ import annotations

from typing import Final

__all__ = ["CLAIMED", "FINAL", "QUEUE_OF", "STATES", "TRANSITIONS", "WAITING", "next_state"]

WAITING: Final = ("pending", "retry_scheduled", "callback_scheduled")
"""It waits for its turn or its time."""
CLAIMED: Final = ("claimed", "dialling")
"""A dispatcher holds it: about to be sent, or sent and not over."""
FINAL: Final = ("completed", "exhausted", "suppressed", "undialable", "stopped", "window_closed", "expired", "held")
"""Nothing more will be dialled. `held` (may have been dialled) can be resolved by a person."""
STATES: Final = ("staged", *WAITING, *CLAIMED, *FINAL)

QUEUE_OF: Final = {"callback_scheduled": 0, "pending": 1, "retry_scheduled": 2}
"""Due callbacks first, then first attempts, then retries."""

TRANSITIONS: Final[dict[tuple[str, str], str]] = {
    ("staged", "activated"): "pending",
    **{(state, "claimed"): "claimed" for state in WAITING},
    ("claimed", "placed"): "dialling",
    # nothing was placed: back to where it was, by the kind of its attempt
    ("claimed", "refused_first"): "pending",
    ("claimed", "refused_retry"): "retry_scheduled",
    ("claimed", "refused_callback"): "callback_scheduled",
    ("dialling", "refused_first"): "pending",
    ("dialling", "refused_retry"): "retry_scheduled",
    ("dialling", "refused_callback"): "callback_scheduled",
    # it can never be placed
    ("claimed", "number_suppressed"): "suppressed",
    ("claimed", "number_refused"): "undialable",
    ("claimed", "next_number"): "retry_scheduled",  # another number of the same person is tried
    ("claimed", "lead_refused"): "undialable",
    ("claimed", "not_received"): "exhausted",
    # the call is over (its result may come before the answer of the dialout, or after the lead was given back)
    **{
        (state, event): to_state
        for state in (*CLAIMED, *WAITING)
        for event, to_state in {
            "completed": "completed",
            "exhausted": "exhausted",
            "retry_scheduled": "retry_scheduled",
            "callback_scheduled": "callback_scheduled",
            "suppressed": "suppressed",
            "held": "held",
        }.items()
    },
    # the campaign ends for it
    **{(state, "stopped"): "stopped" for state in (*WAITING, *CLAIMED)},
    **{(state, "window_closed"): "window_closed" for state in WAITING},
    # its time is over (one that is being dialled is not cut off: it ends so if it would be called again)
    **{(state, "expired"): "expired" for state in (*WAITING, *CLAIMED)},
    # the person asked to be erased
    **{(state, "erased"): "stopped" for state in WAITING},
    # a person takes over a callee whom the bot was to call back
    **{(state, "taken_by_person"): "completed" for state in WAITING},
    # a person says what is true of a held one
    ("held", "resolved_as_dialled"): "completed",
    ("held", "resolved_as_not_dialled"): "pending",
}


def next_state(state: str, event: str) -> str:
    """The state after `event`.

    Raises:
        ValueError: if the event is not allowed in that state.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise ValueError(f"a lead that is {state} cannot have the event {event!r}") from None
