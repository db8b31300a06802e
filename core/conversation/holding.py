"""Looks after a caller until a person takes the call over. The bot keeps the call until then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from core.contracts.transport import Digit, Failed, Heard, HungUp, LegEvent, Playout, TransferOutcome
from core.conversation.brain import TranscriptLine
from core.conversation.desk import Desk, HandoffRequest, PutThrough, Unserved

__all__ = ["HoldLines", "HoldingLine", "hold"]

_LOOK_SECONDS: Final = 1.0
"""Seconds between checks of the queue, between the bot's sentences."""
_SPOKEN_TO_SECONDS: Final = 2.0
"""Seconds after which a caller who speaks while waiting gets the next line."""


@dataclass(frozen=True)
class HoldLines:
    """What a waiting caller hears: one of `lines` in turn, every `every_seconds`; `nobody` if no agent came."""

    lines: tuple[str, ...]
    every_seconds: float
    nobody: str


@dataclass(frozen=True)
class HoldingLine:
    """The parts of the call that waiting needs.

    `next` returns the next event of the leg, `heard` records what the caller said, `left` is the seconds until the maximum duration,
    `seconds` those since the answer, `record` records an event of the call.
    """

    say: Callable[[str], Awaitable[Playout]]
    next: Callable[[float], Awaitable[LegEvent | None]]
    heard: Callable[[Heard | Digit], None]
    transfer: Callable[[str], Awaitable[TransferOutcome]]
    record: Callable[..., None]
    transcript: Callable[[], tuple[TranscriptLine, ...]]
    seconds: Callable[[], float]
    left: Callable[[], float]


async def hold(line: HoldingLine, desk: Desk, request: HandoffRequest, lines: HoldLines, facts: dict[str, Any]) -> LegEvent | bool:
    """Wait for an agent and transfer the call.

    Args:
        line: the call.
        desk: the desk.
        request: the request for an agent.
        lines: what the caller hears meanwhile.
        facts: `target`, `reason` and `method` of the transfer, for its events.

    Returns True once an agent has the call; False if none came or the maximum duration is reached; or what ended the call.
    """
    ticket = desk.ask(request)
    if isinstance(ticket, Unserved):
        line.record("transfer_failed", **facts, failed_reason=ticket.why)
        return False
    line.record("handoff_waiting", **facts, queue=request.queue, handoff_id=ticket.id)
    said, speak_at = 0, line.seconds()
    while True:
        match ticket.look(line.transcript()):
            case Unserved(why):
                line.record("transfer_failed", **facts, failed_reason=why)
                return False
            case PutThrough(address):
                line.record("transfer_sent", **facts, destination=address)
                outcome = await line.transfer(address)
                if outcome.succeeded:
                    ticket.put_through(line.transcript())
                    return True
                why = outcome.reason or "the agent could not be reached"
                line.record("transfer_failed", **facts, destination=address, failed_reason=why, sip_status=outcome.sip_status)
                ticket.not_reached(why)
            case _:
                pass
        if (left := line.left()) <= 0:
            line.record("transfer_failed", **facts, failed_reason="the call reached its longest duration while waiting for an agent")
            return False
        if lines.lines and line.seconds() >= speak_at:
            await line.say(lines.lines[said % len(lines.lines)])
            said, speak_at = said + 1, line.seconds() + lines.every_seconds
        event = await line.next(min(_LOOK_SECONDS, left))
        if isinstance(event, HungUp | Failed):
            line.record("transfer_failed", **facts, failed_reason="the call ended while waiting for an agent")
            return event
        if isinstance(event, Heard | Digit):
            line.heard(event)
            speak_at = min(speak_at, line.seconds() + _SPOKEN_TO_SECONDS)
