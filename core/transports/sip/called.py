"""Whom a call to us is meant for, and who calls, out of the ways in which trunks write numbers. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

import phonenumbers

from core.kernel.numbers import NumberError, parse_number

__all__ = ["WITHHELD", "caller_number", "our_number"]

WITHHELD: Final = "anonymous"
"""The caller's number, if they keep it to themselves."""
_NOBODY = frozenset({"", "anonymous", "restricted", "unavailable", "unknown", "private", "withheld"})
_LONGEST = 64


def our_number(called: Iterable[str], numbers: Sequence[str], prefix: str) -> str | None:
    """The number of ours that is called; None if none of them is.

    Args:
        called: what the call may be meant for, as the trunk wrote it, most likely first.
        numbers: the trunk's (E.164).
        prefix: what the trunk wants before the digits of a number.
    """
    known: dict[str, str | None] = {}
    for number in numbers:
        for spelling in _spellings(number, prefix):
            known[spelling] = number if known.get(spelling, number) == number else None  # two of ours are written alike
    known.update({number: number for number in numbers})
    return next((ours for user in called if (ours := known.get(_bare(user))) is not None), None)


def caller_number(user: str, asserted: str, ours: str, *, private: bool) -> str:
    """Who calls: E.164 if it is a number of the phone network; `WITHHELD` if they do not say; else what the trunk wrote.

    Args:
        user: of the From header.
        asserted: of the P-Asserted-Identity header; empty if there is none.
        ours: the number that they call (E.164): national numbers are of its country.
        private: whether the caller asked for privacy (RFC 3323).
    """
    if private or user.strip().lower() in _NOBODY:
        return WITHHELD
    return next((number for text in (user, asserted) if (number := _e164(text, ours))), _plain(user))


def _spellings(number: str, prefix: str) -> set[str]:
    """A number as a trunk may write it: with and without +, with 00, with its prefix, and as within its country."""
    digits, parsed = number.removeprefix("+"), phonenumbers.parse(number)
    national = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    written = {number, digits, "00" + digits, prefix + digits, phonenumbers.national_significant_number(parsed), national}
    return {_bare(one) for one in written}


def _bare(user: str) -> str:
    """Without its parameters and what makes a number easier to read."""
    return re.sub(r"[\s().-]", "", user.partition(";")[0])


def _e164(text: str, ours: str) -> str | None:
    bare = _bare(text)
    if not re.fullmatch(r"\+?[0-9]{6,20}", bare):
        return None
    region = phonenumbers.region_code_for_number(phonenumbers.parse(ours))
    for written in (bare, "+" + bare):  # a carrier may leave the + out
        try:
            return parse_number(written, region, allow_premium=True).e164
        except (NumberError, ValueError):
            continue
    return None


def _plain(text: str) -> str:
    return "".join(character for character in text if character.isprintable())[:_LONGEST]
