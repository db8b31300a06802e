"""A bot's file with everything that is wrong with it: its form, its values, its templates."""

from __future__ import annotations

from pathlib import Path

from core.bots.config import BotConfig
from core.bots.loading import load_bot
from core.bots.template_checks import template_complaints
from core.kernel.yaml_config import ConfigError, ConfigProblem
from core.kernel.yaml_document import read_yaml

__all__ = ["read_bot_file"]


def read_bot_file(path: Path) -> BotConfig:
    """The bot that the file describes, with its id.

    Raises:
        ConfigError: with every problem of the file.
    """
    problems: list[ConfigProblem] = []
    bot: BotConfig | None = None
    try:
        bot = load_bot(path)
    except ConfigError as error:
        problems += error.problems
    document = read_yaml(path)
    document.problems.clear()  # load_bot has told them
    for place, problem, advice in template_complaints(document.data):
        document.complain(place, problem, advice)
    problems += document.problems
    if problems or bot is None:
        raise ConfigError(problems)
    return bot
