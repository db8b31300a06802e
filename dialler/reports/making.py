"""Makes one report: reads the database in one transaction, computes, and gives plain values."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import Connection, Row, func, select

from core.kernel.clock import utc_now
from core.kernel.database import Database
from core.kernel.lines import SANDBOX
from core.kernel.numbers import callee_zones, mask
from core.kernel.statements import table_of
from dialler.campaigns.config import CampaignConfig
from dialler.campaigns.store import read_campaign
from dialler.leads.ledger import LedgerEntry, Pushes, ledger_page
from dialler.leads.tables import Attempt
from dialler.reports import best_time, details, intervals, lists, passes, performance, reading, totals
from dialler.reports.catalogue import REPORTS, WEEKDAYS, Column, ReportInfo
from dialler.reports.compliance import BotHours, compliance
from dialler.reports.definitions import VERSION
from dialler.reports.facts import select_attempts, with_facts
from dialler.reports.spec import Report, ReportSpec

__all__ = ["Elsewhere", "make_report"]

_attempts = table_of(Attempt)
_PAGE = 1000
_UNFILTERED = "the filters on attempts do not apply to this report"


class Elsewhere(Protocol):
    """What reports need and the dialler does not keep."""

    def hours_of(self, bot_id: str, version: int) -> BotHours | None:
        """The hours of a version of a bot; None: it is not known."""

    def suppressions_of(self, numbers: Iterable[str]) -> Sequence[Mapping[str, Any]]:
        """The suppressions of these numbers (E.164): `number`, `created_at`, `source`, `reason`, `call_id`, `lines`."""

    def pushes(self) -> Pushes:
        """Who knows what was pushed to the CRM."""


@dataclass
class _Making:
    """What one report is computed from; frames are read when they are asked for."""

    connection: Connection
    spec: ReportSpec
    campaign: Row[Any]
    now: datetime
    elsewhere: Elsewhere
    entries: Sequence[LedgerEntry]
    notes: list[str] = field(default_factory=list)

    def attempts(self, *, filtered: bool = True) -> pd.DataFrame:
        facts = with_facts(reading.read_attempts(self.connection, self.spec), self.spec.conversions)
        if not filtered:
            return facts
        if {"weekday", "hour"} & self.spec.where.keys():
            local = best_time.local_hours(facts, self.zones_of)
            days = local["weekday"].map(dict(enumerate(WEEKDAYS)))
            facts = facts.assign(callee_weekday=days.astype(object), callee_hour=local["hour"].astype(object))
        return select_attempts(facts, self.spec.where)

    def leads(self) -> pd.DataFrame:
        return reading.read_leads(self.connection, self.spec.campaign_id)

    def imports(self) -> pd.DataFrame:
        return reading.read_imports(self.connection, self.spec.campaign_id)

    def opt_outs(self) -> pd.DataFrame:
        leads = self.leads()
        found = self.elsewhere.suppressions_of({phone.partition(";")[0] for phone in leads["phone"]})
        return details.opt_outs(leads, self.attempts(filtered=False), found)

    def zones_of(self, phone: str) -> tuple[str, ...]:
        return _zones(phone, self.spec.zone)


@lru_cache(maxsize=200_000)
def _zones(phone: str, own: str) -> tuple[str, ...]:
    return tuple(callee_zones(phone, own))


def _summary(of: _Making) -> pd.DataFrame:
    return totals.summary(of.attempts(), of.leads())


def _lists(of: _Making) -> pd.DataFrame:
    return lists.list_performance(of.attempts(), of.leads(), of.imports())


def _hygiene(of: _Making) -> pd.DataFrame:
    rejected = reading.read_rejected(of.connection, of.spec.campaign_id)
    return lists.list_hygiene(of.attempts(filtered=False), of.leads(), of.imports(), rejected)


def _best_time(of: _Making) -> pd.DataFrame:
    frame, left_out = best_time.best_time(of.attempts(), of.zones_of)
    if left_out:
        of.notes.append(f"{left_out} attempts are left out: their callees' zones showed different hours, or are not known")
    return frame


def _calls(of: _Making) -> pd.DataFrame:
    imports = of.imports()
    return details.calls(of.attempts(), dict(zip(imports["id"], imports["source_name"], strict=True)), of.zones_of)


def _callbacks(of: _Making) -> pd.DataFrame:
    handoffs = reading.read_handoffs(of.connection, of.spec.campaign_id)
    return details.callbacks(of.leads(), of.attempts(filtered=False), handoffs, of.zones_of, of.now)


def _reasons(of: _Making) -> pd.DataFrame:
    return details.reasons(of.leads(), of.attempts(filtered=False), reading.read_last_changes(of.connection, of.spec.campaign_id))


def _compliance(of: _Making) -> pd.DataFrame:
    window = CampaignConfig.model_validate(of.campaign.settings).calling_window
    return compliance(of.attempts(filtered=False), of.spec.zone, window, of.elsewhere.hours_of, _zones, of.opt_outs())


_MAKERS: dict[str, Callable[[_Making], pd.DataFrame]] = {
    "summary": _summary,
    "lists": _lists,
    "passes": lambda of: passes.pass_outcome(of.attempts()),
    "dispositions": lambda of: intervals.dispositions(of.attempts(), of.spec.zone, of.spec.interval),
    "intervals": lambda of: intervals.interval_summary(of.attempts(), of.spec.zone, of.spec.interval),
    "bots": lambda of: performance.bot_versions(of.attempts()),
    "caller-ids": lambda of: performance.caller_ids(of.attempts(), of.spec.zone, of.now),
    "best-time": _best_time,
    "calls": _calls,
    "callbacks": _callbacks,
    "promises": lambda of: details.promises(of.attempts(), of.spec.zone, of.now),
    "opt-outs": lambda of: of.opt_outs(),
    "reasons": _reasons,
    "parity": lambda of: details.parity(of.entries),
    "hygiene": _hygiene,
    "compliance": _compliance,
}


def make_report(db: Database, spec: ReportSpec, elsewhere: Elsewhere) -> Report:
    """Make a report of a campaign as it is at this moment; the campaign may be running.

    Raises:
        sqlalchemy.exc.NoResultFound: there is no such campaign.
        dialler.core_client.CoreUnreachable: the pushes cannot be asked for.
    """
    info = REPORTS[spec.name]
    entries = asyncio.run(_ledger(db, elsewhere.pushes(), spec.campaign_id)) if spec.name == "parity" else ()
    with db.read() as connection:
        if db.is_postgresql:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        campaign = read_campaign(connection, spec.campaign_id)
        generated = utc_now()
        now = campaign.clock_at if campaign.own_clock and campaign.clock_at else generated
        making = _Making(connection, spec, campaign, now, elsewhere, entries)
        if spec.where and not info.filters:
            making.notes.append(_UNFILTERED)
        frame = _MAKERS[spec.name](making)
        live = connection.execute(
            select(func.count())
            .select_from(_attempts)
            .where(_attempts.c.campaign_id == spec.campaign_id, _attempts.c.state.in_(("placing", "placed")))
        ).scalar_one()
    zone = ZoneInfo(spec.zone)
    return Report(
        name=spec.name,
        title=info.title,
        campaign=campaign.name,
        campaign_id=campaign.id,
        sandbox=campaign.lines == SANDBOX,
        columns=info.columns,
        rows=_rows(frame.iloc[spec.offset :][: spec.limit], info, zone, masked=spec.mask),
        rows_in_all=len(frame),
        filter=spec.filter_text(),
        zone=spec.zone,
        generated_at=generated.astimezone(zone).isoformat(timespec="seconds"),
        as_of=now.astimezone(zone).isoformat(timespec="seconds"),
        definitions_version=VERSION,
        live=live,
        conversions=spec.conversions,
        notes=tuple(making.notes),
    )


async def _ledger(db: Database, pushes: Pushes, campaign_id: str) -> list[LedgerEntry]:
    entries: list[LedgerEntry] = []
    after = 0
    while page := await ledger_page(db, pushes, campaign_id, after=after, limit=_PAGE):
        entries += page
        after = page[-1].lead_id
    return entries


def _rows(frame: pd.DataFrame, info: ReportInfo, zone: ZoneInfo, *, masked: bool) -> list[list[Any]]:
    """The rows in plain values, in the order of the report's columns."""
    columns = []
    for column in info.columns:
        values = frame[column.key]
        if column.kind == "moment":
            values = pd.to_datetime(values, utc=True)
        columns.append([_plain(value, column, zone, masked) for value in values])
    return [list(row) for row in zip(*columns, strict=True)]


def _plain(value: Any, column: Column, zone: ZoneInfo, masked: bool) -> Any:
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    match column.kind:
        case "moment":
            return value.to_pydatetime(warn=False).astimezone(zone).isoformat(timespec="seconds")
        case "count":
            return int(value)
        case "share" | "seconds" | "decimal" | "money":
            number = float(value)
            return int(number) if column.kind == "decimal" and number.is_integer() else round(number, 6)
        case "yes_no":
            return bool(value)
        case "phone":
            return mask(value) if masked else str(value)
        case _:
            return value.isoformat() if isinstance(value, date) else str(value)
