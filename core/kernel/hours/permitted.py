"""The callee's permitted hours, in every time zone the callee may be in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from core.kernel.hours.config import PermittedHours
from core.kernel.hours.opening import NEVER, Constraint, is_open, next_all_open
from core.kernel.hours.zones import local_time

__all__ = ["constraints_for", "next_permitted", "permitted", "why_not_permitted"]


def permitted(permitted_hours: PermittedHours, zones: Sequence[str], now: datetime) -> bool:
    """Whether a callee who may be in any of `zones` may be called at `now`: every one of them must permit it.

    Without zones nobody knows where the callee is, so calling is not permitted (unless the rule is off).

    Raises:
        UnknownTimeZoneError: one of the zones does not exist.
        ValueError: `now` is naive.
    """
    if not permitted_hours.enabled:
        return True
    return bool(zones) and all(is_open(permitted_hours.hours, name, now) for name in zones)


def constraints_for(permitted_hours: PermittedHours, zones: Sequence[str]) -> tuple[Constraint, ...]:
    """The rule as constraints for `next_all_open`: none if it is off, one that never opens if no zone is known."""
    if not permitted_hours.enabled:
        return ()
    return tuple(Constraint(permitted_hours.hours, name) for name in zones) or (NEVER,)


def next_permitted(permitted_hours: PermittedHours, zones: Sequence[str], now: datetime) -> datetime | None:
    """The first time at or after `now` at which the callee may be called (UTC); None if there is none within 400 days.

    Raises:
        UnknownTimeZoneError, ValueError: as `permitted`.
    """
    return next_all_open(constraints_for(permitted_hours, zones), now.astimezone(UTC))


def why_not_permitted(permitted_hours: PermittedHours, zones: Sequence[str], now: datetime) -> str | None:
    """Why the callee may not be called at `now`, for people; None if they may.

    Raises:
        UnknownTimeZoneError, ValueError: as `permitted`.
    """
    if permitted(permitted_hours, zones, now):
        return None
    if not zones:
        return "the callee's time zone is not known, so it is unknown whether they may be called now"
    closed = next(name for name in zones if not is_open(permitted_hours.hours, name, now))
    local = local_time(now, closed)
    return f"it is {local:%a %H:%M} in {closed}, where the callee may be; calls are permitted {permitted_hours.hours.describe()}"
