"""What is true of each attempt. Pure: every report counts these columns, so that all of them agree.

The counts are those of `dialler.leads.progress`, to the unit; a test holds them equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from dialler.policy.outcomes import Outcome
from dialler.reports.definitions import SHORT_SECONDS
from dialler.reports.spec import FACTS, BadSpec
from dialler.reports.words import group_of

__all__ = ["NOBODY", "looked_up", "select_attempts", "share", "with_facts"]

NOBODY: Final = "nobody"
_OPEN: Final = ("created", "placing", "placed")
_COLUMNS: Final = {
    "disposition": "disposition",
    "outcome": "outcome",
    "answered_by": "answered_by",
    "attempt": "number",
    "from_number": "from_number",
    "list": "import_id",
    "bot_version": "bot_version",
    "lead": "lead_id",
    "weekday": "callee_weekday",
    "hour": "callee_hour",
}
"""Filter -> the column that it looks at."""


def with_facts(attempts: pd.DataFrame, conversions: tuple[str, ...]) -> pd.DataFrame:
    """The attempts with a column for each fact: who answered, and what came of it."""
    facts = attempts.copy()
    outcome = facts["outcome"]
    facts["talk"] = pd.to_numeric(facts["talk"])
    facts["answered"] = (facts["sip_status"] == 200).astype(bool)
    facts["machines"] = facts["answered"] & (outcome == Outcome.VOICEMAIL)
    facts["silent"] = facts["answered"] & (outcome == Outcome.RNR)
    facts["people"] = facts["answered"] & ~facts["machines"] & ~facts["silent"]
    facts["live"] = facts["state"].isin(_OPEN) & ~facts["answered"]
    nobody = ~facts["answered"] & ~facts["live"]
    facts["no_answer"] = nobody & (outcome == Outcome.NO_ANSWER)
    facts["busy"] = nobody & (outcome == Outcome.REJECTED)
    facts["failed"] = nobody & ~facts["no_answer"] & ~facts["busy"]
    facts["right_party"] = facts["people"] & facts["right_party"].isin(["true", "1", "True", True, 1])
    facts["conversions"] = facts["answered"] & facts["disposition"].isin(list(conversions))
    facts["promises"] = facts["answered"] & (facts["disposition"] == "PROMISE_TO_PAY")
    facts["opt_outs"] = facts["answered"] & (outcome == Outcome.DO_NOT_CALL)
    facts["transfers"] = outcome == Outcome.TRANSFERRED
    facts["callbacks"] = outcome == Outcome.CALLBACK
    facts["cut_off"] = outcome == Outcome.CUT_OFF
    facts["abandoned"] = facts["answered"] & (facts["disposition"] == "ABANDONED")
    facts["short_calls"] = facts["people"] & (facts["talk"] < SHORT_SECONDS)
    facts["group"] = [group_of(word if isinstance(word, str) else None, conversions) for word in facts["disposition"]]
    facts["answered_by"] = NOBODY
    for who, column in (("person", "people"), ("machine", "machines"), ("silent", "silent")):
        facts.loc[facts[column], "answered_by"] = who
    return facts


def select_attempts(facts: pd.DataFrame, where: Mapping[str, str]) -> pd.DataFrame:
    """The attempts that all filters let through.

    Raises:
        BadSpec: there is no such filter.
    """
    for name, value in where.items():
        if name == "fact" and value in FACTS:
            facts = facts[facts[value]]
            continue
        if name not in _COLUMNS:
            raise BadSpec("where", f"there is no filter {name!r}")
        facts = facts[facts[_COLUMNS[name]].map(_text) == value]
    return facts


def looked_up(keys: pd.Series, values: pd.Series) -> pd.Series:
    """The value of each key, by the index of `values`; missing where there is none. `Series.map` fails on moments if there are none."""
    return pd.Series(values.reindex(keys).array, index=keys.index, dtype=values.dtype)


def share(part: pd.Series, whole: pd.Series) -> pd.Series:
    """Fractions of 1; missing where the whole is 0."""
    whole = pd.to_numeric(whole).astype(float)
    return (pd.to_numeric(part).astype(float) / whole.where(whole > 0)).round(6)


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value)  # noqa: PLR0124 - NaN
