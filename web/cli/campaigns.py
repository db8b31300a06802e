"""`dialler campaigns`: where campaigns stand, and steering them from another terminal."""

from __future__ import annotations

import asyncio
import contextlib
import io
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from sqlalchemy import Row

from core.kernel.clock import utc_now
from core.kernel.database import Database
from core.kernel.words import counted
from dialler.campaigns import control
from dialler.campaigns.config import CampaignConfig
from dialler.campaigns.owner import Owner, owner_of
from dialler.campaigns.store import all_campaigns
from dialler.leads.export import write_export
from dialler.leads.progress import Progress, progress
from web.cli.campaign_settings import settings_of
from web.cli.common import CampaignArgument, DatabaseOption, JsonOption, campaign_called, open_database
from web.cli.errors import CliError
from web.cli.output import emit_json, heading, say, show_fields, show_rows
from web.cli.people import actor, place_of, told_if_refused
from web.people.campaigns import delete_campaign
from web.run.files import replaced
from web.run.outputs import advice_on

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Campaigns: list, look at, pause, resume, stop and export them.")

_TITLES = {
    "name": "Campaign",
    "state": "State",
    "lines": "Lines",
    "leads": "Leads",
    "done": "Done",
    "held": "Held",
    "attempts": "Attempts",
    "answered": "Answered",
    "runs": "Runs now",
    "why": "",
}
What = Literal["leads", "attempts"]
Delimiter = Literal["comma", "semicolon", "tab"]
_DELIMITERS: dict[Delimiter, str] = {"comma": ",", "semicolon": ";", "tab": "\t"}
EndCallsOption = Annotated[bool, typer.Option("--end-calls", help="Also end the calls in progress, instead of letting them finish.")]


@app.command("list")
def list_(database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """List every campaign, newest first: its state, its leads, how many are done."""
    with open_database(database) as db, db.read() as connection:
        rows = [
            _row(campaign, progress(connection, campaign.id), owner_of(connection, campaign.id)) for campaign in all_campaigns(connection)
        ]
    show_rows(rows, _TITLES, as_json=as_json, empty="There is no campaign yet. Begin with `dialler run FOLDER`.")


@app.command()
def show(campaign: CampaignArgument, database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Show one campaign: where its leads are, what holds it, which process dials for it."""
    with open_database(database) as db:
        row = campaign_called(db, campaign)
        with db.read() as connection:
            counts, owner = progress(connection, row.id), owner_of(connection, row.id)
    details = {
        **_row(row, counts, owner),
        "bot_id": row.bot_id,
        "leads_by_state": dict(sorted(counts.by_state.items())),
        "created_at": row.created_at,
        "started_at": row.started_at,
        "ended_at": row.ended_at,
        "clock_at": row.clock_at,
        "hold_until": row.hold_until,
        "settings": row.settings,
    }
    if as_json:
        emit_json(details)
        return
    show_fields(
        {
            "Campaign": details["name"],
            "Id": details["id"],
            "State": details["state"],
            "Lines": details["lines"],
            "Why": details["why"],
            "Bot": details["bot_id"],
            "Leads": f"{counts.leads}, {counts.done} done, {counts.waiting} waiting, {counts.in_flight} being called",
            "By state": details["leads_by_state"],
            "Attempts": f"{counts.attempts}, {counts.answered} answered",
            "Runs now": f"yes, in process {owner.process.pid} on {owner.process.host}" if owner and details["runs"] else "no",
            "Started": details["started_at"],
            "Ended": details["ended_at"],
            "Its clock": details["clock_at"],
        }
    )
    heading("Settings")
    show_fields(settings_of(CampaignConfig.model_validate(row.settings)))


@app.command()
def pause(
    campaign: CampaignArgument, end_calls: EndCallsOption = False, database: DatabaseOption = None, as_json: JsonOption = False
) -> None:
    """Dial no more, until resumed. When this command has returned, no new call leaves.

    Calls in progress are finished, or ended with --end-calls. Works while the campaign runs in another process.
    """
    with open_database(database) as db:
        row = campaign_called(db, campaign)
        _steer(db, row, control.pause(db, row.id, utc_now, end_calls=end_calls), as_json, end_calls)


@app.command()
def resume(campaign: CampaignArgument, database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Let a paused campaign dial again."""
    with open_database(database) as db:
        row = campaign_called(db, campaign)
        _steer(db, row, control.resume(db, row.id, utc_now), as_json)


@app.command()
def stop(
    campaign: CampaignArgument, end_calls: EndCallsOption = False, database: DatabaseOption = None, as_json: JsonOption = False
) -> None:
    """End a campaign: the leads that still wait are not called. When this command has returned, no new call leaves.

    Calls in progress are finished, or ended with --end-calls. Works while the campaign runs in another process.
    """
    with open_database(database) as db:
        row = campaign_called(db, campaign)
        _steer(db, row, control.stop(db, row.id, utc_now, end_calls=end_calls), as_json, end_calls)


@app.command()
def delete(
    campaign: CampaignArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete a campaign that is over: its leads, and what its calls say of people. It cannot be undone."""
    with open_database(database) as db:
        row = campaign_called(db, campaign)
        if not yes and not as_json:
            typer.confirm(f"Delete the campaign {row.name!r} with all its leads and recordings? It cannot be undone.", abort=True)
        with told_if_refused():
            counts = asyncio.run(delete_campaign(place_of(db), row.id, actor(), utc_now(), utc_now()))
    if as_json:
        emit_json({"campaign": row.name, **counts})
    else:
        say(f"{row.name} is deleted, with {counted(counts['leads'], 'lead')} and {counted(counts['recordings'], 'recording')}.")


@app.command()
def export(
    campaign: CampaignArgument,
    what: Annotated[What, typer.Option("--what", help="The leads, or the attempts.")] = "leads",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="The file to write. Default: standard output.", show_default=False)
    ] = None,
    excel: Annotated[
        bool, typer.Option("--excel", help="For a spreadsheet: with a byte order mark, and as text what a spreadsheet would change.")
    ] = False,
    delimiter: Annotated[Delimiter, typer.Option("--delimiter", help="What separates the cells.")] = "comma",
    database: DatabaseOption = None,
) -> None:
    """Write the leads or the attempts of a campaign as CSV, as they are at this moment; the campaign may be running.

    A file of leads can be imported again: the columns that are not the leads' own are left out then.
    """
    if out is not None and not out.resolve().parent.is_dir():
        raise CliError(f"There is no folder {out.resolve().parent}.", "Make it first, or give another --out.")
    with open_database(database) as db, contextlib.ExitStack() as stack:
        row = campaign_called(db, campaign)
        if out is not None:
            file = stack.enter_context(replaced(out))
        else:
            file = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="", write_through=True)
            stack.callback(file.detach)
        written = write_export(db, row.id, what, file, excel=excel, delimiter=_DELIMITERS[delimiter], explain=advice_on)
    if out is not None:
        say(f"{counted(written, 'row')} written to {out}.")


def _row(campaign: Row[Any], counts: Progress, owner: Owner | None) -> dict[str, Any]:
    return {
        "id": campaign.id,
        "name": campaign.name,
        "state": campaign.state,
        "lines": campaign.lines,
        "why": campaign.reason or (campaign.hold_reason if campaign.state == "running" else None),
        "leads": counts.leads,
        "done": counts.done,
        "held": counts.by_state.get("held", 0),
        "attempts": counts.attempts,
        "answered": counts.answered,
        "runs": owner is not None and owner.alive(utc_now()),
    }


def _steer(db: Database, row: Row[Any], order: Coroutine[Any, Any, control.Steered], as_json: bool, end_calls: bool = False) -> None:
    done = asyncio.run(order)
    with db.read() as connection:
        owner = owner_of(connection, row.id)
    runs = owner is not None and owner.alive(utc_now())
    if as_json:
        emit_json(
            {
                "id": row.id,
                "name": row.name,
                "state": done.state,
                "calls_in_progress": done.in_progress,
                "dials_on_their_way": done.not_waited_for,
                "runs": runs,
            }
        )
    else:
        say(*_sentences(row.name, done, runs, end_calls))
    if done.not_waited_for:
        raise typer.Exit(1)


def _sentences(name: str, done: control.Steered, runs: bool, end_calls: bool) -> list[str]:
    said = [f"{name} is {done.state}."]
    if done.state == "running":
        said.append("It dials." if runs else "No process dials for it now: start one with `dialler run FOLDER` or `dialler serve`.")
    elif done.not_waited_for:
        said.append(f"{counted(done.not_waited_for, 'dial was', 'dials were')} on the way already; give the order again to wait for it.")
    else:
        said.append("No new call leaves.")
    if done.in_progress and done.state != "running":
        fate = "being ended" if end_calls else "being finished"
        said.append(
            f"{counted(done.in_progress, 'call in progress is', 'calls in progress are')} {fate}."
            if runs
            else f"{counted(done.in_progress, 'call was', 'calls were')} in progress when its process ended; "
            "the next run finds out what came of it."
        )
    return said
