"""Callbacks on the callee's clock: understood, kept and said in their zone, and moved to a time at which they may be called."""

from __future__ import annotations

import asyncio
import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from core.bots.config import BotConfig, BrainConfig
from core.calls.callbacks import clock_of
from core.conversation.brain import BrainContext, ScheduleCallback
from core.conversation.callee_clock import CalleeClock, callee_clock, named_zone
from core.conversation.llm.answer import ToolCall
from core.conversation.llm.prompt import system_message
from core.conversation.llm.tools import Done, ToolBox
from core.conversation.rules import RulesBrain
from core.kernel.hours import Constraint, HoursConfig

NEW_YORK, CHICAGO, LOS_ANGELES, HONOLULU = "America/New_York", "America/Chicago", "America/Los_Angeles", "Pacific/Honolulu"
NOW = datetime(2026, 3, 4, 19, 30, tzinfo=UTC)  # Wednesday, 14:30 in New York
BOT = BotConfig(id="b", name="B", time_zone=NEW_YORK, brain=BrainConfig(scenario="appointment_confirmation"))


def clock(number: str, window: Constraint | None = None, bot: BotConfig = BOT) -> CalleeClock:
    return clock_of(bot, number, window, NOW)


def talk(where: CalleeClock, *heard: str) -> tuple[str, ScheduleCallback, dict[str, Any]]:
    """What the bot said last, the last callback that it noted, and the analysis."""

    async def hold() -> tuple[str, ScheduleCallback, dict[str, Any]]:
        context = BrainContext("c", {"customer_name": "Lou"}, {}, "", "Hello, am I speaking with Lou?", NOW, NEW_YORK, where)
        brain = RulesBrain(context, BrainConfig(scenario="appointment_confirmation"), random.Random(1))
        await brain.opening()
        turns = [await brain.reply(words, NOW) for words in heard]
        noted = [action for turn in turns for action in turn.actions if isinstance(action, ScheduleCallback)]
        return turns[-1].say, noted[-1], await brain.analysis()

    return asyncio.run(hold())


@pytest.mark.parametrize(
    ("number", "at"),
    [
        ("+12135550102", "2026-03-05T15:00:00-08:00"),
        ("+18085550102", "2026-03-05T15:00:00-10:00"),
        ("+12125550102", "2026-03-05T15:00:00-05:00"),
        ("+442079460102", "2026-03-05T15:00:00+00:00"),
    ],
)
def test_a_time_is_the_callees(number: str, at: str) -> None:
    said, noted, analysis = talk(clock(number), "call me tomorrow at 3 pm")
    assert noted.at is not None
    assert noted.at.isoformat() == at
    assert analysis["callback_at"] == at.replace(":00-", "-").replace(":00+", "+")
    assert "the 5th of March at 3 pm. " in said
    assert "Time" not in said


def test_tomorrow_is_the_callees_tomorrow() -> None:
    late = datetime(2026, 3, 5, 4, 30, tzinfo=UTC)  # still Wednesday evening in Los Angeles and New York, Thursday in London
    where = callee_clock(["Europe/London"], NEW_YORK, (), late)
    assert where.zone == "Europe/London"


def test_where_several_zones_are_possible_the_zone_is_said() -> None:
    where = clock("+12705550102")  # Kentucky: Chicago and New York
    assert (where.known, where.zone, set(where.possible)) == (False, NEW_YORK, {NEW_YORK, CHICAGO})
    said, noted, _ = talk(where, "call me tomorrow at 3 pm")
    assert "the 5th of March at 3 pm Eastern Time" in said
    said, noted, _ = talk(where, "call me tomorrow at 3 pm central time")
    assert "the 5th of March at 3 pm Central Time" in said
    assert noted.at == datetime(2026, 3, 5, 21, tzinfo=UTC)


def test_a_callee_of_no_known_place_gets_the_bots_zone_and_hears_it() -> None:
    where = clock("anonymous")
    assert (where.known, where.zone) == (False, NEW_YORK)
    assert "Eastern Time" in talk(where, "call me tomorrow at 3 pm")[0]


def test_closed_hours_move_it_and_the_callee_hears_that() -> None:
    said, noted, analysis = talk(clock("+12125550102"), "call me tomorrow at 11 pm")
    assert noted.at is not None
    assert noted.at.isoformat() == "2026-03-06T08:00:00-05:00"
    assert "can't call at that time" in said
    assert "on Friday" in said
    assert "8 am" in said
    assert analysis["callback_at"].startswith("2026-03-06T08:00")


def test_the_campaigns_window_and_the_bots_hours_count() -> None:
    window = Constraint(HoursConfig(start="09:00", end="12:00", days=("mon",)), NEW_YORK)
    said, noted, _ = talk(clock("+12135550102", window), "call me tomorrow at 3 pm")
    assert noted.at is not None
    assert noted.at.isoformat() == "2026-03-09T08:00:00-07:00"  # Monday: from 8 in Los Angeles, when the window is open, too
    assert "8 am" in said
    bot = BOT.model_copy(update={"active_hours": HoursConfig(start="10:00", end="11:00")})
    _, noted, _ = talk(clock("+12125550102", None, bot), "call me tomorrow at 3 pm")
    assert noted.at is not None
    assert noted.at.isoformat() == "2026-03-06T10:00:00-05:00"


def test_a_model_is_told_the_clock_and_the_time_that_was_noted() -> None:
    where = clock("+12135550102")
    system = system_message("", {"crm": {}, "call": {}}, NOW, where, "en")
    assert "2026-03-04T11:30-08:00 (America/Los_Angeles)" in system
    assert "person's own clock" in system
    assert "time zone is not known (it may be any of" in system_message("", {"crm": {}, "call": {}}, NOW, clock("+12705550102"), "en")
    box = ToolBox([], [], where)
    call = ToolCall("1", "schedule_callback", json.dumps({"when": "2026-03-05T15:00", "words": "three"}))
    done = box.read(call, NOW)
    assert isinstance(done, Done)
    assert done.action == ScheduleCallback(datetime(2026, 3, 5, 23, tzinfo=UTC), "three")
    late = ToolCall("1", "schedule_callback", json.dumps({"when": "2026-03-05T23:00", "words": "eleven"}))
    done = box.read(late, NOW)
    assert isinstance(done, Done)
    assert done.action == ScheduleCallback(datetime(2026, 3, 6, 16, tzinfo=UTC), "eleven")
    assert "2026-03-06T08:00-08:00. Tell them this time." in done.told


@pytest.mark.parametrize(
    ("said", "zone"),
    [
        ("3 pm Pacific time", LOS_ANGELES),
        ("at ten o'clock Eastern time please", NEW_YORK),
        ("3 p.m. EST", NEW_YORK),
        ("at 15:00 GMT", "Europe/London"),
        ("six in the evening Indian time", "Asia/Kolkata"),
        ("tomorrow at 3", None),
        ("I am in the central library at that time", None),
    ],
)
def test_a_zone_that_is_named(said: str, zone: str | None) -> None:
    assert named_zone(said) == zone
