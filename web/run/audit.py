"""Compares our records with the log that the sandbox's callees keep: they can accuse us.

Every attempt may ring once. Every attempt that the callees saw must stand in our records, and every one that we say was placed
must stand in theirs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select

from core.kernel.database import Database
from core.transports.sandbox import read_network_log
from dialler.leads.held import NOT_DIALLED
from dialler.leads.tables import Attempt

__all__ = ["Audit", "audit", "compare"]

_attempts = Attempt.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Audit:
    """What the comparison found; every list is of attempt ids and is empty when all is well."""

    rang: int
    rang_twice: tuple[str, ...]
    unknown_to_us: tuple[str, ...]
    unknown_to_them: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Whether both sides tell the same story."""
        return not (self.rang_twice or self.unknown_to_us or self.unknown_to_them)


def compare(seen_by_callees: Iterable[str], placed_by_us: Iterable[str], all_ours: Iterable[str]) -> Audit:
    """Compare the attempts that the callees saw (repeats included) with those that we placed, and with all of ours. Pure."""
    seen = Counter(seen_by_callees)
    placed, ours = set(placed_by_us), set(all_ours)
    return Audit(
        rang=len(seen),
        rang_twice=tuple(sorted(attempt for attempt, times in seen.items() if times > 1)),
        unknown_to_us=tuple(sorted(set(seen) - ours)),
        unknown_to_them=tuple(sorted(placed - set(seen))),
    )


def audit(db: Database, campaign_id: str, network_log: Path) -> Audit:
    """Compare one campaign's attempts with `network.jsonl`."""
    with db.read() as connection:
        rows = connection.execute(select(_attempts).where(_attempts.c.campaign_id == campaign_id)).all()
    placed = [row.id for row in rows if _left(row)]
    seen = [line["attempt"] for line in read_network_log(network_log) if line["event"] == "invite"]
    return compare(seen, placed, [row.id for row in rows])


def _left(attempt: Row[Any]) -> bool:
    """Whether the attempt's call left for the network, by our records. One that ended while it waited for its turn did not."""
    if attempt.state == "placed":
        return True
    return attempt.state == "ended" and attempt.outcome != NOT_DIALLED and bool(attempt.phone_rang or attempt.sip_status)
