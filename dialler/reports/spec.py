"""What a report is asked for, and what it is: plain values that go through JSON, so that a process of its own can compute it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from core.kernel.hours import check_time_zone
from dialler.campaigns.config import CampaignConfig
from dialler.reports.catalogue import REPORTS, Column
from dialler.reports.words import CONVERSIONS

__all__ = ["FACTS", "FILTERS", "BadSpec", "Interval", "Report", "ReportSpec", "make_spec", "zone_of_window"]

Interval = Literal["hour", "day"]
FACTS: Final = (
    *("answered", "people", "machines", "silent", "no_answer", "busy", "failed", "live", "right_party", "conversions", "promises"),
    *("opt_outs", "transfers", "callbacks", "cut_off", "abandoned", "short_calls"),
)
"""What is true or not of each attempt; each is a figure of the definitions register, too."""
FILTERS: Final = {
    "disposition": "the disposition of the attempt",
    "outcome": "the outcome of the attempt",
    "answered_by": "who answered: person, machine, silent or nobody",
    "attempt": "the number of the attempt, from 1",
    "from_number": "the caller ID",
    "list": "the id of the import",
    "bot_version": "the version of the bot",
    "lead": "the id of the lead",
    "fact": "a fact that is counted: " + ", ".join(FACTS),
    "weekday": "the callee's weekday when it was dialled: Monday, ...",
    "hour": "the callee's hour when it was dialled: 0 to 23",
}
"""What the attempts of a report can be restricted to: the rows behind a figure are the report `calls` with the figure's filters."""


class BadSpec(ValueError):
    """A report cannot be made as asked: the parameter at fault, and what is wrong with it."""

    def __init__(self, parameter: str, problem: str) -> None:
        super().__init__(problem)
        self.parameter, self.problem = parameter, problem


@dataclass(frozen=True)
class ReportSpec:
    """One report that is asked for.

    Attributes:
        campaign_id: the campaign.
        name: the report, one of the catalogue.
        zone: time zone (IANA) of days, hours and shown times.
        start, end: attempts placed from `start` on and before `end` (aware); None: no limit.
        interval: of the reports that have intervals.
        conversions: the dispositions that count as conversions.
        where: filters on the attempts, by the names of FILTERS.
        mask: show only the country code and the last digits of callees' numbers.
        offset, limit: which rows of the result; None: all from `offset` on.
    """

    campaign_id: str
    name: str
    zone: str
    start: datetime | None = None
    end: datetime | None = None
    interval: Interval = "hour"
    conversions: tuple[str, ...] = CONVERSIONS
    where: Mapping[str, str] = field(default_factory=dict)
    mask: bool = False
    offset: int = 0
    limit: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        values = asdict(self)
        for key in ("start", "end"):
            values[key] = values[key].isoformat() if values[key] else None
        return {**values, "conversions": list(self.conversions), "where": dict(self.where)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ReportSpec:
        """The spec from the values of `as_dict`."""
        moments = {key: datetime.fromisoformat(values[key]) if values[key] else None for key in ("start", "end")}
        return cls(**{**values, **moments, "conversions": tuple(values["conversions"])})

    def filter_text(self) -> str:
        """The filter, for people: period and restrictions."""
        zone = ZoneInfo(self.zone)
        parts = []
        if self.start is not None:
            parts.append(f"from {self.start.astimezone(zone):%Y-%m-%d %H:%M}")
        if self.end is not None:
            parts.append(f"before {self.end.astimezone(zone):%Y-%m-%d %H:%M}")
        parts += [f"{name} is {value}" for name, value in self.where.items()]
        return ", ".join(parts) or "everything"


@dataclass(frozen=True)
class Report:
    """A report that was made. `rows` have a plain value for each column; shares are fractions of 1, moments ISO 8601 in the zone."""

    name: str
    title: str
    campaign: str
    campaign_id: str
    sandbox: bool
    columns: tuple[Column, ...]
    rows: list[list[Any]]
    filter: str
    zone: str
    generated_at: str
    as_of: str
    """The campaign's clock when the report was made; differs from `generated_at` for a campaign that was run in virtual time."""
    definitions_version: int
    live: int
    conversions: tuple[str, ...]
    rows_in_all: int
    """Rows of the whole report, of which `rows` may be a part."""
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def zone_of_window(settings: Mapping[str, Any]) -> str | None:
    """The time zone of a campaign's calling window; None if it has none."""
    window = CampaignConfig.model_validate(settings).calling_window
    return None if window is None else window.time_zone


def make_spec(
    campaign_id: str,
    name: str,
    *,
    zone: str,
    start: str | None = None,
    end: str | None = None,
    interval: str = "hour",
    conversions: tuple[str, ...] = (),
    where: Mapping[str, str] | None = None,
    mask: bool = False,
    offset: int = 0,
    limit: int | None = None,
) -> ReportSpec:
    """A spec from texts, as a command or a request gives them.

    Args:
        start: a date, or a time in ISO 8601; without an offset it is in `zone`.
        end: the same; of a date, the whole day is included.

    Raises:
        BadSpec: one of them cannot be used.
    """
    if name not in REPORTS:
        raise BadSpec("report", f"there is no report {name!r}; they are {', '.join(REPORTS)}")
    try:
        check_time_zone(zone)
    except ValueError as error:
        raise BadSpec("zone", str(error)) from None
    if interval not in {"hour", "day"}:
        raise BadSpec("interval", "it is hour or day")
    if unknown := [key for key in where or {} if key not in FILTERS]:
        raise BadSpec("where", f"there is no filter {unknown[0]!r}; they are {', '.join(FILTERS)}")
    if (fact := (where or {}).get("fact")) is not None and fact not in FACTS:
        raise BadSpec("where", f"there is no fact {fact!r}; they are {', '.join(FACTS)}")
    begins, ends = _moment("from", start, zone, end=False), _moment("to", end, zone, end=True)
    if begins is not None and ends is not None and begins >= ends:
        raise BadSpec("to", "it is not after the beginning of the period")
    chosen = tuple(word.strip() for word in conversions if word.strip()) or CONVERSIONS
    kind: Interval = "day" if interval == "day" else "hour"
    return ReportSpec(campaign_id, name, zone, begins, ends, kind, chosen, dict(where or {}), mask, offset, limit)


def _moment(parameter: str, text: str | None, zone: str, *, end: bool) -> datetime | None:
    if text is None or not text.strip():
        return None
    text = text.strip()
    try:
        if len(text) == len("2026-03-04"):
            day = date.fromisoformat(text) + timedelta(days=1 if end else 0)
            return datetime.combine(day, time(), ZoneInfo(zone))
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise BadSpec(parameter, f"{text!r} is not a date or a time: write 2026-03-04 or 2026-03-04T10:00") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(zone))
