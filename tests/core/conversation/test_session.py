from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from core.bots.config import BotConfig, SilenceConfig
from core.calls.transfer import transfer_facts
from core.contracts.transport import Answered, Beep, Digit, Failed, FaxTone, LegError, Playout, TransferOutcome
from core.conversation.brain import Brain, DoNotCall, EndCall, ScheduleCallback, Transfer, Turn, VoicemailDetected
from core.conversation.ending import ConversationEnding
from core.conversation.limits import ConversationLimits, SessionLines, limits_of
from core.conversation.session import converse
from core.kernel.virtual_clock import VirtualClock
from tests.core.conversation.fakes import After, FakeBrain, FakeLeg, hangs_up, says

LIMITS = ConversationLimits(
    max_call_duration_seconds=120,
    silence=SilenceConfig(after_seconds=5, re_engagements=2, lines=["Hello?", "Still there?"], goodbye="I will try again."),
    closure_phrases=("goodbye", "have a nice day"),
    transfer_targets={"agent": "tel:+442079460000"},
)
BYE = Turn("Thank you.", (EndCall(),))


@dataclass
class Held:
    ending: ConversationEnding
    leg: FakeLeg
    brain: Any
    events: list[tuple[str, Mapping[str, Any]]]

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.events]


Hold = Callable[..., Held]


@pytest.fixture
def hold(in_virtual_time: Callable[..., Any]) -> Hold:
    def run(
        *script: After,
        brain: Brain | None = None,
        limits: ConversationLimits = LIMITS,
        transfer: TransferOutcome | None = None,
        make_leg: type[FakeLeg] = FakeLeg,
    ) -> Held:
        async def test(clock: VirtualClock) -> Held:
            leg = make_leg(clock, *script, transfer=transfer)
            events: list[tuple[str, Mapping[str, Any]]] = []
            used = brain or FakeBrain([BYE])
            ending = await converse(leg, used, limits, clock, lambda kind, data: events.append((kind, data)))
            return Held(ending, leg, used, events)

        held: Held = in_virtual_time(test)
        assert held.leg.hang_ups, "every conversation hangs up"
        assert held.kinds[-1] == "conversation_ended"
        times = [line.timestamp for line in held.ending.transcript]
        assert times == sorted(times)
        assert all(0 <= at <= held.ending.seconds for at in times)
        return held

    return run


def lines(held: Held) -> list[tuple[str, str]]:
    return [(line.speaker, line.text) for line in held.ending.transcript]


def test_a_conversation_is_held_and_ended_by_the_bot(hold: Hold) -> None:
    held = hold(says("Yes?"), says("Fine."), brain=FakeBrain([Turn("How are you?"), BYE]))
    assert (held.ending.disconnected_by, held.ending.end_reason) == ("bot", "completed")
    assert lines(held) == [
        ("bot", "Hello, is this Asha?"),
        ("customer", "Yes?"),
        ("bot", "How are you?"),
        ("customer", "Fine."),
        ("bot", "Thank you."),
    ]
    assert held.ending.customer_spoke
    assert held.ending.transcript[0].timestamp == 0.0
    assert held.ending.transcript[1].timestamp == 1.6  # four words


def test_a_closure_phrase_said_by_the_bot_ends_the_call(hold: Hold) -> None:
    held = hold(says("no"), brain=FakeBrain([Turn("All right. Have a nice day!")]))
    assert (held.ending.disconnected_by, held.ending.end_reason) == ("bot", "closure_phrase")


def test_a_closure_phrase_that_was_cut_off_does_not(hold: Hold) -> None:
    brain = FakeBrain([Turn("All right then, thank you so much. Goodbye!"), BYE])
    held = hold(says("no"), says("Wait!", after=1, barge=True), brain=brain)
    assert brain.heard == ["no", "Wait!"]
    assert held.ending.end_reason == "completed"


def test_a_closure_phrase_said_by_the_callee_does_not(hold: Hold) -> None:
    held = hold(says("goodbye"), says("bye"), brain=FakeBrain([Turn("One moment."), BYE]))
    assert held.ending.end_reason == "completed"


@pytest.mark.parametrize("script", [(hangs_up(),), (hangs_up(0.9, in_speech=True),), (says("yes"), hangs_up(0.1, in_speech=True))])
def test_the_customer_may_hang_up_at_any_moment(hold: Hold, script: tuple[After, ...]) -> None:
    held = hold(*[replace(step) for step in script], brain=FakeBrain([Turn("I am calling about your loan.")]))
    assert (held.ending.disconnected_by, held.ending.end_reason) == ("customer", "customer_hangup")
    assert held.ending.customer_spoke == (len(script) == 2)


def test_the_customer_may_hang_up_during_the_last_words(hold: Hold) -> None:
    held = hold(says("yes"), hangs_up(0.4, in_speech=True), brain=FakeBrain([Turn("Thank you very much.", (EndCall(),))]))
    assert held.ending.disconnected_by == "customer"
    assert held.ending.transcript[-1].text == "Thank"
    assert held.ending.transcript[-1].data == {"interrupted": True}


def test_only_what_was_spoken_stands_in_the_transcript(hold: Hold) -> None:
    held = hold(says("Who?", after=0.8, barge=True), says("ok"), brain=FakeBrain([Turn("The clinic."), BYE]))
    assert lines(held)[:2] == [("bot", "Hello, is"), ("customer", "Who?")]


def test_silence_is_asked_twice_and_then_ends_as_rnr(hold: Hold) -> None:
    held = hold()
    assert (held.ending.disconnected_by, held.ending.end_reason) == ("RNR", "silent")
    assert held.leg.said == ["Hello, is this Asha?", "Hello?", "Still there?", "I will try again."]
    assert held.brain.silences == [1, 2]
    assert not held.ending.customer_spoke


def test_silence_after_words_is_dead_air(hold: Hold) -> None:
    held = hold(says("hello"), brain=FakeBrain([Turn("Is this Asha?")]))
    assert (held.ending.disconnected_by, held.ending.end_reason) == ("bot", "dead_air")


def test_words_end_a_silence(hold: Hold) -> None:
    held = hold(says("hm", after=6), says("yes", after=6), says("right", after=6), brain=FakeBrain([Turn("Yes?"), Turn("And?"), BYE]))
    assert held.brain.silences == [1, 1, 1]
    assert held.ending.end_reason == "completed"


def test_a_brain_may_break_a_silence_itself(hold: Hold) -> None:
    brain = FakeBrain(on_silence=Turn("Shall I ask again?"))
    assert hold(brain=brain).leg.said.count("Shall I ask again?") == 2


def test_an_interrupted_goodbye_is_taken_back(hold: Hold) -> None:
    goodbye = Turn("Thank you, I have noted that. Goodbye.", (EndCall(),))
    brain = FakeBrain([goodbye, Turn("Friday, then. Goodbye.", (EndCall(),))])
    held = hold(says("tomorrow"), says("No, Friday!", after=0.5, barge=True), brain=brain)
    assert brain.heard == ["tomorrow", "No, Friday!"]
    assert held.ending.end_reason == "completed"


def test_a_goodbye_cannot_be_interrupted_for_ever(hold: Hold) -> None:
    goodbye = Turn("Thank you, I have noted that. Goodbye.", (EndCall(),))
    held = hold(says("a"), *[says("b", after=0.5, barge=True) for _ in range(9)], brain=FakeBrain([goodbye] * 9))
    assert held.ending.end_reason == "completed"
    assert len(held.brain.heard) == 3


GREETING = "Hi, you have reached the Millers. Please leave a message after the tone."


def test_a_machine_is_known_by_its_words(hold: Hold) -> None:
    held = hold(says(GREETING))
    assert (held.ending.disconnected_by, held.ending.end_reason) == ("voicemail", "voicemail")
    assert held.brain.heard == []
    assert not held.ending.customer_spoke
    assert held.leg.said == ["Hello, is this Asha?"]


def test_a_machine_gets_its_message_after_the_beep(hold: Hold) -> None:
    limits = replace(LIMITS, voicemail_message="Please call us back.")
    held = hold(says("You have reached 0100."), says(GREETING), After(2, Beep()), limits=limits, brain=FakeBrain())
    assert held.leg.said[-1] == "Please call us back."
    assert held.ending.transcript[-1].timestamp == pytest.approx(1.6 + 0.5 + 1.6 + 0.5 + 2, abs=0.05)
    assert "voicemail_message_left" in held.kinds


def test_a_beep_at_a_machines_moment_is_a_machine(hold: Hold) -> None:
    assert hold(After(1, Beep(tells_machine=True))).ending.disconnected_by == "voicemail"


def test_a_tone_that_tells_nothing_is_no_machine(hold: Hold) -> None:
    """Ringback that outlives the answer, a PBX's recording tone: the person who speaks then is talked with."""
    held = hold(After(0.2, Beep()), says("hello"), After(1, Beep()), says("yes"), brain=FakeBrain([Turn("A?"), BYE]))
    assert held.ending.end_reason == "completed"
    assert "voicemail_detected" not in held.kinds


def test_a_beep_that_comes_before_the_words_are_understood(hold: Hold) -> None:
    """The message is left at once: the machine records already."""
    limits = ConversationLimits(voicemail_message="Please call us back.")
    held = hold(After(1, Beep()), says(GREETING), limits=limits, brain=FakeBrain())
    assert held.ending.disconnected_by == "voicemail"
    assert [data["after_beep"] for kind, data in held.events if kind == "voicemail_message_left"] == [True]
    assert held.ending.seconds < ConversationLimits().beep_wait_seconds


def test_a_fax_is_a_machine_that_takes_no_message(hold: Hold) -> None:
    held = hold(After(2, FaxTone()), limits=ConversationLimits(voicemail_message="Please call us back."), brain=FakeBrain())
    assert held.ending.disconnected_by == "voicemail"
    assert "voicemail_message_left" not in held.kinds
    assert [data["evidence"] for kind, data in held.events if kind == "voicemail_detected"] == ["fax_tone"]


def test_a_beep_in_mid_conversation_is_nothing(hold: Hold) -> None:
    held = hold(says("yes"), says("fine"), After(1, Beep(tells_machine=True)), says("ok"), brain=FakeBrain([Turn("A?"), Turn("B?"), BYE]))
    assert held.ending.end_reason == "completed"


def test_no_message_is_left_for_a_machine_that_hung_up(hold: Hold) -> None:
    held = hold(says(GREETING), hangs_up(), limits=replace(LIMITS, voicemail_message="Please call us back."))
    assert held.ending.disconnected_by == "voicemail"
    assert held.leg.said == ["Hello, is this Asha?"]


def test_no_message_is_left_when_no_beep_comes(hold: Hold) -> None:
    """Nobody records: the message would be lost, or a person would hear it."""
    held = hold(says(GREETING), limits=replace(LIMITS, voicemail_message="Please call us back."))
    assert held.ending.disconnected_by == "voicemail"
    assert held.leg.said == ["Hello, is this Asha?"]
    assert "voicemail_message_not_left" in held.kinds


def test_a_bot_may_hang_up_on_machines_although_it_has_a_message(hold: Hold) -> None:
    held = hold(says(GREETING), limits=replace(LIMITS, voicemail_message="Please call us back.", voicemail="hang_up"))
    assert held.ending.disconnected_by == "voicemail"
    assert held.leg.said == ["Hello, is this Asha?"]


def test_a_bot_may_go_on_with_machines(hold: Hold) -> None:
    limits = replace(LIMITS, voicemail_message="Please call us back.", voicemail="go_on")
    held = hold(says(GREETING), After(1, Beep()), says("yes"), limits=limits, brain=FakeBrain([Turn("A?"), BYE]))
    assert held.ending.end_reason == "completed"
    assert len(held.brain.heard) == 2
    assert held.kinds.count("voicemail_detected") == 1


def test_a_brain_may_detect_the_machine(hold: Hold) -> None:
    held = hold(says("Mailbox"), brain=FakeBrain([Turn("", (VoicemailDetected(),))]))
    assert held.ending.disconnected_by == "voicemail"


def test_the_longest_call_ends_with_a_goodbye(hold: Hold) -> None:
    held = hold(*[says("and then", after=3) for _ in range(100)], brain=FakeBrain())
    assert (held.ending.disconnected_by, held.ending.end_reason) == ("timeout", "max_duration")
    assert held.leg.said[-1].endswith("Goodbye.")
    assert 120 <= held.ending.seconds < 135


def test_the_limit_also_ends_a_long_silence(hold: Hold) -> None:
    limits = replace(LIMITS, max_call_duration_seconds=8)
    held = hold(limits=limits)
    assert held.ending.end_reason == "max_duration"
    assert held.ending.seconds < 20


def test_wishes_are_kept_even_if_the_callee_hangs_up_at_once(hold: Hold) -> None:
    at = datetime(2026, 3, 5, 17, 0, tzinfo=UTC)
    turn = Turn("I will.", (DoNotCall("never call"), ScheduleCallback(at, "tomorrow at 5"), EndCall()))
    held = hold(says("I see"), hangs_up(0.1, in_speech=True), brain=FakeBrain([turn]))
    assert held.ending.disconnected_by == "customer"
    assert held.ending.do_not_call == DoNotCall("never call")
    assert held.ending.callback == ScheduleCallback(at, "tomorrow at 5")
    assert tuple(sorted(k for k in held.kinds if k.endswith("requested"))) == ("callback_requested", "do_not_call_requested")


TRANSFER = Turn("I will connect you.", (Transfer("agent", "asked for a person"),))


def test_a_transfer_that_works(hold: Hold) -> None:
    held = hold(says("a human please"), brain=FakeBrain([TRANSFER]))
    assert (held.ending.disconnected_by, held.ending.end_reason) == ("transfer_to_agent", "transferred")
    facts = transfer_facts(held.events)
    assert facts.was_transferred
    assert facts.transfer_destination == "tel:+442079460000"
    assert (facts.transfer_target, facts.transfer_reason, facts.transfer_method) == ("agent", "asked for a person", "livekit_sip_refer")
    assert facts.transfer_at == pytest.approx(1.6 + 0.5 + 1.6)


def test_a_transfer_that_fails_stays_in_the_conversation(hold: Hold) -> None:
    held = hold(says("a human"), says("ok"), brain=FakeBrain([TRANSFER, BYE]), transfer=TransferOutcome(False, 486))
    assert held.ending.end_reason == "completed"
    assert any("can't connect you" in said for said in held.leg.said)
    facts = transfer_facts(held.events)
    assert not facts.was_transferred
    assert facts.transfer_failed_reason == "SIP status 486"


def test_a_transfer_to_nowhere_fails(hold: Hold) -> None:
    held = hold(says("a human"), says("ok"), brain=FakeBrain([TRANSFER, BYE]), limits=replace(LIMITS, transfer_targets={}))
    assert held.leg.transfers == []
    assert "no transfer target called 'agent'" in str(transfer_facts(held.events).transfer_failed_reason)


def raises() -> Turn:
    raise RuntimeError(f"{'As'}ha said something")


@pytest.mark.parametrize("brain", [FakeBrain(first=raises), FakeBrain([raises])])
def test_a_brain_that_fails_is_never_silence(hold: Hold, brain: FakeBrain, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        held = hold(says("yes"), brain=brain)
    assert (held.ending.disconnected_by, held.ending.end_reason) == ("error", "pipeline_failure")
    assert "something went wrong" in held.leg.said[-1]
    assert "brain failed: RuntimeError" in caplog.text
    assert "Asha" not in caplog.text


def test_a_brain_that_hangs_is_given_up(hold: Hold) -> None:
    class Stuck(FakeBrain):
        async def reply(self, heard: str, now: datetime) -> Turn:
            await self.clock.sleep(10_000)
            return Turn()

        clock: Any = None

    class StuckLeg(FakeLeg):
        def __init__(self, clock: Any, *script: After, transfer: TransferOutcome | None = None) -> None:
            super().__init__(clock, *script, transfer=transfer)
            brain.clock = clock

    brain = Stuck()
    held = hold(says("yes"), brain=brain, make_leg=StuckLeg)
    assert held.ending.end_reason == "pipeline_failure"
    assert held.ending.seconds < 40


def test_a_leg_that_breaks_ends_the_call(hold: Hold) -> None:
    class Broken(FakeLeg):
        async def say(self, text: str) -> Playout:
            raise ConnectionError("media lost")

    held = hold(make_leg=Broken)
    assert held.ending.end_reason == "pipeline_failure"
    assert "leg_failed" in held.kinds


def test_a_failure_of_the_network_in_mid_call(hold: Hold) -> None:
    held = hold(After(1, Answered()), After(1, Failed(500, "media failure")))
    assert held.ending.disconnected_by == "error"


def reason_of(held: Held) -> Any:
    return next(data["reason"] for kind, data in held.events if kind == "leg_failed")


def test_a_voice_that_fails_is_told_in_words_and_apologised_for(hold: Hold) -> None:
    held = hold(After(1, Answered()), After(1, Failed(500, "speech recognition fails: acme is gone", ours=True)))
    assert held.ending.disconnected_by == "error"
    assert reason_of(held) == "speech recognition fails: acme is gone"
    assert held.ending.transcript[-1].text == SessionLines.apology


def test_words_that_cannot_be_spoken_are_apologised_for(hold: Hold) -> None:
    class Mute(FakeLeg):
        async def say(self, text: str) -> Playout:
            if text != SessionLines.apology:  # whose sound was made beforehand
                raise LegError("speech synthesis fails: acme is gone")
            return await super().say(text)

    held = hold(make_leg=Mute)
    assert held.ending.end_reason == "pipeline_failure"
    assert reason_of(held) == "speech synthesis fails: acme is gone"
    assert [line.text for line in held.ending.transcript] == [SessionLines.apology]


def test_keys_pressed_quickly_are_one_number(hold: Hold) -> None:
    brain = FakeBrain([Turn("And?"), BYE])
    held = hold(After(1, Digit("1")), After(0.5, Digit("0")), says("done", after=0.8), brain=brain)
    assert brain.heard == ["10", "done"]
    assert ("customer", "[pressed 10]") in lines(held)


def test_keys_do_not_outlast_the_longest_call(hold: Hold) -> None:
    limits = replace(LIMITS, max_call_duration_seconds=8)
    held = hold(*[After(1.0, Digit("1")) for _ in range(200)], brain=FakeBrain(), limits=limits)
    assert held.ending.end_reason == "max_duration"
    assert held.ending.seconds < 20


def test_a_number_has_an_end(hold: Hold) -> None:
    brain = FakeBrain([Turn("And?"), BYE])
    hold(*[After(0.01, Digit("7")) for _ in range(40)], brain=brain)
    assert brain.heard == ["7" * 32, "7" * 8]


def test_the_same_script_gives_the_same_conversation(hold: Hold) -> None:
    def once() -> Held:
        return hold(says("yes"), says("hm", after=7), hangs_up(3), brain=FakeBrain())

    assert once().ending == once().ending


def test_limits_come_from_the_bot_with_its_lines_rendered() -> None:
    config = BotConfig(
        name="b",
        voicemail_message="Call us, {{crm.name|please}}.",
        silence=SilenceConfig(lines=["Are you there, {{crm.name}}?"]),
        closure_phrases=["bye"],
    )
    limits = limits_of(config, {"crm": {"name": "Asha"}})
    assert limits.voicemail_message == "Call us, Asha."
    assert limits.silence.lines == ["Are you there, Asha?"]
    assert limits.closure_phrases == ("bye",)
