"""The analysis of an ended call by a model, for bots that have one. It needs the network: never within a transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from core.bots.brain_config import LlmBrainConfig
from core.bots.config import BotConfig
from core.calls.brains import reach_of
from core.calls.callbacks import clock_of
from core.calls.engine import Engine
from core.calls.store import EventLog, customer_of
from core.conversation.analysis import default_analysis
from core.conversation.llm.analysis import EndedCall, analyse
from core.prefetch.merge import merged

__all__ = ["analyse_call", "needs_model"]


async def analyse_call(engine: Engine, call: Row[Any], bot: BotConfig, events: EventLog) -> dict[str, Any] | None:
    """The `post_call_analysis` of an ended call; None where the record of its end holds it, or its ending says it all.

    Args:
        engine: the process's call engine.
        call: the row of the call, ended.
        bot: the bot, at the version that the call ran.
        events: takes what happens meanwhile, to be written with the result.
    """
    if not needs_model(call, bot) or not isinstance(bot.brain, LlmBrainConfig):
        return None
    ended = _ended(call, bot)
    clock = engine.clock

    def note(kind: str, data: dict[str, Any]) -> None:
        events.add(clock.now(), kind, data)

    zone = clock_of(bot, customer_of(call), None, clock.now()).zone
    return await analyse(reach_of(engine), bot.brain, bot.analysis, bot.quality, ended, zone, note)


def needs_model(call: Row[Any], bot: BotConfig) -> bool:
    """Whether a model is to be asked about an ended call: it was answered, and the bot is a model."""
    return isinstance(bot.brain, LlmBrainConfig) and call.answered_at is not None


def _ended(call: Row[Any], bot: BotConfig) -> EndedCall:
    ending: dict[str, Any] = call.ending
    spoke = ending.get("customer_spoke", False)
    return EndedCall(
        disconnected_by=ending["disconnected_by"],
        end_reason=ending["end_reason"],
        customer_spoke=spoke,
        seconds=(call.ended_at - call.answered_at).total_seconds(),
        answered_at=call.answered_at,
        transcript=ending.get("transcript", []),
        crm=merged(call.variables, (call.prefetch or {}).get("fields"), bot.prefetch.precedence if bot.prefetch else "variables"),
        default=default_analysis(disconnected_by=ending["disconnected_by"], end_reason=ending["end_reason"], customer_spoke=spoke),
        callback=ending.get("callback"),
        do_not_call=ending.get("do_not_call", False),
        person=ending.get("person"),
    )
