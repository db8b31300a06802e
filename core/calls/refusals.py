"""Why a dialout is refused: raised by the gates, answered by the API as problem details. Nothing was placed.

Refusal
 +-- BotNotFound          404
 +-- InvalidRequest       422, every bad field at once
 +-- KeyReused            422, the Idempotency-Key came with another body before
 +-- NotNow               503, with the moment when it could work
      +-- Draining       this process takes no new calls
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

__all__ = ["BotNotFound", "Draining", "FieldProblem", "InvalidRequest", "KeyReused", "NotNow", "Refusal"]


@dataclass(frozen=True)
class FieldProblem:
    """What is wrong with one field of a request, and a word for programs."""

    field: str
    detail: str
    code: str = "invalid"


class Refusal(Exception):
    """A dialout that was not placed."""


class BotNotFound(Refusal):
    """There is no such bot, or the key may not use it: both look alike."""

    def __init__(self, bot_id: str) -> None:
        super().__init__(f"There is no bot {bot_id!r} that this key may use.")


class InvalidRequest(Refusal):
    """The request can never work as it is."""

    def __init__(self, problems: list[FieldProblem]) -> None:
        super().__init__(" ".join(f"{p.field}: {p.detail.rstrip('.')}." for p in problems))
        self.problems = problems


class KeyReused(Refusal):
    """The same Idempotency-Key came with another body before."""

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another request. Send a new key for a new call.")


class NotNow(Refusal):
    """It could work at another moment.

    Attributes:
        reason: `no_capacity`, `outside_active_hours`, `outside_permitted_hours`, `trunk_unavailable`, `number_busy` or
            `contact_cap`.
        retry_at: when it could work; None if nobody knows, or never.
        opens_at: when the bot opens, if it is closed; the callee may not be called yet then.
        rule: the name of the rule that forbids it, such as `US-FL.hours`, if one does (`core.kernel.rules`).
    """

    def __init__(
        self,
        reason: Literal[
            "no_capacity", "outside_active_hours", "outside_permitted_hours", "trunk_unavailable", "number_busy", "contact_cap"
        ],
        detail: str,
        retry_at: datetime | None,
        opens_at: datetime | None = None,
        rule: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.reason, self.retry_at, self.opens_at, self.rule = reason, retry_at, opens_at, rule


class Draining(NotNow):
    """This process takes no new calls, because it is about to end."""

    def __init__(self, retry_at: datetime | None) -> None:
        super().__init__("no_capacity", "This server is draining: it takes no new calls.", retry_at)
