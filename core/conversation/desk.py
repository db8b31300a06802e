"""What a conversation needs of the agent desk: it asks for a person, waits, and learns what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from core.conversation.brain import TranscriptLine

__all__ = ["DESK", "Desk", "DeskTicket", "HandoffRequest", "PutThrough", "StillWaiting", "Unserved", "desk_queue"]

DESK = "desk:"
"""What the address of a transfer target begins with that is a queue of the agent desk: `desk:QUEUE`."""


def desk_queue(destination: str) -> str | None:
    """The queue of the desk that an address names; None if it names none."""
    return destination.removeprefix(DESK) if destination.startswith(DESK) else None


@dataclass(frozen=True)
class HandoffRequest:
    """A call that is to go to a person: the queue, the transfer target that was asked for and why, and what has happened so far."""

    queue: str
    target: str
    reason: str
    summary: str
    transcript: tuple[TranscriptLine, ...]


@dataclass(frozen=True)
class StillWaiting:
    """Nobody has come yet."""


@dataclass(frozen=True)
class PutThrough:
    """An agent is there: the call is to be put through to their address."""

    address: str


@dataclass(frozen=True)
class Unserved:
    """Nobody came; the hand-off is closed."""

    why: str


class DeskTicket(Protocol):
    """A call's place in the queue."""

    id: str

    def look(self, transcript: tuple[TranscriptLine, ...]) -> StillWaiting | PutThrough | Unserved:
        """How it stands now; `transcript` is what agents are shown from now on."""

    def not_reached(self, why: str) -> None:
        """The agent's phone was not answered: the call waits on."""

    def put_through(self, transcript: tuple[TranscriptLine, ...]) -> None:
        """The agent has the call; recorded with the end of the call, in one transaction."""


class Desk(Protocol):
    """The agent desk as a call sees it."""

    def ask(self, request: HandoffRequest) -> DeskTicket | Unserved:
        """Join the queue; `Unserved` if nobody who could come is on duty."""
