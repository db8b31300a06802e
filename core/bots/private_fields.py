"""Which fields of a lead are private, and where a bot would say one to somebody else. Works on raw JSON configuration, valid or not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from core.templates.lookup import normalised
from core.templates.syntax import parse

__all__ = ["NAMES", "PERSONS", "confirms_identity", "private_fields", "private_in_the_open"]

PERSONS: Final = frozenset(
    normalised(name)
    for name in [
        "customer_name",
        "name",
        "full_name",
        "first_name",
        "last_name",
        "surname",
        "middle_name",
        "given_name",
        "family_name",
        "patient",
        "patient_name",
        "client",
        "client_name",
        "contact_name",
        "guest",
        "guest_name",
        "member_name",
        "lead_name",
    ]
)
"""Fields with the person's name."""
NAMES: Final = PERSONS | {
    normalised(name)
    for name in [
        "title",
        "salutation",
        "company",
        "company_name",
        "lender",
        "bank",
        "clinic",
        "organisation",
        "organization",
        "store",
        "brand",
        "language",
        "time_zone",
    ]
}
"""Fields that are not private unless the bot says so: the name of the person, and of those for whom the bot calls."""
_SAID_TO_ANYBODY: Final = (
    ("opening_message",),
    ("voicemail_message",),
    ("silence", "lines"),
    ("silence", "goodbye"),
    ("first_words", "texts"),
)


def private_fields(fields: Collection[str], named: Collection[str] | None) -> list[str]:
    """Which fields of a lead are private.

    Args:
        fields: their names.
        named: those that the bot calls private; None for the default: all but names.
    """
    if named is None:
        return [field for field in fields if normalised(field) not in NAMES]
    wanted = {normalised(name) for name in named}
    return [field for field in fields if normalised(field) in wanted]


def confirms_identity(data: Mapping[str, Any]) -> bool:
    """Whether a bot says what is private only to the person who has confirmed who they are."""
    if isinstance(declared := data.get("confirm_identity"), bool):
        return declared
    brain = data.get("brain")
    return not (isinstance(brain, Mapping) and brain.get("kind", "rules") == "rules" and brain.get("scenario") == "survey")


def private_in_the_open(data: Mapping[str, Any]) -> list[str]:
    """Sentences about texts that anybody hears who answers, or a machine, and that hold a private field: it will be held back."""
    if not confirms_identity(data):
        return []
    named = data.get("private")
    private = named if isinstance(named, list) else None
    found = []
    for path in _SAID_TO_ANYBODY:
        value: Any = data
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        fields = dict.fromkeys(field for text in _texts(value) for field in _fields(text))
        if held := private_fields(list(fields), private):
            names = ", ".join(f"{{{{crm.{field}}}}}" for field in held)
            to_whom = "to a machine" if path == ("voicemail_message",) else "before the person has confirmed who they are"
            found.append(
                f"{'.'.join(path)} would say {names} {to_whom}; it is held back. Say it later, list under `private` what is private, or "
                "set `confirm_identity: false`."
            )
    return found


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for inner in value.values() for text in _texts(inner))
    elif isinstance(value, list | tuple):
        yield from (text for inner in value for text in _texts(inner))


def _fields(text: str) -> Iterator[str]:
    for part in parse(text):
        if not isinstance(part, str) and part.namespace == "crm" and part.field:
            yield part.field
