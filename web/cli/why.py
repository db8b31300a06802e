"""`dialler why`: why a campaign, or a lead, is not dialled."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from core.kernel.clock import utc_now
from dialler.why.reading import explain, explain_one
from web.cli.common import CampaignArgument, DatabaseOption, JsonOption, campaign_called, clock_of, open_database
from web.cli.finding import one_lead
from web.cli.output import emit_json, say, show_rows

__all__ = ["why"]

_TITLES = {"count": "Leads", "words": "Why", "clears_at": "Until", "remedy": "What helps"}


def why(
    campaign: CampaignArgument,
    lead: Annotated[str | None, typer.Argument(metavar="[LEAD]", help="A lead: its id, or its number.", show_default=False)] = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say why a campaign is not dialling, or dials little: where every lead is, until when, and what would move it on."""
    with open_database(database) as db:
        row = campaign_called(db, campaign)
        now = clock_of(row) if row.own_clock else utc_now()
        if lead is not None:
            found = one_lead(db, lead, row.name)
            with db.read() as connection:
                step = explain_one(connection, row, found, now, utc_now())
            if as_json:
                emit_json({"lead_id": found.id, **asdict(step)})
            else:
                until = f" Until {step.clears_at:%Y-%m-%d %H:%M} UTC." if step.clears_at else ""
                say(f"{step.words}{until} {step.remedy}".rstrip())
            return
        with db.read() as connection:
            account = explain(connection, row, now, utc_now())
    steps = [asdict(step) for step in account.steps]
    if as_json:
        blocked = account.blocker.name if account.blocker else None
        emit_json({"rows": account.rows, "leads": account.leads, "blocked_by": blocked, "at": now, "steps": steps})
        return
    show_rows([{name: step[name] for name in _TITLES} for step in steps], _TITLES, as_json=False, empty="The campaign has no leads yet.")
    if steps:
        say(f"{account.rows:,} rows in all, {account.leads:,} of them imported. Times are UTC.")
