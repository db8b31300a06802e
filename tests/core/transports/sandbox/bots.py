"""A small scripted bot that holds a call on the sandbox, and what it saw of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from core.contracts.transport import Answered, Failed, Heard, HungUp, Leg, LegEvent, PlaceOrder, Playout
from core.kernel.clock import Clock
from core.kernel.ids import Ids
from core.transports.sandbox import SandboxNetwork, SandboxSettings, SandboxTransport, TrunkLimits

PAYMENT = (
    "Hello, this is Acme Finance. Am I speaking with Rahul Sharma?",
    "I am calling about your loan. 15000 was due on 1 May. When can you pay it?",
    "Thank you. Is there anything else I can help you with?",
    "Thank you for your time. Goodbye.",
)
APPOINTMENT = (
    "Hello, this is the Hill Clinic. Am I speaking with Rahul Sharma?",
    "You have an appointment on Friday at 10 am. Can you make it?",
    "Which day would suit you better?",
    "Thank you. Goodbye.",
)
SURVEY = (
    "Hello, this is Acme. Am I speaking with Rahul Sharma?",
    "Do you have a minute for two questions?",
    "On a scale of 0 to 10, how likely are you to recommend us to a friend?",
    "What could we do better?",
    "Thank you for your answers. Goodbye.",
)


def order(number: str = "+12125550100", attempt: str = "a1", trunk: str = "main") -> PlaceOrder:
    return PlaceOrder(call_id=f"call-{attempt}", attempt=attempt, to_number=number, from_number="+442079460000", trunk=trunk)


def transport(
    clock: Clock,
    folder: Path,
    settings: SandboxSettings | None = None,
    trunks: dict[str, TrunkLimits] | None = None,
    seed: int = 7,
) -> SandboxTransport:
    return SandboxTransport(SandboxNetwork(clock, Ids(seed), settings or SandboxSettings(), folder / "network.jsonl", trunks))


@dataclass
class Saw:
    """What the bot saw of a call."""

    events: list[LegEvent] = field(default_factory=list)
    times: list[datetime] = field(default_factory=list)
    playouts: list[Playout] = field(default_factory=list)

    @property
    def heard(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Heard)]

    @property
    def all_heard(self) -> str:
        return " ".join(self.heard)

    @property
    def end(self) -> LegEvent:
        return self.events[-1]

    @property
    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]


async def hold(
    clock: Clock,
    leg: Leg,
    script: tuple[str, ...] = PAYMENT,
    ring_timeout: float = 45.0,
    longest: float = 600.0,
    after: Callable[[str], str | None] = lambda heard: None,
) -> Saw:
    """Hold a call to its end: a line of the script after each thing heard (or what `after` makes of it), then hang up."""
    saw = Saw()
    answered_at: datetime | None = None
    lines = iter(script)
    silences = 0

    async def say(text: str | None) -> None:
        if text is None:
            await leg.hang_up("completed")
        else:
            saw.playouts.append(await leg.say(text))

    while True:
        event = await leg.next(5.0 if answered_at else ring_timeout)
        if event is not None:
            saw.events.append(event)
            saw.times.append(clock.now())
        elif answered_at is None:
            await leg.hang_up("ring timeout")
        if isinstance(event, Failed | HungUp):
            return saw
        if answered_at is not None and (clock.now() - answered_at).total_seconds() > longest:
            await leg.hang_up("too long")
        elif isinstance(event, Answered):
            answered_at = clock.now()
            await say(next(lines))
        elif isinstance(event, Heard):
            silences = 0
            await say(after(event.text) or next(lines, None))
        elif event is None and answered_at is not None and not leg.speaking:
            silences += 1
            await say("Hello, are you there?" if silences < 3 else None)
