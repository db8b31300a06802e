"""What `dialler check` says about times that are over, or have not come: limits that are set, and columns that look like one. Pure."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from typing import Final

from core.kernel.numbers import callee_zones
from core.kernel.words import counted
from dialler.campaigns.config import CampaignConfig
from dialler.imports.moments import NotAMoment, parse_moment
from dialler.imports.report import LeadRow
from dialler.imports.times import LIMITS

__all__ = ["PastTimes"]

_SAMPLED: Final = 2000
"""Leads whose columns are searched for times."""
_MOSTLY: Final = 0.8
_TELLING: Final = re.compile(
    r"appointment|appt|booking|reservation|visit|event|delivery|slot|expir|valid|until|deadline|termin|cita|rendez|\brdv\b", re.IGNORECASE
)
_DATE_LIKE: Final = re.compile(r"\d.*\d{2}|\d{4}")


class PastTimes:
    """Counts the times of the leads of one file.

    Args:
        campaign: its settings.
        fallback_zone: the clock of callees whose number tells no zone.
        now: when the campaign is started.
    """

    def __init__(self, campaign: CampaignConfig, fallback_zone: str, now: datetime) -> None:
        self._campaign, self._fallback, self._now = campaign, fallback_zone, now
        self._over = self._early = self._never = self._looked = 0
        self._times: Counter[str] = Counter()
        self._past: Counter[str] = Counter()
        self._filled: Counter[str] = Counter()
        self._day_first = campaign.date_order == "day_first" if campaign.date_order else campaign.default_region not in {None, "US"}

    def take(self, lead: LeadRow) -> None:
        """Count one lead."""
        begins, ends = lead.times.not_before, lead.times.expires_at
        self._over += ends is not None and ends <= self._now
        self._early += begins is not None and begins > self._now
        self._never += begins is not None and ends is not None and self._now < ends <= begins
        if self._looked < _SAMPLED:
            self._looked += 1
            self._look(lead)

    def notes(self) -> list[str]:
        """Sentences on the leads that were counted."""
        notes = [
            f"campaign.yaml: `{limit}` is {written}, which is over."
            for limit in ("not_after", "expires_at")
            if (written := getattr(self._campaign, limit)) and parse_moment(written).ends(["UTC"]) <= self._now.astimezone(UTC)
        ]
        if self._over:
            notes.append(f"{counted(self._over, 'lead')} will end as `expired` without a call: not_after or expires_at is over already.")
        if self._never:
            notes.append(f"{counted(self._never, 'lead is', 'leads are')} never dialled: their `not_before` is not before their end.")
        if self._early:
            notes.append(f"{counted(self._early, 'lead waits', 'leads wait')} for `not_before`.")
        return [*notes, *self._columns()]

    def _look(self, lead: LeadRow) -> None:
        for name, text in lead.variables.items():
            if not text:
                continue
            self._filled[name] += 1
            if not _DATE_LIKE.search(text):
                continue
            try:
                moment = parse_moment(text, self._day_first)
            except NotAMoment:
                continue
            self._times[name] += 1
            zones = callee_zones(lead.phone, self._fallback) or [self._fallback]
            self._past[name] += moment.ends(zones) <= self._now

    def _columns(self) -> list[str]:
        """A note on each column of times, some of which are over, that is not used as a limit."""
        used = {getattr(self._campaign, f"{limit}_column") for limit in LIMITS}
        if any(used - {None}):
            return []
        notes = []
        for name, past in self._past.items():
            times = self._times[name]
            if not past or name in LIMITS or times < self._filled[name] * _MOSTLY or not (past < times or _TELLING.search(name)):
                continue
            rows = f"{past} of {counted(times, 'row')}"
            advice = f"If nobody is to be called after it, set `expires_at_column: {name}`."
            notes.append(f"The column {name} holds times that are over in {rows}. {advice}")
        return notes
