"""Waiting for an agent, from within the conversation: a desk that follows a script."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from core.bots.config import BotConfig, BrainConfig
from core.contracts.transport import Digit
from core.conversation.brain import BrainContext, TranscriptLine, Transfer, Turn
from core.conversation.desk import DeskTicket, HandoffRequest, PutThrough, StillWaiting, Unserved
from core.conversation.ending import ConversationEnding
from core.conversation.limits import ConversationLimits, limits_of
from core.conversation.rules import RulesBrain
from core.conversation.session import converse
from core.kernel.ids import Ids
from core.kernel.virtual_clock import VirtualClock
from tests.core.conversation.fakes import After, FakeBrain, FakeLeg, hangs_up, says

TARGETS = {"agent": "desk:support"}
BOT = BotConfig(name="b", transfer_targets=TARGETS, time_zone="Europe/London")


@dataclass
class FakeDesk:
    """Answers the n-th look with the n-th news, and then waits for ever."""

    news: list[StillWaiting | PutThrough | Unserved]
    on_duty: bool = True
    asked: list[HandoffRequest] = field(default_factory=list)
    not_reached_: list[str] = field(default_factory=list)
    shown: tuple[TranscriptLine, ...] = ()
    got_it: bool = False
    id: str = "h"

    def ask(self, request: HandoffRequest) -> DeskTicket | Unserved:
        self.asked.append(request)
        return self if self.on_duty else Unserved("nobody on duty")

    def look(self, transcript: tuple[TranscriptLine, ...]) -> StillWaiting | PutThrough | Unserved:
        self.shown = transcript
        return self.news.pop(0) if self.news else StillWaiting()

    def not_reached(self, why: str) -> None:
        self.not_reached_.append(why)

    def put_through(self, transcript: tuple[TranscriptLine, ...]) -> None:
        self.shown, self.got_it = transcript, True


def talk(
    run: Callable[..., Any], desk: FakeDesk | None, *script: After, brain: Any = None, limits: ConversationLimits | None = None
) -> tuple[ConversationEnding, list[tuple[str, Any]], FakeLeg]:
    async def test(clock: VirtualClock) -> Any:
        leg = FakeLeg(clock, *script)
        events: list[tuple[str, Any]] = []
        used = brain or FakeBrain([Turn("One moment.", (Transfer("agent", "asked", "owes 10"),))])
        ending = await converse(leg, used, limits or limits_of(BOT, {}), clock, lambda kind, data: events.append((kind, data)), desk)
        return ending, events, leg

    result: tuple[ConversationEnding, list[tuple[str, Any]], FakeLeg] = run(test)
    return result


def test_what_is_said_while_waiting_is_kept_and_shown(in_virtual_time: Callable[..., Any]) -> None:
    desk = FakeDesk([*[StillWaiting()] * 8, PutThrough("sip:mira@desk.example")])
    script = (says("a human"), says("hurry up", after=3), After(2, Digit("0")))
    ending, events, leg = talk(in_virtual_time, desk, *script)
    assert ending.disconnected_by == "transfer_to_agent"
    assert leg.transfers == ["sip:mira@desk.example"]
    assert [line.text for line in desk.shown if line.speaker == "customer"] == ["a human", "hurry up", "[pressed 0]"]
    assert (desk.asked[0].queue, desk.asked[0].summary, desk.got_it) == ("support", "owes 10", True)
    kinds = [kind for kind, _ in events]
    assert kinds.index("handoff_waiting") < kinds.index("transfer_sent")


def test_without_a_desk_the_transfer_fails_and_the_talk_goes_on(in_virtual_time: Callable[..., Any]) -> None:
    ending, events, _ = talk(in_virtual_time, None, says("a human"), says("ok then"), hangs_up())
    assert ending.end_reason == "customer_hangup"
    assert dict(events)["transfer_failed"]["failed_reason"] == "there is no agent desk here"


def test_who_hangs_up_while_waiting_has_hung_up(in_virtual_time: Callable[..., Any]) -> None:
    ending, events, _ = talk(in_virtual_time, FakeDesk([]), says("a human"), hangs_up(after=40))
    assert ending.disconnected_by == "customer"
    assert "while waiting" in dict(events)["transfer_failed"]["failed_reason"]


def test_a_bot_without_hold_lines_is_silent(in_virtual_time: Callable[..., Any]) -> None:
    limits = limits_of(BOT.model_copy(update={"desk": BOT.desk.model_copy(update={"hold_lines": []})}), {})
    _, _, leg = talk(in_virtual_time, FakeDesk([]), says("a human"), hangs_up(after=100), limits=limits)
    assert leg.said == ["Hello, is this Asha?", "One moment."]


def test_the_longest_call_ends_the_wait(in_virtual_time: Callable[..., Any]) -> None:
    limits = replace(limits_of(BOT, {}), max_call_duration_seconds=60)
    ending, _, _ = talk(in_virtual_time, FakeDesk([]), says("a human"), limits=limits)
    assert (ending.disconnected_by, ending.seconds < 75) == ("timeout", True)


def test_when_nobody_came_the_rules_brain_agrees_on_a_callback(in_virtual_time: Callable[..., Any]) -> None:
    async def analysis(clock: VirtualClock) -> Any:
        context = BrainContext("c", {}, {}, "", "Hello?", clock.now(), BOT.time_zone)
        brain = RulesBrain(context, BrainConfig(), Ids(1).stream("brain"), TARGETS)
        leg = FakeLeg(clock, says("I want to speak to a human"), says("tomorrow at 10 am", after=2), says("bye"))
        desk = FakeDesk([], on_duty=False)
        ending = await converse(leg, brain, limits_of(BOT, {}), clock, lambda *_: None, desk)
        return ending, await brain.analysis(), leg.said, desk

    ending, found, said, desk = in_virtual_time(analysis)
    assert BOT.desk.nobody_line in said
    assert (found["DISPOSITION"], found["SUB_DISPOSITION"]) == ("CALLBACK", "AT_TIME"), said
    assert found["callback_at"] == "2026-03-05T10:00+00:00"
    assert (ending.disconnected_by, len(desk.asked)) == ("bot", 1)


def test_who_asks_again_for_a_person_is_not_made_to_wait_again(in_virtual_time: Callable[..., Any]) -> None:
    async def asked(clock: VirtualClock) -> Any:
        context = BrainContext("c", {}, {}, "", "Hello?", clock.now(), BOT.time_zone)
        brain = RulesBrain(context, BrainConfig(), Ids(1).stream("brain"), TARGETS)
        leg = FakeLeg(clock, says("I want to speak to a human"), says("no, a human, now"), says("whenever you like"), says("bye"))
        desk = FakeDesk([], on_duty=False)
        await converse(leg, brain, limits_of(BOT, {}), clock, lambda *_: None, desk)
        return len(desk.asked), (await brain.analysis())["callback_requested"]

    assert in_virtual_time(asked) == (1, True)
