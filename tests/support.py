"""Makes campaigns and leads in the database, for tests of what works on them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from core.kernel.database import Database
from core.kernel.processes import this_process
from core.kernel.statements import table_of
from dialler.campaigns.owner import acquire
from dialler.campaigns.store import change_state, create_campaign
from dialler.imports.tables import LeadImport
from dialler.leads.states import QUEUE_OF
from dialler.leads.tables import Attempt, Lead, LeadHistory

leads = table_of(Lead)
attempts = table_of(Attempt)
history = table_of(LeadHistory)

CAMPAIGN = "campaign-1"
TOKEN = "owner-1"


def make_campaign(db: Database, now: datetime, *, owner: str | None = TOKEN, **settings: Any) -> str:
    """A running campaign without leads, owned by this process."""
    me = this_process()
    reader = {"owner_host": me.host, "owner_pid": me.pid, "owner_pid_started": me.started, "alive_at": now}
    with db.write() as connection:
        create_campaign(connection, CAMPAIGN, "A campaign", "bot", {"name": "A campaign", **settings}, now)
        change_state(connection, CAMPAIGN, "start", now)
        if owner:
            acquire(connection, CAMPAIGN, owner, this_process(), now)
        connection.execute(
            insert(table_of(LeadImport)).values(
                id="import-1",
                campaign_id=CAMPAIGN,
                source_name="leads.csv",
                sha256="0",
                state="active",
                report={},
                created_at=now,
                **reader,
            )
        )
    return CAMPAIGN


def add_leads(
    db: Database, now: datetime, *phones: str, state: str = "pending", due_at: datetime | None = None, ready: bool = True
) -> list[int]:
    """Leads in the campaign, waiting; returns their ids."""
    with db.write() as connection:
        first = len(connection.execute(select(leads.c.id)).all())
        return [
            connection.execute(
                insert(leads)
                .values(
                    campaign_id=CAMPAIGN,
                    import_id="import-1",
                    position=first + index + 1,
                    line=first + index + 2,
                    phone=phone,
                    variables={"customer_name": "Ada"},
                    state=state,
                    queue=QUEUE_OF[state] if ready else None,
                    due_at=due_at or now,
                    attempts=0,
                    uncharged=0,
                    updated_at=now,
                )
                .returning(leads.c.id)
            ).scalar_one()
            for index, phone in enumerate(phones)
        ]


def lead_row(db: Database, lead_id: int) -> Any:
    """The lead as it stands."""
    with db.read() as connection:
        return connection.execute(select(leads).where(leads.c.id == lead_id)).one()


def attempt_rows(db: Database, lead_id: int) -> list[Any]:
    """The attempts of a lead, in order."""
    with db.read() as connection:
        return list(connection.execute(select(attempts).where(attempts.c.lead_id == lead_id).order_by(attempts.c.number)).all())


def events_of_lead(db: Database, lead_id: int) -> list[str]:
    """The events of a lead's history, in order."""
    with db.read() as connection:
        return list(connection.execute(select(history.c.event).where(history.c.lead_id == lead_id).order_by(history.c.id)).scalars())


def result_of(attempt_id: str, **more: Any) -> dict[str, Any]:
    """A call result as it arrives for an attempt."""
    return {
        "session_id": f"call-of-{attempt_id}",
        "idempotency_key": attempt_id,
        "caller_id": "+12025550143",
        "from_number": None,
        "call_duration_seconds": 0.0,
        "disconnected_by": "no_answer",
        "end_reason": "no_answer",
        "disposition": "NO_ANSWER",
        "phone_rang": True,
        "fault": "callee",
        "sip_status": 480,
        "answered_at": None,
        "post_call_analysis": None,
        **more,
    }
