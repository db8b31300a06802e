"""Whom a call to us is meant for, and who calls, out of the ways in which trunks write numbers. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

import phonenumbers

from core.kernel.numbers import NumberError, parse_number

__all__ = ["WITHHELD", "caller_number", "number_or_text", "our_number"]

WITHHELD: Final = "anonymous"
"""The caller's number, if they keep it to themselves."""
_WITHHELD: Final = frozenset({"anonymous", "restricted", "private", "withheld"})
_UNKNOWN: Final = frozenset({"", "unavailable", "unknown"})
"""A From without a number, by no wish of the caller's: the carrier's network may know it."""
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
    return next((ours for user in called for written in _readings(user) if (ours := known.get(written)) is not None), None)


def caller_number(user: str, asserted: Sequence[str], ours: str, *, private: bool) -> str:
    """Who calls: E.164 if it is a number of the phone network; `WITHHELD` if they do not say; else what the trunk wrote.

    Args:
        user: of the From header.
        asserted: what the carrier's network asserts, most trusted first (P-Asserted-Identity, Remote-Party-ID).
        ours: the number that they call (E.164): national numbers are of its country.
        private: whether the caller asked for privacy (RFC 3323).
    """
    named = user.strip().lower()
    if private or named in _WITHHELD:
        return WITHHELD
    number = next((number for text in (user, *asserted) if (number := _e164(text, ours))), None)
    return number or (WITHHELD if named in _UNKNOWN else _plain(user))


def number_or_text(user: str, ours: str) -> str:
    """A number of the phone network in E.164; else what the trunk wrote.

    Args:
        user: the user of an address.
        ours: a number of the country that national numbers are of (E.164).
    """
    return _e164(user, ours) or _plain(user)


def _spellings(number: str, prefix: str) -> set[str]:
    """A number as a trunk may write it: with and without +, with 00, with its prefix, and as within its country."""
    digits, parsed = number.removeprefix("+"), phonenumbers.parse(number)
    national = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    written = {number, digits, "00" + digits, prefix + digits, phonenumbers.national_significant_number(parsed), national}
    return {_bare(one) for one in written}


def _bare(user: str) -> str:
    """Without its parameters and what makes a number easier to read."""
    return re.sub(r"[\s().-]", "", user.partition(";")[0])


def _readings(user: str) -> list[str]:
    """What digits a user may stand for, without its parameters: a local number (RFC 3966) with its context before it, and by itself."""
    bare, context = _bare(user), re.search(r";\s*phone-context\s*=\s*(\+[0-9().-]+)", user, re.IGNORECASE)
    if context is None or not re.fullmatch(r"[0-9]+", bare):
        return [bare]
    return [_bare(context[1]) + bare, bare]


def _e164(text: str, ours: str) -> str | None:
    """The number of the phone network that a user stands for; None: none."""
    region = phonenumbers.region_code_for_number(phonenumbers.parse(ours))
    for bare in _readings(text):
        if not re.fullmatch(r"\+?[0-9]{6,20}", bare):
            continue
        prefixed = ["+" + bare[2:]] if bare.startswith("00") else []  # for its own country the prefix may be another, as 011
        for written in (bare, "+" + bare, *prefixed):  # a carrier may leave the + out
            try:
                return parse_number(written, region, allow_premium=True).e164
            except (NumberError, ValueError):
                continue
    return None


def _plain(text: str) -> str:
    return "".join(character for character in text if character.isprintable())[:_LONGEST]
