"""What a bot would say: to leads of a campaign, and to somebody who types to it. No call is made and nothing is sent."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row

from core.bots.brain_config import BrainConfig
from core.bots.config import BotConfig
from core.calls.brains import template_values
from core.contracts.transport import PlaceOrder
from core.conversation.brain import BrainContext, DoNotCall, EndCall, ScheduleCallback, Transfer, Turn, VoicemailDetected, WantsPerson
from core.conversation.rules import RulesBrain
from dialler.imports.report import LeadRow
from dialler.leads.queries import LeadFilter, list_leads
from web.console.i18n import gettext as _
from web.run.rehearsal import Rehearsal, rehearse

__all__ = ["ROWS", "Line", "Talk", "converse", "leads_to_show", "previews"]

ROWS: Final = 5
"""Leads for whom a preview is shown."""
_MOST_TURNS: Final = 60


@dataclass(frozen=True)
class Line:
    """What one side said, or what the bot did: `who` is `bot`, `callee` or `note`."""

    who: str
    text: str


@dataclass(frozen=True)
class Talk:
    """A conversation by typing.

    Attributes:
        lines: in order.
        over: the bot has ended it.
        outcome: what the call's result would say of it, once it is over: disposition and the like.
    """

    lines: tuple[Line, ...]
    over: bool
    outcome: tuple[tuple[str, str], ...] = ()


def leads_to_show(connection: Connection, campaign_id: str) -> Sequence[Row[Any]]:
    """The first leads of a campaign."""
    return list_leads(connection, LeadFilter(campaign_id), limit=ROWS)


async def previews(bot: BotConfig, leads: Sequence[Row[Any]], now: datetime) -> list[Rehearsal]:
    """What the bot would say to each lead."""
    return [await rehearse(bot, LeadRow(row.line, row.phone, dict(row.variables or {})), now) for row in leads]


async def converse(bot: BotConfig, variables: dict[str, Any], said: Sequence[str], now: datetime) -> Talk | None:
    """The whole conversation in which the callee said this, from the opening on; None if a model holds the bot's conversations.

    Rules with a fixed seed give the same answers again, so nothing has to be remembered between two lines.
    """
    if not isinstance(bot.brain, BrainConfig):
        return None
    order = PlaceOrder("the call", "trial", "+12025550100", bot.caller_id or "", "sandbox")
    values = template_values(order, bot, variables, now)
    context = BrainContext("trial", values["crm"], values["call"], bot.system_prompt, bot.opening_message, now, bot.time_zone)
    brain = RulesBrain(context, bot.brain, random.Random(0), bot.transfer_targets)
    lines: list[Line] = []
    over = _add(lines, await brain.opening())
    for heard in said[:_MOST_TURNS]:
        if over:
            break
        lines.append(Line("callee", heard))
        over = _add(lines, await (brain.reply(heard, now) if heard else brain.silence(1, now)))
    outcome = await brain.analysis() if over else {}
    shown = tuple((name, str(value)) for name, value in outcome.items() if isinstance(value, str | int | float) and value != "")
    return Talk(tuple(lines), over, shown)


def _add(lines: list[Line], turn: Turn) -> bool:
    """Add what the bot says and does; returns whether it ends the call."""
    if turn.say:
        lines.append(Line("bot", turn.say))
    over = False
    for action in turn.actions:
        match action:
            case EndCall():
                lines.append(Line("note", _("It hangs up.")))
                over = True
            case Transfer(target):
                lines.append(Line("note", _("It transfers the call to %(target)s.") % {"target": target}))
                over = True
            case VoicemailDetected():
                lines.append(Line("note", _("It takes this for a machine.")))
                over = True
            case ScheduleCallback(at, words):
                when = at.isoformat(sep=" ", timespec="minutes") if at is not None else words
                lines.append(Line("note", _("It agrees to call back: %(when)s.") % {"when": when}))
            case DoNotCall():
                lines.append(Line("note", _("The number goes on the do-not-call list.")))
            case WantsPerson():
                lines.append(Line("note", _("The lead goes on the work list: a person calls.")))
    return over
