"""What a conversation has established so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

__all__ = ["Facts"]


@dataclass
class Facts:
    """Filled turn by turn by the effects of a scenario; `rules.report` makes the analysis of it.

    `disposition` and `sub` are set by what decides a call; what only accompanies it (a callback, a question) has its own
    fields. `times` counts how often something happened, by name.
    """

    disposition: str | None = None
    sub: str | None = None
    right_party: bool | None = None
    promise_date: date | None = None
    promise_amount: float | None = None
    paid_date: date | None = None
    reason: str | None = None
    callback_requested: bool = False
    callback_at: datetime | None = None
    callback_words: str | None = None
    callback_moved: bool = False
    """They may not be called at the time that they named: `callback_at` is the next one."""
    callback_zone: str | None = None
    """The name of the zone of `callback_at`, if it has to be said."""
    requested_at: str | None = None
    requested_words: str | None = None
    answers: dict[str, Any] = field(default_factory=dict)
    questions: list[str] = field(default_factory=list)
    wants_person: bool = False
    transfer_target: str | None = None
    transfer_failed: bool = False
    do_not_call: bool = False
    times: dict[str, int] = field(default_factory=dict)

    def count(self, name: str) -> int:
        """Count one more of `name`; returns the new count."""
        self.times[name] = self.times.get(name, 0) + 1
        return self.times[name]

    def decide(self, disposition: str, sub: str | None = None) -> None:
        """Set the disposition; a later decision replaces an earlier one, except that a wish never to be called again stays."""
        if not self.do_not_call:
            self.disposition, self.sub = disposition, sub
