"""The cost of claiming a batch of leads, with few and with many leads waiting: it must not grow with their number.

    python -m bench.dispatch        1,000 and 100,000 leads, on SQLite and PostgreSQL

Half of the leads may be dialled now, the other half are retries that are not due yet. It measures the scheduler's work before each
batch: move due leads into the claim index (none are), and claim 20 leads with their attempts. The result is the median of 20 batches;
both sizes are measured alternately, so that a busy machine slows both.
"""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert, text

from bench.servers import KINDS, fresh
from core.kernel.database import Database
from core.kernel.ids import Ids
from dialler.leads.claims import claim
from dialler.leads.queue import promote_due
from dialler.leads.states import QUEUE_OF
from tests.support import CAMPAIGN, TOKEN, leads, make_campaign

SIZES = (1_000, 100_000)
BATCH, BATCHES = 20, 20
START = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)


def lead(position: int) -> dict[str, object]:
    ready = position % 2 == 0
    state = "pending" if ready else "retry_scheduled"
    return {
        "campaign_id": CAMPAIGN,
        "import_id": "import-1",
        "position": position,
        "line": position + 1,
        "phone": f"+999{position:09d}",
        "variables": {"customer_name": "Asha Rao", "amount_due": "15000", "due_date": "2026-03-01"},
        "state": state,
        "queue": QUEUE_OF[state] if ready else None,
        "due_at": START if ready else START + timedelta(hours=1, seconds=position),
        "attempts": 0 if ready else 1,
        "uncharged": 0,
        "updated_at": START,
    }


@contextlib.contextmanager
def waiting(kind: str, size: int) -> Iterator[Database]:
    """A database with this many waiting leads."""
    with tempfile.TemporaryDirectory() as name, fresh(kind, Path(name)) as url:
        db = Database(url)
        make_campaign(db, START)
        with db.write() as connection:
            for first in range(1, size + 1, 10_000):
                connection.execute(insert(leads), [lead(position) for position in range(first, min(first + 10_000, size + 1))])
        with db.write() as connection:
            connection.execute(text("ANALYZE"))  # as autovacuum does within a minute
        yield db
        db.close()


def batch(db: Database) -> float:
    """Milliseconds of one batch, including its commit."""
    began = time.perf_counter()
    with db.write() as connection:
        promote_due(connection, CAMPAIGN, START)
        taken = claim(connection, Ids(1), CAMPAIGN, TOKEN, BATCH, START)
    assert len(taken) == BATCH
    return (time.perf_counter() - began) * 1000


def main() -> None:
    print(f"{'':12} {'leads waiting':>14} {'ms a batch':>11} {f'{SIZES[0]:,} = 1':>10}")
    for kind in KINDS:
        with contextlib.ExitStack() as stack:
            databases = {size: stack.enter_context(waiting(kind, size)) for size in SIZES}
            for db in databases.values():
                batch(db)
            times: dict[int, list[float]] = {size: [] for size in SIZES}
            for _ in range(BATCHES):
                for size, db in databases.items():
                    times[size].append(batch(db))
        middle = {size: statistics.median(found) for size, found in times.items()}
        for size in SIZES:
            print(f"{kind:12} {size:14,} {middle[size]:11.2f} {middle[size] / middle[SIZES[0]]:10.2f}")


if __name__ == "__main__":
    main()
