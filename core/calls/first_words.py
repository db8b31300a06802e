"""What a call says before anything else, by its bot and the rules for its callee."""

from __future__ import annotations

from core.bots.config import BotConfig
from core.conversation.first_words import FirstWords, first_words_of
from core.kernel.numbers import place_of
from core.kernel.rules import rules_for
from core.templates import render
from core.templates.render import Namespaces

__all__ = ["first_words_for"]


def first_words_for(bot: BotConfig, number: str, values: Namespaces) -> FirstWords | None:
    """The first words of a call; None if there are none.

    Args:
        bot: the bot, with the purpose of this call.
        number: the customer's (E.164).
        values: those of `template_values`, for the bot's own wording.
    """
    rules = rules_for(place_of(number), bot.purpose, bot.rules)
    own: dict[str, str] = {key: render(text, values).text for key, text in bot.first_words.texts.items()}
    return first_words_of(rules.first_words, bot.first_words.say, bot.language, recorded=bot.recording.enabled, own=own, pack=rules.pack)
