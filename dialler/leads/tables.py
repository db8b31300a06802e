"""Tables of leads, of the attempts to reach them, and of what happened to each."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Identity, Index, Integer, text
from sqlmodel import Field, SQLModel

from core.kernel.database import JsonValue, UtcDateTime

__all__ = ["ATTEMPT_STATES", "HANDOFF_STATES", "OPEN", "Attempt", "Lead", "LeadHandoff", "LeadHistory", "LeadNumber"]

_BIG = BigInteger().with_variant(Integer, "sqlite")
_READY = text("queue IS NOT NULL")
_WAITING = text("due_at IS NOT NULL AND queue IS NULL")
_EXPIRING = text("expires_at IS NOT NULL AND due_at IS NOT NULL")
_OPEN = text("state <> 'ended'")
_NOT_DONE = text("state <> 'done'")
OPEN = text("attempts.state <> 'ended'")
"""Condition for attempts that are not over. A partial index is used only where its own condition stands in the statement, with
its values written out: a state that comes as a parameter could be any."""


class Lead(SQLModel, table=True):
    """A person to reach, by one number, in one campaign. States: `dialler.leads.states`.

    The claim index holds only leads that may be dialled now (`queue` not null: 0 due callbacks, 1 first attempts,
    2 due retries). Waiting leads stand in another, by `due_at`, and are moved over when due.
    """

    __tablename__ = "leads"
    __table_args__ = (
        Index("leads_phone", "campaign_id", "phone", unique=True),
        Index("leads_ready", "campaign_id", "queue", "due_at", "position", sqlite_where=_READY, postgresql_where=_READY),
        Index("leads_waiting", "campaign_id", "due_at", sqlite_where=_WAITING, postgresql_where=_WAITING),
        Index("leads_expiring", "campaign_id", "expires_at", sqlite_where=_EXPIRING, postgresql_where=_EXPIRING),
        Index("leads_import", "import_id", "state"),
        Index("leads_state", "campaign_id", "state"),
        CheckConstraint(
            "queue IS NULL OR state IN ('pending', 'retry_scheduled', 'callback_scheduled')", name="leads_queue_only_when_waiting"
        ),
        CheckConstraint("(state IN ('claimed', 'dialling')) = (lease_token IS NOT NULL)", name="leads_lease_only_when_claimed"),
    )

    id: int | None = Field(default=None, sa_column=Column(_BIG, Identity(), primary_key=True))
    campaign_id: str = Field(foreign_key="campaigns.id")
    import_id: str = Field(foreign_key="lead_imports.id")
    position: int
    """Its place in the file, from 1, counted over the rows that were imported."""
    line: int
    """The line of the file where its row begins, from 1."""
    phone: str
    """E.164, with `;ext=` and the extension where there is one."""
    variables: dict[str, Any] = Field(sa_type=JsonValue, default_factory=dict)
    numbers: list[dict[str, Any]] | None = Field(default=None, sa_type=JsonValue)
    """All numbers of a person who has several, in the order in which they are tried: `phone`, `label`, and `closed` if it is not tried
    again, why. `phone` is the first."""
    place: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    """Which of `numbers` is dialled next, from 0."""
    state: str = "staged"
    queue: int | None = None
    due_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When it may be dialled next; null unless it waits."""
    not_before: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """It is not dialled before this."""
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """It is not dialled from this on: then it ends as `expired`."""
    attempts: int = 0
    """Attempts charged so far: the callee's phone could have rung."""
    uncharged: int = 0
    """Dials that ended without a chance to ring."""
    attempt_id: str | None = None
    """The attempt under way, or one that was refused and will be sent again under its own id."""
    lease_token: str | None = None
    disposition: str | None = None
    outcome: str | None = None
    """How the last attempt ended, in the words of the retry policy (`dialler.policy.outcomes`)."""
    note: str | None = None
    updated_at: datetime = Field(sa_type=UtcDateTime)


ATTEMPT_STATES = ("created", "placing", "placed", "ended", "held")


class Attempt(SQLModel, table=True):
    """One try at a lead; its id is the Idempotency-Key of its dialout.

    `state`: `created` (nothing sent, or refused: nothing was placed) -> `placing` (sent, not answered) -> `placed`
    -> `ended`; or `held` (it may have been dialled: nobody can know).
    """

    __tablename__ = "attempts"
    __table_args__ = (
        Index("attempts_call", "call_id"),
        Index("attempts_lead", "lead_id", "number"),
        Index("attempts_campaign", "campaign_id", "created_at", "id"),
        Index("attempts_open", "campaign_id", "state", sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: str = Field(primary_key=True)
    campaign_id: str = Field(foreign_key="campaigns.id")
    lead_id: int = Field(foreign_key="leads.id", sa_type=_BIG)
    phone: str | None = None
    """The number that was dialled; null in attempts that are older than leads with several numbers."""
    number: int
    """From 1, counted over all the lead's attempts, charged or not."""
    kind: str
    """first, retry or callback."""
    state: str = "created"
    call_id: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    placed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    refusals: int = 0
    failed_dialouts: int = 0
    """Dialouts of it that went wrong: whether the core had received them was not known then."""
    last_refusal: str | None = None
    charged: bool | None = None
    disconnected_by: str | None = None
    outcome: str | None = None
    disposition: str | None = None
    sip_status: int | None = None
    phone_rang: bool | None = None
    fault: str | None = None
    call_duration_seconds: float | None = None
    result: dict[str, Any] | None = Field(default=None, sa_type=JsonValue)
    """The call result as it came in."""


class LeadNumber(SQLModel, table=True):
    """A number of a lead beside its `phone`. A number belongs to one lead of a campaign."""

    __tablename__ = "lead_numbers"
    __table_args__ = (Index("lead_numbers_lead", "lead_id"),)

    campaign_id: str = Field(primary_key=True)
    phone: str = Field(primary_key=True)
    lead_id: int = Field(sa_column=Column(_BIG, ForeignKey("leads.id", ondelete="CASCADE"), nullable=False))


class LeadHistory(SQLModel, table=True):
    """Every change of a lead's state: when, from what, by which event, to what."""

    __tablename__ = "lead_history"

    id: int | None = Field(default=None, sa_column=Column(_BIG, Identity(), primary_key=True))
    lead_id: int = Field(foreign_key="leads.id", index=True, sa_type=_BIG)
    at: datetime = Field(sa_type=UtcDateTime)
    from_state: str
    event: str
    to_state: str
    attempt_id: str | None = None
    note: str | None = None


HANDOFF_STATES = ("waiting", "claimed", "done")


class LeadHandoff(SQLModel, table=True):
    """A lead whose callee asked for a person: an entry of the work list. `waiting` -> `claimed` -> `done`.

    A lead has at most one entry that is not done; another wish while it is open says what was said last.
    """

    __tablename__ = "lead_handoffs"
    __table_args__ = (
        Index("lead_handoffs_lead", "lead_id"),
        Index("lead_handoffs_open", "lead_id", unique=True, sqlite_where=_NOT_DONE, postgresql_where=_NOT_DONE),
        Index("lead_handoffs_campaign", "campaign_id", "state", "id"),
        CheckConstraint("state IN ('waiting', 'claimed', 'done')", name="lead_handoffs_state"),
        CheckConstraint("state <> 'claimed' OR claimed_by IS NOT NULL", name="lead_handoffs_claimed_by_somebody"),
        CheckConstraint("(state = 'done') = (done_at IS NOT NULL)", name="lead_handoffs_done_has_time"),
    )

    id: int | None = Field(default=None, sa_column=Column(_BIG, Identity(), primary_key=True))
    campaign_id: str = Field(foreign_key="campaigns.id")
    lead_id: int = Field(foreign_key="leads.id", sa_type=_BIG)
    attempt_id: str
    call_id: str | None = None
    asked_at: datetime = Field(sa_type=UtcDateTime)
    wanted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the callee wants to be called; null if no time was named."""
    reason: str | None = None
    """What came of the call, in the words of its result."""
    state: str = "waiting"
    claimed_by: str | None = None
    claimed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    done_by: str | None = None
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    note: str | None = None
    """What came of it, by who did it."""
