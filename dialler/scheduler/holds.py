"""Why a campaign dials nothing now: kept for the next step, written on the campaign, told to whoever listens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from dialler.campaigns.store import set_hold
from dialler.core_client import Fleet
from dialler.scheduler.parts import Parts

__all__ = ["Hold", "Holds", "want_of_seats"]


@dataclass(frozen=True)
class Hold:
    """Why nothing is dialled until `until` (None: never again, or until nobody knows when), by a word and in a sentence."""

    until: datetime | None
    reason: str
    detail: str


class Holds:
    """The holds of one campaign.

    Args:
        parts: the database and the clock.
        campaign_id: the campaign.
        token: the lease token under which they are written.
        tell: told whenever the reason why nothing is dialled changes (None: dialling goes on).
    """

    def __init__(self, parts: Parts, campaign_id: str, token: str, tell: Callable[[Hold | None], None]) -> None:
        self._parts, self._campaign_id, self._token, self._tell = parts, campaign_id, token, tell
        self._said: Hold | None = None
        self._last: Hold | None = None

    @property
    def said(self) -> bool:
        """Whether it was said that nothing is dialled, and not yet that it is again."""
        return self._said is not None

    @property
    def in_force(self) -> Hold | None:
        """The hold during which nothing is dialled whatever happens; None if there is none now."""
        hold = self._last
        return hold if hold and hold.until and hold.until > self._parts.clock.now() else None

    def impose(self, hold: Hold | None) -> None:
        """Dial nothing until then; None: go on."""
        self._last = hold
        self.say(hold)

    def say(self, hold: Hold | None) -> None:
        """Say why nothing is dialled, without holding anything."""
        if hold != self._said:
            with self._parts.db.write() as connection:
                set_hold(connection, self._campaign_id, self._token, hold.until if hold else None, hold.detail if hold else None)
            self._said = hold
            self._tell(hold)

    def announce(self, hold: Hold) -> None:
        """Tell a hold that cannot, or need not, be written on the campaign now."""
        self._said = hold
        self._tell(hold)


def want_of_seats(fleet: Fleet, in_flight: int, seconds: float, long: float) -> Hold | None:
    """The hold to say when the core takes no call; None while waiting for a seat is nothing special. Pure.

    Args:
        fleet: its capacity.
        in_flight: calls of the campaign that are in progress: they free seats when they end.
        seconds: how long there has been no seat.
        long: after how many seconds that is worth saying.
    """
    if fleet.ask_again_at is not None:
        return Hold(fleet.ask_again_at, "asked_too_often", "The call engine does not tell how many calls it takes: it was asked too often.")
    if fleet.max == 0:
        return Hold(None, "no_servers", "No server of the call engine is there to take calls. Start one; dialling then goes on by itself.")
    if fleet.held:
        return Hold(None, "trunk_unavailable", fleet.held)
    if in_flight or seconds < long:
        return None
    detail = "No seat is free for this campaign: other calls have them, the bot has none, or the server takes no new calls."
    return Hold(None, "no_seats", detail)
