"""A bot's file with everything that is wrong with it: its form, its values, its templates."""

from __future__ import annotations

from pathlib import Path

from core.bots.config import BotConfig
from core.bots.intake import check_bot
from core.kernel.yaml_document import read_yaml
from web.run.push_checks import SAMPLE_CRM, SAMPLE_CRM_TOKEN

__all__ = ["read_bot_file"]


def read_bot_file(path: Path) -> BotConfig:
    """The bot that the file describes, with its id. One that pushes to the sample CRM sends the token that this wants.

    Raises:
        ConfigError: with every problem of the file.
    """
    return _with_sample_token(check_bot(read_yaml(path)))


def _with_sample_token(bot: BotConfig) -> BotConfig:
    push = bot.post_call_push
    if push is None or push.url != SAMPLE_CRM:
        return bot
    return bot.model_copy(update={"post_call_push": push.model_copy(update={"token": f"Bearer secret:{SAMPLE_CRM_TOKEN}"})})
