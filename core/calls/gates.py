"""The gates that a dialout must pass: its numbers, the hours, the room. They read, and change nothing.

Every gate is asked at the moment of dialling, whoever asks for the call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from core.bots.config import BotConfig
from core.bots.rules import rules_of
from core.calls.caps import count_calls
from core.calls.engine import Engine
from core.calls.occupied import RETRY_AFTER, Seen, look_at
from core.calls.refusals import FieldProblem, InvalidRequest, NotNow
from core.calls.request import DialoutRequest
from core.kernel.clock import utc_now
from core.kernel.hours import (
    Constraint,
    UnknownTimeZoneError,
    constraints_for,
    is_open,
    next_all_open,
    next_opening,
    why_closed,
    why_not_permitted,
)
from core.kernel.lines import REAL, Lines
from core.kernel.moments import moment_text
from core.kernel.numbers import NumberError, PhoneNumber, callee_zones, is_fictional, parse_number, place_of, where_zones_come_from
from core.kernel.rules import OWN, Counted, Rules
from core.trunks.store import TrunkInfo

__all__ = ["Line", "check_caps", "check_hours", "check_numbers", "check_test_number", "number_busy"]

_FICTIONAL = "it is from a range reserved for fiction, which only the sandbox dials"
_SUPPRESSED = "it is on the suppression list: it asked not to be called"
_ON_CALL = "this number is on a call with us now, or being rung: one phone gets one call at a time"


@dataclass(frozen=True)
class Line:
    """Who is called (E.164, with `;ext=` and the extension if there is one), on which trunk, and whether that phone is on a call."""

    to_number: str
    trunk: TrunkInfo
    on_call: bool


def check_numbers(
    engine: Engine,
    bot: BotConfig | None,
    request: DialoutRequest,
    choose: Callable[[str | None, str | None], TrunkInfo | None],
    look: Callable[[str, TrunkInfo | None], Seen],
) -> Line:
    """Judge both numbers, and everything that was found wrong with the request before.

    Args:
        engine: for its transports.
        bot: the bot that is to call; None if the request names none.
        request: the request.
        choose: the trunk of a caller ID as it was written, with the region that it is read by (`choose_trunk`).
        look: what is known of a phone now, for a call on that trunk; None: it is not known which trunk it would be.

    Raises:
        InvalidRequest: with every problem at once.
        NotNow: there is no trunk.
    """
    known = {problem.field for problem in request.problems}
    problems = list(request.problems)
    trunk = None
    if "from_number" not in known:
        trunk = _trunk(bot, request, choose, problems)
    number, seen = None, Seen(suppressed=False, on_call=False)
    if "to_number" not in known:
        number = _callee(engine, bot, request.to_number, problems)
    if number is not None:
        transport = engine.transports.get(trunk.transport) if trunk else None
        if transport is not None and transport.real and is_fictional(number.e164) and not (trunk and trunk.lab):
            problems.append(FieldProblem("to_number", _FICTIONAL, "fictional"))
        seen = look(number.e164, trunk)
        if seen.suppressed:
            problems.append(FieldProblem("to_number", _SUPPRESSED, "suppressed"))
    if problems:
        raise InvalidRequest(problems)
    if trunk is None:
        raise NotNow("trunk_unavailable", "No trunk is configured, so nobody can be called.", None)
    assert number is not None
    return Line(number.key, trunk, seen.on_call)


def number_busy(now: datetime) -> NotNow:
    """The refusal of a dialout to a number that is on a call."""
    return NotNow("number_busy", f"{_ON_CALL[0].upper()}{_ON_CALL[1:]}.", now + RETRY_AFTER)


def check_caps(connection: Connection, rules: Rules, to_number: str, lines: Lines, now: datetime, *, promised_callback: bool) -> Counted:
    """The caps per person. Returns what was counted.

    Raises:
        NotNow: a cap forbids the call; with the moment from which it allows one.
    """
    counted = count_calls(connection, rules, to_number, lines, now, promised_callback=promised_callback)
    if (refused := counted.refused) is not None:
        detail = f"This person may not be called again now: {refused.why}."
        raise NotNow("contact_cap", detail, refused.retry_at, rule=refused.cap.name)
    return counted


def check_test_number(connection: Connection, written: str, *, lab: bool) -> str:
    """The number of a test call (E.164, with its extension): somebody's phone will ring, as at any dialout.

    Args:
        connection: a transaction.
        written: what was typed; with its country code.
        lab: whether the trunk is a test line, where no phone rings.

    Raises:
        ValueError: the number may not be dialled; the message says why.
    """
    try:
        number = parse_number(written)
    except NumberError as error:
        raise ValueError(str(error)) from None
    if is_fictional(number.e164) and not lab:
        raise ValueError(_FICTIONAL)
    seen = look_at(connection, number.e164, REAL, utc_now())
    if seen.suppressed:
        raise ValueError(_SUPPRESSED)
    if seen.on_call:
        raise ValueError(_ON_CALL)
    return number.key


def _trunk(
    bot: BotConfig | None,
    request: DialoutRequest,
    choose: Callable[[str | None, str | None], TrunkInfo | None],
    problems: list[FieldProblem],
) -> TrunkInfo | None:
    from_number = request.from_number or (bot.caller_id if bot else None)
    trunk = choose(from_number, bot.default_region if bot else None)
    if trunk is None and from_number is not None:
        detail = "it is not one of our caller IDs: leave it out to use the default"
        if request.from_number is None:
            detail = "the bot's own caller_id is not one of ours: correct the bot, or send a from_number that is"
        problems.append(FieldProblem("from_number", detail, "unknown_caller_id"))
    return trunk


def _callee(engine: Engine, bot: BotConfig | None, written: str, problems: list[FieldProblem]) -> PhoneNumber | None:
    if bot is None and not written.strip().startswith(("+", "00")):
        return None  # a national number cannot be judged without the bot's region
    try:
        return parse_number(written, bot.default_region if bot else None, allow_premium=engine.allow_premium)
    except NumberError as error:
        problems.append(FieldProblem("to_number", str(error), "not_dialable"))
    except ValueError as error:  # the bot's region is no country
        problems.append(FieldProblem("to_number", f"the bot's default_region cannot be used: {error}", "not_dialable"))
    return None


def check_hours(bot: BotConfig, to_number: str, now: datetime) -> None:
    """The bot's active hours, the callee's permitted hours, and the hours of the rule packs. Pure.

    Args:
        bot: the bot that is to call, with the purpose of this call.
        to_number: the callee (E.164).
        now: the moment it is.

    Raises:
        NotNow: with the moment at which all would allow the call. A time zone that does not exist fails closed.
    """
    zones, place = callee_zones(to_number, bot.time_zone), place_of(to_number)
    rules, active_hours = rules_of(bot, place), bot.active_hours.for_callee(place.country, place.parts)
    try:
        ours = (Constraint(active_hours, bot.time_zone), *constraints_for(bot.permitted_hours, zones))
        all_open = (*ours, *(Constraint(rule.hours, zone) for rule in rules.hours for zone in zones))
        if not is_open(bot.active_hours, bot.time_zone, now):
            opens_at = next_opening(bot.active_hours, bot.time_zone, now)
            when = f" until {moment_text(opens_at, 'seconds')}" if opens_at else "; it never opens"
            detail = f"The bot is outside its active hours{when}."
            raise NotNow("outside_active_hours", detail, next_all_open(all_open, now), opens_at=opens_at)
        if not is_open(active_hours, bot.time_zone, now):
            detail = f"It is a public holiday of {', '.join(active_hours.holidays)}, where the callee is: the bot's active hours keep it."
            raise NotNow("outside_permitted_hours", detail, next_all_open(all_open, now), rule=f"{OWN}.active_hours.holidays")
        if why := why_not_permitted(bot.permitted_hours, zones, now):
            detail = "; ".join(filter(None, (f"The callee may not be called now: {why}", where_zones_come_from(to_number, now))))
            raise NotNow("outside_permitted_hours", f"{detail}.", next_all_open(all_open, now), rule=f"{OWN}.permitted_hours")
        for rule in rules.hours:
            if why := next((closed for zone in zones if (closed := why_closed(rule.hours, zone, now))), None):
                unsaid = "" if bot.purpose else "; what the call is for is not said, so the rules of every purpose apply"
                detail = f"The callee may not be called now, by {rule.name}: {why}{unsaid}."
                raise NotNow("outside_permitted_hours", detail, next_all_open(all_open, now), rule=rule.name)
    except UnknownTimeZoneError as error:
        detail = f"Nobody can tell whether the bot is open, because its time zone cannot be used: {error}"
        raise NotNow("outside_active_hours", detail, None) from error
