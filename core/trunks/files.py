"""What is wrong with a `trunks.yaml`, all of it at once, with the line, the trunk and the field. Nothing is looked up. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.access.secrets import names_in
from core.kernel.config_problems import ConfigProblem, KeyPath, problems_of
from core.kernel.numbers import NumberError, parse_number
from core.kernel.yaml_document import YamlDocument
from core.transports.line_settings import Misfit
from core.transports.livekit.settings import LiveKitSettings
from core.transports.sip.settings import SipSettings
from core.trunks.foreign import foreign_option, no_transport
from core.trunks.pacing import SLOWEST

__all__ = ["check_trunks", "complain", "named_secrets"]


class _Entry(BaseModel):
    """What every trunk of a file has, beside the settings of its transport."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="What the trunk is called: small letters, digits, - and _, at most 64."
    )
    transport: Literal["sip", "livekit", "sandbox"] = "sip"
    channels: int = Field(default=10, ge=1, le=100_000, description="Most calls at once.")
    calls_per_second: float = Field(default=1, ge=SLOWEST, le=10_000, description="Most new calls a second.")
    numbers: list[Any] = Field(default=[], description='Your numbers, each in quotes: ["+12025550101"].')
    default_number: str | None = Field(default=None, description="The number that calls show which name none.")
    is_default: bool = Field(default=False, description="Calls without a caller ID go out on it.")

    def misfits(self) -> list[Misfit]:
        """What does not fit together."""
        return []


class _SipEntry(SipSettings, _Entry):
    pass


class _LiveKitEntry(LiveKitSettings, _Entry):
    pass


class _Number(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    number: str = Field(description="In quotes, with + and the country code.")
    bot_id: str | None = Field(default=None, description="The bot that an inbound call to it reaches.")
    label: str | None = Field(default=None, description="A remark.")


_Model = type[_Entry] | type[_SipEntry] | type[_LiveKitEntry]
_MODELS: Final[dict[Any, _Model]] = {"sip": _SipEntry, "livekit": _LiveKitEntry}
_STANDING_IN: Final = {"host": "127.0.0.1", "url": "wss://127.0.0.1", "address": "127.0.0.1", "api_key": "-", "api_secret": "secret:X"}
"""Put in for what a trunk must have and has not, so that the rest can be looked at."""
_SECRETS: Final = ("password", "api_secret")


def check_trunks(document: YamlDocument) -> None:
    """Add everything that is wrong with the trunks of a file to the problems of its document."""
    if not document.readable:
        return
    for key in document.data:
        if key != "trunks":
            document.complain((key,), "there is no such key", "The file holds a list under `trunks`, and nothing else.")
    entries = document.data.get("trunks")
    if not isinstance(entries, list):
        document.complain(("trunks",), "it must hold a list of trunks" if "trunks" in document.data else "it is missing", _BEGIN)
        return
    for position, entry in enumerate(entries):
        _check_entry(document, position, entry)
    _check_repeated(document, entries)


_BEGIN: Final = "Write `trunks:`, and under it `- name: ...` for each."


def complain(document: YamlDocument, position: int, field: str, problem: str, advice: str = "", path: KeyPath | None = None) -> None:
    """Add a problem with a trunk, by its name.

    Args:
        position: which of the trunks it is, from 0.
        field: its field, as people write it; "": the trunk as a whole.
        path: the field's path within the trunk; None: `field`, at its top level.
    """
    where = ("trunks", position, *((field,) if path is None else path))
    key = f"{_called(document, position)}: {field}" if field else _called(document, position)
    document.problems.append(ConfigProblem(document.file, document.line_of(where), key, problem, advice))


def named_secrets(document: YamlDocument) -> Iterator[tuple[int, str, str]]:
    """The secrets that the trunks name: which trunk (from 0), its field, the name of the secret."""
    entries = document.data.get("trunks")
    for position, entry in enumerate(entries if isinstance(entries, list) else ()):
        for field in _SECRETS if isinstance(entry, dict) else ():
            if isinstance(written := entry.get(field), str):
                yield from ((position, field, name) for name in names_in(written))


def _called(document: YamlDocument, position: int) -> str:
    entry = document.data["trunks"][position]
    name = entry.get("name") if isinstance(entry, dict) else None
    return f"trunk {name!r}" if isinstance(name, str) else f"trunk {position + 1}"


def _check_entry(document: YamlDocument, position: int, entry: Any) -> None:
    if not isinstance(entry, dict):
        complain(document, position, "", "it must be a group of keys, each with its value", "Begin with `- name: ...`.")
        return
    transport = entry.get("transport", "sip")
    model = _MODELS.get(transport if isinstance(transport, str) else None, _Entry)
    bad: set[str] = set()
    if isinstance(transport, str) and (why := no_transport(transport)):
        complain(document, position, "transport", why)
        entry = {key: value for key, value in entry.items() if key != "transport"}
        bad.add("transport")
    for option, value in list(entry.items()):
        if option not in _Entry.model_fields and (foreign := foreign_option(str(transport), str(option), value)) is not None:
            complain(document, position, str(option), foreign)
            entry = {key: kept for key, kept in entry.items() if key != option}
    try:
        model.model_validate_json(json.dumps(entry), strict=True)
    except ValidationError as error:
        for found in problems_of(error, model, document.file, lambda path: document.line_of(("trunks", position, *path))):
            if not found.key or (model is _Entry and transport != "sandbox" and found.problem == "there is no such key"):
                continue  # misfits are looked for below; of an unknown transport nobody knows the keys
            bad.add(found.key.partition(".")[0].partition("[")[0])
            key = f"{_called(document, position)}: {found.key}"
            document.problems.append(ConfigProblem(document.file, found.line, key, found.problem, found.advice))
    fields = {field.alias or name for name, field in model.model_fields.items()}
    good = {key: value for key, value in entry.items() if key in fields - bad}
    looked_at = model.model_construct(**{**{key: value for key, value in _STANDING_IN.items() if key in fields}, **good})
    for about, text in looked_at.misfits():
        if not bad.intersection(about):
            written = next((field for field in about if field in entry), "name")
            complain(document, position, "", text, path=(written,))
    if "numbers" not in bad:
        _check_numbers(document, position, entry.get("numbers") or [])
    if isinstance(shown := entry.get("default_number"), str):
        _check_number(document, position, shown, "default_number", ("default_number",))


def _check_numbers(document: YamlDocument, position: int, numbers: list[Any]) -> None:
    for place, written in enumerate(numbers):
        field, path = f"numbers[{place + 1}]", ("numbers", place)
        if isinstance(written, str):
            _check_number(document, position, written, field, path)
        elif isinstance(written, dict):
            try:
                _check_number(document, position, _Number.model_validate_json(json.dumps(written), strict=True).number, field, path)
            except ValidationError as error:
                for found in problems_of(error, _Number, document.file, lambda _: None):
                    complain(document, position, f"{field}.{found.key}", found.problem, found.advice, (*path, found.key))
        else:
            complain(
                document, position, field, "it must be a number in quotes", 'Write "+12025550101", or {number: ..., bot_id: ...}.', path
            )


def _check_number(document: YamlDocument, position: int, written: str, field: str, path: KeyPath) -> None:
    try:
        parse_number(written, None)
    except NumberError as error:
        complain(document, position, field, error.reason, f"{error.advice[:1].upper()}{error.advice[1:]}.", path)


def _check_repeated(document: YamlDocument, entries: list[Any]) -> None:
    """Names and numbers that the file has twice, and a second default trunk; each with both places."""
    seen: dict[tuple[str, str], tuple[int, KeyPath]] = {}
    for position, entry in enumerate(entries):
        for kind, value, field, path in _unique(entry):
            if (kind, value) not in seen:
                seen[kind, value] = position, path
                continue
            first, before = seen[kind, value]
            line = document.line_of(("trunks", first, *before))
            where = f"in line {line}, {_called(document, first)}" if line is not None else _called(document, first)
            problem = "another trunk is the default one already" if kind == "is_default" else f"{value} is in the file already"
            complain(document, position, field, f"{problem} ({where})", "Remove one.", path)


def _unique(entry: Any) -> Iterator[tuple[str, str, str, KeyPath]]:
    """What no other trunk of the file may have, too: its kind, the value, the field, its path within the trunk."""
    if not isinstance(entry, dict):
        return
    if isinstance(name := entry.get("name"), str):
        yield "name", name, "name", ("name",)
    if entry.get("is_default") is True:
        yield "is_default", "", "is_default", ("is_default",)
    numbers = entry.get("numbers")
    for place, written in enumerate(numbers if isinstance(numbers, list) else ()):
        number = written.get("number") if isinstance(written, dict) else written
        try:
            if isinstance(number, str):
                yield "number", parse_number(number, None).e164, f"numbers[{place + 1}]", ("numbers", place)
        except NumberError:
            continue
