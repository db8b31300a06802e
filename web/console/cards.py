"""A campaign as lists, headers and the monitor show it: its state in one word with the reason, its counts, whose it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from dialler.campaigns.owner import owner_of as runner_of
from dialler.campaigns.states import OVER, TRANSITIONS
from web.console.accounts import teams, users
from web.console.figures import Counted
from web.console.foreign_texts import said
from web.console.i18n import gettext as _
from web.console.ownership import Owner, owners
from web.console.pages import Page
from web.console.words import CAMPAIGN_STATES, Badge

__all__ = ["Card", "card_of", "cards_of", "orders_of", "owner_name", "state_of"]


@dataclass(frozen=True)
class Card:
    """A campaign for people."""

    id: str
    name: str
    state: str
    badge: Badge
    why: str
    """Why it is in this state, or why nothing is dialled; empty if there is nothing to say."""
    until: datetime | None
    zone: str
    counted: Counted
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    bot_id: str
    owner: str
    lines: str | None
    may: frozenset[str]
    """The orders that its state allows: start, pause, resume, stop."""

    @property
    def share_done(self) -> int:
        """The share of leads that are done, in whole percent."""
        counts = self.counted.progress
        return counts.done * 100 // counts.leads if counts.leads else 0


def state_of(row: Row[Any], counted: Counted, *, attended: bool) -> tuple[str, str]:
    """The state for people and the reason. Pure."""
    if row.state != "running":
        return row.state, said(row.reason or "")
    if row.hold_reason:
        return "idle", said(row.hold_reason)
    if not attended:
        return "unattended", _("No process dials for it now. `dialler serve` takes it up within seconds; if this stays, look at System.")
    counts = counted.progress
    if counts.waiting and not counts.in_flight:
        return "idle", _("No lead is due at this moment: callbacks and retries wait for their time.")
    return "running", ""


def orders_of(state: str) -> frozenset[str]:
    """What can be ordered in a state, for buttons. Pure."""
    allowed = {event for (before, event) in TRANSITIONS if before == state and event in {"start", "pause", "resume", "stop"}}
    useless = {"running": {"start", "resume"}, "paused": {"pause"}, "stopping": {"stop"}, "stopped": {"stop"}}
    return frozenset(allowed - useless.get(state, set()) - ({"start"} if state in OVER else set()))


def card_of(page: Page, row: Row[Any], counted: Counted, *, attended: bool, owner: str) -> Card:
    """The card of a campaign."""
    state, why = state_of(row, counted, attended=attended)
    orders = set(orders_of(row.state))
    if row.state in OVER and counted.progress.waiting:
        orders.add("start")
    return Card(
        id=row.id,
        name=row.name,
        state=row.state,
        badge=CAMPAIGN_STATES.get(state, Badge(state)),
        why=why,
        until=row.hold_until if state == "idle" and row.hold_reason else None,
        zone=page.zone_of(row),
        counted=counted,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        bot_id=row.bot_id,
        owner=owner,
        lines=row.lines,
        may=frozenset(orders),
    )


async def cards_of(page: Page, rows: Sequence[Row[Any]]) -> list[Card]:
    """The cards of campaigns."""
    console, now = page.console, page.console.wall()
    with console.db.read() as connection:
        runners = {row.id: runner_of(connection, row.id) for row in rows if row.state == "running"}
        owned = owners(connection)
        names = {user.id: user.name for user in users.all_users(connection)} if owned else {}
        team_names = {team.id: team.name for team in teams.all_teams(connection)} if owned else {}
    cards = []
    for row in rows:
        runner = runners.get(row.id)
        counted = await console.figures.of(row.id)
        attended = runner is not None and runner.alive(now)
        cards.append(card_of(page, row, counted, attended=attended, owner=owner_name(owned.get(row.id), names, team_names)))
    return cards


def owner_name(owner: Owner | None, names: Mapping[str, str], team_names: Mapping[str, str]) -> str:
    """Whose campaign it is, in words. Pure."""
    if owner is None:
        return ""
    parts = [names.get(owner.user_id or "", ""), team_names.get(owner.team_id or "", "")]
    return " · ".join(part for part in parts if part)
