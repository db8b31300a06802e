"""The leg of a conversation over an audio leg: on the virtual clock, sound fed by hand."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from typing import Any

import numpy as np

from core.contracts.transport import Answered, Beep, Digit, Failed, Heard, HungUp, Ringing, TransferOutcome
from core.kernel.mailbox import Mailbox
from core.kernel.virtual_clock import VirtualClock
from core.voice.errors import VoiceError
from core.voice.leg import VoiceLeg
from core.voice.line import Line, Sound
from core.voice.ports import FRAME, RATE, AudioEnd, AudioEvent, Frame
from tests.core.voice.test_sound import frames, silence, speech, tone


class Script:
    """A voice that says each word as 0.3 s of a tone, and understands what the script says next."""

    def __init__(self, *hears: str) -> None:
        self.hears, self.lengths, self.fails = list(hears), list[int](), 0
        self.synthesized: list[str] = []

    async def synthesize(self, text: str) -> AsyncGenerator[Frame, None]:
        self.synthesized.append(text)
        for _ in text.split():
            yield tone(0.3, 500)

    async def transcribe(self, speech: AsyncIterator[Frame]) -> str:
        self.lengths.append(sum([len(frame) async for frame in speech]))
        if self.fails:
            raise VoiceError("the script fails")
        return self.hears.pop(0)


class Wire:
    """An audio leg whose events and sound the test makes. The virtual clock carries both."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock, self.events, self.end = clock, Mailbox[AudioEvent](clock), None
        self.sent: list[Frame | None] = []
        self.keys, self.hung_up = "", 0

    end: AudioEnd | None

    def run_soon(self, function: Callable[[], None]) -> None:
        function()

    async def next(self, timeout: float | None = None) -> AudioEvent | None:
        return await self.events.get(timeout)

    def connect(self, end: AudioEnd) -> None:
        self.end = end

    def press(self, keys: str) -> None:
        self.keys += keys

    async def hang_up(self, reason: str = "") -> None:
        self.hung_up += 1
        self.events.put(HungUp("caller hung up"))

    async def transfer(self, destination: str) -> TransferOutcome:
        return TransferOutcome(True, 200, destination)

    async def feed(self, sound: Frame) -> None:
        """20 ms of sound every 20 ms."""
        for frame in frames(sound):
            assert self.end is not None
            self.sent.append(self.end.exchange(frame))
            await self.clock.sleep(0.02)


Made = tuple[VoiceLeg, Wire]
Run = Callable[[Callable[[VirtualClock], Coroutine[Any, Any, Any]]], Any]


async def answered(clock: VirtualClock, voice: Script) -> Made:
    wire = Wire(clock)

    leg = VoiceLeg(wire, voice, clock, call_id="c")
    wire.events.put(Ringing())
    wire.events.put(Answered())
    assert await leg.next(1) == Ringing()
    assert await leg.next(1) == Answered()
    assert isinstance(wire.end, Line)
    return leg, wire


def test_a_sentence_is_played_and_one_is_heard(in_virtual_time: Run) -> None:
    async def scenario(clock: VirtualClock) -> None:
        voice = Script("good morning")
        leg, wire = await answered(clock, voice)
        feeding = clock.spawn(wire.feed(np.concatenate((silence(2), speech(1), silence(1.5)))), "sound")
        playout = await leg.say("one two three")
        assert (playout.spoken, playout.completed, round(playout.seconds, 2)) == ("one two three", True, 0.9)
        while not leg.speaking:
            await clock.sleep(0.05)
        heard = await leg.next(5)
        assert isinstance(heard, Heard)
        assert (heard.text, heard.barged_in, leg.speaking) == ("good morning", False, False)
        assert voice.lengths[0] >= RATE
        assert await leg.next(0.2) is None
        assert leg.answer_to_first_audio == 0.0
        await clock.join(feeding)
        assert sum(frame is not None for frame in wire.sent) == 0.9 * RATE / FRAME
        await leg.hang_up()
        assert await leg.next() == HungUp("caller hung up")
        assert await leg.next() == HungUp("caller hung up")

    in_virtual_time(scenario)


def test_a_callee_who_breaks_in(in_virtual_time: Run) -> None:
    async def scenario(clock: VirtualClock) -> None:
        leg, wire = await answered(clock, Script("stop"))
        clock.spawn(wire.feed(np.concatenate((silence(1), speech(1), silence(2)))), "sound")
        playout = await leg.say(" ".join("word" for _ in range(20)))
        assert not playout.completed
        assert len(playout.spoken.split()) == 3  # 1.1 s of words of 0.3 s each
        heard = await leg.next(5)
        assert isinstance(heard, Heard)
        assert (heard.text, heard.barged_in) == ("stop", True)
        await leg.hang_up()

    in_virtual_time(scenario)


def test_a_callee_who_hangs_up_in_mid_sentence_is_still_heard(in_virtual_time: Run) -> None:
    async def scenario(clock: VirtualClock) -> None:
        leg, wire = await answered(clock, Script("I have to go"))
        clock.spawn(wire.feed(np.concatenate((silence(0.5), speech(1)))), "sound")
        await clock.sleep(1.6)
        wire.events.put(HungUp())
        heard = await leg.next(5)
        assert isinstance(heard, Heard)
        assert heard.text == "I have to go"
        assert await leg.next(5) == HungUp()
        assert (await leg.say("hello")).spoken == ""

    in_virtual_time(scenario)


def test_what_is_said_ends_with_the_call(in_virtual_time: Run) -> None:
    async def scenario(clock: VirtualClock) -> None:
        leg, wire = await answered(clock, Script())
        clock.spawn(wire.feed(silence(1)), "sound")
        saying = clock.spawn(leg.say("one two three four five six seven eight"), "saying")
        await clock.sleep(0.95)
        wire.events.put(HungUp())
        await clock.join(saying)
        assert saying.result().spoken == "one two three"
        assert not saying.result().completed

    in_virtual_time(scenario)


def test_keys_and_beeps(in_virtual_time: Run) -> None:
    async def scenario(clock: VirtualClock) -> None:
        leg, wire = await answered(clock, Script(""))
        wire.events.put(Digit("5"))
        assert await leg.next(1) == Digit("5")
        clock.spawn(wire.feed(np.concatenate((silence(0.5), tone(0.4, 1000), silence(1.5)))), "sound")
        found = [await leg.next(3), await leg.next(3)]
        assert Beep() in found
        assert any(isinstance(event, Heard) and event.text == "" for event in found)
        await leg.hang_up()

    in_virtual_time(scenario)


def test_recognition_that_keeps_failing_ends_the_call(in_virtual_time: Run) -> None:
    async def scenario(clock: VirtualClock) -> None:
        voice = Script()
        voice.fails = 1
        leg, wire = await answered(clock, voice)
        clock.spawn(wire.feed(np.concatenate([np.concatenate((silence(1), speech(0.6), silence(1))) for _ in range(3)])), "sound")
        found = [await leg.next(10) for _ in range(4)]
        assert [type(event) for event in found] == [Heard, Heard, Failed, Heard]
        await leg.hang_up()

    in_virtual_time(scenario)


def test_a_call_that_failed(in_virtual_time: Run) -> None:
    async def scenario(clock: VirtualClock) -> None:
        wire = Wire(clock)
        leg = VoiceLeg(wire, Script(), clock, call_id="c")
        wire.events.put(Failed(486, "Busy Here"))
        assert await leg.next(1) == Failed(486, "Busy Here")
        assert (await leg.say("hello")).completed is False

    in_virtual_time(scenario)


def test_an_opening_that_was_prepared_is_not_synthesized_again(in_virtual_time: Run) -> None:
    async def scenario(clock: VirtualClock) -> None:
        voice = Script()
        wire = Wire(clock)
        leg = VoiceLeg(wire, voice, clock, call_id="c")
        leg.prepare("one two three")
        wire.events.put(Ringing())
        assert await leg.next(1) == Ringing()
        wire.events.put(Answered())
        assert await leg.next(1) == Answered()
        assert voice.synthesized == ["one two three"]
        clock.spawn(wire.feed(silence(2)), "sound")
        playout = await leg.say("one two three")
        assert (playout.completed, round(playout.seconds, 2)) == (True, 0.9)
        assert voice.synthesized == ["one two three"]
        assert leg.answer_to_first_audio == 0.0

    in_virtual_time(scenario)


def test_words_are_made_ahead_one_after_another(in_virtual_time: Run) -> None:
    async def scenario(clock: VirtualClock) -> None:
        voice = Script()
        leg = VoiceLeg(Wire(clock), voice, clock, call_id="c")
        for text in ("the opening", "the apology", "the opening", " "):
            leg.prepare(text)
        await clock.sleep(0.1)
        assert voice.synthesized == ["the opening", "the apology"]

    in_virtual_time(scenario)


def test_a_voice_that_fails_before_the_answer_gives_the_call_up(in_virtual_time: Run) -> None:
    """It is our failure, not the trunk's, and the callee's phone stops to ring."""

    async def scenario(clock: VirtualClock) -> None:
        wire = Wire(clock)
        leg = VoiceLeg(wire, Script(), clock, call_id="c")
        wire.events.put(Ringing())
        assert await leg.next(1) == Ringing()
        leg._fail("the key is wrong")
        await clock.sleep(0.1)
        assert wire.hung_up == 1
        assert await leg.next(1) == HungUp("caller hung up")  # this wire's end of a call; one of SIP ends with its status

        other = Wire(clock)
        leg = VoiceLeg(other, Script(), clock, call_id="d")
        leg._trouble = "the key is wrong"
        other.events.put(Failed(487, "Request Terminated"))
        assert await leg.next(1) == Failed(500, "the key is wrong", spared=True, ours=True)

    in_virtual_time(scenario)


def test_of_words_that_were_cut_off_while_they_were_made_only_the_played_ones_count(in_virtual_time: Run) -> None:
    """Ten words, of which three were made when the callee broke in: what was played of these is not that share of all."""

    async def scenario(clock: VirtualClock) -> None:
        leg, _ = await answered(clock, Script())
        sound = Sound()
        sound.write(tone(0.6, 500))
        for _ in range(15):
            sound.next()
        sound.interrupted = True
        text = "one two three four five six seven eight nine ten"
        assert leg._outcome(text, sound).spoken == ""
        sound.write(tone(3.0, 500))
        sound.finish()
        assert leg._outcome(text, sound).spoken == ""
        for _ in range(85):
            sound.next()
        assert leg._outcome(text, sound).spoken == "one two three four five"
        assert leg._outcome(text, sound, broken=True).spoken == "one two three four five"

    in_virtual_time(scenario)
