"""Compliance: what must be 0, and how often a lead was dialled. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pandas as pd

from core.kernel.hours import HoursConfig, PermittedHours, is_open, permitted
from dialler.campaigns.config import CallingWindow
from dialler.reports.best_time import ZonesOf, zone_groups
from dialler.reports.facts import share

__all__ = ["BotHours", "compliance"]

_LIMIT = 0.03
"""Most abandoned calls of those that persons answered, as several countries have it."""
_NOT_SENT = ("suppressed", "prefetch_failed", "outside_active_hours", "outside_permitted_hours")


@dataclass(frozen=True)
class BotHours:
    """The hours of one version of a bot."""

    time_zone: str
    active: HoursConfig
    permitted: PermittedHours


def compliance(
    attempts: pd.DataFrame,
    zone: str,
    window: CallingWindow | None,
    hours_of: Callable[[str, int], BotHours | None],
    zones_of: Callable[[str, str], tuple[str, ...]],
    opted_out: pd.DataFrame,
) -> pd.DataFrame:
    """One row for each check.

    Args:
        attempts: of the campaign.
        zone: of days and weeks.
        window: the campaign's calling window as it is now; None: none.
        hours_of: the hours of a version of a bot; None: it is not known.
        zones_of: the zones of a number, with the bot's own for numbers that have none.
        opted_out: the report of opt-outs.
    """
    dialled = attempts[~attempts["end_reason"].isin(_NOT_SENT) & ~attempts["live"]]
    dialled = dialled.assign(at=dialled["started_at"].fillna(dialled["placed_at"]))
    return pd.DataFrame(
        [
            _hours_row("outside the calling window", *_outside_window(dialled, window)),
            *_outside_bot_hours(dialled, hours_of, zones_of),
            _abandoned("abandoned, whole campaign", attempts),
            _worst("abandoned, worst 24 hours", attempts, timedelta(hours=24)),
            _worst("abandoned, worst 30 days", attempts, timedelta(days=30)),
            _most("attempts per lead, most a day", dialled, dialled["at"].dt.tz_convert(zone).dt.strftime("%Y-%m-%d")),
            _most("attempts per lead, most a week", dialled, dialled["at"].dt.tz_convert(zone).dt.strftime("%G week %V")),
            _row(
                "dials after an opt-out",
                int(opted_out["dialled_after"].sum()),
                len(opted_out),
                limit="0",
                kept=not opted_out["dialled_after"].sum(),
            ),
        ]
    ).assign(rate=lambda frame: share(frame["value"], frame["of"]).where(frame["check"].str.startswith(("outside", "abandoned"))))


def _row(check: str, value: int, of: int | None, *, limit: str = "", kept: Any = None, detail: str = "") -> dict[str, Any]:
    return {"check": check, "value": value, "of": of, "limit": limit, "kept": kept, "detail": detail}


def _hours_row(check: str, value: int, of: int, detail: str) -> dict[str, Any]:
    return _row(check, value, of, limit="0", kept=value == 0, detail=detail)


def _outside_window(dialled: pd.DataFrame, window: CallingWindow | None) -> tuple[int, int, str]:
    if window is None:
        return 0, 0, "the campaign has no calling window"
    minutes = dialled["at"].dt.floor("min")
    open_at = {minute: is_open(window.hours, window.time_zone, minute.to_pydatetime()) for minute in minutes.unique()}
    return int((~minutes.map(open_at).astype(bool)).sum()), len(dialled), f"{window.hours.describe()} {window.time_zone}"


def _outside_bot_hours(
    dialled: pd.DataFrame, hours_of: Callable[[str, int], BotHours | None], zones_of: Callable[[str, str], tuple[str, ...]]
) -> list[dict[str, Any]]:
    """Attempts outside the bot's active hours, and outside the callee's permitted hours, by the version that held the call."""
    closed = forbidden = judged = 0
    for (bot_id, version), group in dialled.dropna(subset=["bot_id"]).groupby(["bot_id", "bot_version"]):
        hours = hours_of(str(bot_id), int(version))
        if hours is None:
            continue
        judged += len(group)
        minutes = group["at"].dt.floor("min")
        open_at = {minute: is_open(hours.active, hours.time_zone, minute.to_pydatetime()) for minute in minutes.unique()}
        closed += int((~minutes.map(open_at).astype(bool)).sum())
        its_zones: ZonesOf = lambda phone, own=hours.time_zone: zones_of(phone, own)  # type: ignore[misc]  # noqa: E731
        pairs = pd.DataFrame({"zones": zone_groups(group, its_zones), "minute": minutes})
        for (zones, minute), count in pairs.groupby(["zones", "minute"]).size().items():
            if not permitted(hours.permitted, str(zones).split(), minute.to_pydatetime()):
                forbidden += int(count)
    unknown = len(dialled) - judged
    note = f"{unknown} attempts without a known bot version are not judged" if unknown else ""
    return [
        _hours_row("outside the bot's active hours", closed, judged, note),
        _hours_row("outside the callee's permitted hours", forbidden, judged, note),
    ]


def _abandoned(check: str, attempts: pd.DataFrame) -> dict[str, Any]:
    value, people = int(attempts["abandoned"].sum()), int(attempts["people"].sum())
    return _row(check, value, people, limit="3%", kept=value <= _LIMIT * people, detail="a bot is always there to speak")


def _worst(check: str, attempts: pd.DataFrame, span: timedelta) -> dict[str, Any]:
    """The window of this length with the highest share of abandoned calls; of several the one with most calls."""
    persons = attempts[attempts["people"]].sort_values("placed_at")
    if persons.empty:
        return _row(check, 0, 0, limit="3%", kept=True)
    times = persons["placed_at"].dt.as_unit("us")
    rolling = pd.DataFrame({"abandoned": persons["abandoned"].astype(int).to_numpy(), "people": 1}, index=pd.DatetimeIndex(times))
    sums = rolling.rolling(span).sum()
    ranked = sums.assign(share=sums["abandoned"] / sums["people"], at=range(len(sums))).sort_values(["share", "people"])
    worst = int(ranked["at"].iloc[-1])
    value, people = int(sums["abandoned"].iloc[worst]), int(sums["people"].iloc[worst])
    return _row(check, value, people, limit="3%", kept=value <= _LIMIT * people)


def _most(check: str, dialled: pd.DataFrame, period: pd.Series) -> dict[str, Any]:
    if dialled.empty:
        return _row(check, 0, None)
    counts = dialled.groupby([dialled["lead_id"], period.rename("period")]).size()
    most = int(counts.max())
    lead, when = counts.idxmax()
    return _row(check, most, None, detail=f"lead {lead}, {when}; {int((counts == most).sum())} times in all")
