from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.calls.transfer import TransferFacts, transfer_facts

Event = tuple[str, dict[str, Any]]

events: st.SearchStrategy[list[Event]] = st.lists(
    st.tuples(
        st.sampled_from(["transfer_sent", "transfer_failed", "heard_first", "conversation_ended"]),
        st.fixed_dictionaries({"at": st.floats(0, 600), "target": st.sampled_from(["a", "b"])}, optional={"failed_reason": st.text()}),
    )
)


@given(events)
def test_transferred_means_sent_and_not_failed_later(log: list[Event]) -> None:
    kinds = [kind for kind, _ in log]
    sent = [i for i, kind in enumerate(kinds) if kind == "transfer_sent"]
    failed = [i for i, kind in enumerate(kinds) if kind == "transfer_failed"]
    facts = transfer_facts(log)
    assert facts.was_transferred == bool(sent and (not failed or failed[-1] < sent[-1]))
    assert (facts.transfer_failed_reason is not None) == bool(failed and (not sent or sent[-1] < failed[-1]))


@given(events)
def test_other_events_change_nothing(log: list[Event]) -> None:
    assert transfer_facts(log) == transfer_facts([event for event in log if event[0].startswith("transfer_")])


def test_a_failure_keeps_what_was_attempted() -> None:
    sent = {"at": 12.0, "target": "agent", "destination": "tel:+442079460000", "reason": "asked", "method": "livekit_sip_refer"}
    assert transfer_facts([("transfer_sent", sent), ("transfer_failed", {"at": 14.0, "failed_reason": "busy"})]) == TransferFacts(
        False, "tel:+442079460000", "agent", "asked", "livekit_sip_refer", 14.0, "busy"
    )
