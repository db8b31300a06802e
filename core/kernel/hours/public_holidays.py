"""Public holidays of countries, of parts of them, and of any part of them.

`GB` has the days that all its parts share, `GB-ENG` those of England, `GB-*` every day that is a holiday in any part.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from datetime import date
from functools import lru_cache

import holidays

__all__ = ["check_holidays", "differing_days", "holiday_parts", "names_for", "public_holidays"]

_ANY = "*"


@lru_cache(maxsize=1)
def _supported() -> dict[str, list[str]]:
    return holidays.list_supported_countries(include_aliases=True)


def holiday_parts(country: str) -> tuple[str, ...]:
    """The parts of a country that may have public holidays of their own; none if it has none, or its holidays are not known."""
    return tuple(_supported().get(country, ()))


@lru_cache(maxsize=2048)
def public_holidays(name: str, year: int) -> frozenset[date]:
    """The public holidays in a year of a country (`IN`), a part of one (`US-CA`) or all its parts together (`GB-*`), with substitute days.

    Raises:
        NotImplementedError: the name is unknown (`check_holidays` gives a readable error).
    """
    return frozenset(_named(name, year))


@lru_cache(maxsize=2048)
def _named(name: str, year: int) -> dict[date, str]:
    country, _, part = name.partition("-")
    if part == _ANY:
        found: dict[date, str] = {}
        for one in ("", *holiday_parts(country)):
            found = _named(f"{country}-{one}" if one else country, year) | found
        return found
    days = holidays.country_holidays(country, subdiv=part or None, years=year)
    return {day: str(called) for day, called in days.items() if day.year == year}


def names_for(names: Iterable[str], country: str | None, parts: frozenset[str]) -> tuple[str, ...]:
    """Whose holidays count for a callee, where a country alone was named: those of the callee's own parts, or of any part if the number
    does not tell them. Other names, and a country that the callee is not in, stay as they are. Pure.

    Args:
        names: as they were written: `GB`, `GB-SCT`, `GB-*`.
        country: the callee's.
        parts: the parts that the callee may be in; empty if that is not known.
    """
    found: list[str] = []
    for name in names:
        known = holiday_parts(name)
        if name != country or not known:
            found.append(name)
        elif parts and parts <= set(known):
            found += [f"{name}-{part}" for part in sorted(parts)]
        else:
            found.append(f"{name}-{_ANY}")
    return tuple(dict.fromkeys(found))


def differing_days(country: str, year: int) -> dict[date, tuple[str, tuple[str, ...]]]:
    """The days of a year that are holidays in some parts of a country but not in all: what each is called, and the parts. In order."""
    parts = holiday_parts(country)
    everywhere = public_holidays(country, year)
    found: dict[date, tuple[str, tuple[str, ...]]] = {}
    for day, called in sorted(_named(f"{country}-{_ANY}", year).items()):
        having = tuple(part for part in parts if day in public_holidays(f"{country}-{part}", year))
        if day not in everywhere and len(having) < len(parts):
            found[day] = (called, having)
    return found


def check_holidays(name: str) -> str:
    """`name` itself, if its public holidays are known.

    Raises:
        ValueError: they are not.
    """
    supported = _supported()
    country, dash, part = name.partition("-")
    if country not in supported:
        near = difflib.get_close_matches(country.upper(), supported, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ValueError(
            f"the public holidays of {name!r} are not known.{hint} Write a country (IN), a part of one (US-CA) or all its parts (GB-*)."
        )
    if dash and part not in (*supported[country], *(_ANY if supported[country] else ())):
        known = ", ".join((*supported[country], _ANY)) if supported[country] else "none"
        raise ValueError(f"{country} has no part {part!r} with its own public holidays. Known: {known}.")
    return name
