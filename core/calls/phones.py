"""The phone of a number: what two calls to one person have in common."""

from __future__ import annotations

import re

from core.kernel.numbers import split_key

__all__ = ["phone_of"]

_E164 = re.compile(r"\+[1-9][0-9]{3,14}")


def phone_of(number: str | None) -> str | None:
    """The phone of a number (E.164, with or without extension); None for a caller who withheld it, or for what is no number."""
    e164 = split_key(number)[0] if number else ""
    return e164 if _E164.fullmatch(e164) else None
