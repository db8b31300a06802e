"""The parity ledger: for each lead, whether the CRM has its last disposition.

What the dialler knows is which call was the last of each lead. Whether a call's push was accepted the core knows, and
tells through its public list of deliveries: so the ledger holds as well where the core is another process.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, Protocol

from sqlalchemy import Connection, func, select

from core.kernel.database import Database
from core.kernel.statements import AnyRow, table_of
from dialler.leads.tables import Attempt, Lead

__all__ = ["MISSING", "VERDICTS", "LedgerEntry", "Pushes", "Replay", "Verdict", "count_verdicts", "judge", "ledger_page", "replay_missing"]

Verdict = Literal["accepted", "pending", "dead", "not_pushed", "not_wanted", "in_progress", "not_called"]
VERDICTS: Final[tuple[Verdict, ...]] = ("accepted", "pending", "dead", "not_pushed", "not_wanted", "in_progress", "not_called")
"""`accepted`: the CRM has answered 2xx. `pending`: it is still tried. `dead`: it was given up, and can be replayed.
`not_pushed`: the bot had no post-call push in that call. `not_wanted`: it had one, which leaves such outcomes out.
`in_progress`: the call goes on. `not_called`: there was none yet."""
MISSING: Final[frozenset[Verdict]] = frozenset({"pending", "dead", "not_pushed"})
"""The call is over, and the CRM does not have its disposition."""

_VERDICT_OF: Final[dict[str, Verdict]] = {"dead": "dead", "pending": "pending", "delivered": "accepted", "skipped": "not_wanted"}
"""State of a push -> verdict; of several pushes the first in this order counts."""
_PUSH: Final = "crm_push"
_PAGE: Final = 1000

_leads = table_of(Lead)
_attempts = table_of(Attempt)


class Pushes(Protocol):
    """Who knows what was pushed: `CoreClient`, or whoever can read the core's records."""

    async def deliveries(self, call_ids: Sequence[str], kind: str) -> Sequence[Mapping[str, Any]]:
        """The deliveries of one kind that the calls have made, as the core's API shows them."""

    async def replay(self, call_ids: Sequence[str], kind: str) -> int:
        """Have the dead deliveries of one kind of these calls sent again. Returns how many there were."""


@dataclass(frozen=True)
class LedgerEntry:
    """What the CRM has of one lead. The delivery's fields are None where there is none."""

    lead_id: int
    line: int
    phone: str
    lead_state: str
    disposition: str | None
    verdict: Verdict
    call_id: str | None
    delivery_id: str | None = None
    delivered_at: datetime | None = None
    last_status: int | None = None
    last_error: str | None = None

    @property
    def missing(self) -> bool:
        """Whether the CRM should have it and has not."""
        return self.verdict in MISSING


@dataclass(frozen=True)
class Replay:
    """What came of a replay: pushes that are sent again, and what is missing beside them."""

    replayed: int
    pending: int
    not_pushed: int


def judge(lead: AnyRow, last: AnyRow | None, deliveries: Iterable[Mapping[str, Any]]) -> LedgerEntry:
    """What the CRM has of a lead. Pure.

    Args:
        lead: `id`, `line`, `phone`, `state`.
        last: its last attempt that came to a call (`state`, `call_id`, `disposition`); None if there was none.
        deliveries: the CRM pushes of that call, as the core's API shows them.
    """
    pushes = sorted(deliveries, key=lambda push: list(_VERDICT_OF).index(push["state"]))
    if last is None:
        return LedgerEntry(lead.id, lead.line, lead.phone, lead.state, None, "not_called", None)
    entry = (lead.id, lead.line, lead.phone, lead.state, last.disposition)
    if last.state not in {"ended", "held"}:
        return LedgerEntry(*entry, "in_progress", last.call_id)
    if not pushes:
        return LedgerEntry(*entry, "not_pushed", last.call_id)
    worst = pushes[0]
    verdict = _VERDICT_OF[worst["state"]]
    at = worst.get("delivered_at")
    return LedgerEntry(
        *entry,
        verdict,
        last.call_id,
        str(worst["id"]),
        datetime.fromisoformat(str(at)) if at else None,
        worst.get("last_status"),
        worst.get("last_error"),
    )


async def ledger_page(db: Database, core: Pushes, campaign_id: str, *, after: int, limit: int) -> list[LedgerEntry]:
    """The entries of the campaign's leads after the lead `after`, in the order of the file.

    Raises:
        CoreUnreachable: if the core did not tell of its deliveries.
    """
    with db.read() as connection:
        leads = connection.execute(
            select(_leads.c.id, _leads.c.line, _leads.c.phone, _leads.c.state)
            .where(_leads.c.campaign_id == campaign_id, _leads.c.state != "staged", _leads.c.id > after)
            .order_by(_leads.c.id)
            .limit(limit)
        ).all()
        last = _last_attempts(connection, [lead.id for lead in leads])
    over = [attempt.call_id for attempt in last.values() if attempt.state in {"ended", "held"}]
    pushes: dict[str, list[Mapping[str, Any]]] = {}
    for push in await core.deliveries(over, _PUSH):
        pushes.setdefault(push["call_id"], []).append(push)
    found = [(lead, last.get(lead.id)) for lead in leads]
    return [judge(lead, attempt, pushes.get(attempt.call_id, ()) if attempt else ()) for lead, attempt in found]


async def count_verdicts(db: Database, core: Pushes, campaign_id: str) -> dict[str, int]:
    """How many leads of the campaign there are of each verdict. Reads all of them, and lets others work between the pages.

    Raises:
        CoreUnreachable: if the core did not tell of its deliveries.
    """
    counts: Counter[str] = Counter(dict.fromkeys(VERDICTS, 0))
    async for entries in _pages(db, core, campaign_id):
        counts.update(entry.verdict for entry in entries)
    return dict(counts)


async def replay_missing(db: Database, core: Pushes, campaign_id: str) -> Replay:
    """Have every dead push of the leads' last calls sent again.

    Raises:
        CoreUnreachable: if the core did not answer; what was replayed until then stays so, and it can be done again.
    """
    replayed, counts = 0, Counter[str]()
    async for entries in _pages(db, core, campaign_id):
        counts.update(entry.verdict for entry in entries)
        replayed += await core.replay([entry.call_id for entry in entries if entry.verdict == "dead" and entry.call_id], _PUSH)
    return Replay(replayed, counts["pending"], counts["not_pushed"])


async def _pages(db: Database, core: Pushes, campaign_id: str) -> AsyncIterator[Sequence[LedgerEntry]]:
    last = 0
    while entries := await ledger_page(db, core, campaign_id, after=last, limit=_PAGE):
        yield entries
        last = entries[-1].lead_id
        await asyncio.sleep(0)  # no waiting: whoever else is ready goes first


def _last_attempts(connection: Connection, lead_ids: Sequence[int]) -> dict[int, AnyRow]:
    """The last attempt of each lead that came to a call."""
    if not lead_ids:
        return {}
    called = (_attempts.c.lead_id.in_(lead_ids), _attempts.c.call_id.is_not(None))
    newest = (
        select(_attempts.c.lead_id, func.max(_attempts.c.number).label("number")).where(*called).group_by(_attempts.c.lead_id).subquery()
    )
    rows = connection.execute(
        select(_attempts.c.lead_id, _attempts.c.state, _attempts.c.call_id, _attempts.c.disposition).join(
            newest, (newest.c.lead_id == _attempts.c.lead_id) & (newest.c.number == _attempts.c.number)
        )
    )
    return {row.lead_id: row for row in rows}
