"""What a call is for: decides which rules protect its callee."""

from __future__ import annotations

from typing import Final, Literal

__all__ = ["PURPOSES", "Purpose", "purpose_assumed"]

Purpose = Literal["service", "collection", "marketing", "survey"]
PURPOSES: Final[dict[Purpose, str]] = {
    "service": "about something the callee already has or asked for: an appointment, a delivery, an account",
    "collection": "about a debt that is due",
    "marketing": "to offer or sell something",
    "survey": "to ask questions for research",
}
"""Each purpose, with what it means."""


def purpose_assumed(where: str) -> str:
    """What is said where no purpose is given, for people.

    Args:
        where: what lacks it, such as `campaign.yaml`.
    """
    listed = "; ".join(f"{name} ({meaning})" for name, meaning in PURPOSES.items())
    return (
        f"{where} does not say what the calls are for, so the strictest rules of all purposes apply. Add `purpose:` with one of: {listed}"
    )
