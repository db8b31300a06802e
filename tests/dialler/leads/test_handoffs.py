"""Who asked for a person is called by a person: the bot stops, the lead is on the work list, however the call ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, get_args

import pytest
from sqlalchemy import update

from core.contracts.call_result import DisconnectedBy
from core.contracts.dispositions import DISPOSITIONS, WITHOUT_A_CONVERSATION
from core.kernel.database import Database
from core.kernel.ids import Ids
from core.kernel.statements import table_of
from dialler.campaigns.store import create_campaign
from dialler.campaigns.tables import Campaign
from dialler.leads.claims import Claim, claim
from dialler.leads.handoffs import NotOnTheList, claim_handoff, finish_handoff, lines_to_call, list_handoffs
from dialler.leads.held import resolve
from dialler.leads.placements import mark_placed
from dialler.leads.queue import promote_due
from dialler.leads.results import receive_result
from dialler.leads.states import FINAL
from dialler.leads.tables import Lead
from tests.conftest import START
from tests.support import CAMPAIGN, TOKEN, add_leads, events_of_lead, lead_row, make_campaign, result_of

NOW = START
ANSWERED = {"sip_status": 200, "answered_at": NOW.isoformat(), "fault": None, "phone_rang": True}
WISH = {"wants_person": True, "callback_requested": True, "callback_at": None, "callback_preferred_time_text": "A person, please."}
ENDINGS = ("bot", "customer", "timeout", "error", "voicemail", "RNR")
"""How a call can end after somebody has spoken."""


def add(database: Database, **settings: Any) -> int:
    make_campaign(database, NOW, **settings)
    (lead_id,) = add_leads(database, NOW, "+12025550101")
    return lead_id


def dial(database: Database, at: Any = NOW) -> Claim | None:
    """Dial what is due."""
    with database.write() as connection:
        promote_due(connection, CAMPAIGN, at)
        taken = claim(connection, Ids(1), CAMPAIGN, TOKEN, 1, at)
    if not taken:
        return None
    with database.write() as connection:
        mark_placed(connection, taken[0], TOKEN, f"call-of-{taken[0].attempt_id}", at)
    return taken[0]


def end(database: Database, taken: Claim, at: Any = NOW, **more: Any) -> None:
    with database.write() as connection:
        receive_result(connection, Ids(1), result_of(taken.attempt_id, **more), at)


def entries(database: Database, *, all_: bool = False) -> list[Any]:
    with database.read() as connection:
        return list(list_handoffs(connection, CAMPAIGN, all_=all_))


@pytest.mark.parametrize("ending", ENDINGS)
def test_whatever_the_disposition_and_the_ending_the_lead_is_not_dialled_again(database: Database, ending: str) -> None:
    lead_id = add(database, max_attempts=100, max_callbacks=100)
    words = {*DISPOSITIONS, *WITHOUT_A_CONVERSATION, "ANYTHING"}
    for number, word in enumerate(sorted(words)):
        if number:
            (lead_id,) = add_leads(database, NOW, f"+1202555{number + 101:04}")
        taken = dial(database)
        assert taken is not None
        end(database, taken, disconnected_by=ending, disposition=word, post_call_analysis=WISH, **ANSWERED)
        assert lead_row(database, lead_id).state in FINAL, (word, ending)
        assert dial(database, NOW + timedelta(days=400)) is None, (word, ending)
    final_otherwise = {"DO_NOT_CALL", "WRONG_NUMBER"}
    assert len(entries(database)) == len(words - final_otherwise)


@pytest.mark.parametrize("how", get_args(DisconnectedBy))
def test_the_bot_calls_back_at_most_once_where_the_campaign_says_so(database: Database, how: str) -> None:
    lead_id = add(database, max_attempts=100, handoff={"callback_by_bot": "once"})
    first = dial(database)
    assert first is not None
    at = NOW + timedelta(days=1)
    end(database, first, disconnected_by="customer", post_call_analysis={**WISH, "callback_at": at.isoformat()}, **ANSWERED)
    row = lead_row(database, lead_id)
    assert (row.state, row.due_at, row.outcome) == ("callback_scheduled", at, "wants_person")
    assert [entry.wanted_at for entry in entries(database)] == [at]
    again = dial(database, at)
    assert again is not None
    rang = how == "outside_hours"  # not dialled at all, it would not have been the callback
    ended = {"end_reason": "cancelled"} if rang else {}
    end(database, again, at, disconnected_by=how, phone_rang=rang, post_call_analysis=WISH if how in ENDINGS else None, **ended)
    assert lead_row(database, lead_id).state in FINAL
    assert dial(database, at + timedelta(days=400)) is None
    assert len(entries(database)) == (how != "transfer_to_agent")  # else the person still has to call


def test_a_held_callback_that_was_not_dialled_is_tried_once_more_by_order_and_no_further(database: Database) -> None:
    lead_id = add(database, handoff={"callback_by_bot": "once"})
    first = dial(database)
    assert first is not None
    end(database, first, disconnected_by="bot", post_call_analysis=WISH, **ANSWERED)
    at = NOW + timedelta(days=1)
    again = dial(database, at)
    assert again is not None
    end(database, again, at, disconnected_by="error", may_have_been_dialled=True, sip_status=None)
    with database.write() as connection:
        assert resolve(connection, lead_id, dialled=False, now=at) == "pending"
    third = dial(database, at)
    assert third is not None
    end(database, third, at, disconnected_by="no_answer", sip_status=480)
    assert lead_row(database, lead_id).state == "completed"


def test_who_was_handed_over_is_not_on_the_list(database: Database) -> None:
    lead_id = add(database)
    taken = dial(database)
    assert taken is not None
    end(database, taken, disconnected_by="transfer_to_agent", was_transferred=True, post_call_analysis=WISH, **ANSWERED)
    assert (lead_row(database, lead_id).outcome, entries(database)) == ("transferred", [])


@pytest.mark.parametrize("analysis", [{"SUB_DISPOSITION": "WANTS_PERSON"}, {"wants_person": True}])
def test_an_entry_says_who_when_and_why(database: Database, analysis: dict[str, Any]) -> None:
    lead_id = add(database)
    taken = dial(database)
    assert taken is not None
    given = {**analysis, "callback_preferred_time_text": "A person, please."}
    end(database, taken, disconnected_by="customer", post_call_analysis=given, remarks="Wants to speak to a person.", **ANSWERED)
    (entry,) = entries(database)
    assert (entry.lead_id, entry.phone, entry.state, entry.asked_at) == (lead_id, "+12025550101", "waiting", NOW)
    assert entry.reason == "Wants to speak to a person. Their words: A person, please."
    with database.write() as connection:
        claim_handoff(connection, lead_id, "Mira", NOW + timedelta(minutes=1))
        claim_handoff(connection, lead_id, "Mira", NOW + timedelta(minutes=2))
        with pytest.raises(NotOnTheList, match="claimed by Mira"):
            claim_handoff(connection, lead_id, "Tom", NOW)
    (entry,) = entries(database)
    assert (entry.state, entry.claimed_by, entry.claimed_at) == ("claimed", "Mira", NOW + timedelta(minutes=1))
    with database.write() as connection:
        finish_handoff(connection, lead_id, "Tom", "paid by card", NOW + timedelta(hours=1))
        with pytest.raises(NotOnTheList, match="done already"):
            finish_handoff(connection, lead_id, "Tom", None, NOW)
    assert entries(database) == []
    (entry,) = entries(database, all_=True)
    assert (entry.state, entry.done_by, entry.done_at, entry.note) == ("done", "Tom", NOW + timedelta(hours=1), "paid by card")


@pytest.mark.parametrize("act", ["claim", "done"])
def test_a_person_takes_the_lead_from_the_bot(database: Database, act: str) -> None:
    lead_id = add(database, handoff={"callback_by_bot": "once"})
    taken = dial(database)
    assert taken is not None
    end(database, taken, disconnected_by="bot", post_call_analysis=WISH, **ANSWERED)
    assert lead_row(database, lead_id).state == "callback_scheduled"
    with database.write() as connection:
        if act == "claim":
            claim_handoff(connection, lead_id, "Mira", NOW)
        else:
            finish_handoff(connection, lead_id, "Mira", None, NOW)
    row = lead_row(database, lead_id)
    assert (row.state, row.due_at, row.note) == ("completed", None, "Mira calls instead of the bot")
    assert events_of_lead(database, lead_id)[-1] == "taken_by_person"
    assert dial(database, NOW + timedelta(days=400)) is None


def test_a_lead_that_is_not_on_the_list(database: Database) -> None:
    lead_id = add(database)
    with database.write() as connection, pytest.raises(NotOnTheList, match="is not on the work list"):
        claim_handoff(connection, lead_id, "Mira", NOW)
    with database.write() as connection, pytest.raises(NotOnTheList, match="no lead 99"):
        claim_handoff(connection, 99, "Mira", NOW)


@pytest.mark.parametrize(
    ("end_of_callback", "outcome", "note"),
    [
        ({"disconnected_by": "customer", "post_call_analysis": {"do_not_call": True}}, "do_not_call", "must not be called again"),
        ({"disconnected_by": "error", "end_reason": "suppressed", "answered_at": None}, "do_not_call", "must not be called again"),
        ({"disconnected_by": "bot", "disposition": "WRONG_NUMBER"}, "wrong_number", "it is somebody else's number"),
        ({"disconnected_by": "transfer_to_agent", "was_transferred": True}, "transferred", "handed over to a person in this call"),
        ({"disconnected_by": "bot", "disposition": "INTERESTED"}, "reached", None),
    ],
)
def test_a_call_that_settles_the_wish_closes_the_entry(database: Database, end_of_callback: Any, outcome: str, note: str | None) -> None:
    lead_id = add(database, handoff={"callback_by_bot": "once"})
    first = dial(database)
    assert first is not None
    end(database, first, disconnected_by="bot", post_call_analysis=WISH, **ANSWERED)
    at = NOW + timedelta(days=1)
    again = dial(database, at)
    assert again is not None
    end(database, again, at, **{**ANSWERED, "session_id": "the-callback", **end_of_callback})
    assert lead_row(database, lead_id).outcome == outcome
    (entry,) = entries(database, all_=True)
    if note is None:
        assert (entry.state, len(entries(database))) == ("waiting", 1)
        return
    assert (entry.state, entry.done_by, entry.done_at, entry.note) == ("done", "call the-callback", at, note)
    assert entries(database) == []
    with database.write() as connection, pytest.raises(NotOnTheList):
        claim_handoff(connection, lead_id, "Mira", at)


def test_a_suppressed_lead_is_neither_listed_nor_claimed(database: Database) -> None:
    """Its callback was refused: meanwhile somebody had put the number on the suppression list."""
    lead_id = add(database, handoff={"callback_by_bot": "once"})
    first = dial(database)
    assert first is not None
    end(database, first, disconnected_by="bot", post_call_analysis=WISH, **ANSWERED)
    leads = table_of(Lead)
    with database.write() as connection:
        connection.execute(update(leads).where(leads.c.id == lead_id).values(state="suppressed", due_at=None))
    assert entries(database) == []
    assert [entry.lead_state for entry in entries(database, all_=True)] == ["suppressed"]
    with database.write() as connection, pytest.raises(NotOnTheList, match="must not be called again"):
        claim_handoff(connection, lead_id, "Mira", NOW)
    with database.write() as connection:
        finish_handoff(connection, lead_id, "Mira", None, NOW)  # off the list is always right


@pytest.mark.parametrize(
    ("of_this", "of_another", "to_call"),
    [
        ("sandbox", None, None),
        ("sandbox", "sandbox", None),
        ("sandbox", "real", "real"),
        ("real", "sandbox", "real"),
        ("real", None, "real"),
    ],
)
def test_rehearsals_and_real_lines_are_told_apart(database: Database, of_this: str, of_another: str | None, to_call: str | None) -> None:
    add(database)
    taken = dial(database)
    assert taken is not None
    end(database, taken, disconnected_by="bot", post_call_analysis=WISH, **ANSWERED)
    campaigns = table_of(Campaign)
    with database.write() as connection:
        create_campaign(connection, "another", "Another campaign", "bot", {"name": "Another campaign"}, NOW)
        for campaign_id, lines in ((CAMPAIGN, of_this), ("another", of_another)):
            connection.execute(update(campaigns).where(campaigns.c.id == campaign_id).values(lines=lines))
        assert lines_to_call(connection) == to_call
        shown = {lines: [entry.lines for entry in list_handoffs(connection, lines=lines)] for lines in (None, "real", "sandbox")}
    assert shown == {None: [of_this], "real": [of_this] * (of_this == "real"), "sandbox": [of_this] * (of_this == "sandbox")}


NEVER_RANG = {"phone_rang": False, "sip_status": None, "post_call_analysis": None}


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        ({"disconnected_by": "error", "end_reason": "trunk_busy", "fault": "trunk", "sip_status": 503}, "trunk_busy"),
        ({"disconnected_by": "error", "end_reason": "error", "fault": "trunk", "sip_status": 502}, "error_before_ringing"),
        ({"disconnected_by": "error", "end_reason": "prefetch_failed", "fault": "us"}, "prefetch_failed"),
        ({"disconnected_by": "outside_hours", "end_reason": "outside_hours", "fault": None}, "outside_hours"),
    ],
)
def test_a_dial_that_never_rang_does_not_use_up_the_callback_by_the_bot(database: Database, failure: Any, outcome: str) -> None:
    lead_id = add(database, handoff={"callback_by_bot": "once"})
    first = dial(database)
    assert first is not None
    end(database, first, disconnected_by="bot", post_call_analysis=WISH, **ANSWERED)
    at = NOW + timedelta(days=1)
    for _ in range(2):
        failed = dial(database, at)
        assert failed is not None
        end(database, failed, at, **{**NEVER_RANG, **failure})
        row = lead_row(database, lead_id)
        assert (row.state, row.outcome) == ("retry_scheduled", outcome)
        at = row.due_at
    again = dial(database, at)
    assert again is not None
    end(database, again, at, disconnected_by="no_answer", sip_status=480)
    assert lead_row(database, lead_id).state == "completed"  # this one was the callback


def test_a_callback_that_never_rings_is_given_up_at_last(database: Database) -> None:
    lead_id = add(database, max_uncharged=2, handoff={"callback_by_bot": "once"})
    first = dial(database)
    assert first is not None
    end(database, first, disconnected_by="bot", post_call_analysis=WISH, **ANSWERED)
    for day in (1, 2):
        failed = dial(database, NOW + timedelta(days=day))
        assert failed is not None
        end(database, failed, NOW + timedelta(days=day), **NEVER_RANG, disconnected_by="error", end_reason="error", fault="trunk")
    assert lead_row(database, lead_id).state == "exhausted"
    assert len(entries(database)) == 1


@pytest.mark.parametrize(
    ("callback", "ended"),
    [
        ("once", {"disconnected_by": "error", "end_reason": "withdrawn"}),  # the callee talked to us instead
        ("never", {"disconnected_by": "error", "end_reason": "error", "fault": "trunk"}),
    ],
)
def test_there_is_no_other_try(database: Database, callback: str, ended: Any) -> None:
    """By `never` only a lead that was held and resolved is dialled after the wish."""
    lead_id = add(database, handoff={"callback_by_bot": "once"})
    first = dial(database)
    assert first is not None
    end(database, first, disconnected_by="bot", post_call_analysis=WISH, **ANSWERED)
    at = NOW + timedelta(days=1)
    again = dial(database, at)
    assert again is not None
    campaigns = table_of(Campaign)
    with database.write() as connection:
        settings = {"name": "A campaign", "handoff": {"callback_by_bot": callback}}
        connection.execute(update(campaigns).values(settings=settings))
    end(database, again, at, **{**NEVER_RANG, **ended})
    assert lead_row(database, lead_id).state == "completed"
