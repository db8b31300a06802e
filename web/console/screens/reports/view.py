"""What the address of a report asks for, and a report as a page shows it: cells with the rows behind them, bars, the heat-map. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from babel.dates import format_datetime

from dialler.reports.catalogue import WEEKDAYS
from dialler.reports.definitions import DEFINITIONS
from dialler.reports.spec import FACTS, FILTERS
from web.console import formats
from web.console.foreign_texts import said
from web.console.i18n import current_locale
from web.console.i18n import gettext as _

__all__ = ["PAGE_ROWS", "Asked", "Bar", "Cell", "HeatCell", "ReportPage", "asked_from", "page_of"]

PAGE_ROWS: Final = 100
_ROW_FILTERS: Final = {
    "passes": ("attempt", "attempt"),
    "bots": ("version", "bot_version"),
    "caller-ids": ("number", "from_number"),
    "lists": ("list", "list"),
}
"""Report -> its column that says what the attempts behind a row have in common, and the filter for it."""
_BARS: Final = {
    "passes": ("attempt", "human_rate"),
    "caller-ids": ("number", "human_rate"),
    "lists": ("source", "contact_rate"),
    "intervals": ("interval", "human_rate"),
}
"""Report -> the column that names a bar, and the share that is its length."""
_MOST_BARS: Final = 24
_STEPS: Final = 9


@dataclass(frozen=True)
class Asked:
    """A report as the address of its page asks for it."""

    start: str = ""
    end: str = ""
    zone: str = ""
    interval: str = "hour"
    offset: int = 0
    where: Mapping[str, str] = field(default_factory=dict)

    def query(self, **changes: Any) -> str:
        """The query of the address, changed; empty values are left out."""
        values: dict[str, Any] = {
            "from": self.start,
            "to": self.end,
            "zone": self.zone,
            "interval": self.interval if self.interval != "hour" else "",
        }
        values |= {"offset": self.offset or "", **{f"where_{name}": value for name, value in self.where.items()}, **changes}
        text = urlencode({name: value for name, value in values.items() if value not in {"", None}})
        return f"?{text}" if text else ""


def asked_from(query: Mapping[str, str]) -> Asked:
    """What an address asks for; what makes no sense is left out."""
    offset = query.get("offset", "0")
    return Asked(
        query.get("from", "").strip()[:40],
        query.get("to", "").strip()[:40],
        query.get("zone", "").strip()[:64],
        "day" if query.get("interval") == "day" else "hour",
        int(offset) if offset.isascii() and offset.isdigit() and len(offset) < 9 else 0,
        {name: query[f"where_{name}"][:200] for name in FILTERS if query.get(f"where_{name}")},
    )


@dataclass(frozen=True)
class Cell:
    """A cell: its text, whether it is a figure, and the page with the rows behind it."""

    text: str
    numeric: bool = False
    link: str = ""
    raw: str = ""
    """The value as addresses have it."""


@dataclass(frozen=True)
class Bar:
    """A bar: what it is of, its length in percent, what it says."""

    name: str
    percent: float
    text: str


@dataclass(frozen=True)
class HeatCell:
    """A cell of the heat-map: its share and number of attempts, how strong its colour is, and the page with the calls."""

    share: str
    attempts: int
    step: int
    thin: bool
    link: str


@dataclass(frozen=True)
class ReportPage:
    """A report as its page shows it."""

    headings: list[tuple[str, str, bool]]
    """Title, definition (its name; empty if there is none), whether figures stand below."""
    rows: list[list[Cell]]
    definitions: list[dict[str, Any]]
    bars: list[Bar]
    bars_title: str
    heat_hours: list[int]
    heat: list[tuple[str, list[HeatCell | None]]]
    facts: list[tuple[str, str]]
    live: int
    first: int
    last: int
    rows_in_all: int


def page_of(document: Mapping[str, Any], asked: Asked, base: str) -> ReportPage:
    """The page of a report.

    Args:
        document: the report, as its JSON file has it.
        asked: what was asked for.
        base: the address of the campaign's reports.
    """
    columns, rows = document["columns"], document["rows"]
    keys = [column["key"] for column in columns]
    name = document["name"]
    named = [dict(zip(keys, row, strict=True)) for row in rows]
    hidden = {"metric", "formula", "unit"} if name == "summary" else {"attempt_id"}
    shown = [column for column in columns if column["key"] not in hidden]
    cells = [[_cell(column, row, name, asked, base) for column in shown] for row in named]
    heat_hours, heat = _heat(named, asked, base) if name == "best-time" else ([], [])
    return ReportPage(
        headings=[(said(column["title"]), column["metric"] or "", _is_figure(column["kind"])) for column in shown],
        rows=[] if name == "best-time" else cells,
        definitions=[_defined(one) for one in document["definitions"].values()],
        bars=_bars(named, name),
        bars_title=said(DEFINITIONS[_metric_of(name, columns)].title) if name in _BARS else "",
        heat_hours=heat_hours,
        heat=heat,
        facts=_facts(document),
        live=document["live"],
        first=min(asked.offset + 1, document["rows_in_all"]),
        last=asked.offset + len(rows),
        rows_in_all=document["rows_in_all"],
    )


def _defined(one: Mapping[str, str]) -> dict[str, str]:
    """A definition in sentences. Its texts may hold a percent sign, so templates must not translate them."""
    sentences = [_("%(sentence)s.") % {"sentence": said(text).rstrip(".।")} for text in (one["formula"], one["remark"]) if text]
    return {
        "name": one["name"],
        "title": said(one["title"]),
        "text": " ".join(sentences),
        "base": _("Of: %(base)s.") % {"base": said(one["base"])},
    }


def _metric_of(name: str, columns: Sequence[Mapping[str, Any]]) -> str:
    return str(next(column["metric"] for column in columns if column["key"] == _BARS[name][1]))


def _is_figure(kind: str) -> bool:
    return kind in {"count", "share", "seconds", "decimal", "money"}


def _cell(column: Mapping[str, Any], row: Mapping[str, Any], name: str, asked: Asked, base: str) -> Cell:
    value, kind = row[column["key"]], column["kind"]
    if name == "summary" and column["key"] == "title":
        return Cell(said(value), link=f"#define-{row['metric']}")
    if name == "summary" and column["key"] == "value":
        kind = {"share": "share", "seconds": "seconds", "minutes": "decimal"}.get(row["unit"], "decimal")
    return Cell(_shown(value, kind), _is_figure(kind), _link(column, row, name, asked, base) if value else "", str(value))


def _shown(value: Any, kind: str) -> str:
    if value is None:
        return "–"
    match kind:
        case "share":
            return formats.percent(value)
        case "count" | "decimal" | "money":
            return formats.number(value)
        case "seconds":
            return formats.duration(value)
        case "moment":
            return str(format_datetime(datetime.fromisoformat(value), "d MMM y, HH:mm", locale=current_locale()))
        case "yes_no":
            return _("yes") if value else _("no")
        case _:
            return str(value)


def _link(column: Mapping[str, Any], row: Mapping[str, Any], name: str, asked: Asked, base: str) -> str:
    """The page with the rows behind a figure: a lead, a call, or the calls that were counted."""
    metric = row["metric"] if name == "summary" and column["key"] == "value" else column["metric"]
    if column["key"] in {"lead_id", "call_id"}:
        return "lead" if column["key"] == "lead_id" else "call"
    if column["kind"] != "count" and name != "summary":
        return ""
    if metric not in FACTS and metric != "attempts":
        return ""
    changes: dict[str, Any] = {"interval": "", "offset": ""}
    if metric in FACTS:
        changes["where_fact"] = metric
    if name in _ROW_FILTERS:
        key, filter_name = _ROW_FILTERS[name]
        if row[key] in {None, ""}:
            return ""
        changes[f"where_{filter_name}"] = row[key]
    if "interval" in row:
        changes["from"], changes["to"] = _period(row["interval"])
    if name == "dispositions":
        changes["where_disposition"] = row["disposition"]
    return f"{base}/calls{asked.query(**changes)}"


def _period(interval: str) -> tuple[str, str]:
    """The period of an interval, as addresses have it."""
    if len(interval) == len("2026-03-04"):
        return interval, interval
    begins = datetime.strptime(interval, "%Y-%m-%d %H:%M %z")
    return begins.isoformat(), (begins + timedelta(hours=1)).isoformat()


def _bars(rows: Sequence[Mapping[str, Any]], name: str) -> list[Bar]:
    if name not in _BARS:
        return []
    key, share = _BARS[name]
    base = {"passes": "dials", "caller-ids": "dials", "lists": "leads", "intervals": "attempts"}[name]
    found = [row for row in rows if row[share] is not None][:_MOST_BARS]
    return [
        Bar(
            str(row[key] or "–"),
            round(100 * row[share], 1),
            _("%(share)s of %(n)s") % {"share": formats.percent(row[share]), "n": formats.number(row[base])},
        )
        for row in found
    ]


def _heat(rows: Sequence[Mapping[str, Any]], asked: Asked, base: str) -> tuple[list[int], list[tuple[str, list[HeatCell | None]]]]:
    """The hours with attempts, and for each weekday a cell for each of them."""
    if not rows:
        return [], []
    hours = list(range(min(row["hour"] for row in rows), max(row["hour"] for row in rows) + 1))
    found = {(row["weekday"], row["hour"]): row for row in rows}
    best = max((row["human_rate"] or 0 for row in rows if row["enough"]), default=0) or 1

    def cell(weekday: str, hour: int) -> HeatCell | None:
        row = found.get((weekday, hour))
        if row is None:
            return None
        step = min(_STEPS, round(_STEPS * (row["human_rate"] or 0) / best))
        link = f"{base}/calls{asked.query(where_weekday=weekday, where_hour=hour, offset='')}"
        return HeatCell(formats.percent(row["human_rate"]), row["attempts"], step, not row["enough"], link)

    return hours, [(said(weekday), [cell(weekday, hour) for hour in hours]) for weekday in WEEKDAYS]


def _facts(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    facts = [
        (_("Filter"), said(document["filter"])),
        (_("Time zone"), document["zone"]),
        (_("Made at"), _shown(document["generated_at"], "moment")),
    ]
    if document["as_of"] != document["generated_at"]:
        facts.append((_("By the campaign's clock"), _shown(document["as_of"], "moment")))
    facts += [
        (_("Conversions"), ", ".join(document["conversions"])),
        (_("Definitions"), _("version %(n)s") % {"n": document["definitions_version"]}),
    ]
    return [*facts, *((_("Note"), note) for note in document["notes"])]
