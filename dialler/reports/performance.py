"""Bot versions and caller IDs compared. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import phonenumbers

from dialler.reports.facts import share

__all__ = ["bot_versions", "caller_ids"]

_WEEK = timedelta(days=7)


def bot_versions(attempts: pd.DataFrame) -> pd.DataFrame:
    """One row for each bot and version that held calls; attempts without a result are under no bot."""
    attempts = attempts.assign(
        bot_id=attempts["bot_id"].fillna(""),
        version=pd.to_numeric(attempts["bot_version"]).fillna(0).astype(int),
        talk_answered=attempts["talk"].where(attempts["answered"]),
        ring=(attempts["answered_at"] - attempts["ringing_at"]).dt.total_seconds(),
    )
    groups = attempts.groupby(["bot_id", "version"], sort=True)
    sums = ["answered", "people", "right_party", "conversions", "transfers", "callbacks", "opt_outs", "cut_off"]
    frame = groups[sums].sum().astype(int)
    frame["calls"] = groups.size()
    frame["talk_average"] = groups["talk_answered"].mean().round(1)
    frame["talk_minutes"] = (groups["talk_answered"].sum() / 60).round(2)
    frame["ring_average"] = groups["ring"].mean().round(1)
    frame["conversion_rate"] = share(frame["conversions"].where(frame["right_party"] > 0), frame["right_party"])
    frame = frame.reset_index()
    frame["version"] = frame["version"].where(frame["version"] > 0)
    return frame


def caller_ids(attempts: pd.DataFrame, zone: str, now: datetime) -> pd.DataFrame:
    """One row for each number that callees saw, the most used first; attempts without a result are under none."""
    day = attempts["placed_at"].dt.tz_convert(zone).dt.date
    age = pd.Timestamp(now) - attempts["placed_at"]
    marked = attempts.assign(caller=attempts["from_number"].fillna(""), day=day)
    latest, before = age < _WEEK, (age >= _WEEK) & (age < 2 * _WEEK)
    for name, which in (("7d", latest), ("before", before)):
        marked[f"dials_{name}"] = which
        marked[f"people_{name}"] = which & marked["people"]
    groups = marked.groupby("caller", sort=True)
    sums = ["people", "short_calls", "dials_7d", "people_7d", "dials_before", "people_before"]
    frame = groups[sums].sum().astype(int)
    frame["dials"] = groups.size()
    frame["last_used"] = groups["placed_at"].max()
    frame["most_a_day"] = marked.groupby(["caller", "day"]).size().groupby("caller").max()
    frame["human_rate"] = share(frame["people"], frame["dials"])
    frame["short_rate"] = share(frame["short_calls"], frame["people"])
    for name in ("7d", "before"):
        frame[f"human_rate_{name}"] = share(frame[f"people_{name}"], frame[f"dials_{name}"])
    frame = frame.reset_index(names="number")
    frame["region"] = frame["number"].map(_region)
    return frame.sort_values(["dials", "number"], ascending=[False, True])


def _region(number: Any) -> str:
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(str(number), None)) or ""
    except phonenumbers.NumberParseException:
        return ""
