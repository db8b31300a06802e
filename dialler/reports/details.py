"""Reports with a row for each lead or call: calls, callbacks, promises, opt-outs, reasons, parity. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from dialler.leads.ledger import LedgerEntry
from dialler.reports.best_time import ZonesOf
from dialler.reports.facts import looked_up

__all__ = ["callbacks", "calls", "opt_outs", "parity", "promises", "reasons"]

_BY_BOT, _BY_PERSON = "bot", "person"
_PERSONAL_STATES = {"waiting": "waiting for a person", "claimed": "taken"}


def calls(attempts: pd.DataFrame, sources: Mapping[str, str], zones_of: ZonesOf) -> pd.DataFrame:
    """Every attempt, in the order of their making.

    Args:
        sources: the id of each import -> the name of its file.
    """
    zones = {phone: ", ".join(zones_of(phone)) for phone in attempts["phone"].unique()}
    frame = attempts.assign(
        list=attempts["import_id"].map(sources),
        attempt=attempts["number"],
        callee_zone=attempts["phone"].map(zones),
        planned=attempts["created_at"],
        dialled=attempts["placed_at"],
        answered=attempts["answered_at"],
        ended=attempts["result_ended_at"].fillna(attempts["attempt_ended_at"]),
        ring=(attempts["answered_at"].fillna(attempts["result_ended_at"]) - attempts["ringing_at"]).dt.total_seconds().round(1),
        talk=attempts["talk"].where(attempts["answered"]),
        ended_by=attempts["disconnected_by"],
        recorded=attempts["recording_key"].notna(),
    )
    return frame.assign(bot=[f"{bot} {version}" if bot else "" for bot, version in zip(frame["bot_id"], frame["bot_version"], strict=True)])


def promises(attempts: pd.DataFrame, zone: str, now: datetime) -> pd.DataFrame:
    """The promises to pay, by their due date; those without one come last."""
    made = attempts[attempts["promises"]]
    due = pd.to_datetime(made["promise_date"], errors="coerce", format="%Y-%m-%d")
    today = pd.Timestamp(now).tz_convert(zone).tz_localize(None).normalize()
    frame = made.assign(
        amount=pd.to_numeric(made["promise_amount"], errors="coerce"),
        due=due.dt.strftime("%Y-%m-%d"),
        made_at=made["answered_at"].fillna(made["placed_at"]),
        channel="call by the bot",
        days_left=(due - today).dt.days,
    )
    return frame.sort_values(["due", "made_at"], na_position="last")


def callbacks(leads: pd.DataFrame, attempts: pd.DataFrame, handoffs: pd.DataFrame, zones_of: ZonesOf, now: datetime) -> pd.DataFrame:
    """Who waits for a call that they asked for, the earliest first: the bot's callbacks, and those a person has to make."""
    asked = attempts[attempts["callbacks"]].sort_values("number").drop_duplicates("lead_id", keep="last").set_index("lead_id")
    bots = leads[leads["state"] == "callback_scheduled"].assign(due=lambda found: found["due_at"], owner=_BY_BOT, state="scheduled")
    bots = bots.assign(
        asked_at=looked_up(bots["lead_id"], asked["attempt_ended_at"]).fillna(bots["updated_at"]),
        words=looked_up(bots["lead_id"], asked["callback_words"]),
    )
    people = handoffs.merge(leads[["lead_id", "line", "phone", "attempts"]], on="lead_id")
    words = attempts.set_index("attempt_id")["callback_words"]
    people = people.assign(
        due=people["wanted_at"],
        owner=people["claimed_by"].fillna(_BY_PERSON),
        words=looked_up(people["attempt_id"], words),
        state=people["state"].map(_PERSONAL_STATES),
    )
    columns = ["lead_id", "line", "phone", "asked_at", "due", "words", "owner", "state", "attempts"]
    frame = pd.concat([part[columns] for part in (bots, people) if len(part)] or [bots[columns]], ignore_index=True)
    late = (pd.Timestamp(now) - frame["due"]).dt.total_seconds() // 60
    frame["overdue_minutes"] = late.where(late > 0)
    frame["due_there"] = [_there(due, zones_of(phone)) for due, phone in zip(frame["due"], frame["phone"], strict=True)]
    return frame.sort_values(["due", "asked_at"], na_position="last")


def _there(due: Any, zones: Sequence[str]) -> str:
    """A time on the clocks of the callee's zones."""
    if pd.isna(due) or not zones:
        return ""
    clocks = dict.fromkeys(f"{due.tz_convert(name):%Y-%m-%d %H:%M %Z}" for name in zones)
    return " or ".join(list(clocks)[:3]) + (" ..." if len(clocks) > 3 else "")


def opt_outs(leads: pd.DataFrame, attempts: pd.DataFrame, suppressions: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The campaign's numbers that must not be called: those on the suppression list, and callees who asked, the newest first.

    Args:
        suppressions: the entries of the campaign's numbers: `number`, `created_at`, `source`, `reason`, `call_id`, `lines`.
    """
    of_phone = leads.assign(number=leads["phone"].map(_plain)).drop_duplicates("number").set_index("number")
    dialled = attempts.assign(number_dialled=attempts["phone"].map(_plain))
    rows: list[dict[str, Any]] = [
        {**entry, "phone": entry["number"], "added_at": pd.Timestamp(entry["created_at"]), "on_the_list": True} for entry in suppressions
    ]
    listed = {entry["number"] for entry in suppressions}
    for _, asked in dialled[dialled["opt_outs"] & ~dialled["number_dialled"].isin(listed)].drop_duplicates("number_dialled").iterrows():
        rows.append(
            {
                **{"phone": asked["number_dialled"], "added_at": asked["attempt_ended_at"], "source": "callee", "lines": ""},
                **{"reason": "asked in a call", "call_id": asked["call_id"], "on_the_list": False},
            }
        )
    for row in rows:
        lead = of_phone.loc[row["phone"]] if row["phone"] in of_phone.index else None
        row |= {"lead_id": None if lead is None else lead["lead_id"], "line": None if lead is None else lead["line"]}
        its = dialled[(dialled["number_dialled"] == row["phone"]) & (dialled["placed_at"] > row["added_at"]) & ~_not_sent(dialled)]
        row["dialled_after"] = len(its)
    columns = ["phone", "lead_id", "line", "added_at", "source", "reason", "call_id", "lines", "on_the_list", "dialled_after"]
    return pd.DataFrame(rows, columns=columns).sort_values("added_at", ascending=False, kind="stable")


def _plain(phone: str) -> str:
    """The number without its extension."""
    return phone.partition(";")[0]


def _not_sent(attempts: pd.DataFrame) -> pd.Series:
    """Attempts that the call engine stopped before anything left."""
    return attempts["end_reason"].isin(["suppressed", "prefetch_failed", "outside_active_hours", "outside_permitted_hours"])


def reasons(leads: pd.DataFrame, attempts: pd.DataFrame, changes: pd.DataFrame) -> pd.DataFrame:
    """Each lead that no person has answered: where it stands, by which rule, and what the rule saw; in the order of the files."""
    contacted = attempts.loc[attempts["people"], "lead_id"].unique()
    open_leads = leads[~leads["lead_id"].isin(contacted)]
    last = changes.set_index("lead_id")
    return open_leads.assign(
        rule=looked_up(open_leads["lead_id"], last["event"]).fillna("not dialled yet"),
        value=open_leads["outcome"],
        reason=open_leads["note"].fillna(looked_up(open_leads["lead_id"], last["note"])),
        decided_at=looked_up(open_leads["lead_id"], last["at"]),
        next_due=open_leads["due_at"],
    )


def parity(entries: Sequence[LedgerEntry]) -> pd.DataFrame:
    """Whether the CRM has the last disposition of each lead, in the order of the files."""
    columns = ["lead_id", "line", "phone", "disposition", "verdict", "missing", "call_id", "delivery_id", "delivered_at"]
    columns += ["last_status", "last_error"]
    rows = [[getattr(entry, name) for name in columns] for entry in entries]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(delivered_at=pd.to_datetime(frame["delivered_at"], utc=True))
