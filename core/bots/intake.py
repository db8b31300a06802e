"""Reads a bot from a file or a request: runs every check at once, and moves its credentials into the secret store."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from core.access.sealing import seal, secret_name
from core.access.secrets import SecretStore
from core.bots.brain_checks import scenario_complaints
from core.bots.config import BotConfig
from core.bots.loading import bot_of, id_from_name
from core.bots.sample_crm import with_sample_token
from core.bots.store import StoredBot, save_bot
from core.bots.template_checks import template_complaints
from core.kernel.config_problems import ConfigError, ConfigProblem, KeyPath
from core.kernel.json_values import complaint_about
from core.kernel.yaml_document import YamlDocument, read_yaml_text

__all__ = ["NewBot", "check_bot", "document_of", "keep_bot", "receive_bot"]

_CREDENTIALS: dict[KeyPath, str] = {
    ("post_call_push", "token"): "PUSH_TOKEN",
    ("post_call_push", "secret"): "PUSH_SECRET",
    ("results_webhook", "secret"): "RESULTS_SECRET",
    ("prefetch", "token"): "PREFETCH_TOKEN",
    ("brain", "key"): "MODEL_KEY",
    ("brain", "fallback", "key"): "FALLBACK_KEY",
    ("voice", "stt", "key"): "STT_KEY",
    ("voice", "tts", "key"): "TTS_KEY",
}
"""Where a configuration may hold a credential -> what to call its secret."""


@dataclass(frozen=True)
class NewBot:
    """A bot that can be stored, and the values of the secrets that its configuration names."""

    config: BotConfig
    secrets: Mapping[str, str] = field(repr=False)


def check_bot(document: YamlDocument) -> BotConfig:
    """The bot that a document describes, with its id. Checks structure, values and templates, and that it names a scenario.

    Raises:
        ConfigError: it cannot be used; lists every problem.
    """
    missing = scenario_complaints(document.data) if document.readable else ()
    return bot_of(document, (*missing, *template_complaints(document.data)))


def document_of(content: bytes, content_type: str) -> YamlDocument:
    """Parse the body of a request: YAML if the content type says so, else JSON.

    Raises:
        ConfigError: it is neither.
    """
    name = "the body"
    try:
        text = content.decode("utf-8-sig")
        if "yaml" in content_type.lower():
            return read_yaml_text(text, name)
        data = json.loads(text)
    except UnicodeDecodeError:
        raise ConfigError([ConfigProblem(name, None, "", "it is not UTF-8 text", "Send it with the encoding UTF-8.")]) from None
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        advice = "Send a bot as JSON, or as YAML with `Content-Type: application/yaml`."
        raise ConfigError([ConfigProblem(name, line, "", "it is not JSON", advice)]) from None
    if (complaint := complaint_about(data)) is not None:
        raise ConfigError([ConfigProblem(name, None, "", complaint, "Take it out.")])
    if not isinstance(data, dict):
        raise ConfigError([ConfigProblem(name, None, "", "it must be an object", 'Begin with {"name": ...}.')])
    return YamlDocument(name, data)


def receive_bot(document: YamlDocument, bot_id: str | None = None) -> NewBot:
    """The bot of a request. Plaintext credentials are taken out and replaced by references.

    Args:
        document: the body.
        bot_id: the id that the bot must have; None: its own, or one made from its name.

    Raises:
        ConfigError: it cannot be used; lists every problem.
    """
    data = copy.deepcopy(document.data)
    given = data.get("id") or bot_id
    if bot_id is not None and given != bot_id:
        document.complain(("id",), f"it is not {bot_id}, which the address names", "Leave it out, or send a new bot to POST /api/v1/bots.")
    data["id"] = given or (id_from_name(data["name"]) if isinstance(data.get("name"), str) and data["name"] else "")
    values = {}
    for place, what in _CREDENTIALS.items():
        *above, key = place
        group: Any = data
        for step in above:
            group = group.get(step) if isinstance(group, dict) else None
        if isinstance(group, dict) and isinstance(group.get(key), str):
            sealed = seal(group[key], secret_name("BOT", str(data["id"]), what))
            group[key] = sealed.text
            if sealed.value is not None:
                values[secret_name("BOT", str(data["id"]), what)] = sealed.value
    document.data = data
    return NewBot(with_sample_token(check_bot(document)), values)


def keep_bot(connection: Connection, new: NewBot, secrets: SecretStore | None, now: datetime) -> StoredBot:
    """Store a bot, or a new version of it, with its secrets, in one transaction. Needs no secret store if there are no secrets."""
    for name, value in new.secrets.items():
        assert secrets is not None
        secrets.set(connection, name, value, now)
    return save_bot(connection, new.config, now)
