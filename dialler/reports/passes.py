"""Pass outcome: what the first, second, third, ... attempt brings. Pure."""

from __future__ import annotations

import pandas as pd

from dialler.reports.facts import share

__all__ = ["PARTS", "pass_outcome"]

PARTS = ("people", "machines", "silent", "busy", "no_answer", "failed", "live")
"""Every dial is in exactly one of these."""


def pass_outcome(attempts: pd.DataFrame) -> pd.DataFrame:
    """One row for each attempt number."""
    before = attempts.sort_values(["lead_id", "number"]).groupby("lead_id")["placed_at"].shift()
    gap = (attempts["placed_at"] - before.reindex(attempts.index)).dt.total_seconds() / 3600
    groups = attempts.assign(gap=gap).groupby("number", sort=True)
    frame = groups[[*PARTS, "right_party", "conversions"]].sum().astype(int)
    frame["dials"] = groups.size()
    frame["gap_hours"] = groups["gap"].median().round(2)
    frame["human_rate"] = share(frame["people"], frame["dials"])
    frame["marginal"] = share(frame["conversions"], frame["dials"])
    return frame.reset_index(names="attempt")
