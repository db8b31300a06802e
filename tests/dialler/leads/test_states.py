"""The state machine of leads: final means final, and every state can be left or is final."""

from __future__ import annotations

import pytest

from dialler.leads.states import CLAIMED, FINAL, STATES, TRANSITIONS, WAITING, next_state


def test_every_transition_is_between_known_states() -> None:
    assert {state for state, _ in TRANSITIONS} | set(TRANSITIONS.values()) <= set(STATES)


def test_only_a_held_lead_leaves_a_final_state_and_only_by_a_person() -> None:
    left = {(state, event) for state, event in TRANSITIONS if state in FINAL}
    assert left == {("held", "resolved_as_dialled"), ("held", "resolved_as_not_dialled")}


def test_every_state_that_is_not_final_reaches_a_final_one() -> None:
    for start in ("staged", *WAITING, *CLAIMED):
        seen, todo = set(), {start}
        while todo:
            state = todo.pop()
            seen.add(state)
            todo |= {to for (frm, _), to in TRANSITIONS.items() if frm == state} - seen
        assert seen & set(FINAL), start


def test_a_wrong_event_is_refused() -> None:
    with pytest.raises(ValueError, match="completed cannot have the event"):
        next_state("completed", "claimed")
