"""`dialler leads handoff`: the leads whose callee asked for a person, who has them, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from dialler.campaigns.store import read_campaign
from dialler.leads.handoffs import NotOnTheList, claim_handoff, finish_handoff, list_handoffs, newest_handoff
from web.cli.common import DatabaseOption, JsonOption, LimitOption, campaign_called, clock_of, open_database
from web.cli.errors import CANNOT, CliError
from web.cli.finding import CampaignOption, LeadArgument, one_lead
from web.cli.output import emit_json, say, show_rows

__all__ = ["app"]

app = typer.Typer(invoke_without_command=True, help="The work list of leads whose callee asked for a person: list, claim, done.")

_TITLES = {
    "lead_id": "Lead",
    "campaign": "Campaign",
    "phone": "Phone",
    "state": "State",
    "asked_at": "Asked",
    "wanted_at": "Wants the call",
    "reason": "Why",
    "claimed_by": "Claimed by",
    "done_by": "Done by",
    "note": "Note",
}
ByOption = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who calls, or has called.", show_default=False)]


@app.callback()
def begin(context: typer.Context) -> None:
    """The work list of leads whose callee asked for a person: the bot does not call them, so somebody has to."""
    if context.invoked_subcommand is None:
        list_()


@app.command("list")
def list_(
    campaign: CampaignOption = None,
    all_: Annotated[bool, typer.Option("--all", help="With those that are done.")] = False,
    limit: LimitOption = 100,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the leads that wait for a call by a person, the longest wait first: who asked, when, why, and who has them."""
    with open_database(database) as db:
        campaign_id = campaign_called(db, campaign).id if campaign else None
        with db.read() as connection:
            rows = [dict(row._mapping) for row in list_handoffs(connection, campaign_id, all_=all_, limit=limit)]
    show_rows(rows, _TITLES, as_json=as_json, empty="No lead waits for a person.")
    if rows and not as_json:
        say("Take one with `dialler leads handoff claim LEAD`; say that it is done with `dialler leads handoff done LEAD`.")


@app.command()
def claim(
    lead: LeadArgument, by: ByOption = None, campaign: CampaignOption = None, database: DatabaseOption = None, as_json: JsonOption = False
) -> None:
    """Say who will call a lead, so that no two do. The bot does not call it any more."""
    who = _who(by)
    entry = _change(lead, campaign, database, lambda connection, lead_id, now: claim_handoff(connection, lead_id, who, now))
    emit_json(entry) if as_json else say(f"Lead {entry['lead_id']} ({entry['phone']}) is {who}'s. {entry['reason'] or ''}".strip())


@app.command()
def done(
    lead: LeadArgument,
    by: ByOption = None,
    note: Annotated[str | None, typer.Option("--note", metavar="TEXT", help="What came of it.", show_default=False)] = None,
    campaign: CampaignOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that a lead was called by a person, or need not be. It leaves the list."""
    who = _who(by)
    entry = _change(lead, campaign, database, lambda connection, lead_id, now: finish_handoff(connection, lead_id, who, note, now))
    emit_json(entry) if as_json else say(f"Lead {entry['lead_id']} ({entry['phone']}) is done.")


def _who(by: str | None) -> str:
    if by is None or not by.strip():
        raise CliError("Say who calls, or has called: --by NAME.")
    return by.strip()


def _change(lead: str, campaign: str | None, database: str | None, change: Callable[[Connection, int, datetime], None]) -> dict[str, Any]:
    with open_database(database) as db:
        row = one_lead(db, lead, campaign)
        with db.write() as connection:
            try:
                change(connection, row.id, clock_of(read_campaign(connection, row.campaign_id)))
            except NotOnTheList as error:
                raise CliError(str(error), "See who is on it with `dialler leads handoff list`.", code=CANNOT) from None
            return dict(newest_handoff(connection, row.id)._mapping)
