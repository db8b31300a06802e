"""How the registration of a trunk stands, as it is kept and shown. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

__all__ = ["Registration"]

_LONGEST = 200


@dataclass(frozen=True)
class Registration:
    """The last news of a trunk's registration.

    Attributes:
        at: when it came.
        expires_at: until when the trunk knows where we are; None: it does not.
        reason: what was wrong with the last answer, in words; empty: nothing.
    """

    at: datetime
    expires_at: datetime | None = None
    reason: str = ""

    def state(self, now: datetime) -> Literal["registered", "expired", "not_registered"]:
        """Whether calls to us find us. `expired`: it ran out and nothing renewed it, as when its process died."""
        if self.expires_at is None:
            return "not_registered"
        return "registered" if now < self.expires_at else "expired"

    def record(self) -> dict[str, Any]:
        """As it is kept."""
        expires_at = self.expires_at.isoformat() if self.expires_at else None
        return {"at": self.at.isoformat(), "expires_at": expires_at, "reason": self.reason[:_LONGEST]}

    @classmethod
    def of(cls, record: Mapping[str, Any] | None) -> Registration | None:
        """What `record` kept; None: nothing."""
        if not record:
            return None
        expires_at = record["expires_at"]
        return cls(datetime.fromisoformat(record["at"]), datetime.fromisoformat(expires_at) if expires_at else None, record["reason"])
