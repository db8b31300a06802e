"""What an earlier version left in databases of single runs, before runs shared one: `out/NAME/dialler.db`. Read, never changed.

Such a campaign is not begun anew elsewhere without a word, for that would dial everybody again; and who had asked there, on real
lines, not to be called is on the shared list from its first day.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from core.kernel.clock import utc_now
from core.kernel.lines import ALL, REAL, SANDBOX
from core.suppressions.store import add

__all__ = ["take_over_suppressions", "unfinished_in"]

_SUPPRESSIONS = """
SELECT s.number, s.reason, s.source, s.call_id, s.created_at, c.transport
FROM suppressions AS s LEFT JOIN calls AS c ON c.call_id = s.call_id ORDER BY s.created_at, s.number
"""
_ON_REAL_LINES = """
SELECT 1 FROM attempts AS a JOIN calls AS c ON c.call_id = a.call_id WHERE a.campaign_id = ? AND c.transport <> 'sandbox' LIMIT 1
"""
_OPEN_LEADS = """
SELECT 1 FROM leads WHERE campaign_id = ?
AND state IN ('pending', 'claimed', 'dialling', 'retry_scheduled', 'callback_scheduled') LIMIT 1
"""


def take_over_suppressions(connection: Connection, files: Iterable[Path]) -> dict[Path, int]:
    """Put on the list whoever is on those of other SQLite databases, but for what callees of the sandbox said.

    Args:
        connection: a transaction that may write.
        files: the databases; one that is none of ours is passed over.

    Returns:
        How many were new, by file.
    """
    taken = {}
    for file in files:
        new = 0
        for number, reason, source, call_id, at, transport in _rows(file, _SUPPRESSIONS):
            if source == "callee" and transport == SANDBOX:
                continue
            new += add(
                connection,
                number,
                reason=reason,
                source=source,
                call_id=call_id,
                now=_moment(at),
                lines=REAL if source == "callee" else ALL,
            )
        if new:
            taken[file] = new
    return taken


def unfinished_in(file: Path, campaign: str) -> str | None:
    """Why a campaign must not be begun anew: what an SQLite database holds of one of this name. None if nothing stands in the way."""
    for campaign_id, state in _rows(file, "SELECT id, state FROM campaigns WHERE name = ?", campaign):
        if any(_rows(file, _ON_REAL_LINES, campaign_id)):
            return "has called people on real lines"
        if state in {"running", "paused", "stopping"} or any(_rows(file, _OPEN_LEADS, campaign_id)):
            return "is not over"
    return None


def _rows(file: Path, query: str, *parameters: str) -> Iterator[tuple[str, ...]]:
    """The rows of a query; none where it cannot be asked: no such table, no database."""
    address = f"{file.resolve().as_uri()}?mode=ro"
    with contextlib.suppress(sqlite3.DatabaseError), contextlib.closing(sqlite3.connect(address, uri=True)) as connection:
        yield from connection.execute(query, parameters).fetchall()


def _moment(text: str) -> datetime:
    """A moment as SQLite keeps it here."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return utc_now()
    return moment if moment.tzinfo else moment.replace(tzinfo=utc_now().tzinfo)
