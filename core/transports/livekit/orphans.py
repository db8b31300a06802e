"""Rooms that have lost an owner. Pure.

A room of ours is owned by the call that it is named after. Neither side ends it by itself: a phone leg stays when the bot's process has
died, and a bot when the phone leg was never seen to leave.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.transports.livekit.naming import Mark, inbound_prefix, room_prefix

__all__ = ["GRACE_SECONDS", "RoomState", "orphan"]

GRACE_SECONDS = 45.0
"""How old a room must be before it can be an orphan: joining and dialling come first."""


@dataclass(frozen=True)
class RoomState:
    """A room as it is now.

    Attributes:
        name: its name.
        metadata: its metadata.
        age: in seconds.
        bots: identities of bots that are in it.
        phones: identities of phone legs that are in it.
    """

    name: str
    metadata: str
    age: float
    bots: Sequence[str]
    phones: Sequence[str]


def orphan(room: RoomState, installation: str, owned: bool | None, grace: float = GRACE_SECONDS) -> str | None:
    """Why a room is to be ended, in words; None if it is not, or is not ours.

    Args:
        room: the room.
        installation: ours. A room of ours has both its prefix and its mark; LiveKit makes those of inbound calls, which have no mark.
        owned: whether a live worker holds the call of the room; None if nobody can tell, as for an inbound call that nobody took.
        grace: how old a room must be, in seconds.
    """
    if not room.name.startswith(room_prefix(installation)):
        return None
    inbound = room.name.startswith(inbound_prefix(installation))
    mark = Mark.read(room.metadata)
    if not inbound and (mark is None or mark.installation != installation):
        return None
    if room.age < grace:
        return None
    if owned is False:
        return "no live process holds its call"
    if not room.bots:
        return "its bot has died" if room.phones else "nobody is in it"
    if not room.phones:
        return "its phone leg has died"
    return None
