"""Which rules apply to a callee and a purpose. All of them must hold, so what is unknown makes it stricter: without a purpose the rules of
every purpose apply, and without a part those of every part of the country.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Final

from core.kernel.hours import HoursConfig, holiday_parts
from core.kernel.numbers import Place
from core.kernel.purposes import Purpose
from core.kernel.rules.packs import (
    PURPOSELESS,
    CallsFigure,
    Figure,
    FirstWordsFigure,
    GapFigure,
    HoursFigure,
    Pack,
    RestFigure,
    RingFigure,
    pack_for,
)
from core.kernel.rules.settings import Loosened, RuleSettings

__all__ = ["OWN", "Cap", "HoursRule", "Rules", "rules_for"]

OWN: Final = "bot"
"""Before the dot in the name of a rule that the bot's own settings make: `bot.calls.1d`."""


@dataclass(frozen=True)
class HoursRule:
    """Hours that must be open, in every zone of the callee."""

    name: str
    hours: HoursConfig


@dataclass(frozen=True)
class Cap:
    """A limit on calls to a person: at most `most` within `within` (a gap is one call within it); or, `after_talk`, none for that long
    after a conversation."""

    name: str
    most: int
    within: timedelta
    after_talk: bool = False
    callbacks_exempt: bool = True


@dataclass(frozen=True)
class Rules:
    """The rules of one callee and purpose.

    Attributes:
        pack: the pack and its version, such as `US 2026.11.30`; empty if the number belongs to no country.
        is_default: whether there is no pack for the country.
        loosened: rules that would apply and are not kept: the name of each, with the reason.
        unverified: names of rules whose figures are from memory.
    """

    pack: str
    is_default: bool = False
    hours: tuple[HoursRule, ...] = ()
    caps: tuple[Cap, ...] = ()
    least_ring: int = 0
    first_words: tuple[str, ...] = ()
    loosened: tuple[tuple[str, str], ...] = ()
    unverified: tuple[str, ...] = ()
    names: tuple[str, ...] = field(default=(), compare=False)


@lru_cache(maxsize=4096)
def rules_for(place: Place, purpose: Purpose | None, settings: RuleSettings = RuleSettings(), *, hours_off: str = "") -> Rules:  # noqa: B008
    """The rules for a callee. Pure.

    Args:
        place: where their number was issued. A number of no country (large samples, satellites) has no pack.
        purpose: what the call is for; None: unknown.
        settings: the bot's own.
        hours_off: why hours are not kept, if the bot's `permitted_hours` are switched off.
    """
    if place.country is None:
        return Rules("", caps=tuple(_own_caps(settings)))
    pack = pack_for(place.country)
    purposes = PURPOSELESS if purpose is None else (purpose,)
    figures = [figure for figure in pack.figures if set(purposes) & set(figure.purposes) and _here(figure, place)]
    kept, loosened = list[Figure](), list[tuple[str, str]]()
    for figure in figures:
        name = pack.name_of(figure, place.parts)
        reason = hours_off if hours_off and isinstance(figure, HoursFigure) else _reason(settings.loosen, name, figure, pack)
        if reason:
            loosened.append((name, reason))
        else:
            kept.append(figure)
    return Rules(
        pack=f"{pack.country} {pack.version}",
        is_default=pack.country != place.country,
        hours=tuple(HoursRule(pack.name_of(one, place.parts), _hours(one, place)) for one in kept if isinstance(one, HoursFigure)),
        caps=(*_caps(kept, pack, place), *_own_caps(settings)),
        least_ring=max((one.least_seconds for one in kept if isinstance(one, RingFigure)), default=0),
        first_words=tuple(dict.fromkeys(one.words for one in kept if isinstance(one, FirstWordsFigure))),
        loosened=tuple(loosened),
        unverified=tuple(pack.name_of(one, place.parts) for one in kept if pack.sources[one.source].status == "memory"),
        names=tuple(pack.name_of(one, place.parts) for one in kept),
    )


def _here(figure: Figure, place: Place) -> bool:
    return not figure.parts or not place.parts or bool(place.parts & set(figure.parts))


def _reason(loosened: Iterable[Loosened], name: str, figure: Figure, pack: Pack) -> str:
    return next((one.reason for one in loosened if one.covers(name, figure.key, pack.country)), "")


def _hours(figure: HoursFigure, place: Place) -> HoursConfig:
    country = place.country or ""
    if figure.holidays == "none":
        return figure.without_holidays
    if figure.holidays == "country":
        names: tuple[str, ...] = (country,)
    else:
        names = HoursConfig(holidays=(country,)).for_callee(country, place.parts).holidays if holiday_parts(country) else (country,)
    try:
        return HoursConfig(windows=figure.windows, holidays=names)
    except ValueError:  # a country whose holidays nobody knows
        return figure.without_holidays


def _caps(figures: Iterable[Figure], pack: Pack, place: Place) -> Iterable[Cap]:
    for one in figures:
        if isinstance(one, CallsFigure):
            yield Cap(pack.name_of(one, place.parts), one.most, one.within, callbacks_exempt=one.callbacks == "exempt")
        elif isinstance(one, GapFigure):
            yield Cap(pack.name_of(one, place.parts), 1, one.period, callbacks_exempt=one.callbacks == "exempt")
        elif isinstance(one, RestFigure):
            yield Cap(pack.name_of(one, place.parts), 1, one.period, after_talk=True, callbacks_exempt=one.callbacks == "exempt")


def _own_caps(settings: RuleSettings) -> Iterable[Cap]:
    if settings.calls_a_day is not None:
        yield Cap(f"{OWN}.calls.1d", settings.calls_a_day, timedelta(days=1))
    if settings.calls_in_7_days is not None:
        yield Cap(f"{OWN}.calls.7d", settings.calls_in_7_days, timedelta(days=7))
    if settings.least_gap:
        yield Cap(f"{OWN}.gap", 1, settings.least_gap)
    if settings.rest_after_conversation:
        yield Cap(f"{OWN}.rest", 1, settings.rest_after_conversation, after_talk=True)
