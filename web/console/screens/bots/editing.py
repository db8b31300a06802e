"""A bot's file as the console edits it: checked as a whole, kept as a new version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.bots.intake import NewBot, receive_bot
from core.bots.template_checks import warnings_about
from core.kernel.config_problems import ConfigError, ConfigProblem
from core.kernel.yaml_document import read_yaml_text
from web.console.formats import number
from web.console.i18n import gettext as _

__all__ = ["LONGEST", "NEW_BOT", "Checked", "check_text"]

LONGEST: Final = 200_000
"""Characters of a file; longer ones are refused."""

NEW_BOT: Final = """\
name: My bot
language: en
time_zone: UTC
opening_message: "Hello, am I speaking with {{crm.customer_name}}?"
brain:
  kind: rules
  scenario: payment_reminder
voicemail_message: Hello, please call us back about your account. Goodbye.
"""
"""What the editor begins with."""


@dataclass(frozen=True)
class Checked:
    """What was found in a bot's file.

    Attributes:
        problems: every problem, each with its line; empty if the bot can be kept.
        doubts: what is likely not meant.
        new: the bot; None if there are problems.
    """

    problems: tuple[ConfigProblem, ...]
    doubts: tuple[str, ...] = ()
    new: NewBot | None = None


def check_text(text: str, bot_id: str | None) -> Checked:
    """Check a bot's file.

    Args:
        text: the file, YAML.
        bot_id: the id that the bot must have; None: its own, or one made from its name.
    """
    if len(text) > LONGEST:
        remedy = _("Write at most %(n)s characters.") % {"n": number(LONGEST)}
        return Checked((ConfigProblem("bot.yaml", None, "", _("it is too long"), remedy),))
    try:
        new = receive_bot(read_yaml_text(text, "bot.yaml"), bot_id)
    except ConfigError as error:
        return Checked(tuple(error.problems))
    return Checked((), tuple(warnings_about(new.config.model_dump(mode="json"))), new)
