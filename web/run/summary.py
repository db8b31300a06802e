"""The summary of a run: `summary.json`, and what the command ends with."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from core.kernel.moments import moment_text
from core.trunks.reading import BUILT_IN, find_trunk
from dialler.campaigns.store import read_campaign
from dialler.imports.report import ImportReport
from dialler.leads.progress import progress
from web.composition import Whole
from web.run.audit import Audit
from web.run.files import replaced
from web.run.outputs import advice_on, failure_table, outcome_table, why_calls_failed

__all__ = ["RunSummary", "summarise", "write_summary"]


@dataclass(frozen=True)
class RunSummary:
    """What came of a run. `state` is the campaign's, or `interrupted`.

    `speed` is the factor that was asked for and the one that was reached; None at `max`. Else no real time stands here: a seeded run at
    `max` repeats exactly.
    """

    campaign: str
    campaign_id: str
    state: str
    reason: str | None
    sandbox: bool
    started_at: str | None
    ended_at: str
    leads: int
    leads_by_state: dict[str, int]
    outcomes: list[dict[str, Any]]
    attempts: int
    answered: int
    answer_rate: float | None
    held: int
    imported: dict[str, Any]
    deliveries: dict[str, int]
    audit: dict[str, Any]
    speed: dict[str, float] | None = None
    troubles: list[str] = field(default_factory=list)
    """CRMs and other endpoints that failed at the end, or to which pushes were given up, each with the reason."""
    failures: list[dict[str, Any]] = field(default_factory=list)
    """What is noted of the leads whose last call failed for a technical reason, and of how many; the most frequent ones."""

    why_calls_failed: list[dict[str, Any]] = field(default_factory=list)
    """The most frequent SIP statuses and reasons of calls that nobody answered: how many calls, whose fault, and what to do."""
    carrier_allows: dict[str, Any] | None = None
    """What the carrier of the run's trunk seems to allow, where that is less than the trunk's record says."""
    answered_by: dict[str, int] = field(default_factory=dict)
    """Of the answered calls, how many `people`, `machines`, or somebody `silent` throughout picked up."""
    time_zone: str = "UTC"
    """The campaign's: that of its calling window, else the bot's. The moments here are in UTC."""

    @property
    def undelivered(self) -> int:
        """Pushes that the CRM has not accepted yet."""
        return self.deliveries["pending"] + self.deliveries["dead"]

    @property
    def finished(self) -> bool:
        """Whether the campaign came to its end by itself."""
        return self.state == "completed"

    @property
    def exit_code(self) -> int:
        """0 done and delivered, 1 stopped before the end, 2 no row could be used, 3 some pushes undelivered, 4 the callees' own log
        disagrees, however the run ended (docs/cli.md).
        """
        if not self.audit["clean"]:
            return 4
        if not self.leads:
            return 2
        if not self.finished:
            return 1
        return 3 if self.undelivered else 0

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as `summary.json` has them."""
        return {**asdict(self), "exit_code": self.exit_code}


def summarise(
    whole: Whole,
    campaign_id: str,
    state: str,
    report: ImportReport,
    deliveries: dict[str, int],
    found: Audit,
    reached: float | None = None,
    *,
    time_zone: str,
) -> RunSummary:
    """Put the summary together from the database.

    Args:
        whole: the running process.
        campaign_id: the campaign.
        state: the one that it ended in, or `interrupted`.
        report: of the import.
        deliveries: pushes by state.
        found: by the audit.
        reached: how many times as fast as real time the clock ran; None if no factor was asked for.
        time_zone: the campaign's.
    """
    with whole.db.read() as connection:
        campaign = read_campaign(connection, campaign_id)
        counts = progress(connection, campaign_id)
        outcomes, failures = outcome_table(connection, campaign_id), failure_table(connection, campaign_id)
        why = why_calls_failed(connection, campaign_id)
        allows = _carrier_allows(connection, whole.settings.trunk)
    return RunSummary(
        campaign=campaign.name,
        campaign_id=campaign_id,
        state=state,
        reason=campaign.reason,
        sandbox=whole.settings.trunk in {None, BUILT_IN},
        started_at=moment_text(campaign.started_at) if campaign.started_at else None,
        ended_at=moment_text(whole.clock.now()),
        leads=counts.leads,
        leads_by_state=dict(sorted(counts.by_state.items())),
        outcomes=[{"state": s, "disposition": d, "leads": n} for s, d, n in outcomes],
        attempts=counts.attempts,
        answered=counts.answered,
        answer_rate=round(counts.answered / counts.attempts, 4) if counts.attempts else None,
        held=counts.by_state.get("held", 0),
        imported=report.as_dict(),
        troubles=[str(standing) for standing in whole.client.watch.standing()],
        failures=[{"note": note, "leads": n} for note, n in failures],
        why_calls_failed=[
            {"sip_status": status, "sip_reason": reason, "fault": fault, "calls": calls, "advice": advice_on(status, reason, fault)}
            for status, reason, fault, calls in why
        ],
        carrier_allows=allows,
        answered_by={"people": counts.people, "machines": counts.machines, "silent": counts.silent},
        time_zone=time_zone,
        deliveries=deliveries,
        audit={**asdict(found), "clean": found.clean},
        speed=None if reached is None or whole.settings.speed is None else {"asked": whole.settings.speed, "reached": round(reached, 1)},
    )


def _carrier_allows(connection: Connection, trunk: str | None) -> dict[str, Any] | None:
    if trunk is None:
        return None
    record = find_trunk(connection, trunk)
    limits = record.health.limits
    words = limits.in_words(record.channels, record.calls_per_second)
    if not words:
        return None
    return {
        "trunk": trunk,
        "channels": None if limits.channels is None else int(limits.channels.holds),
        "calls_per_second": None if limits.rate is None else round(limits.rate.holds, 3),
        "words": words,
        "reason": limits.reason,
    }


def write_summary(summary: RunSummary, out: Path) -> None:
    """Write `summary.json`."""
    with replaced(out / "summary.json") as file:
        file.write(json.dumps(summary.as_dict(), indent=2, ensure_ascii=False, default=str) + "\n")
