"""The rules that protect a bot's callees: those of the packs, with the bot's own settings. Pure."""

from __future__ import annotations

from typing import Final

from core.bots.config import BotConfig
from core.kernel.numbers import Place
from core.kernel.rules import Rules, rules_for

__all__ = ["rules_of"]

_SWITCHED_OFF: Final = "the bot's permitted_hours are switched off"


def rules_of(bot: BotConfig, place: Place) -> Rules:
    """The rules for a callee, by the bot's purpose.

    Args:
        bot: the bot, with the purpose of the call.
        place: where the callee's number was issued.
    """
    return rules_for(place, bot.purpose, bot.rules, hours_off="" if bot.permitted_hours.enabled else _SWITCHED_OFF)
