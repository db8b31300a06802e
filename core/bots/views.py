"""A bot shown to people: as a file, and what it would say to one lead. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from core.bots.brain_config import BrainConfig
from core.bots.config import BotConfig
from core.prefetch.config import PrefetchConfig
from core.prefetch.plan import plan
from core.templates import render, stringify_fields
from core.templates.addresses import UnusableValue

__all__ = ["PrefetchPreview", "Preview", "as_document", "as_yaml", "preview"]


@dataclass(frozen=True)
class Preview:
    """What a bot would say in a call to one lead, and the prompt it would use.

    Attributes:
        texts: `opening_message`, `system_prompt` and, if the bot leaves one, `voicemail_message`, with their values filled in.
        missing: references, such as `crm.name`, to fields of the lead that are missing or empty and have no default.
    """

    texts: dict[str, str]
    missing: list[str]
    prefetch: PrefetchPreview | None = None


@dataclass(frozen=True)
class PrefetchPreview:
    """The pre-fetch that the bot would send; secrets appear as `secret:NAME`.

    Attributes:
        missing: references in the URL that have no value: then nothing is sent.
        error: why the request cannot be built, if it cannot; `url` is then empty.
    """

    method: str
    url: str
    headers: dict[str, str]
    body: Any
    missing: list[str]
    error: str | None = None


def preview(config: BotConfig, variables: Mapping[str, Any], call: Mapping[str, str]) -> Preview:
    """The bot's texts for a lead.

    Args:
        config: the bot.
        variables: the lead's; no pre-fetch is sent.
        call: the values of `{{call.*}}`.

    Raises:
        TypeError: if a value cannot be shown as text.
    """
    values: dict[str, dict[str, Any]] = {"crm": stringify_fields(variables), "call": {**call, "bot_id": config.id, "bot_name": config.name}}
    texts = {"opening_message": config.opening_message, "system_prompt": config.system_prompt}
    if config.voicemail_message:
        texts["voicemail_message"] = config.voicemail_message
    rendered = {name: render(text, values) for name, text in texts.items()}
    lacking = {field for text in rendered.values() for field in (*text.missing, *text.empty) if field.startswith("crm.")}
    shown = {name: text.text for name, text in rendered.items()}
    return Preview(shown, sorted(lacking), _prefetch(config.prefetch, values) if config.prefetch else None)


def _prefetch(config: PrefetchConfig, values: Mapping[str, Mapping[str, Any]]) -> PrefetchPreview:
    try:
        wanted = plan(config, values)
    except UnusableValue as error:
        return PrefetchPreview(config.method, "", {}, None, [], str(error))
    return PrefetchPreview(wanted.method, wanted.url, wanted.headers, wanted.body, list(wanted.missing))


def as_document(config: BotConfig) -> dict[str, Any]:
    """The bot as plain JSON that makes the same bot again: only what differs from the defaults."""
    document = config.model_dump(mode="json", exclude_defaults=True)
    if isinstance(config.brain, BrainConfig):  # a scenario is always named, and the analysis is only the model's
        document["brain"] = {"scenario": config.brain.scenario, **document.get("brain", {})}
        document.pop("analysis", None)
    else:  # the default of this class, but not of bots
        document["brain"] = {"kind": config.brain.kind, **document.get("brain", {})}
    return document


def as_yaml(config: BotConfig) -> str:
    """The bot as a bot.yaml: only what differs from the defaults."""
    return str(yaml.safe_dump(as_document(config), sort_keys=False, allow_unicode=True, width=120))
