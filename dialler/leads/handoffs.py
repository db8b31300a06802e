"""The work list of leads whose callee asked for a person: the bot does not call them again, so somebody has to.

An entry is made in the transaction that takes the result in. A person claims it, so that no two call, and says when it is
done. Where the campaign has the bot call back once (`handoff.callback_by_bot`), a claim takes the lead away from the bot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from core.kernel.lines import REAL, Lines
from core.kernel.statements import table_of
from dialler.campaigns.store import lock_campaign
from dialler.campaigns.tables import Campaign
from dialler.leads.history import add_history
from dialler.leads.states import WAITING, next_state
from dialler.leads.tables import Attempt, Lead, LeadHandoff

__all__ = [
    "NotOnTheList",
    "ask_for_a_person",
    "claim_handoff",
    "close_handoff",
    "finish_handoff",
    "lines_to_call",
    "list_handoffs",
    "newest_handoff",
]

_leads = table_of(Lead)
_attempts = table_of(Attempt)
_handoffs = table_of(LeadHandoff)
_campaigns = table_of(Campaign)


class NotOnTheList(Exception):
    """The lead is not on the work list, somebody else has it, or nobody may call it."""


def ask_for_a_person(
    connection: Connection,
    campaign_id: str,
    lead_id: int,
    attempt_id: str,
    result: Mapping[str, Any],
    wanted_at: datetime | None,
    now: datetime,
) -> None:
    """Put a lead on the work list, or say on its open entry what was said last.

    Args:
        connection: a transaction that may write, with the campaign and the lead locked.
        campaign_id: the campaign.
        lead_id: the lead.
        attempt_id: the attempt in which the callee asked for a person.
        result: the call result.
        wanted_at: when the callee wants to be called (aware); None if no time was named.
        now: the campaign's time.
    """
    values = {
        "attempt_id": attempt_id,
        "call_id": result.get("session_id"),
        "asked_at": now,
        "wanted_at": wanted_at,
        "reason": _reason(result),
    }
    open_ = (_handoffs.c.lead_id == lead_id) & (_handoffs.c.state != "done")
    if not connection.execute(update(_handoffs).where(open_).values(**values)).rowcount:
        connection.execute(insert(_handoffs).values(campaign_id=campaign_id, lead_id=lead_id, state="waiting", **values))


def close_handoff(connection: Connection, lead_id: int, call_id: str, why: str, now: datetime) -> None:
    """Close the open entry of a lead because a later call has settled it. No open entry: nothing happens.

    Args:
        connection: a transaction that may write, with the campaign and the lead locked.
        lead_id: the lead.
        call_id: the call that settled it.
        why: what came of that call; becomes the note, behind one that is there.
        now: the campaign's time.
    """
    open_ = (_handoffs.c.lead_id == lead_id) & (_handoffs.c.state != "done")
    note = func.coalesce(_handoffs.c.note + "; ", "") + why
    connection.execute(update(_handoffs).where(open_).values(state="done", done_by=f"call {call_id}", done_at=now, note=note))


def lines_to_call(connection: Connection) -> Lines | None:
    """The lines of the entries that people who work for all campaigns are to see: real ones as soon as one campaign was dialled on
    real lines; None, all of them, while there are only rehearsals on the sandbox."""
    real = select(_campaigns.c.id).where(_campaigns.c.lines == REAL).limit(1)
    return REAL if connection.execute(real).first() is not None else None


def list_handoffs(
    connection: Connection,
    campaign_id: str | None = None,
    *,
    lines: Lines | None = None,
    all_: bool = False,
    limit: int = 100,
    after: int = 0,
) -> Sequence[Row[Any]]:
    """The entries of the work list, the longest wait first.

    Each has `phone`, `line`, `variables` and `lead_state` of its lead, and the name of its `campaign` with the `lines` it was dialled on.
    Leads that are `suppressed` are left out: nobody may call them.

    Args:
        connection: a transaction.
        campaign_id: only of this campaign.
        lines: only of campaigns that were dialled on these lines; None: of all. Campaigns that do not know count as real.
        all_: with those that are done, and those of suppressed leads.
        limit: how many at most.
        after: only entries with a higher id: the last one of the page before.
    """
    query = _entries().where(_handoffs.c.id > after).order_by(_handoffs.c.id).limit(limit)
    if campaign_id is not None:
        query = query.where(_handoffs.c.campaign_id == campaign_id)
    if lines is not None:
        query = query.where(func.coalesce(_campaigns.c.lines, REAL) == lines)
    if not all_:
        query = query.where(_handoffs.c.state != "done", _leads.c.state != "suppressed")
    return connection.execute(query).all()


def newest_handoff(connection: Connection, lead_id: int) -> Row[Any]:
    """The newest entry of a lead, as `list_handoffs` gives them.

    Raises:
        sqlalchemy.exc.NoResultFound: the lead never was on the list.
    """
    return connection.execute(_entries().where(_handoffs.c.lead_id == lead_id).order_by(_handoffs.c.id.desc()).limit(1)).one()


def claim_handoff(connection: Connection, lead_id: int, by: str, now: datetime) -> None:
    """Say who will call a lead, in the caller's transaction. The same person may say so again.

    Args:
        connection: a transaction that may write.
        lead_id: the lead.
        by: who, in a word for people.
        now: the campaign's time.

    Raises:
        NotOnTheList: the lead is not on the list, somebody else has claimed it, or it is suppressed.
    """
    entry = _locked(connection, lead_id)
    if connection.execute(select(_leads.c.state).where(_leads.c.id == lead_id)).scalar_one() == "suppressed":
        raise NotOnTheList(f"Lead {lead_id} must not be called again: its number is suppressed.")
    if entry.state == "claimed" and entry.claimed_by != by:
        raise NotOnTheList(f"Lead {lead_id} was claimed by {entry.claimed_by}.")
    if entry.state == "waiting":
        connection.execute(update(_handoffs).where(_handoffs.c.id == entry.id).values(state="claimed", claimed_by=by, claimed_at=now))
    _take_from_the_bot(connection, lead_id, by, now)


def finish_handoff(connection: Connection, lead_id: int, by: str, note: str | None, now: datetime) -> None:
    """Say that a lead was called by a person, or need not be, in the caller's transaction. It leaves the list.

    Args:
        connection: a transaction that may write.
        lead_id: the lead.
        by: who, in a word for people.
        note: what came of it.
        now: the campaign's time.

    Raises:
        NotOnTheList: the lead is not on the list.
    """
    entry = _locked(connection, lead_id)
    connection.execute(
        update(_handoffs).where(_handoffs.c.id == entry.id).values(state="done", done_by=by, done_at=now, note=note or entry.note)
    )
    _take_from_the_bot(connection, lead_id, by, now)


def _entries() -> Select[Any]:
    return (
        select(
            _handoffs,
            func.coalesce(_attempts.c.phone, _leads.c.phone).label("phone"),
            _leads.c.line,
            _leads.c.variables,
            _leads.c.state.label("lead_state"),
            _campaigns.c.name.label("campaign"),
            _campaigns.c.lines,
        )
        .join(_leads, _leads.c.id == _handoffs.c.lead_id)
        .outerjoin(_attempts, _attempts.c.id == _handoffs.c.attempt_id)
        .join(_campaigns, _campaigns.c.id == _handoffs.c.campaign_id)
    )


def _locked(connection: Connection, lead_id: int) -> Row[Any]:
    """The open entry of a lead, with campaign and lead locked, in the order of everybody."""
    campaign_id = connection.execute(select(_leads.c.campaign_id).where(_leads.c.id == lead_id)).scalar_one_or_none()
    if campaign_id is None:
        raise NotOnTheList(f"There is no lead {lead_id}.")
    lock_campaign(connection, campaign_id)
    connection.execute(select(_leads.c.id).where(_leads.c.id == lead_id).with_for_update())
    open_ = (_handoffs.c.lead_id == lead_id) & (_handoffs.c.state != "done")
    entry = connection.execute(select(_handoffs).where(open_).with_for_update()).one_or_none()
    if entry is None:
        raise NotOnTheList(f"Lead {lead_id} is not on the work list: its callee did not ask for a person, or it is done already.")
    return entry


def _take_from_the_bot(connection: Connection, lead_id: int, by: str, now: datetime) -> None:
    """A lead that waits for the bot's callback is the person's from now on; one in a call just now stays as it is."""
    lead = connection.execute(select(_leads.c.state, _leads.c.attempt_id).where(_leads.c.id == lead_id)).one()
    if lead.state not in WAITING:
        return
    state, note = next_state(lead.state, "taken_by_person"), f"{by} calls instead of the bot"
    connection.execute(
        update(_leads)
        .where(_leads.c.id == lead_id, _leads.c.state == lead.state)
        .values(state=state, queue=None, due_at=None, attempt_id=None, note=note, updated_at=now)
    )
    add_history(connection, lead_id, now, lead.state, "taken_by_person", state, lead.attempt_id, note)


def _reason(result: Mapping[str, Any]) -> str:
    given = result.get("post_call_analysis")
    words = given.get("callback_preferred_time_text") if isinstance(given, Mapping) else None
    said = str(result.get("remarks") or "").strip() or "Wants to speak to a person."
    return f"{said} Their words: {words}" if isinstance(words, str) and words.strip() else said
