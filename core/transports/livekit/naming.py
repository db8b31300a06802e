"""Room names, and the marks that identify our objects on a shared LiveKit server. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass

from core.kernel.numbers import NumberError, parse_number

__all__ = ["PHONE", "Mark", "bot_identity", "inbound_prefix", "number_of", "room_name", "room_prefix"]

PHONE = "phone"
"""The identity of the phone leg in a room that we dialled from."""
_KEY = "dialler"


def room_prefix(installation: str) -> str:
    """What the names of all rooms of this installation begin with."""
    return f"dialler-{installation}-"


def room_name(installation: str, call_id: str) -> str:
    """The room of a call."""
    return f"{room_prefix(installation)}{call_id}"


def inbound_prefix(installation: str) -> str:
    """What the rooms that LiveKit makes for inbound calls begin with."""
    return f"{room_prefix(installation)}in-"


def bot_identity(call_id: str) -> str:
    """Who we are in a room."""
    return f"bot-{call_id}"


@dataclass(frozen=True)
class Mark:
    """Metadata of something that is ours.

    Attributes:
        installation: whose it is.
        trunk: the trunk of our records.
        call_id: the call, for rooms.
    """

    installation: str
    trunk: str = ""
    call_id: str = ""

    def written(self) -> str:
        """As metadata."""
        return json.dumps({_KEY: self.installation, "trunk": self.trunk, "call_id": self.call_id}, sort_keys=True)

    @classmethod
    def read(cls, metadata: str) -> Mark | None:
        """The mark in the metadata of something; None if it is not ours."""
        try:
            found = json.loads(metadata)
        except ValueError:
            return None
        if not isinstance(found, dict) or not isinstance(found.get(_KEY), str):
            return None
        return cls(found[_KEY], str(found.get("trunk", "")), str(found.get("call_id", "")))


def number_of(written: str) -> str:
    """A number as LiveKit has it from the carrier, in E.164 if it is one of the phone network. Pure."""
    plain = written.strip().removeprefix("tel:").removeprefix("sip:").partition("@")[0]
    for tried in (plain, f"+{plain}"):
        try:
            return parse_number(tried, None).e164
        except NumberError:
            continue
    return plain[:64]
