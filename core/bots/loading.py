"""Reads a bot from `bot.yaml`: the checks that a schema cannot express, and the id made from the name.

Templates are checked by `core.templates`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from core.bots.brain_checks import brain_complaints
from core.bots.config import BotConfig
from core.bots.crm_checks import prefetch_complaints, push_complaints
from core.bots.request_checks import of_templated_url, of_url
from core.bots.sample_crm import SAMPLE_CRM
from core.bots.voice_checks import voice_complaints
from core.kernel.config_problems import ConfigError, KeyPath
from core.kernel.hours import check_time_zone
from core.kernel.numbers import NumberError, check_region, parse_number
from core.kernel.yaml_config import check_document
from core.kernel.yaml_document import YamlDocument, read_yaml

__all__ = ["Complaint", "bot_complaints", "bot_of", "id_from_name", "load_bot", "url_complaint"]

Complaint = tuple[KeyPath, str, str]
"""Where, what is wrong, what to do."""
Check = Callable[[str], tuple[str, str] | None]
"""The problem with a value, and the advice; None if there is none."""

_SIP_ADDRESS = re.compile(r"(?:[^\s@<>\"]+@)?(?:[A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?(?:;[^\s<>\"]*)?")
_REFERENCE = r"secret:[A-Za-z_][A-Za-z0-9_]{0,127}"


def load_bot(path: Path) -> BotConfig:
    """The bot that the file describes, with its id.

    Raises:
        ConfigError: the file cannot be read or used; lists every problem.
    """
    return bot_of(read_yaml(path))


def bot_of(document: YamlDocument, more: Iterable[Complaint] = ()) -> BotConfig:
    """The bot that a document describes, with its id.

    Args:
        document: the parsed document.
        more: problems found by other checks.

    Raises:
        ConfigError: it cannot be used; lists every problem.
    """
    for place, problem, advice in (*bot_complaints(document.data), *more):
        document.complain(place, problem, advice)
    config = check_document(document, BotConfig)
    if config is None or document.problems:
        raise ConfigError(document.problems)
    return config if config.id else config.model_copy(update={"id": id_from_name(config.name)})


def bot_complaints(data: Mapping[str, Any]) -> list[Complaint]:
    """Checks of a bot's configuration (raw JSON) that a schema cannot express: unknown time zone or country, plaintext credentials."""
    found: list[Complaint] = []
    for place, check in _CHECKS.items():
        value: Any = data
        for key in place:
            value = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(value, str) and (complaint := check(value)) is not None:
            found.append((place, *complaint))
    return [
        *found,
        *_target_complaints(data.get("transfer_targets")),
        *brain_complaints(data),
        *prefetch_complaints(data),
        *push_complaints(data),
        *voice_complaints(data),
    ]


def _target_complaints(targets: Any) -> list[Complaint]:
    """Transfer targets that no call can be transferred to."""
    found: list[Complaint] = []
    for name, address in targets.items() if isinstance(targets, Mapping) else ():
        if not isinstance(address, str):
            continue
        if complaint := _target_complaint(address):
            found.append((("transfer_targets", name), *complaint))
    return found


def _target_complaint(address: str) -> tuple[str, str] | None:
    """The problem with the address of a transfer target, and the advice; None if there is none."""
    scheme, colon, rest = address.partition(":")
    match scheme.lower() if colon else "":
        case "desk" if scheme != "desk" or not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", rest):
            advice = "Write desk: and the name of a queue, of small letters, digits, - and _, as in desk:support."
            return "it names no queue of the agent desk", advice
        case "sips":
            return "calls cannot be transferred to a sips: address", "Write it as sip:USER@HOST."
        case "sip" if not _SIP_ADDRESS.fullmatch(rest):
            return "it is not a whole sip: address", "Write sip:USER@HOST, as in sip:agents@pbx.example.com."
        case "desk" | "sip":
            return None
    if not address.strip():
        return "it is empty", "Write a number, a sip: address, or desk:QUEUE."
    number = rest if scheme.lower() == "tel" else address
    try:
        plain = parse_number(number, None).e164
    except NumberError as error:
        advice = "Write it in full: +, country code, number; an extension of an exchange as sip:EXTENSION@HOST; a queue as desk:QUEUE."
        return f"it is not a number that can be called: {error.reason}", advice
    return None if number == plain else ("the number is not written in full", f"Write {plain}.")


def id_from_name(name: str) -> str:
    """A bot id made from its name: `Loan reminder` -> `loan-reminder`; for a name without Latin letters, from its hash."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub("[^a-z0-9]+", "-", plain).strip("-")[:64].rstrip("-")
    return slug or f"bot-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _known(check: Callable[[str], str]) -> Check:
    def complain(value: str) -> tuple[str, str] | None:
        try:
            check(value)
        except ValueError as error:
            return (str(error).rstrip("."), "")
        return None

    return complain


def _referred(form: str, example: str) -> Check:
    def complain(value: str) -> tuple[str, str] | None:
        if not value or re.fullmatch(form, value):
            return None
        return (
            "the file contains a credential",
            f"Keep it in the environment or the secret store under a name, and write `{example}` here.",
        )

    return complain


def url_complaint(value: str) -> tuple[str, str] | None:
    """The problem with a URL that takes no templates, and the advice; None if there is none."""
    if "{{" in value:
        return "templates are not filled in here, and {{ }} would be sent unchanged", "Write the address out."
    return next(((problem, advice) for _, problem, advice in of_url((), value)), None)


def _push_url_complaint(value: str) -> tuple[str, str] | None:
    """The problem with the URL of a bot's push, which may contain templates."""
    return next(((problem, advice) for _, problem, advice in of_templated_url((), value)), None)


_CHECKS: dict[tuple[str, ...], Check] = {
    ("time_zone",): _known(check_time_zone),
    ("default_region",): _known(check_region),
    ("post_call_push", "url"): lambda value: None if value == SAMPLE_CRM else _push_url_complaint(value),
    ("post_call_push", "token"): _referred(f"([A-Za-z]+ )?{_REFERENCE}", "Bearer secret:NAME"),
    ("post_call_push", "secret"): _referred(_REFERENCE, "secret:NAME"),
    ("prefetch", "token"): _referred(f"([A-Za-z]+ )?{_REFERENCE}", "Bearer secret:NAME"),
    ("results_webhook", "url"): _push_url_complaint,
    ("results_webhook", "secret"): _referred(_REFERENCE, "secret:NAME"),
}
