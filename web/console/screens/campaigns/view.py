"""Which campaigns the list shows: what the address of the page says, and a page of rows for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from sqlalchemy import Connection, Row

from core.kernel.cursors import BadCursor, make_cursor, read_moment_cursor
from dialler.campaigns import manage
from web.console.ownership import hidden_from
from web.console.pages import Page
from web.console.rights import Right

__all__ = ["STATES", "Wanted", "find", "wanted_from"]

STATES: Final = ("draft", "running", "paused", "stopping", "stopped", "completed", "failed")
_PAGE: Final = 25


@dataclass(frozen=True)
class Wanted:
    """The filter, as the address has it."""

    state: str = ""
    q: str = ""
    cursor: str = ""

    def address(self, **changes: str) -> str:
        """The address of the list with this filter, changed."""
        values = {"state": self.state, "q": self.q, "cursor": self.cursor} | changes
        query = urlencode({name: value for name, value in values.items() if value})
        return "/campaigns" + (f"?{query}" if query else "")

    @property
    def filters(self) -> bool:
        """Whether anything is filtered out."""
        return bool(self.state or self.q)


def wanted_from(query: Mapping[str, str]) -> Wanted:
    """The filter from an address; what makes no sense is left out. Pure."""
    state = query.get("state", "")
    return Wanted(state if state in STATES else "", query.get("q", "").strip()[:200], query.get("cursor", "")[:1000])


def find(connection: Connection, page: Page, wanted: Wanted) -> tuple[list[Row[Any]], str]:
    """A page of rows that the visitor may see, and the cursor of the next page; empty on the last."""
    try:
        before = read_moment_cursor(wanted.cursor) if wanted.cursor else None
    except BadCursor:
        before = None
    hidden = hidden_from(connection, page.visitor, Right.CAMPAIGNS_READ)
    rows = list(
        manage.page_of_campaigns(connection, state=wanted.state or None, limit=_PAGE + 1, before=before, but=hidden, named=wanted.q or None)
    )
    if len(rows) <= _PAGE:
        return rows, ""
    rows = rows[:_PAGE]
    return rows, make_cursor(rows[-1].created_at, rows[-1].id)
