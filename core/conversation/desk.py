"""The conversation's interface to the agent desk: it asks for a person, waits, and learns the outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from core.conversation.brain import TranscriptLine

__all__ = ["DESK", "Desk", "DeskTicket", "HandoffRequest", "PutThrough", "StillWaiting", "Unserved", "desk_queue"]

DESK = "desk:"
"""Prefix of the address of a transfer target that is a queue of the agent desk: `desk:QUEUE`."""


def desk_queue(destination: str) -> str | None:
    """The desk queue that an address names; None if it names none."""
    return destination.removeprefix(DESK) if destination.startswith(DESK) else None


@dataclass(frozen=True)
class HandoffRequest:
    """A call that is to go to a person: the queue, the requested transfer target and the reason, and the transcript so far."""

    queue: str
    target: str
    reason: str
    summary: str
    transcript: tuple[TranscriptLine, ...]


@dataclass(frozen=True)
class StillWaiting:
    """No agent has come yet."""


@dataclass(frozen=True)
class PutThrough:
    """An agent is ready: transfer the call to their address."""

    address: str


@dataclass(frozen=True)
class Unserved:
    """No agent came; the hand-off is closed."""

    why: str


class DeskTicket(Protocol):
    """A call's place in the queue."""

    id: str

    def look(self, transcript: tuple[TranscriptLine, ...]) -> StillWaiting | PutThrough | Unserved:
        """The current state; `transcript` is what agents see from now on."""

    def not_reached(self, why: str) -> None:
        """The agent did not answer: the call goes on waiting."""

    def put_through(self, transcript: tuple[TranscriptLine, ...]) -> None:
        """The agent has the call; recorded with the end of the call, in one transaction."""


class Desk(Protocol):
    """The agent desk as seen by a call."""

    def ask(self, request: HandoffRequest) -> DeskTicket | Unserved:
        """Join the queue; `Unserved` if no agent for it is on duty."""
