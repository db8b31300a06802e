"""What was decided for a dialout: kept with the call, in the statement that writes its intent. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from core.kernel.hours.zones import local_time
from core.kernel.numbers import Place
from core.kernel.purposes import Purpose
from core.kernel.rules import Counted, Rules

__all__ = ["evidence_of"]


def evidence_of(
    rules: Rules,
    place: Place,
    purpose: Purpose | None,
    zones: Sequence[str],
    counted: Counted,
    now: datetime,
    *,
    promised_callback: bool,
) -> dict[str, Any]:
    """The inputs and the verdict of the rules, as plain JSON.

    Args:
        rules: those that applied.
        place: where the callee's number was issued.
        purpose: what the call is for; None: unknown.
        zones: the callee's.
        counted: what the caps counted.
        now: the current time.
        promised_callback: whether the callee had asked to be called now.
    """
    found: dict[str, Any] = {
        "verdict": "allowed",
        "pack": rules.pack or None,
        "purpose": purpose,
        "place": str(place),
        "local_times": {zone: f"{local_time(now, zone):%a %Y-%m-%d %H:%M}" for zone in zones},
        "rules": list(dict.fromkeys(rules.names)),
        "counts": counted.counts,
        "promised_callback": promised_callback,
    }
    if rules.is_default:
        found["no_pack_for_country"] = True
    if rules.loosened:
        found["loosened"] = dict(rules.loosened)
    if rules.unverified:
        found["unverified"] = list(dict.fromkeys(rules.unverified))
    return found
