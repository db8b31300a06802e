"""Human answers by the callee's weekday and hour. Pure."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from dialler.reports.catalogue import WEEKDAYS
from dialler.reports.definitions import ENOUGH
from dialler.reports.facts import share

__all__ = ["best_time", "local_hours", "zone_groups"]

ZonesOf = Callable[[str], tuple[str, ...]]


def zone_groups(attempts: pd.DataFrame, zones_of: ZonesOf) -> pd.Series:
    """The time zones of each attempt's callee, joined by a blank; each number is looked up once."""
    known = {phone: " ".join(zones_of(phone)) for phone in attempts["phone"].unique()}
    return attempts["phone"].map(known)


def local_hours(attempts: pd.DataFrame, zones_of: ZonesOf) -> pd.DataFrame:
    """`weekday` (0 is Monday) and `hour` where the callee is; missing where the callee's zones showed different hours or are not known."""
    found = pd.DataFrame({"weekday": pd.NA, "hour": pd.NA}, index=attempts.index, dtype="Int64")
    for names, rows in attempts.groupby(zone_groups(attempts, zones_of)).groups.items():
        placed = attempts.loc[rows, "placed_at"]
        clocks = [placed.dt.tz_convert(name) for name in str(names).split()]
        if not clocks:
            continue
        first = clocks[0]
        same = pd.Series(True, index=rows)
        for other in clocks[1:]:
            same &= (first.dt.hour == other.dt.hour) & (first.dt.day_of_week == other.dt.day_of_week)
        sure = same[same].index
        found.loc[sure, "weekday"] = first.loc[sure].dt.day_of_week.astype("Int64")
        found.loc[sure, "hour"] = first.loc[sure].dt.hour.astype("Int64")
    return found


def best_time(attempts: pd.DataFrame, zones_of: ZonesOf) -> tuple[pd.DataFrame, int]:
    """One row for each weekday and hour with attempts, and how many attempts were left out because the callee's hour is not known."""
    local = local_hours(attempts, zones_of)
    known = attempts[["people"]].join(local).dropna(subset=["hour"])
    groups = known.groupby(["weekday", "hour"], sort=True)
    frame = pd.DataFrame({"attempts": groups.size(), "people": groups["people"].sum().astype(int)}).reset_index()
    frame["human_rate"] = share(frame["people"], frame["attempts"])
    frame["enough"] = frame["attempts"] >= ENOUGH
    frame["weekday"] = [WEEKDAYS[int(day)] for day in frame["weekday"]]
    return frame, len(attempts) - len(known)
