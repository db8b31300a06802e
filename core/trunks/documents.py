"""`trunks.yaml`: trunks as a file has them, made or changed to be as it says.

trunks:
  - name: carrier
    host: sip.carrier.example
    user: account
    password: secret:CARRIER_PASSWORD
    channels: 30
    calls_per_second: 5
    numbers: ["+12025550101", {number: "+12025550102", bot_id: reception}]
  - name: cloud
    transport: livekit
    url: wss://project.livekit.example
    api_key: APIkey
    api_secret: secret:LIVEKIT_SECRET
    address: sip.carrier.example
    numbers: ["+12025550103"]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from core.kernel.config_problems import ConfigError
from core.kernel.numbers import parse_number
from core.kernel.yaml_document import YamlDocument
from core.trunks.errors import BadTrunk, TrunkError, UnknownTrunk
from core.trunks.files import check_trunks, complain
from core.trunks.numbers import add_numbers, change_numbers
from core.trunks.reading import LIVEKIT, SIP, NumberRecord, TrunkRecord, find_trunk
from core.trunks.records import add_trunk, change_trunk

__all__ = ["apply_trunk", "apply_trunks"]

_OWN = frozenset({"name", "transport", "channels", "calls_per_second", "numbers", "default_number", "is_default"})


def apply_trunks(connection: Connection, document: YamlDocument, now: datetime) -> list[TrunkRecord]:
    """Make or change every trunk of a document. Trunks and numbers that are not in it stay.

    Raises:
        ConfigError: it cannot be used, with everything that is wrong with it. The transaction must be given up then.
    """
    check_trunks(document)
    if document.problems:
        raise ConfigError(document.problems)
    made: list[TrunkRecord] = []
    for position, entry in enumerate(document.data["trunks"]):
        try:
            made.append(apply_trunk(connection, entry, now))
        except BadTrunk as error:
            for field, detail in error.problems:
                complain(document, position, field, detail)
        except TrunkError as error:
            complain(document, position, "", str(error).rstrip("."))
    if document.problems:
        raise ConfigError(document.problems)
    return made


def apply_trunk(connection: Connection, entry: Mapping[str, Any], now: datetime) -> TrunkRecord:
    """Make a trunk, or change the one of its name; its settings become those of the entry, which was checked (`check_trunks`).

    Raises:
        TrunkError: it cannot be as the entry says.
    """
    name, transport = entry["name"], entry.get("transport", SIP)
    channels, rate = entry.get("channels", 10), entry.get("calls_per_second", 1)
    numbers = [_number(number) for number in entry.get("numbers") or []]
    settings = {key: value for key, value in entry.items() if key not in _OWN}
    sip = settings if transport == SIP else None
    livekit = settings if transport == LIVEKIT else None
    default, first = entry.get("default_number"), bool(entry.get("is_default", False))
    try:
        before = find_trunk(connection, name)
    except UnknownTrunk:
        return add_trunk(
            connection, name, transport=transport, channels=channels, calls_per_second=rate, numbers=numbers,
            default_number=default, is_default=first, sip=sip, livekit=livekit, now=now,
        )  # fmt: skip
    if before.transport != transport:
        raise BadTrunk("transport", f"the trunk {name!r} is of {before.transport}: remove it first")
    if sip is not None:
        sip = {**dict.fromkeys(before.sip or {}), **sip}
    if livekit is not None:
        livekit = {**dict.fromkeys(before.livekit or {}), **livekit}
    known = {number.number for number in before.numbers}
    numbers = [replace(number, number=parse_number(number.number, None).e164) for number in numbers]
    add_numbers(connection, name, [number for number in numbers if number.number not in known])
    change_numbers(connection, name, [number for number in numbers if number.number in known])
    change_trunk(
        connection,
        name,
        channels=channels,
        calls_per_second=rate,
        default_number=default,
        is_default=first or None,
        sip=sip,
        livekit=livekit,
    )
    return find_trunk(connection, name)


def _number(written: str | Mapping[str, Any]) -> NumberRecord:
    if isinstance(written, str):
        return NumberRecord(written)
    return NumberRecord(written["number"], written.get("bot_id"), written.get("label") or "")
