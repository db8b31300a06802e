"""Which deliveries the page shows: what its address says, what the visitor may see, and a page of rows for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Final
from urllib.parse import urlencode

from sqlalchemy import Connection

from core.deliveries.queries import AttemptInfo, DeliveryFilter, DeliveryInfo, attempts_of, count_by_state, find_delivery, list_deliveries
from core.kernel.cursors import BadCursor, make_cursor, read_moment_cursor
from dialler.campaigns import manage
from web.console.accounts.sessions import Visitor
from web.console.i18n import no_op as N_
from web.console.ownership import hidden_from
from web.console.rights import Right, Scope
from web.console.words import Badge

__all__ = ["DELIVERY_STATES", "KINDS", "Deliveries", "Wanted", "detail", "find", "reach", "wanted_from"]

DELIVERY_STATES: Final = {
    "pending": Badge(N_("Waiting"), "info", "hourglass-split"),
    "delivered": Badge(N_("Delivered"), "good", "check2"),
    "dead": Badge(N_("Given up"), "bad", "exclamation-circle"),
    "skipped": Badge(N_("Not pushed"), "", "dash-circle"),
}
KINDS: Final = {"crm_push": N_("CRM push"), "results_webhook": N_("Results webhook")}
_PAGE: Final = 50


@dataclass(frozen=True)
class Wanted:
    """The filter, as the address has it."""

    state: str = ""
    kind: str = ""
    destination: str = ""
    call: str = ""
    cursor: str = ""

    def address(self, **changes: str) -> str:
        """The address of the list with this filter, changed."""
        query = urlencode({name: value for name, value in (asdict(self) | changes).items() if value})
        return "/integrations/deliveries" + (f"?{query}" if query else "")

    @property
    def filters(self) -> bool:
        """Whether anything is filtered out."""
        return bool(self.state or self.kind or self.destination or self.call)

    def which(self, bots: tuple[str, ...] | None) -> DeliveryFilter:
        """The filter for the service."""
        return DeliveryFilter(
            state=self.state or None, kind=self.kind or None, destination=self.destination or None, call_id=self.call or None, bots=bots
        )


@dataclass(frozen=True)
class Deliveries:
    """A page of the list.

    Attributes:
        rows: the deliveries, newest first.
        cursor: of the next page; empty on the last.
        counts: how many there are in each state with the same filter, whatever the state.
    """

    rows: list[DeliveryInfo]
    cursor: str
    counts: dict[str, int]


def wanted_from(query: Mapping[str, str]) -> Wanted:
    """The filter from an address; what makes no sense is left out. Pure."""
    state, kind = query.get("state", ""), query.get("kind", "")
    return Wanted(
        state if state in DELIVERY_STATES else "",
        kind if kind in KINDS else "",
        query.get("destination", "").strip()[:300],
        query.get("call", "").strip()[:64],
        query.get("cursor", "")[:1000],
    )


def reach(connection: Connection, visitor: Visitor, right: Right) -> tuple[str, ...] | None:
    """The bots whose deliveries a visitor may see: those of the campaigns in reach; None: all."""
    if visitor.grant(right).scope is Scope.ALL:
        return None
    rows = manage.page_of_campaigns(connection, state=None, limit=1000, but=hidden_from(connection, visitor, right))
    return tuple(sorted({row.bot_id for row in rows}))


def find(connection: Connection, visitor: Visitor, wanted: Wanted) -> Deliveries:
    """A page of deliveries within the visitor's reach."""
    which = wanted.which(reach(connection, visitor, Right.INTEGRATIONS_READ))
    try:
        before = read_moment_cursor(wanted.cursor) if wanted.cursor else None
    except BadCursor:
        before = None
    rows = list_deliveries(connection, which, limit=_PAGE + 1, before=before)
    cursor = make_cursor(rows[_PAGE - 1].created_at, rows[_PAGE - 1].id) if len(rows) > _PAGE else ""
    return Deliveries(rows[:_PAGE], cursor, count_by_state(connection, replace(which, state=None)))


def detail(connection: Connection, visitor: Visitor, delivery_id: str) -> tuple[DeliveryInfo, list[AttemptInfo]] | None:
    """A delivery with every attempt at it; None if there is none within the visitor's reach."""
    bots = reach(connection, visitor, Right.INTEGRATIONS_READ)
    info = find_delivery(connection, delivery_id, DeliveryFilter(bots=bots))
    return None if info is None else (info, attempts_of(connection, delivery_id))
