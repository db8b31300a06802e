"""Campaigns with attempts of every kind, written straight into the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert

from core.kernel.database import Database
from core.kernel.hours import HoursConfig, PermittedHours
from core.kernel.ids import Ids
from core.kernel.processes import this_process
from core.kernel.statements import table_of
from dialler.campaigns.store import create_campaign
from dialler.imports.tables import LeadImport, RejectedRow
from dialler.leads.ledger import Pushes
from dialler.leads.tables import Attempt, Lead, LeadHandoff
from dialler.reports.compliance import BotHours
from dialler.reports.making import make_report
from dialler.reports.spec import Report, make_spec

START = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)  # a Wednesday


@dataclass
class NoPushes:
    """A core that has pushed nothing."""

    async def deliveries(self, call_ids: Sequence[str], kind: str) -> Sequence[Mapping[str, Any]]:
        return []

    async def replay(self, call_ids: Sequence[str], kind: str) -> int:
        return 0


@dataclass
class Told:
    """What the core would tell."""

    hours: BotHours | None = field(
        default_factory=lambda: BotHours("UTC", HoursConfig(), PermittedHours(enabled=True, start="08:00", end="21:00"))
    )
    suppressions: list[dict[str, Any]] = field(default_factory=list)

    def hours_of(self, bot_id: str, version: int) -> BotHours | None:
        return self.hours

    def suppressions_of(self, numbers: Iterable[str]) -> Sequence[Mapping[str, Any]]:
        wanted = set(numbers)
        return [entry for entry in self.suppressions if entry["number"] in wanted]

    def pushes(self) -> Pushes:
        return NoPushes()


class Stage:
    """A campaign, filled row by row."""

    def __init__(self, db: Database, **settings: Any) -> None:
        self.db, self.id, self.told = db, Ids().new(), Told()
        me = this_process()
        owner = {"owner_host": me.host, "owner_pid": me.pid, "owner_pid_started": me.started, "alive_at": START}
        with db.write() as connection:
            create_campaign(connection, self.id, f"May {self.id}", "reminder", {"name": "May", **settings}, START)
            connection.execute(
                insert(table_of(LeadImport)).values(
                    id=f"list-{self.id}",
                    campaign_id=self.id,
                    source_name="leads.csv",
                    sha256="0",
                    state="active",
                    report={"rows_read": 12, "rejected": 2, "repairs": {}},
                    created_at=START,
                    activated_at=START,
                    **owner,
                )
            )
        self.lines = 0

    def lead(self, phone: str, state: str = "completed", **more: Any) -> int:
        """A lead; returns its id."""
        self.lines += 1
        values = {"variables": {}, "attempts": 0, "uncharged": 0, "updated_at": START, **more}
        if state in {"claimed", "dialling"}:
            values["lease_token"] = "t"
        with self.db.write() as connection:
            made = connection.execute(
                insert(table_of(Lead))
                .values(
                    campaign_id=self.id,
                    import_id=f"list-{self.id}",
                    position=self.lines,
                    line=self.lines + 1,
                    phone=phone,
                    state=state,
                    **values,
                )
                .returning(table_of(Lead).c.id)
            ).scalar_one()
        return int(made)

    def attempt(self, lead: int, number: int = 1, at: datetime = START, *, result: dict[str, Any] | None = None, **more: Any) -> str:
        """An attempt that was placed at `at`, ended if it has a result; returns its id."""
        attempt_id = Ids().new()
        ended = result is not None
        values = {"kind": "first", "state": "ended" if ended else "placed", "placed_at": at, "ended_at": at if ended else None, **more}
        if ended:
            values["result"] = {
                **{"bot_id": "reminder", "bot_version": 1, "from_number": "+12025550100", "end_reason": "completed"},
                **{
                    "started_at": at.isoformat(),
                    "ringing_at": None,
                    "answered_at": None,
                    "ended_at": (at + timedelta(seconds=30)).isoformat(),
                },
                **(result or {}),
            }
        with self.db.write() as connection:
            connection.execute(
                insert(table_of(Attempt)).values(
                    id=attempt_id,
                    campaign_id=self.id,
                    lead_id=lead,
                    number=number,
                    created_at=at,
                    call_id=f"call-{attempt_id}",
                    refusals=0,
                    failed_dialouts=0,
                    **values,
                )
            )
        return attempt_id

    def talk(self, lead: int, disposition: str, number: int = 1, at: datetime = START, *, outcome: str = "reached", **analysis: Any) -> str:
        """An attempt that a person answered, with this analysis."""
        result = {
            "ringing_at": at.isoformat(),
            "answered_at": (at + timedelta(seconds=5)).isoformat(),
            "post_call_analysis": {"right_party": True, **analysis},
        }
        more: dict[str, Any] = {"sip_status": 200, "outcome": outcome, "disposition": disposition, "disconnected_by": "bot"}
        return self.attempt(lead, number, at, result=result, call_duration_seconds=25.0, **more)

    def rejected(self, kind: str, reason: str, line: int = 3) -> None:
        """A row of the file that was not imported."""
        values = {"line": line, "column": "phone", "value": "x", "reason": reason, "advice": "", "kind": kind}
        with self.db.write() as connection:
            connection.execute(insert(table_of(RejectedRow)).values(import_id=f"list-{self.id}", **values))

    def handoff(self, lead: int, attempt_id: str, wanted_at: datetime | None = None) -> None:
        """An open entry of the work list."""
        with self.db.write() as connection:
            connection.execute(
                insert(table_of(LeadHandoff)).values(
                    campaign_id=self.id, lead_id=lead, attempt_id=attempt_id, asked_at=START, wanted_at=wanted_at, state="waiting"
                )
            )

    def report(self, name: str, **asked: Any) -> Report:
        """A report of the campaign."""
        return make_report(self.db, make_spec(self.id, name, **{"zone": "UTC", **asked}), self.told)

    def rows(self, name: str, **asked: Any) -> list[dict[str, Any]]:
        """Its rows, by the keys of the columns."""
        made = self.report(name, **asked)
        return [dict(zip((column.key for column in made.columns), row, strict=True)) for row in made.rows]

    def figures(self, **asked: Any) -> dict[str, Any]:
        """The figures of the summary."""
        return {row["metric"]: row["value"] for row in self.rows("summary", **asked)}
