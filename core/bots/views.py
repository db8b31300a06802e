"""A bot for people: as a file, and what it would say to one lead. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from core.bots.brain_config import BrainConfig
from core.bots.config import BotConfig
from core.templates import render, stringify_fields

__all__ = ["Preview", "as_document", "as_yaml", "preview"]


@dataclass(frozen=True)
class Preview:
    """What a bot would say and think in a call with one lead.

    Attributes:
        texts: `opening_message`, `system_prompt` and, if the bot leaves one, `voicemail_message`, with the values in them.
        missing: references to fields of the lead that are not there or hold nothing, as `crm.name`; a default helps.
    """

    texts: dict[str, str]
    missing: list[str]


def preview(config: BotConfig, variables: Mapping[str, Any]) -> Preview:
    """The bot's texts for a lead with these variables.

    Raises:
        TypeError: if a value cannot be shown as text.
    """
    values: dict[str, dict[str, Any]] = {"crm": stringify_fields(variables), "call": {"bot_name": config.name}}
    texts = {"opening_message": config.opening_message, "system_prompt": config.system_prompt}
    if config.voicemail_message:
        texts["voicemail_message"] = config.voicemail_message
    rendered = {name: render(text, values) for name, text in texts.items()}
    lacking = {field for text in rendered.values() for field in (*text.missing, *text.empty) if field.startswith("crm.")}
    return Preview({name: text.text for name, text in rendered.items()}, sorted(lacking))


def as_document(config: BotConfig) -> dict[str, Any]:
    """The bot as plain JSON that makes the same bot again: what differs from the defaults."""
    document = config.model_dump(mode="json", exclude_defaults=True)
    if config.brain.kind != BrainConfig().kind:  # the default of its own kind, but not of bots
        document["brain"] = {"kind": config.brain.kind, **document.get("brain", {})}
    return document


def as_yaml(config: BotConfig) -> str:
    """The bot as a bot.yaml: what differs from the defaults."""
    return str(yaml.safe_dump(as_document(config), sort_keys=False, allow_unicode=True, width=120))
