"""A leg that follows a script, and a brain that follows another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.contracts.transport import Heard, HungUp, LegEvent, Playout, TransferOutcome
from core.conversation.brain import Turn
from core.kernel.clock import Clock

SECONDS_PER_WORD = 0.4


@dataclass
class After:
    """`event` comes so many seconds after the bot began to wait; `in_speech`: after it began to speak, cutting it off."""

    seconds: float
    event: LegEvent
    in_speech: bool = False


def says(text: str, after: float = 0.5, barge: bool = False) -> After:
    return After(after, Heard(text, min(after, 0.5), barged_in=barge), in_speech=barge)


def hangs_up(after: float = 0.5, in_speech: bool = False) -> After:
    return After(after, HungUp(), in_speech)


class FakeLeg:
    def __init__(self, clock: Clock, *script: After, transfer: TransferOutcome | None = None) -> None:
        self.clock, self.script = clock, list(script)
        self.said: list[str] = []
        self.hang_ups: list[str] = []
        self.transfers: list[str] = []
        self._transfer = transfer or TransferOutcome(True, 202)
        self.gone = self.speaking = False

    async def next(self, timeout: float | None = None) -> LegEvent | None:
        assert timeout is not None
        if self.script and self.script[0].seconds <= timeout:
            step = self.script.pop(0)
            await self.clock.sleep(step.seconds)
            self.gone = isinstance(step.event, HungUp)
            return step.event
        await self.clock.sleep(timeout)
        if self.script:
            self.script[0].seconds -= timeout
        return None

    async def say(self, text: str) -> Playout:
        if self.gone or self.hang_ups:
            return Playout("", False, 0.0)
        words = text.split()
        takes = len(words) * SECONDS_PER_WORD
        if self.script and self.script[0].in_speech and self.script[0].seconds < takes:
            step = self.script[0]
            await self.clock.sleep(step.seconds)
            spoken = " ".join(words[: int(step.seconds / SECONDS_PER_WORD)])
            self.said.append(spoken)
            playout = Playout(spoken, False, step.seconds)
            step.seconds = 0
            return playout
        await self.clock.sleep(takes)
        self.said.append(text)
        return Playout(text, True, takes)

    async def hang_up(self, reason: str = "") -> None:
        self.hang_ups.append(reason)

    async def transfer(self, destination: str) -> TransferOutcome:
        self.transfers.append(destination)
        await self.clock.sleep(1)
        return self._transfer


@dataclass
class FakeBrain:
    """Answers the n-th thing it hears with the n-th turn (a turn, or a function that makes one)."""

    turns: list[Turn | Callable[[], Turn]] = field(default_factory=list)
    first: Turn | Callable[[], Turn] = field(default_factory=lambda: Turn("Hello, is this Asha?"))
    heard: list[str] = field(default_factory=list)
    silences: list[int] = field(default_factory=list)
    on_silence: Turn = field(default_factory=Turn)
    off: str = ""

    async def opening(self) -> Turn:
        return self.first if isinstance(self.first, Turn) else self.first()

    async def reply(self, heard: str, now: datetime) -> Turn:
        self.heard.append(heard)
        turn = self.turns.pop(0) if self.turns else Turn("I see. And then?")
        return turn if isinstance(turn, Turn) else turn()

    async def silence(self, count: int, now: datetime) -> Turn:
        self.silences.append(count)
        return self.on_silence

    def opted_out(self, words: str) -> None:
        self.off = words

    async def analysis(self) -> dict[str, Any]:
        return {}
