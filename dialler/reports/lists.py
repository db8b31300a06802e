"""List performance and list hygiene: what the lead files held, and what came of them. Pure."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dialler.imports.values import REPAIRS
from dialler.leads.states import FINAL, WAITING
from dialler.policy.outcomes import Outcome
from dialler.reports.facts import share

__all__ = ["list_hygiene", "list_performance"]


def list_performance(attempts: pd.DataFrame, leads: pd.DataFrame, imports: pd.DataFrame) -> pd.DataFrame:
    """One row for each lead file, in the order of their imports."""
    ids = imports["id"]
    of_lead = (
        attempts.groupby("lead_id")[["people", "right_party", "conversions"]].any()
        if len(attempts)
        else pd.DataFrame(columns=["people", "right_party", "conversions"], dtype=bool)
    )
    reached = leads[["lead_id", "import_id"]].join(of_lead, on="lead_id", how="inner").groupby("import_id")
    by_list, dials = leads.groupby("import_id"), attempts.groupby("import_id")
    number = by_list.size().reindex(ids, fill_value=0)
    frame = pd.DataFrame(
        {
            "list": list(ids),
            "source": list(imports["source_name"]),
            "imported_at": list(imports["activated_at"]),
            "rows": [int(report.get("rows_read", 0)) for report in imports["report"]],
            "leads": list(number),
            "rejected": [int(report.get("rejected", 0)) for report in imports["report"]],
            "suppressed": _in_states(leads, ids, ("suppressed",)),
            "dialable": _in_states(leads, ids, WAITING),
            "attempts": list(dials.size().reindex(ids, fill_value=0)),
            "attempted": list(reached.size().reindex(ids, fill_value=0)),
            **{
                key: list(reached[column].sum().reindex(ids, fill_value=0).astype(int))
                for key, column in (("contacted", "people"), ("right_party", "right_party"), ("converted", "conversions"))
            },
            "final": _in_states(leads, ids, FINAL),
            "first_dial": list(dials["placed_at"].min().reindex(ids)),
            "last_dial": list(dials["placed_at"].max().reindex(ids)),
        }
    )
    for key, part in (("penetration", "attempted"), ("contact_rate", "contacted"), ("conversion", "converted"), ("worked_out", "final")):
        frame[key] = share(frame[part], frame["leads"])
    frame["saturation"] = share(frame["attempts"], frame["leads"])
    return frame


def list_hygiene(attempts: pd.DataFrame, leads: pd.DataFrame, imports: pd.DataFrame, rejected: pd.DataFrame) -> pd.DataFrame:
    """What was wrong, by lead file: rows rejected and repaired when it was read, numbers that the dialling proved bad."""
    rows: list[dict[str, Any]] = []
    outcomes = attempts.sort_values(["lead_id", "number"]).groupby("lead_id").tail(1) if len(attempts) else attempts
    for _, one in imports.iterrows():
        about = {"list": one["id"], "source": one["source_name"]}
        report, read = one["report"], int(one["report"].get("rows_read", 0))
        its_rows = rejected[rejected["import_id"] == one["id"]]
        its_rows = its_rows.assign(reason=its_rows["reason"].where(its_rows["kind"] != "duplicate", "the same number as an earlier row"))
        for (kind, reason), count in (
            its_rows.groupby(["kind", "reason"])["count"].sum().sort_values(ascending=False, kind="stable").items()
        ):
            rows.append({**about, "found": "in the file", "kind": kind, "reason": reason, "count": count, "of": read})
        for name, count in sorted(report.get("repairs", {}).items()):
            said = REPAIRS.get(name, "the row ends early; missing cells count as empty" if name == "short_rows" else name)
            rows.append({**about, "found": "in the file", "kind": "repaired", "reason": said, "count": count, "of": read})
        if there := report.get("already_there"):
            rows.append(
                {**about, "found": "in the file", "kind": "known", "reason": "the campaign had the number", "count": there, "of": read}
            )
        its, its_leads = outcomes[outcomes["import_id"] == one["id"]], int((leads["import_id"] == one["id"]).sum())
        for outcome, kind, said in (
            (Outcome.INVALID_NUMBER, "disconnected", "the network knows no such number"),
            (Outcome.WRONG_NUMBER, "wrong party", "it is somebody else's number"),
        ):
            if count := int((its["outcome"] == outcome).sum()):
                rows.append({**about, "found": "by dialling", "kind": kind, "reason": said, "count": count, "of": its_leads})
    frame = pd.DataFrame(rows, columns=["list", "source", "found", "kind", "reason", "count", "of"])
    frame["share"] = share(frame["count"], frame["of"])
    return frame


def _in_states(leads: pd.DataFrame, ids: pd.Series, states: tuple[str, ...]) -> list[int]:
    found = leads[leads["state"].isin(states)].groupby("import_id").size().reindex(ids, fill_value=0)
    return [int(number) for number in found]
