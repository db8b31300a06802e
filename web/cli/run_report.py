"""What came of a run, for people."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from core.kernel.words import counted
from web.cli.audit import sentences
from web.cli.output import console, heading, say, table
from web.run.audit import Audit, Found
from web.run.session import CRM_FILE
from web.run.summary import RunSummary

__all__ = ["Arrived", "files_of", "how_it_ended", "print_report", "read_crm_file"]

_FILES = {
    "leads.csv": "each lead: its last state, its disposition, its attempts",
    "attempts.csv": "each attempt",
    "results.jsonl": "each call result, as the CRM could have it",
    "rejected.csv": "rows that were not imported, and what to do about each",
    "summary.json": "this summary, for programs",
    "network.jsonl": "the sandbox's own log, written by the callees",
    CRM_FILE: "what arrived at the sample CRM",
    "dialler.db": "the database",
}
_OVER = {
    "completed": "Done: no lead can be dialled any more.",
    "stopped": "Stopped by an operator.",
    "failed": "Ended early.",
    "interrupted": "Interrupted. Run the same command again to continue.",
    "paused": "Paused.",
}


_NEARLY = 0.9
_CANCELLED_BY_US = 487
"""The SIP status of a call that rang until we gave it up."""
_PLAIN = {
    404: "no such number",
    408: "switched off or out of reach",
    480: "switched off or out of reach",
    486: "busy",
    _CANCELLED_BY_US: "it rang, and nobody answered",
    600: "busy",
    603: "declined",
    604: "no such number",
}
"""What the callee's side says, in words."""


@dataclass(frozen=True)
class Arrived:
    """What a CRM has received: first arrivals for each disposition, and repeats of what it had."""

    dispositions: Counter[str] = field(default_factory=Counter)
    repeats: int = 0


def read_crm_file(file: Path) -> Arrived:
    """Count the arrivals in the file of the sample CRM; a line that a crash cut off is left out."""
    arrived, repeats = Counter[str](), 0
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            if not line.endswith("\n"):
                continue
            entry = json.loads(line)
            if entry["repeat"]:
                repeats += 1
            else:
                body = entry["body"]
                arrived[next((str(value) for name, value in body.items() if name.lower() == "disposition"), "(none)")] += 1
    return Arrived(arrived, repeats)


def how_it_ended(state: str, reason: str | None) -> str:
    """A sentence for the state that a run ended in, and one for the reason if it says more than the state does."""
    sentence = _OVER.get(state, state)
    why = (reason or "").strip().rstrip(".")
    return sentence if not why or why.casefold() in sentence.casefold() else f"{sentence} {why[0].upper()}{why[1:]}."


def files_of(out: Path, *, sandbox: bool) -> dict[str, str]:
    """The files of a run in its folder, and what each is. Real calls have no log of the sandbox's."""
    return {name: about for name, about in _FILES.items() if (out / name).is_file() and (sandbox or name != "network.jsonl")}


def print_report(summary: RunSummary, out: Path, where: str, pushing: str) -> None:
    """Print the outcomes, what reached the CRM, the audit, what is left to do, and the files.

    Args:
        summary: the summary.
        out: the output folder.
        where: the `--database` option that finds the run's database again.
        pushing: the options of a command that pushes as the run did.
    """
    show = console()
    name = f"SANDBOX: {summary.campaign}" if summary.sandbox else summary.campaign
    say("", f"{name}. {how_it_ended(summary.state, summary.reason)}")
    if not summary.leads:
        say("No lead could be imported: rejected.csv says why, row by row.")
    if summary.outcomes:
        rows = [
            (entry["disposition"] or "(never reached)", entry["state"], entry["leads"], f"{entry['leads'] / summary.leads:.1%}")
            for entry in summary.outcomes
        ]
        heading("Outcomes (SANDBOX)" if summary.sandbox else "Outcomes")
        show.print(table(("Disposition", "State", "Leads", "Share"), rows))
        say("What each of them means: docs/dispositions.md.")
    if summary.failures:
        heading("Calls that failed (SANDBOX)" if summary.sandbox else "Calls that failed")
        say(*(f"{counted(entry['leads'], 'lead')}: {entry['note']}" for entry in summary.failures))
    if summary.why_calls_failed:
        heading("Why calls were not answered (SANDBOX)" if summary.sandbox else "Why calls were not answered")
        say(*map(_why, summary.why_calls_failed))
    if (allows := summary.carrier_allows) is not None:
        said = (
            f"The carrier of the trunk {allows['trunk']} seems to allow only {allows['words']}: it refused calls with {allows['reason']}."
        )
        say("", said, "Nobody was charged for these. Ask the carrier, or correct the trunk's record (`dialler trunks`).")
    rate = f" ({summary.answer_rate:.0%} of the attempts)" if summary.answer_rate is not None else ""
    say("", f"{counted(summary.leads, 'lead')}, {counted(summary.attempts, 'attempt')}, {summary.answered:,} answered{rate}.")
    if summary.answered and (who := summary.answered_by):
        say(
            f"People answered {counted(who['people'], 'call')}, machines {who['machines']:,}; "
            f"in {who['silent']:,} somebody picked up and never spoke."
        )
    if summary.started_at is not None:
        zone = ZoneInfo(summary.time_zone)
        begun, ended = (datetime.fromisoformat(at).astimezone(zone) for at in (summary.started_at, summary.ended_at))
        said = f"{begun:%a %d %b %Y %H:%M} to {ended:%a %d %b %Y %H:%M} {summary.time_zone}"
        say(f"By the campaign's clock it ran from {said} ({_length(ended - begun)}).")
    _print_crm(summary, out)
    if summary.sandbox:
        say(*sentences(_audit(summary)))
    if summary.speed is not None and summary.speed["reached"] < _NEARLY * summary.speed["asked"]:
        asked, reached = f"{summary.speed['asked']:,g}", f"{summary.speed['reached']:,.0f}"
        say(f"The clock ran at {reached} times real time instead of {asked}: this machine cannot go faster.")
    _print_left(summary, where, pushing)
    files = [(name, _size(out / name), about) for name, about in files_of(out, sandbox=summary.sandbox).items()]
    heading(f"Files in {out}")
    show.print(table(("File", "Size", "What"), files))


def _why(entry: dict[str, Any]) -> str:
    said = f"{entry['sip_status'] or ''} {entry['sip_reason']}".strip().rstrip(".")
    if entry["fault"] == "callee" and (plain := _PLAIN.get(entry["sip_status"])):
        said = plain if entry["sip_status"] == _CANCELLED_BY_US else f"{plain} ({said})"
    return f"{counted(entry['calls'], 'call')}: {said}." + (f" {entry['advice']}" if entry["advice"] else "")


def _print_crm(summary: RunSummary, out: Path) -> None:
    delivered = summary.deliveries["delivered"]
    if (out / CRM_FILE).is_file():
        arrived = read_crm_file(out / CRM_FILE)
        rows = sorted(arrived.dispositions.items(), key=lambda item: (-item[1], item[0]))
        heading("Arrived at the sample CRM (SANDBOX)")
        console().print(table(("DISPOSITION", "Pushes"), rows))
        repeats = f" and {counted(arrived.repeats, 'repeat')}, which it told apart" if arrived.repeats else ", none twice"
        say("", f"The sample CRM received {counted(arrived.dispositions.total(), 'result')}{repeats}.")
    elif delivered or summary.undelivered:
        say(f"{counted(delivered, 'result was', 'results were')} pushed to the CRM.")


def _print_left(summary: RunSummary, where: str, pushing: str) -> None:
    if summary.state == "paused":
        say(f"It is paused: resume it with `dialler campaigns resume '{summary.campaign}' {where}`, then run it again.")
    if summary.held:
        say(f"{counted(summary.held, 'lead')} may or may not have been called: list them with `dialler leads held {where}`.")
    say(*(f"{trouble}." for trouble in summary.troubles))
    if summary.undelivered:
        pending, dead = summary.deliveries["pending"], summary.deliveries["dead"]
        say(f"{counted(summary.undelivered, 'result has', 'results have')} not reached the CRM ({pending} pending, {dead} given up).")
        say(f"Push them with `dialler deliveries send {'--dead ' if dead else ''}{pushing}`. They do not expire.")


def _audit(summary: RunSummary) -> Audit:
    found = summary.audit
    return Audit(found["rang"], *(Found(**found[name]) for name in ("rang_twice", "unknown_to_us", "unknown_to_them")))


def _length(length: timedelta) -> str:
    minutes = round(length.total_seconds() / 60)
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{counted(days, 'day')} {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else counted(minutes, "minute")


def _size(file: Path) -> str:
    size = float(file.stat().st_size)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
