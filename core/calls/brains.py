"""Makes the brain of a call from its bot's configuration, its values stringified."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.bots.brain_config import BrainConfig
from core.bots.config import BotConfig
from core.calls.callbacks import clock_of
from core.calls.engine import Engine
from core.contracts.transport import PlaceOrder
from core.conversation.brain import Brain, BrainContext
from core.conversation.disclosure import Disclosure, disclosure_of
from core.conversation.llm.brain import LlmBrain
from core.conversation.llm.models import Note
from core.conversation.rules.brain import RulesBrain
from core.kernel.moments import moment_text
from core.outgoing.reach import Reach
from core.templates import stringify
from core.templates.fields import CALL_FIELDS, CALL_FIELDS_AT_THE_END, added_fields

__all__ = ["disclosure_of_call", "make_brain", "reach_of", "template_values"]


def template_values(
    order: PlaceOrder,
    bot: BotConfig,
    crm: Mapping[str, Any],
    started_at: datetime,
    direction: str = "outbound",
    connected: Mapping[str, Any] | None = None,
) -> dict[str, dict[str, str]]:
    """The namespaces of prompts, messages and requests, while the call lives: `crm` and `call` (`core.templates.fields`).

    The order's `to_number` is the customer's, also where the customer calls us. `connected` is what a WebSocket call began with.
    """
    theirs, ours = order.to_number, order.from_number or ""
    called, caller = (theirs, ours) if direction == "outbound" else (ours, theirs)
    return {
        "crm": {name: stringify(value) for name, value in crm.items()},
        "call": {
            **added_fields(connected),
            "call_id": order.call_id,
            "session_id": order.call_id,
            "bot_id": bot.id,
            "bot_name": bot.name,
            "direction": direction,
            "to_number": called,
            "from_number": caller,
            "customer_number": theirs,
            "caller_id": theirs,
            "started_at": moment_text(started_at),
        },
    }


def make_brain(
    engine: Engine,
    bot: BotConfig,
    order: PlaceOrder,
    values: dict[str, dict[str, str]],
    now: datetime,
    note: Note,
    disclosure: Disclosure | None = None,
) -> Brain:
    """The brain that holds this call.

    Args:
        engine: the process's call engine.
        bot: the bot.
        order: the call.
        values: those of `template_values`.
        now: when it was answered.
        note: keeps events of the call.
        disclosure: what may be said to whom, shared with the session; by the bot's configuration if it is None.

    Raises:
        RuntimeError: the bot needs the outside, and this engine has no way there.
    """
    context = BrainContext(
        call_id=order.call_id,
        crm=values["crm"],
        call=values["call"],
        system_prompt=bot.system_prompt,
        opening_message=bot.opening_message,
        started_at=now,
        time_zone=bot.time_zone,
        clock=clock_of(bot, order.to_number, order.calling_window, now),
        disclosure=disclosure or disclosure_of_call(bot, values),
    )
    if isinstance(bot.brain, BrainConfig):
        return RulesBrain(context, bot.brain, engine.ids.stream("brain", order.attempt), bot.transfer_targets)
    return LlmBrain(context, bot.brain, reach_of(engine), note, list(bot.transfer_targets), bot.language)


def disclosure_of_call(bot: BotConfig, values: Mapping[str, Mapping[str, str]]) -> Disclosure:
    """What may be said to whom in a call with these values of `template_values`. What a WebSocket call began with counts as the lead's."""
    own = {*CALL_FIELDS, *CALL_FIELDS_AT_THE_END, "caller_id"}
    return disclosure_of(bot, values["crm"], {name: value for name, value in values["call"].items() if name not in own})


def reach_of(engine: Engine) -> Reach:
    """What the engine's calls talk to the outside with.

    Raises:
        RuntimeError: it was made without.
    """
    if engine.reach is None:
        raise RuntimeError("this engine was made without an outgoing client (Engine.reach), which a bot with a model needs")
    return engine.reach
