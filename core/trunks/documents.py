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
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from core.trunks.records import (
    LIVEKIT,
    SIP,
    BadTrunk,
    NumberRecord,
    TrunkRecord,
    add_number,
    add_trunk,
    all_trunks,
    change_number,
    change_trunk,
    find_trunk,
)

__all__ = ["apply_trunk", "apply_trunks"]

_OWN = frozenset({"name", "transport", "channels", "calls_per_second", "numbers", "default_number", "is_default"})


def apply_trunks(connection: Connection, document: Mapping[str, Any], now: datetime) -> list[TrunkRecord]:
    """Make or change every trunk of a document. Trunks and numbers that are not in it stay.

    Raises:
        TrunkError: one of them cannot be as the document says.
    """
    entries = document.get("trunks")
    if not isinstance(entries, list) or set(document) != {"trunks"} or not all(isinstance(entry, dict) for entry in entries):
        raise BadTrunk("trunks", "the file must hold a list under `trunks`, and nothing else")
    return [apply_trunk(connection, entry, now) for entry in entries]


def apply_trunk(connection: Connection, entry: Mapping[str, Any], now: datetime) -> TrunkRecord:
    """Make a trunk, or change the one of its name; its settings become those of the entry.

    Raises:
        TrunkError: it cannot be as the entry says.
    """
    name, transport = entry.get("name"), entry.get("transport", SIP)
    if not isinstance(name, str):
        raise BadTrunk("name", "every trunk needs a name")
    channels, rate = entry.get("channels", 10), entry.get("calls_per_second", 1)
    if not isinstance(channels, int) or isinstance(channels, bool):
        raise BadTrunk("channels", "it must be a whole number")
    if not isinstance(rate, int | float) or isinstance(rate, bool):
        raise BadTrunk("calls_per_second", "it must be a number")
    numbers = [_number(number) for number in entry.get("numbers", [])]
    settings = {key: value for key, value in entry.items() if key not in _OWN}
    sip = settings if transport == SIP else None
    livekit = settings if transport == LIVEKIT else None
    if settings and sip is None and livekit is None:
        raise BadTrunk(next(iter(settings)), f"a trunk of {transport} has no such setting")
    default, first = entry.get("default_number"), bool(entry.get("is_default", False))
    before = next((trunk for trunk in all_trunks(connection) if trunk.name == name), None)
    if before is None:
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
    for number in numbers:
        (change_number if number.number in known else add_number)(connection, name, number)
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


def _number(written: object) -> NumberRecord:
    if isinstance(written, str):
        return NumberRecord(written)
    if isinstance(written, dict) and set(written) <= {"number", "bot_id", "label"} and isinstance(written.get("number"), str):
        return NumberRecord(written["number"], written.get("bot_id"), written.get("label") or "")
    raise BadTrunk("numbers", "each must be a number in quotes, or have number, and perhaps bot_id and label")
