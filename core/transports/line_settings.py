"""What the settings of every kind of trunk have in common: types of their fields, and how one that is wrong is told."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from core.access.secrets import names_in
from core.kernel.config_problems import problems_of

__all__ = ["BadLineSettings", "Headers", "Misfit", "Networks", "SecretReference", "read_line_settings"]

_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_LONGEST_HEADER: Final = 500
Model = TypeVar("Model", bound=BaseModel)
Misfit = tuple[tuple[str, ...], str]
"""Settings, as people write them, that do not fit together, and why."""


class BadLineSettings(ValueError):
    """A setting cannot be used; `field` says which."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field, self.detail = field, detail


def _reference(value: str) -> str:
    if len(names_in(value)) != 1 or value != f"secret:{names_in(value)[0]}":
        raise ValueError("it must be a reference to a stored secret: secret:NAME")
    return value


def _networks(value: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(ipaddress.ip_network(one, strict=False)) for one in value)


def _headers(value: dict[str, str]) -> dict[str, str]:
    for name, text in value.items():
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"{name[:40]!r} cannot be a header")
        if not text.isprintable() or len(text) > _LONGEST_HEADER:
            raise ValueError(f"the value of the header {name} is too long, or holds control characters")
    return value


SecretReference = Annotated[str, Field(max_length=256), AfterValidator(_reference)]
"""`secret:NAME`, never the secret itself."""
Networks = Annotated[tuple[str, ...], Field(max_length=100), AfterValidator(_networks)]
"""Addresses or networks."""
Headers = Annotated[dict[str, str], AfterValidator(_headers)]
"""Headers of an INVITE."""


def read_line_settings(model: type[Model], document: Mapping[str, Any], what: str) -> Model:
    """The settings in a document.

    Args:
        model: what they are.
        document: as it was written.
        what: the field to name when it is the whole that is wrong.

    Raises:
        BadLineSettings: the first thing that is wrong with it.
    """
    try:
        return model.model_validate(dict(document))
    except ValidationError as error:
        first = problems_of(error, model, "", lambda _: None)[0]
        field = ".".join(map(str, error.errors()[0]["loc"])) or what  # as in every answer of the API
        raise BadLineSettings(field, f"{first.problem}. {first.advice}".strip().rstrip(".")) from None
