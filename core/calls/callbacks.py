"""When a callee may be called back: on whose clock, and in which hours."""

from __future__ import annotations

from datetime import datetime

from core.bots.config import BotConfig
from core.bots.rules import rules_of
from core.conversation.callee_clock import CalleeClock, callee_clock
from core.kernel.hours import Constraint, UnknownTimeZoneError, constraints_for
from core.kernel.numbers import callee_zones, place_of, split_key

__all__ = ["clock_of"]


def clock_of(bot: BotConfig, number: str, window: Constraint | None, now: datetime) -> CalleeClock:
    """The clock of a callee, with the hours in which they may be called back. Pure.

    Args:
        bot: the bot that calls.
        number: the callee's, as the call has it; a caller who withheld it may be anywhere.
        window: the calling window that came with the dialout.
        now: the current time.
    """
    e164, _ = split_key(number)
    if not e164.startswith("+"):
        return CalleeClock(bot.time_zone, known=False, open=(Constraint(bot.active_hours, bot.time_zone),))
    zones, place = callee_zones(e164, bot.time_zone), place_of(e164)
    active = Constraint(bot.active_hours.for_callee(place.country, place.parts), bot.time_zone)
    hours = [active, *constraints_for(bot.permitted_hours, zones)]
    hours += [Constraint(rule.hours, zone) for rule in rules_of(bot, place).hours for zone in zones]
    if window is not None and window.hours is not None:
        hours.append(Constraint(window.hours.for_callee(place.country, place.parts), window.time_zone))
    try:
        return callee_clock(zones, bot.time_zone, hours, now)
    except (UnknownTimeZoneError, KeyError):  # nobody would have been called
        return CalleeClock(bot.time_zone, known=False)
