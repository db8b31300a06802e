"""`dialler leads handoff`: the leads whose callee asked for a person, who has them, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer
from sqlalchemy import Connection, Row

from core.kernel.lines import ALL, REAL, SANDBOX, Lines
from core.suppressions.store import is_suppressed, many
from dialler.campaigns.store import read_campaign
from dialler.leads.handoffs import NotOnTheList, claim_handoff, finish_handoff, lines_to_call, list_handoffs, newest_handoff
from web.cli.common import DatabaseOption, JsonOption, LimitOption, campaign_called, clock_of, open_database
from web.cli.errors import CANNOT, CliError
from web.cli.finding import CampaignOption, LeadArgument, one_lead
from web.cli.output import emit_json, say, show_rows

__all__ = ["app"]

app = typer.Typer(invoke_without_command=True, help="The work list of leads whose callee asked for a person: list, claim, done.")

_TITLES = {
    "lead_id": "Lead",
    "campaign": "Campaign",
    "lines": "Lines",
    "phone": "Phone",
    "state": "State",
    "asked_at": "Asked",
    "wanted_at": "Wants the call",
    "reason": "Why",
    "claimed_by": "Claimed by",
    "done_by": "Done by",
    "note": "Note",
}


class LinesName(StrEnum):
    """On which lines a callee asked for a person."""

    REAL = REAL
    SANDBOX = SANDBOX
    ALL = ALL


LinesOption = Annotated[
    LinesName | None,
    typer.Option(
        "--lines",
        help="Leads of campaigns on these lines. Without it, and without --campaign: real ones, once there is a campaign on real lines; "
        "until then those of rehearsals on the sandbox.",
        show_default=False,
    ),
]
ByOption = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who calls, or has called.", show_default=False)]


@app.callback()
def begin(context: typer.Context) -> None:
    """The work list of leads whose callee asked for a person: the bot does not call them, so somebody has to."""
    if context.invoked_subcommand is None:
        list_()


@app.command("list")
def list_(
    campaign: CampaignOption = None,
    lines: LinesOption = None,
    all_: Annotated[bool, typer.Option("--all", help="With those that are done, and those whose number is suppressed.")] = False,
    limit: LimitOption = 100,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the leads that wait for a call by a person, the longest wait first: who asked, when, why, and who has them.

    The simulated callees of rehearsals on the sandbox are left out once a campaign was dialled on real lines.
    """
    with open_database(database) as db:
        campaign_id = campaign_called(db, campaign).id if campaign else None
        with db.read() as connection:
            on = _lines_of(connection, lines, campaign_id)
            found = list_handoffs(connection, campaign_id, lines=on, all_=all_, limit=limit)
            held = {on_lines: many(connection, (row.phone for row in found), on_lines) for on_lines in {_lines(row) for row in found}}
            rows = [{**row._mapping, "suppressed": row.phone in held[_lines(row)]} for row in found]
            left_out = lines is None and on == REAL and bool(list_handoffs(connection, None, lines=SANDBOX, all_=all_, limit=1))
    show_rows(rows if as_json else list(map(_warned, rows)), _TITLES, as_json=as_json, empty="No lead waits for a person.")
    if left_out and not as_json:
        say("Those of rehearsals on the sandbox are left out; `--lines all` shows them, too.")
    if rows and not as_json:
        say("Take one with `dialler leads handoff claim LEAD`; say that it is done with `dialler leads handoff done LEAD`.")


@app.command()
def claim(
    lead: LeadArgument, by: ByOption = None, campaign: CampaignOption = None, database: DatabaseOption = None, as_json: JsonOption = False
) -> None:
    """Say who will call a lead, so that no two do. The bot does not call it any more."""
    who = _who(by)

    def take(connection: Connection, lead_id: int, now: datetime) -> None:
        claim_handoff(connection, lead_id, who, now)
        entry = newest_handoff(connection, lead_id)
        if is_suppressed(connection, entry.phone, _lines(entry)):
            raise NotOnTheList(f"Lead {lead_id} must not be called: {entry.phone} is on the suppression list.")

    entry = _change(lead, campaign, database, take)
    emit_json(entry) if as_json else say(f"Lead {entry['lead_id']} ({entry['phone']}) is {who}'s. {entry['reason'] or ''}".strip())
    if entry["lines"] == SANDBOX and not as_json:
        say("This was a rehearsal on the sandbox: the callee was simulated, and nobody is to be called.")


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


def _lines_of(connection: Connection, asked: LinesName | None, campaign_id: str | None) -> Lines | None:
    """The lines whose entries are shown; None: all. A campaign that was named is shown whatever its lines are."""
    if asked is not None:
        return None if asked is LinesName.ALL else (SANDBOX if asked is LinesName.SANDBOX else REAL)
    return None if campaign_id is not None else lines_to_call(connection)


def _lines(entry: Row[Any]) -> Lines:
    """The lines on which an entry's lead would be called; a campaign that does not know its lines counts as real."""
    return SANDBOX if entry.lines == SANDBOX else REAL


def _warned(row: dict[str, Any]) -> dict[str, Any]:
    """A row as the table shows it."""
    return row | {"reason": f"Do not call: on the suppression list. {row['reason'] or ''}".strip()} if row["suppressed"] else row


def _change(lead: str, campaign: str | None, database: str | None, change: Callable[[Connection, int, datetime], None]) -> dict[str, Any]:
    with open_database(database) as db:
        row = one_lead(db, lead, campaign)
        with db.write() as connection:
            try:
                change(connection, row.id, clock_of(read_campaign(connection, row.campaign_id)))
            except NotOnTheList as error:
                raise CliError(str(error), "See who is on it with `dialler leads handoff list`.", code=CANNOT) from None
            return dict(newest_handoff(connection, row.id)._mapping)
