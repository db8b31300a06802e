"""The summary: the key figures of a campaign, each with what it was counted from. Pure."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dialler.leads.states import FINAL, WAITING
from dialler.reports.definitions import definition

__all__ = ["figures", "summary"]


def figures(attempts: pd.DataFrame, leads: pd.DataFrame) -> dict[str, float]:
    """The counts that everything else is computed from."""
    sums = ("answered", "people", "machines", "silent", "right_party", "conversions", "promises", "opt_outs", "transfers", "callbacks")
    counts: dict[str, float] = {name: int(attempts[name].sum()) for name in (*sums, "no_answer", "busy", "failed", "live", "cut_off")}
    counts["attempts"] = len(attempts)
    counts["leads"] = len(leads)
    counts["leads_attempted"] = attempts["lead_id"].nunique()
    counts["leads_contacted"] = attempts.loc[attempts["people"], "lead_id"].nunique()
    counts["leads_converted"] = attempts.loc[attempts["conversions"], "lead_id"].nunique()
    counts["leads_final"] = int(leads["state"].isin(FINAL).sum())
    counts["dialable"] = int(leads["state"].isin(WAITING).sum())
    counts["talk_seconds"] = float(attempts.loc[attempts["answered"], "talk"].sum())
    promised = pd.to_numeric(attempts.loc[attempts["promises"], "promise_amount"], errors="coerce")
    counts["promised_amount"] = float(promised.sum())
    return counts


_COUNTED = (
    "leads",
    "leads_attempted",
    "leads_contacted",
    "leads_converted",
    "dialable",
    "attempts",
    "live",
    "answered",
    "people",
    "machines",
    "silent",
)
_MORE = (
    "no_answer",
    "busy",
    "failed",
    "cut_off",
    "right_party",
    "conversions",
    "promises",
    "promised_amount",
    "opt_outs",
    "transfers",
    "callbacks",
)
_RATES = {
    "answer_rate": ("answered", "attempts"),
    "human_rate": ("people", "attempts"),
    "contact_rate": ("leads_contacted", "leads"),
    "right_party_rate": ("right_party", "people"),
    "conversion_rate": ("conversions", "right_party"),
    "lead_conversion": ("leads_converted", "leads"),
    "penetration": ("leads_attempted", "leads"),
    "worked_out": ("leads_final", "leads"),
    "no_answer_rate": ("no_answer", "attempts"),
    "cut_off_rate": ("cut_off", "attempts"),
    "saturation": ("attempts", "leads"),
    "talk_average": ("talk_seconds", "answered"),
}
"""Figure -> what is divided by what."""


def summary(attempts: pd.DataFrame, leads: pd.DataFrame) -> pd.DataFrame:
    """One row for each figure: its value, and for a quotient what was counted and of how many."""
    counts = figures(attempts, leads)
    rows: list[dict[str, Any]] = [_row(name, counts[name], None, None) for name in (*_COUNTED, *_MORE)]
    for name, (part, base) in _RATES.items():
        value = round(counts[part] / counts[base], 6) if counts[base] else None
        rows.append(_row(name, value, counts[part], counts[base]))
    return pd.DataFrame(rows)


def _row(name: str, value: float | None, part: float | None, base: float | None) -> dict[str, Any]:
    about = definition(name)
    return {"metric": name, "title": about.title, "value": value, "unit": about.unit, "part": part, "base": base, "formula": about.formula}
