"""What a silence means. Pure."""

from __future__ import annotations

from typing import Literal

from core.bots.config import SilenceConfig
from core.conversation.ending import EndReason

__all__ = ["after_silence", "ending_of_silence", "line_for"]


def after_silence(count: int, config: SilenceConfig) -> Literal["ask_again", "give_up"]:
    """What to do after the `count`-th silence in a row (from 1)."""
    return "ask_again" if count <= config.re_engagements else "give_up"


def ending_of_silence(*, customer_spoke: bool) -> EndReason:
    """Silence to the end: `silent` (RNR in the guide) if the callee never spoke at all, else dead air."""
    return "dead_air" if customer_spoke else "silent"


def line_for(count: int, config: SilenceConfig) -> str:
    """The configured question for the `count`-th silence in a row; the last one is repeated if they run out."""
    return config.lines[min(count, len(config.lines)) - 1]
