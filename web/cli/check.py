"""`dialler check FOLDER`: a dry run. Nothing is dialled, nothing is changed."""

from __future__ import annotations

import asyncio
import csv
from collections import Counter
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from core.kernel.clock import utc_now
from core.kernel.hours import why_not_permitted
from core.kernel.numbers import callee_zones, place_of, where_zones_come_from
from core.kernel.words import counted
from core.voice.checks import secret_probe, voice_problems
from dialler.imports.errors import LeadFileError
from dialler.imports.exported import defused
from dialler.imports.glance import glance
from dialler.imports.reader import check_file
from dialler.imports.report import ImportReport, LeadRow, Rejected
from web.cli.common import AllowInternalOption, JsonOption, allow_list, database_url, parse_start
from web.cli.errors import UNUSABLE, CliError
from web.cli.output import console, emit_json, heading, say, show_fields, table, text_of
from web.cli.run import FolderArgument, SeatsOption, StartOption, known_secrets, read_or_fail
from web.run.estimate import Assumptions, Callee, Estimate, estimate, first_dial, places_of
from web.run.folder import CampaignFolder, read_folder
from web.run.holiday_notes import holiday_notes
from web.run.past_times import PastTimes
from web.run.rehearsal import Rehearsal, rehearse
from web.run.rule_notes import rule_notes

__all__ = ["check"]

_SHOWN = 20
_SAMPLED = 20_000
"""Leads whose time zones are looked at; finding those of a million would take minutes."""
_MOST_KINDS = 500
_CLOCKS = 5
"""Area codes with several time zones that are named, those of the most leads first."""


def check(
    folder: FolderArgument,
    start: StartOption = None,
    seats: SeatsOption = 50,
    rejected: Annotated[
        Path | None,
        typer.Option("--rejected", metavar="FILE", help="Write every row that cannot be used there.", show_default=False),
    ] = None,
    allow_internal: AllowInternalOption = None,
    database: Annotated[
        str | None,
        typer.Option(
            "--database",
            "-d",
            envvar="DIALLER_DATABASE",
            metavar="URL",
            help="The database that the run will have; looked at only for the names of its secrets. Default: as for `dialler run`.",
            show_default=False,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """A dry run: what would be imported and what not, when dialling could begin, how long it would take, what the bot will say.

    Nothing is dialled and nothing is changed. Ends with 0 if the folder can be run, else with 2.
    """
    allow = allow_list(allow_internal)
    is_set = known_secrets(database_url(database))
    campaign = read_or_fail(folder, lambda: read_folder(folder, allow, is_set), [], as_json=as_json)
    now = parse_start(start, campaign.bot.time_zone) or utc_now()
    past = PastTimes(campaign.campaign, campaign.bot.time_zone, now)
    report, callees, clocks, bad, first = _read_leads(campaign, rejected, now, past)
    speech = asyncio.run(rehearse(campaign.bot, first, now)) if first is not None else None
    expected = estimate(campaign.campaign, campaign.bot, report.imported, callees, seats, now, Assumptions())
    voice = asyncio.run(voice_problems(campaign.bot.voice, allow, secret_probe(is_set)))
    notes = [
        *campaign.warnings,
        *_notes(campaign, callees, clocks, now),
        *holiday_notes(campaign.campaign, campaign.bot, places_of(callees), now),
        *past.notes(),
        *rule_notes(campaign.campaign.purpose or campaign.bot.purpose, campaign.bot, places_of(callees)),
        *(f"bot.yaml: {problem}. Real calls are refused until then" for problem in voice),
    ]
    if as_json:
        emit_json(
            {
                "folder": str(folder),
                "usable": report.imported > 0,
                "import": report.as_dict(),
                "beginning": glance(campaign.leads, campaign.import_options).as_dict(),
                "rejected_rows": [asdict(row) for row in bad],
                "notes": notes,
                "speech": None if speech is None else asdict(speech),
                "voice_problems": [f"bot.yaml: {problem}" for problem in voice],
                "first_dial": expected.first_dial,
                "estimated_end": expected.end,
                "estimate": {**asdict(expected), "dialling": expected.dialling.total_seconds(), "assumptions": asdict(Assumptions())},
            }
        )
    else:
        _print(campaign, report, bad, expected, notes, now, rejected, speech)
    if not report.imported:
        raise CliError(f"No row of {campaign.leads.name} can be used.", "Each is listed above, with what to do about it.", code=UNUSABLE)


def _read_leads(
    campaign: CampaignFolder, rejected_file: Path | None, now: datetime, past: PastTimes
) -> tuple[ImportReport, Counter[Callee], Counter[str], list[Rejected], LeadRow | None]:
    """Read the whole lead file.

    Returns:
        The report; what kinds of callees the first leads are; why several zones count for some of them; the first rows that cannot be
        used; the first lead.
    """
    found_leads: list[LeadRow] = []
    callees: Counter[Callee] = Counter()
    clocks: Counter[str] = Counter()
    bad: list[Rejected] = []

    def first() -> LeadRow | None:
        return found_leads[0] if found_leads else None

    def take(lead: LeadRow) -> None:
        if not found_leads:
            found_leads.append(lead)
        past.take(lead)
        if callees.total() < _SAMPLED:
            found = Callee(tuple(callee_zones(lead.phone, campaign.bot.time_zone)), place_of(lead.phone))
            callees[found if found in callees or len(callees) < _MOST_KINDS else next(iter(callees))] += 1
            if why := where_zones_come_from(lead.phone, now):
                clocks[why] += 1

    try:
        if rejected_file is None:
            report = check_file(campaign.leads, campaign.import_options, on_lead=take, on_rejected=lambda row: _keep(bad, row))
            return report, callees, clocks, bad, first()
        rejected_file.parent.mkdir(parents=True, exist_ok=True)
        with rejected_file.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("line", "column", "value", "reason", "what_to_do"))

            def refuse(row: Rejected) -> None:
                _keep(bad, row)
                writer.writerow([defused(str(value)) for value in (row.line, row.column, row.value, row.reason, row.advice)])

            report = check_file(campaign.leads, campaign.import_options, on_lead=take, on_rejected=refuse)
            return report, callees, clocks, bad, first()
    except LeadFileError as error:
        raise CliError(*str(error).splitlines()) from None


def _keep(rows: list[Rejected], row: Rejected) -> None:
    if len(rows) < _SHOWN:
        rows.append(row)


def _notes(campaign: CampaignFolder, callees: Counter[Callee], clocks: Counter[str], now: datetime) -> list[str]:
    bot, notes = campaign.bot, []
    if nowhere := sum(count for one, count in callees.items() if not one.zones) if bot.permitted_hours.enabled else 0:
        notes.append(f"{counted(nowhere, 'lead is', 'leads are')} never dialled: {why_not_permitted(bot.permitted_hours, (), now)}.")
    never = sum(count for one, count in callees.items() if one.zones and first_dial(campaign.campaign, bot, one, now) is None)
    if never:
        hours = "calling window, active hours, permitted hours and the rules' hours"
        notes.append(f"{counted(never, 'lead is', 'leads are')} never dialled: {hours} are never open together.")
    if clocks and bot.permitted_hours.enabled:
        notes += [f"{counted(count, 'lead waits', 'leads wait')} for several clocks: {why}." for why, count in clocks.most_common(_CLOCKS)]
        if rest := clocks.total() - sum(count for _, count in clocks.most_common(_CLOCKS)):
            notes.append(f"{counted(rest, 'lead waits', 'leads wait')} for several clocks for the like reason (docs/numbers.md).")
    return notes


def _print(
    campaign: CampaignFolder,
    report: ImportReport,
    bad: list[Rejected],
    expected: Estimate,
    notes: list[str],
    now: datetime,
    rejected_file: Path | None,
    speech: Rehearsal | None,
) -> None:
    say(f"{campaign.campaign.name}: a dry run. Nothing is dialled, nothing is kept.", "", *report.lines())
    if bad:
        rows = [(row.line, row.column, row.value, row.reason, row.advice) for row in bad]
        heading("Rows that cannot be used")
        console().print(table(("Line", "Column", "Value", "Why", "What to do"), rows))
        if report.rejected > len(bad):
            say(f"... and {report.rejected - len(bad)} more; --rejected FILE writes all.")
    if rejected_file is not None:
        say(f"All {report.rejected} are in {rejected_file}.")
    say("")
    assumed, window = Assumptions(), campaign.campaign.calling_window
    show_fields(
        {
            "Calling window": f"{window.hours.describe()} ({window.time_zone})" if window else "at any time",
            "Bot's active hours": f"{campaign.bot.active_hours.describe()} ({campaign.bot.time_zone})",
            "Callees' hours": campaign.bot.permitted_hours.hours.describe() if campaign.bot.permitted_hours.enabled else "not observed",
            "Could dial first": _moment(expected.first_dial, campaign, now),
            "Attempts, about": f"{expected.attempts:,.0f}",
            "Pace, about": f"{expected.attempts_per_minute:,.0f} attempts a minute, limited by {expected.limited_by}",
            "Time of dialling, about": _length(expected.dialling),
            "Could be over": _moment(expected.end, campaign, now),
            "Assumed": f"{assumed.answer_rate:.0%} of the attempts are answered, a call holds a seat for "
            f"{assumed.seconds_per_attempt:.0f} s on average (docs/cli.md)",
        }
    )
    if speech is not None:
        heading(f"What the bot will say to the first lead (line {speech.line}): {campaign.bot.brain.describe()}")
        show_fields(speech.fields())
    for note in notes:
        say(f"Note: {note}")


def _moment(at: datetime | None, campaign: CampaignFolder, now: datetime) -> str:
    if at is None:
        return "never"
    if at <= now:
        return f"at once ({text_of(at)})"
    return f"{at.astimezone(ZoneInfo(campaign.bot.time_zone)):%a %d %b %Y %H:%M} in {campaign.bot.time_zone} ({text_of(at)})"


def _length(length: timedelta) -> str:
    minutes = round(length.total_seconds() / 60)
    if minutes < 1:
        return "less than a minute"
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
