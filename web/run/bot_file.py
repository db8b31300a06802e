"""A bot's file with everything that is wrong with it: its form, its values, its templates."""

from __future__ import annotations

from pathlib import Path

from core.bots.config import BotConfig
from core.bots.intake import check_bot
from core.bots.sample_crm import with_sample_token
from core.kernel.yaml_document import read_yaml

__all__ = ["read_bot_file"]


def read_bot_file(path: Path) -> BotConfig:
    """The bot that the file describes, with its id. One that pushes to the sample CRM sends the token that this wants.

    Raises:
        ConfigError: with every problem of the file.
    """
    return with_sample_token(check_bot(read_yaml(path)))
