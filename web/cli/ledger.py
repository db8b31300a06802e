"""`dialler deliveries ledger`: does the CRM have each lead's last disposition, and sending again what it has not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from core.deliveries.queries import DeliveryFilter, replay_dead
from core.kernel.database import Database
from dialler.leads.ledger import MISSING, LedgerEntry, Replay, count_verdicts, ledger_page, replay_missing
from web.cli.common import CampaignArgument, DatabaseOption, JsonOption, LimitOption, campaign_called, clock_of, open_database
from web.cli.output import emit_json, say, show_rows
from web.push_records import PAGE, PushRecords
from web.run.session import EXIT_UNDELIVERED

__all__ = ["ledger"]

_TITLES = {
    "line": "Line",
    "phone": "Number",
    "lead_state": "Lead",
    "disposition": "Disposition",
    "verdict": "At the CRM",
    "delivered_at": "Since",
    "last_status": "Answer",
    "last_error": "Problem",
}


class _Records(PushRecords):
    """The pushes, and sending those again that were given up."""

    def __init__(self, db: Database, now: datetime) -> None:
        super().__init__(db)
        self._now = now

    async def replay(self, call_ids: Sequence[str], kind: str) -> int:
        replayed = 0
        with self._db.write() as connection:
            for first in range(0, len(call_ids), PAGE):
                some = tuple(call_ids[first : first + PAGE])
                replayed += replay_dead(connection, DeliveryFilter(kind=kind, call_ids=some), self._now)
        return replayed


def ledger(
    campaign: CampaignArgument,
    missing: Annotated[bool, typer.Option("--missing", help="Only leads whose disposition the CRM should have and has not.")] = False,
    again: Annotated[bool, typer.Option("--replay", help="Make every push of the campaign that was given up pending again.")] = False,
    limit: LimitOption = 100,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """For each lead: does the CRM have its last disposition, since when, with what answer. Ends with 3 if it lacks some."""
    with open_database(database) as db:
        row = campaign_called(db, campaign)
        records = _Records(db, clock_of(row))
        replayed = asyncio.run(replay_missing(db, records, row.id)) if again else None
        counts, shown = asyncio.run(_read(db, records, row.id, limit, missing=missing))
    lacking = sum(counts[verdict] for verdict in MISSING)
    if as_json:
        entries = [asdict(entry) for entry in shown]
        emit_json({"counts": counts, "missing": lacking, "replayed": asdict(replayed) if replayed else None, "entries": entries})
    else:
        show_rows([asdict(entry) for entry in shown], _TITLES, as_json=False, empty="There are no such leads.")
        say(", ".join(f"{number} {verdict}" for verdict, number in counts.items() if number) + f": the CRM lacks {lacking}.")
        _say_what_next(replayed, counts)
    if lacking:
        raise typer.Exit(EXIT_UNDELIVERED)


async def _read(
    db: Database, records: _Records, campaign_id: str, limit: int, *, missing: bool
) -> tuple[dict[str, int], list[LedgerEntry]]:
    """How many leads there are of each verdict, and the first entries."""
    counts = await count_verdicts(db, records, campaign_id)
    shown: list[LedgerEntry] = []
    last = 0
    while len(shown) < limit and (page := await ledger_page(db, records, campaign_id, after=last, limit=PAGE)):
        shown += (entry for entry in page if entry.missing or not missing)
        last = page[-1].lead_id
    return counts, shown[:limit]


def _say_what_next(replayed: Replay | None, counts: Mapping[str, int]) -> None:
    if replayed is not None:
        say(f"{replayed.replayed} pushes are pending again." + (" `dialler deliveries send` sends them now." if replayed.replayed else ""))
    elif counts["dead"]:
        say("With --replay those that were given up are tried again.")
