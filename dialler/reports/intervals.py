"""Attempts by hour or day, in the report's time zone. Pure."""

from __future__ import annotations

import pandas as pd

from dialler.reports.facts import looked_up, share
from dialler.reports.spec import Interval

__all__ = ["by_interval", "dispositions", "interval_summary"]

_OURS = ("bot", "timeout")


def by_interval(attempts: pd.DataFrame, zone: str, interval: Interval) -> pd.Series:
    """The interval of each attempt, as text that sorts: the date, or the date and hour with its offset, so that hours do not mix."""
    local = attempts["placed_at"].dt.tz_convert(zone)
    if interval == "day":
        return local.dt.strftime("%Y-%m-%d")
    return local.dt.strftime("%Y-%m-%d %H:00 %z")


def interval_summary(attempts: pd.DataFrame, zone: str, interval: Interval) -> pd.DataFrame:
    """One row for each interval with attempts."""
    sums = ["answered", "people", "machines", "silent", "right_party", "conversions", "opt_outs", "no_answer", "cut_off"]
    marked = attempts.assign(
        interval=by_interval(attempts, zone, interval),
        ended_by_bot=attempts["disconnected_by"].isin(_OURS),
        ended_by_callee=attempts["disconnected_by"] == "customer",
    )
    groups = marked.groupby("interval", sort=True)
    frame = groups[[*sums, "ended_by_bot", "ended_by_callee"]].sum().astype(int)
    frame["attempts"] = groups.size()
    frame["talk_minutes"] = (groups["talk"].sum() / 60).round(2)
    frame["human_rate"] = share(frame["people"], frame["attempts"])
    frame["no_answer_rate"] = share(frame["no_answer"], frame["attempts"])
    frame["cut_off_rate"] = share(frame["cut_off"], frame["attempts"])
    return _in_time_order(frame.reset_index(), marked)


def dispositions(attempts: pd.DataFrame, zone: str, interval: Interval) -> pd.DataFrame:
    """One row for each interval and disposition of its ended attempts, the most frequent first."""
    ended = attempts[attempts["disposition"].notna()]
    ended = ended.assign(interval=by_interval(ended, zone, interval))
    groups = ended.groupby(["interval", "disposition", "group"], sort=True)
    frame = pd.DataFrame({"count": groups.size()})
    answered = ended[ended["answered"]].groupby(["interval", "disposition", "group"])["talk"].mean().round(1)
    frame["talk_average"] = answered.reindex(frame.index)
    frame["end_reason"] = _most_frequent(ended).reindex(frame.index)
    frame = frame.reset_index()
    frame["of"] = frame.groupby("interval")["count"].transform("sum")
    frame["share"] = share(frame["count"], frame["of"])
    frame = frame.sort_values(["count", "disposition"], ascending=[False, True], kind="stable")
    return _in_time_order(frame, ended)


def _most_frequent(ended: pd.DataFrame) -> pd.Series:
    keys = ["interval", "disposition", "group"]
    counts = ended.dropna(subset=["end_reason"]).groupby([*keys, "end_reason"]).size().reset_index(name="times")
    counts = counts.sort_values(["times", "end_reason"], ascending=[False, True])
    return counts.drop_duplicates(keys).set_index(keys)["end_reason"]


def _in_time_order(frame: pd.DataFrame, attempts: pd.DataFrame) -> pd.DataFrame:
    """Intervals by their first attempt: where clocks go back, the order of texts is not that of time."""
    begins = attempts.groupby("interval")["placed_at"].min()
    return frame.assign(begins=looked_up(frame["interval"], begins)).sort_values("begins", kind="stable").drop(columns="begins")
