"""Endpoints that are closed: a receiver that answers 410 (Gone) wants no more, as Standard Webhooks has it.

What waits for such a URL is given up, and what is written from then on is dead at once: on record, shown, and ready to be replayed.
A replay opens the endpoint again; another 410 closes it anew.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.deliveries.tables import ClosedEndpoint, Delivery
from core.kernel.statements import table_of

__all__ = ["WHY", "close", "closed_among", "open_again"]

_closed = table_of(ClosedEndpoint)
_deliveries = table_of(Delivery)

WHY = "the endpoint answered 410 before and is closed: replay a push to it to open it again"


def close(connection: Connection, url: str, delivery_id: str, now: datetime) -> int:
    """Close an endpoint and give up what waits for it; what is being sent just now gets its own answer. Returns how many.

    The row comes first: of two that close the same URL one waits for the other, and finds nothing left to do.
    """
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    row = {"url": url, "closed_at": now, "delivery_id": delivery_id}
    connection.execute(dialect.insert(_closed).values(row).on_conflict_do_nothing())
    waiting = update(_deliveries).where(
        _deliveries.c.state == literal_column("'pending'"), _deliveries.c.url == url, _deliveries.c.lease_token.is_(None)
    )
    return connection.execute(waiting.values(state="dead", last_error=WHY)).rowcount


def closed_among(connection: Connection, urls: Collection[str]) -> set[str]:
    """Those of the URLs that are closed."""
    return set(connection.execute(select(_closed.c.url).where(_closed.c.url.in_(urls))).scalars())


def open_again(connection: Connection, replayed: ColumnElement[bool] | None) -> None:
    """Open the endpoints of dead deliveries that are about to be replayed; None: of all."""
    urls = select(_deliveries.c.url).where(_deliveries.c.state == "dead")
    connection.execute(delete(_closed).where(_closed.c.url.in_(urls if replayed is None else urls.where(replayed))))
