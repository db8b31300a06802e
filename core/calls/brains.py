"""Makes the brain of a call from its bot's configuration: templates rendered, values stringified."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.bots.config import BotConfig
from core.conversation.brain import Brain, BrainContext
from core.conversation.rules.brain import RulesBrain
from core.kernel.ids import Ids
from core.templates import render, stringify
from core.transports.base import PlaceOrder

__all__ = ["make_brain", "template_values"]


def template_values(order: PlaceOrder, bot: BotConfig, variables: dict[str, Any], now: datetime) -> dict[str, dict[str, str]]:
    """The namespaces of prompts and messages, while the call lives: `crm` and `call`."""
    return {
        "crm": {name: stringify(value) for name, value in variables.items()},
        "call": {
            "call_id": order.call_id,
            "to_number": order.to_number,
            "caller_id": order.to_number,
            "from_number": order.from_number or "",
            "bot_name": bot.name,
            "started_at": now.isoformat(),
        },
    }


def make_brain(bot: BotConfig, order: PlaceOrder, values: dict[str, dict[str, str]], now: datetime, ids: Ids) -> Brain:
    """The brain that holds this call; `values` are those of `template_values`."""
    context = BrainContext(
        call_id=order.call_id,
        crm=values["crm"],
        call=values["call"],
        system_prompt=render(bot.system_prompt, values).text,
        opening_message=bot.opening_message,  # the brain renders it: it falls back to a line of its own where a field is missing
        started_at=now,
        time_zone=bot.time_zone,
    )
    return RulesBrain(context, bot.brain, ids.stream("brain", order.attempt), bot.transfer_targets)
