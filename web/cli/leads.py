"""`dialler leads`: who was called, what came of it, who wants a person, and of whom nobody knows whether they were dialled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from sqlalchemy import Row

from core.kernel.database import Database
from dialler.campaigns.store import read_campaign
from dialler.leads.held import NotHeld, resolve
from dialler.leads.queries import LeadFilter, attempts_of, count_leads, dispositions, evidence_of, history_of, list_leads
from dialler.leads.states import STATES
from web.cli import handoffs
from web.cli.common import DatabaseOption, JsonOption, LimitOption, campaign_called, clock_of, open_database
from web.cli.errors import CANNOT, CliError, unknown
from web.cli.finding import CampaignOption, LeadArgument, one_lead
from web.cli.output import console, emit_json, heading, say, show_fields, show_rows, table

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Leads: list them, look at one, those who want a person, those that may have been dialled.")

_TITLES = {
    "id": "Lead",
    "campaign": "Campaign",
    "line": "Line",
    "phone": "Phone",
    "state": "State",
    "disposition": "Disposition",
    "attempts": "Attempts",
    "due_at": "Due",
    "note": "Note",
}
_HISTORY = {"at": "When", "from_state": "From", "event": "What happened", "to_state": "To", "note": "Note"}
_ATTEMPTS = ("number", "kind", "state", "outcome", "disposition", "charged", "sip_status", "call_duration_seconds", "placed_at", "ended_at")
_ATTEMPT_TITLES = ("No", "Kind", "State", "Outcome", "Disposition", "Charged", "SIP", "Seconds", "Placed", "Ended")

app.add_typer(handoffs.app, name="handoff")


@app.command("list")
def list_(
    campaign: CampaignOption = None,
    state: Annotated[str | None, typer.Option(help=f"Only leads in this state: {', '.join(STATES[1:])}.", show_default=False)] = None,
    disposition: Annotated[str | None, typer.Option(help="Only leads with this disposition.", show_default=False)] = None,
    limit: LimitOption = 100,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List leads in the order of the file, all of them or by campaign, state or disposition."""
    if state is not None and state not in STATES[1:]:
        raise unknown("state", state, STATES[1:], "dialler leads list --help")
    with open_database(database) as db:
        _show(db, campaign, state, disposition, limit, as_json, "There are no such leads.")


@app.command()
def held(campaign: CampaignOption = None, limit: LimitOption = 100, database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """List the leads that may have been dialled: nobody can know, so they are not dialled again until you resolve them."""
    with open_database(database) as db:
        some = _show(db, campaign, "held", None, limit, as_json, "No lead is held.")
    if some and not as_json:
        say("Resolve each with `dialler leads resolve LEAD --dialled` or `--not-dialled`.")


@app.command()
def show(lead: LeadArgument, campaign: CampaignOption = None, database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Show one lead: its variables, every attempt, everything that happened to it."""
    with open_database(database) as db:
        row = one_lead(db, lead, campaign)
        with db.read() as connection:
            attempts, history = attempts_of(connection, row.id), history_of(connection, row.id)
    if as_json:
        document = {**row._mapping, "lease_token": None, "attempt_list": _dicts(attempts), "history": _dicts(history)}
        emit_json({key: value for key, value in document.items() if key != "lease_token"})
        return
    show_fields(
        {
            "Lead": str(row.id),
            "Campaign": row.campaign,
            "Line of the file": row.line,
            "Phone": row.phone,
            "State": row.state,
            "Disposition": row.disposition,
            "Note": row.note,
            "Due": row.due_at,
            **({"Not before": row.not_before} if row.not_before else {}),
            **({"Expires": row.expires_at} if row.expires_at else {}),
            "Attempts": f"{row.attempts} charged, {row.uncharged} without a chance to ring",
            **{f"crm.{name}": value for name, value in row.variables.items()},
        }
    )
    out = console()
    if attempts:
        heading("Attempts")
        out.print(table(_ATTEMPT_TITLES, [[getattr(attempt, name) for name in _ATTEMPTS] for attempt in attempts]))
    if decided := [(attempt.number, evidence) for attempt in attempts if (evidence := evidence_of(attempt))]:
        heading("What the rules decided (docs/rule-packs.md)")
        for number, evidence in decided:
            told = {name: _told(value) for name, value in evidence.items() if name != "verdict"}
            show_fields({f"Attempt {number}": evidence["verdict"], **told})
    heading("History")
    out.print(table(list(_HISTORY.values()), [[getattr(event, name) for name in _HISTORY] for event in history]))


@app.command("resolve")
def resolve_(
    lead: LeadArgument,
    dialled: Annotated[
        bool | None,
        typer.Option(
            "--dialled/--not-dialled",
            help="Whether the callee's phone was dialled. Find out first: ask them, or your carrier.",
            show_default=False,
        ),
    ] = None,
    campaign: CampaignOption = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether a held lead was dialled. If it was not, it waits to be dialled again; run the campaign once more then."""
    if dialled is None:
        raise CliError("Say what is true: --dialled or --not-dialled.")
    with open_database(database) as db:
        row = one_lead(db, lead, campaign)
        with db.write() as connection:
            now = clock_of(read_campaign(connection, row.campaign_id))
            try:
                state = resolve(connection, row.id, dialled=dialled, now=now)
            except NotHeld as error:
                raise CliError(str(error), code=CANNOT) from None
    if as_json:
        emit_json({"lead": row.id, "campaign": row.campaign, "state": state})
    elif dialled:
        say(f"Lead {row.id} is {state}: it is not dialled again.")
    else:
        say(f"Lead {row.id} is {state}: it is dialled when its campaign runs. Start it again with `dialler run FOLDER` if it is over.")


def _show(db: Database, campaign: str | None, state: str | None, disposition: str | None, limit: int, as_json: bool, empty: str) -> int:
    """Show leads; returns how many there are."""
    which = LeadFilter(campaign_called(db, campaign).id if campaign else None, state, disposition)
    with db.read() as connection:
        rows, count = list_leads(connection, which, limit=limit), count_leads(connection, which)
        known = dispositions(connection) if disposition and not count else []
    if known and disposition and disposition not in known:
        raise unknown("disposition", disposition, known, "dialler leads list")
    shown = [{name: row._mapping[name] for name in (*_TITLES, "campaign_id", "outcome", "uncharged", "variables")} for row in rows]
    show_rows(shown, _TITLES, as_json=as_json, empty=empty)
    if count > len(rows) and not as_json:
        say(f"{len(rows)} of {count} leads; see more with --limit.")
    return count


def _told(value: Any) -> str:
    """A value of the evidence on one line."""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {one}" for name, one in value.items()) or "none"
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)


def _dicts(rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in rows]
