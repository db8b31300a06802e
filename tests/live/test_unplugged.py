"""Parts that fail in the middle of calls over SIP: recognition, synthesis, the model. Nobody is left in silence."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from core.voice.offline.helper import Helper
from core.voice.ports import Frame
from core.voice.voices import shared_offline
from tests.core.conversation.llm.model_server import model, silent, status, text
from tests.core.outgoing.servers import Answer
from tests.live.lab import live, until
from tests.live.speech_service import Fault, speech_service
from tests.live.spoken import Ended, Phone, openai_voice, phone, piper, product

pytestmark = pytest.mark.needs("sipp", "sippy", "piper")

_MODEL_PROBLEMS = {"the model's server answered with status 500", "the model did not answer in time"}
APOLOGY = "I'm sorry, something went wrong on our side. We will call you again. Goodbye."


@pytest.fixture(scope="module")
def words() -> Frame:
    """Something that a callee says."""
    return piper("I would like to pay on Friday.")[0]


def reasons(call: Ended) -> str:
    return " ".join(str(data.get("reason")) for data in call.of("leg_failed"))


async def in_mid_call(to: Phone, words: Frame) -> None:
    """Wait for the opening, and answer it."""
    await to.heard_out()
    to.peer.say(words)


@pytest.mark.parametrize(
    ("fault", "seconds", "reason"),
    [("500", 4, "openai answered with status 500"), ("drop", 4, "the connection to openai failed"), ("hang", 14, "in time")],
)
def test_recognition_fails(tmp_path: Path, words: Frame, fault: Fault, seconds: float, reason: str) -> None:
    """The callee hears an apology, whose sound was made beforehand; another call of the process, with a voice of its own, goes on."""

    async def scenario() -> None:
        async with speech_service() as service, speech_service() as other:  # noqa: SIM117 - the addresses are needed
            async with product(tmp_path, service.url, other.url, voice=openai_voice(service.url)) as here:
                here.bot("second", voice=openai_voice(other.url), silence={"after_seconds": 60})
                with phone(tmp_path) as to, phone(tmp_path, hang_up_after=seconds + 4) as bystander:
                    spared = await here.dial(bystander, "second")
                    call_id = await here.dial(to)
                    await to.heard_out()
                    service.stt, since = fault, time.monotonic()
                    to.peer.say(words)
                    call = await here.ended(call_id, seconds + 20)
                    took = time.monotonic() - since
                    assert call.how == ("error", "pipeline_failure")
                    assert "speech recognition fails" in reasons(call)
                    assert reason in reasons(call)
                    assert call.said()[-1] == APOLOGY
                    assert took < seconds + 10, took  # the apology takes 4
                    service.stt = ""
                    assert (await here.ended(spared)).how == ("customer", "customer_hangup")
                if fault != "500":
                    return
                with phone(tmp_path) as to:
                    service.words = ["hello there"]
                    call_id = await here.dial(to)
                    await in_mid_call(to, words)
                    await until(lambda: not service.words, "the next call is understood")
                    assert "hello there" in (await here.ended(call_id)).said("customer")

    live(scenario, 150)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("half_drop", "the connection to openai failed"),
        ("half_hang", "openai"),
        ("500", "openai answered with status 500"),
        ("hang", "openai"),
    ],
)
def test_synthesis_fails_in_the_middle_of_a_sentence(tmp_path: Path, words: Frame, fault: Fault, reason: str) -> None:
    """What was spoken of it is in the transcript, and the apology was made ahead."""

    async def scenario() -> None:
        async with speech_service() as service, product(tmp_path, service.url, voice=openai_voice(service.url)) as here:
            with phone(tmp_path) as to:
                service.words = ["hello there"]
                call_id = await here.dial(to)
                await to.heard_out()
                service.tts, since = fault, time.monotonic()
                to.peer.say(words)
                call = await here.ended(call_id, 45)
                took = time.monotonic() - since
                assert call.how == ("error", "pipeline_failure")
                assert "speech synthesis fails" in reasons(call)
                assert reason in reasons(call)
                assert call.said()[-1] == APOLOGY
                assert took < 30, took
                spoken = call.said()[1:-1]
                assert bool(spoken) == fault.startswith("half"), call.result["transcript"]
                to.sipp.finished()
            if fault != "half_drop":
                return
            service.tts = ""
            with phone(tmp_path) as to:
                service.words = ["hello there"]
                call_id = await here.dial(to)
                await in_mid_call(to, words)
                assert (await here.ended(call_id)).said("customer") == ["hello there"]

    live(scenario, 150)


@pytest.mark.parametrize("fault", [status(500), silent()], ids=["500", "hang"])
def test_the_model_fails(tmp_path: Path, words: Frame, fault: Answer) -> None:
    """An apology, and the reason in the call's events."""

    async def scenario() -> None:
        async with speech_service() as service, model(text("How can I help you?"), fault) as brain:
            config = {"kind": "llm", "base_url": brain.base_url, "model": "m", "first_token_seconds": 2.0, "timeout_seconds": 3.0}
            async with product(tmp_path, service.url, brain.base_url, voice=openai_voice(service.url), brain=config) as here:
                with phone(tmp_path) as to:
                    service.words = ["hello there", "I would like to pay"]
                    call_id = await here.dial(to)
                    await in_mid_call(to, words)
                    await until(lambda: any("help you" in line for line in service.spoken), "the model answers")
                    await asyncio.sleep(1)
                    await in_mid_call(to, words)
                    call = await here.ended(call_id, 40)
                    assert call.how == ("error", "pipeline_failure")
                    assert call.of("model_failed")[0]["problem"] in _MODEL_PROBLEMS
                    assert call.said()[1:] == ["How can I help you?", APOLOGY]
                    to.sipp.finished()

    live(scenario, 150)


def helpers() -> tuple[Helper, Helper]:
    """The offline voice's processes: what speaks, and the first that understands."""
    pair = shared_offline()
    return pair._speaker, pair._listeners[0]


@pytest.mark.needs("sipp", "sippy", "piper", "faster_whisper")
def test_the_processes_of_the_offline_pair_die(tmp_path: Path, words: Frame) -> None:
    """Both are killed while the callee speaks: they are started again, the words are understood, and the answer is heard."""

    async def scenario() -> None:
        async with product(tmp_path, named="offline", silence={"after_seconds": 15.0, "re_engagements": 0}) as here:
            await asyncio.to_thread(shared_offline().load)
            speaker, listener = helpers()
            with phone(tmp_path) as to:
                call_id = await here.dial(to)
                await to.hears(40)
                await to.heard_out()
                to.peer.say(words)
                before = (speaker.pid, listener.pid)
                for pid in before:
                    assert pid is not None
                    os.kill(pid, signal.SIGKILL)
                await to.hears(30, to.peer.now() + 1.5)
                assert not set(before) & {speaker.pid, listener.pid}
                call = await here.ended(call_id, 60)
            assert any("friday" in line.lower() for line in call.said("customer")), (call.result["transcript"], call.events)
            assert call.how == ("bot", "completed"), (call.how, call.events)

    live(scenario, 150)
