"""What the result of a call says of transfers, derived from its event log. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["TransferFacts", "transfer_facts"]


@dataclass(frozen=True)
class TransferFacts:
    """The guide's transfer fields, under its names."""

    was_transferred: bool = False
    transfer_destination: str | None = None
    transfer_target: str | None = None
    transfer_reason: str | None = None
    transfer_method: str | None = None
    transfer_at: float | None = None
    transfer_failed_reason: str | None = None


def transfer_facts(events: Iterable[tuple[str, Mapping[str, Any]]]) -> TransferFacts:
    """The transfer fields of a call from its events `(kind, data)`, in order.

    `was_transferred` is true only if a `transfer_sent` fired and no later `transfer_failed` (source: the integration
    guide). The other fields describe the last attempt; `at` in the data is in seconds since the answer. Other events
    change nothing.
    """
    facts = TransferFacts()
    sent = False
    for kind, data in events:
        if kind == "transfer_sent":
            sent = True
            facts = _described(data, was_transferred=True, failed_reason=None)
        elif kind == "transfer_failed":
            failed_reason = str(data.get("failed_reason") or "the transfer failed")
            facts = _described(data if not sent else {**_as_data(facts), **data}, was_transferred=False, failed_reason=failed_reason)
            sent = False
    return facts


def _described(data: Mapping[str, Any], *, was_transferred: bool, failed_reason: str | None) -> TransferFacts:
    return TransferFacts(
        was_transferred=was_transferred,
        transfer_destination=data.get("destination"),
        transfer_target=data.get("target"),
        transfer_reason=data.get("reason"),
        transfer_method=data.get("method"),
        transfer_at=data.get("at"),
        transfer_failed_reason=failed_reason,
    )


def _as_data(facts: TransferFacts) -> dict[str, Any]:
    return {
        "destination": facts.transfer_destination,
        "target": facts.transfer_target,
        "reason": facts.transfer_reason,
        "method": facts.transfer_method,
        "at": facts.transfer_at,
    }
