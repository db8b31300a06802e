"""What the page of numbers and trunks shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from core.trunks.reading import NumberRecord, TrunkRecord, all_trunks
from web.console.i18n import no_op as N_
from web.console.words import Badge

__all__ = ["MOST_NUMBERS", "TrunkCard", "badge_of_trunk", "cards"]

MOST_NUMBERS: Final = 100
"""Numbers of a trunk that are shown; a search finds the others."""

_IN_USE: Final = Badge(N_("In use"), "good", "check-circle")
_LIMITED: Final = Badge(N_("Slower than configured"), "warn", "exclamation-triangle")
_FAILING: Final = Badge(N_("In use, fails"), "warn", "exclamation-triangle")
_RESTS: Final = Badge(N_("Rests"), "bad", "pause-fill")
_TRIAL: Final = Badge(N_("Being tried"), "warn", "hourglass-split")


@dataclass(frozen=True)
class TrunkCard:
    """A trunk as the page shows it.

    Attributes:
        trunk: its record.
        badge: whether calls go out on it.
        why: the same in a sentence; empty if all is well.
        numbers: those that fit the search, at most `MOST_NUMBERS`.
        found: how many fit.
    """

    trunk: TrunkRecord
    badge: Badge
    why: str
    numbers: list[NumberRecord]
    found: int


def badge_of_trunk(trunk: TrunkRecord, now: datetime) -> tuple[Badge, str]:
    """Whether calls go out on a trunk, and the reason if they do not, or not as fast as they should. Pure."""
    health = trunk.health
    match health.state(now):
        case "resting":
            return _RESTS, health.reason
        case "trial":
            return _TRIAL, health.reason
    if allowed := health.limits.in_words(trunk.channels, trunk.calls_per_second):
        return _LIMITED, f"{allowed}: {health.limits.reason}"
    return (_FAILING, health.reason) if health.failures else (_IN_USE, "")


def cards(connection: Connection, now: datetime, wanted: str) -> list[TrunkCard]:
    """Every trunk, with the numbers that contain `wanted` (digits, a label or a bot); all of them if it is empty."""
    found = []
    for trunk in all_trunks(connection):
        badge, why = badge_of_trunk(trunk, now)
        numbers = [number for number in trunk.numbers if _fits(number, wanted)]
        found.append(TrunkCard(trunk, badge, why, numbers[:MOST_NUMBERS], len(numbers)))
    return found


def _fits(number: NumberRecord, wanted: str) -> bool:
    if not wanted:
        return True
    digits = "".join(filter(str.isdigit, wanted))
    return bool(digits and digits in number.number) or wanted.casefold() in f"{number.label} {number.bot_id or ''}".casefold()
