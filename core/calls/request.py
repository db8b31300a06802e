"""A dialout as it was asked for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from core.calls.refusals import FieldProblem
from core.kernel.hours import Constraint
from core.kernel.purposes import Purpose

__all__ = ["DialoutRequest"]


@dataclass(frozen=True)
class DialoutRequest:
    """What a dialout asks for; numbers as they were written.

    `problems` are the faults that whoever read the request found in it. The gates add theirs, so that a refusal names
    every bad field at once. A field that is missing or could not be read is empty.

    `promised_callback` says that the callee asked to be called back about now; `calling_window` is when the caller of the API calls, for
    callbacks that are promised in the call.
    """

    bot_id: str
    to_number: str
    from_number: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    idempotency_key: str | None = None
    purpose: Purpose | None = None
    promised_callback: bool = False
    calling_window: Constraint | None = None
    problems: tuple[FieldProblem, ...] = ()

    def fingerprint(self) -> str:
        """What makes two requests the same, for the Idempotency-Key."""
        content: list[Any] = [self.bot_id, self.to_number, self.from_number, self.variables]
        content += [self.purpose] if self.purpose else []  # those of earlier versions had none
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
