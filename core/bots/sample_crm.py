"""The sample CRM in a bot's configuration: an alias for its URL, and the secret that it requires."""

from __future__ import annotations

from typing import Final

from core.bots.config import BotConfig

__all__ = ["SAMPLE_CRM", "SAMPLE_CRM_TOKEN", "with_sample_token"]

SAMPLE_CRM: Final = "sample-crm"
"""The URL that stands for the sample CRM."""
SAMPLE_CRM_TOKEN: Final = "SAMPLE_CRM_TOKEN"  # noqa: S105 - a name, not a secret
"""The secret that the sample CRM requires; created when it starts."""


def with_sample_token(bot: BotConfig) -> BotConfig:
    """The bot; if it pushes to the sample CRM, its token is replaced by the one that the sample CRM requires."""
    push = bot.post_call_push
    if push is None or push.url != SAMPLE_CRM:
        return bot
    return bot.model_copy(update={"post_call_push": push.model_copy(update={"token": f"Bearer secret:{SAMPLE_CRM_TOKEN}"})})
