"""How WebSocket calls end: every `disconnected_by` that they can have, each with a result that is pushed, on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from core.fleet import store as fleet
from core.voice.errors import VoiceUnavailable
from tests.core.api.sockets import CUSTOMER, QUIET, Dialler, Line, loud, with_sockets

SHORT = {"after_seconds": 2, "re_engagements": 0, "goodbye": "bye"}
PUSHES: dict[str, Any] = {
    "post_call_push": {
        "url": "https://crm.example.com/x",
        "key_mapper": {"BY": "{{result.disconnected_by}}", "WHO": "{{call.customer_name}}"},
    },
    "results_webhook": {"url": "https://crm.example.com/y"},
}
SURVEY = {"kind": "rules", "scenario": "survey", "questions": ["Did it arrive?"]}

Talk = Callable[[Dialler, Line], Coroutine[Any, Any, None]]


async def _says_nothing(dialler: Dialler, line: Line) -> None:
    await line.quiet()


async def _hangs_up(dialler: Dialler, line: Line) -> None:
    await line.quiet(1)
    line.send("hangup-call", disconnectedBy="customer")
    await dialler.core.clock.sleep(1)


async def _is_lost(dialler: Dialler, line: Line) -> None:
    await line.quiet(1)
    line.drop()
    await dialler.core.clock.sleep(1)


async def _answers_twice(dialler: Dialler, line: Line) -> None:
    await line.quiet(1)
    line.send("answer")
    await line.quiet()


async def _sends_a_binary_frame(dialler: Dialler, line: Line) -> None:
    await line.quiet(1)
    line.send_bytes(b"\0\0")
    await dialler.core.clock.sleep(1)


async def _talks_without_end(dialler: Dialler, line: Line) -> None:
    await line.speak(loud(100), 200)


def _says(*words: str) -> Talk:
    async def talk(dialler: Dialler, line: Line) -> None:
        dialler.words.extend(words)
        await line.quiet(6)
        for _ in words:
            await line.speak(loud(1), 12)
        await line.quiet()

    return talk


async def _is_cancelled(dialler: Dialler, line: Line) -> None:
    await line.quiet(1)
    await next(iter(dialler.core.engine.runs.values())).cancel()
    await line.quiet(2)


@pytest.mark.parametrize(
    ("talk", "code", "by", "why", "bot"),
    [
        (_says_nothing, 1000, "RNR", "silent", {}),
        (_hangs_up, 1000, "customer", "customer_hangup", {}),
        (_is_lost, 1000, "customer", "customer_hangup", {}),
        (_answers_twice, 1000, "RNR", "silent", {}),
        (_sends_a_binary_frame, 1003, "error", "pipeline_failure", {}),
        (_says_nothing, 1000, "error", "pipeline_failure", {"opening_message": "boom"}),
        (_says("no, thank you, goodbye"), 1000, "bot", "completed", {}),
        (_says("please leave a message after the tone"), 1000, "voicemail", "voicemail", {}),
        (_talks_without_end, 1000, "timeout", "max_duration", {"max_call_duration_seconds": 20}),
        (_is_cancelled, 1000, "bot", "cancelled", {}),
    ],
    ids=["RNR", "customer", "lost", "answer twice", "binary", "voice fails", "bot", "voicemail", "timeout", "cancelled"],
)
def test_an_ending(with_each_core: Callable[..., Any], talk: Talk, code: int, by: str, why: str, bot: dict[str, Any]) -> None:
    async def test(dialler: Dialler) -> None:
        async with dialler.line() as line:
            line.shake_hands(customer_name="Asha")
            await talk(dialler, line)
        (result,) = dialler.results()
        assert (result["disconnected_by"], result["end_reason"], line.code) == (by, why, code)
        if code == 1000 and by != "customer":
            assert line.kinds()[-2:] == ["reverse-media-stop", "reverse-hangup-call"]
        else:
            assert "reverse-hangup-call" not in line.kinds()
        pushed = dict(dialler.pushed())
        assert pushed["crm_push"] == {"BY": by, "WHO": "Asha"}
        assert pushed["results_webhook"]["disconnected_by"] == by
        assert dialler.core.seats_taken() == 0

    with_each_core(with_sockets(test, **{"silence": SHORT, "brain": SURVEY, **PUSHES, **bot}))


def test_a_refusal_has_a_result(with_each_core: Callable[..., Any]) -> None:
    closed = {"windows": [{"days": ["sun"], "start": "09:00", "end": "10:00"}]}

    async def test(dialler: Dialler) -> None:
        dialler.bot("closed", active_hours=closed, **PUSHES)
        key = dialler.core.key()
        async with dialler.line("closed", key) as line:
            line.shake_hands(customer_name="Asha")
            await dialler.core.clock.sleep(1)
        assert (line.code, line.reason) == (4480, "The bot takes no calls now: it is outside its active hours.")
        async with dialler.line() as first:
            first.shake_hands()
            await first.quiet(1)
            async with dialler.line() as second:
                second.shake_hands()
                await dialler.core.clock.sleep(1)
            assert second.code == 4486
            await first.until("reverse-hangup-call")
        results = {result["end_reason"]: result for result in dialler.results()}
        assert set(results) == {"outside_active_hours", "no_capacity", "silent"}
        for why in ("outside_active_hours", "no_capacity"):
            refused = results[why]
            assert (refused["disconnected_by"], refused["call_duration_seconds"]) == ("outside_hours", 0)
        assert next(body for kind, body in dialler.pushed() if kind == "crm_push") == {"BY": "outside_hours", "WHO": "Asha"}

    with_each_core(with_sockets(test, seats=1, silence=SHORT))


def test_a_prefetch_without_which_the_bot_does_not_talk(with_core: Callable[..., Any]) -> None:
    async def test(dialler: Dialler) -> None:
        async with dialler.line() as line:
            line.shake_hands()
            await line.quiet(2)
        assert (line.code, "pre-fetch failed" in line.reason) == (4480, True)
        (result,) = dialler.results()
        assert (result["disconnected_by"], result["end_reason"]) == ("error", "prefetch_failed")

    prefetch = {"url": "https://crm.example.com/{{call.caller_id}}", "on_failure": "do_not_call"}
    with_core(with_sockets(test, prefetch=prefetch))


async def _asks_for_a_person(dialler: Dialler, line: Line) -> None:
    dialler.words.extend(["I want to speak to a person"])
    line.shake_hands()
    await line.quiet(6)
    await line.speak(loud(1), 2)
    transfer = await line.until("reverse-call-transfer")
    assert transfer == {
        "event": "reverse-call-transfer",
        "streamId": "s-1",
        "callerId": CUSTOMER,
        "transferTo": "+12025550199",
        "did": "+12025550101",
        "callDirection": "incoming",
        "source": "ai",
        "message": "Call transferred by bot",
    }


async def _no_more_sound(dialler: Dialler, line: Line) -> None:
    await dialler.core.clock.sleep(40)


async def _closes(dialler: Dialler, line: Line) -> None:
    line.drop(1000)
    await dialler.core.clock.sleep(1)


async def _says_it_worked(dialler: Dialler, line: Line) -> None:
    line.send("transfer-result", success=True)
    await line.quiet(2)


async def _says_it_failed(dialler: Dialler, line: Line) -> None:
    line.send("transfer-result", success=False, reason="busy")
    await line.quiet(5)
    await _hangs_up(dialler, line)


async def _stays(dialler: Dialler, line: Line) -> None:
    await line.quiet(33)
    await _hangs_up(dialler, line)


@pytest.mark.parametrize(
    ("answer", "went_through", "why"),
    [
        (_hangs_up, True, None),
        (_closes, True, None),
        (_no_more_sound, True, None),
        (_says_it_worked, True, None),
        (_says_it_failed, False, "busy"),
        (_stays, False, "no news of the transfer came, and the customer is still here"),
    ],
    ids=["hangs up", "closes", "no more sound", "success", "failure", "stays"],
)
def test_a_transfer(with_each_core: Callable[..., Any], answer: Talk, went_through: bool, why: str | None) -> None:
    async def test(dialler: Dialler) -> None:
        async with dialler.line() as line:
            await _asks_for_a_person(dialler, line)
            await answer(dialler, line)
        (result,) = dialler.results()
        assert (result["was_transferred"], result["transfer_method"]) == (went_through, "websocket_reverse_transfer")
        assert (result["transfer_destination"], result["transfer_target"]) == ("+12025550199", "agent")
        assert result["disconnected_by"] == ("transfer_to_agent" if went_through else "customer")
        assert (result["transfer_failed_reason"] or None) == why
        assert "reverse-hangup-call" not in line.kinds(), "who was handed over is not hung up on"
        assert dict(dialler.pushed())["results_webhook"]["was_transferred"] is went_through

    bot: dict[str, Any] = {"brain": SURVEY, "transfer_targets": {"agent": "+12025550199"}, "silence": {"after_seconds": 20}, **PUSHES}
    with_each_core(with_sockets(test, **bot))


def test_a_customer_who_breaks_in_stops_the_sound_at_once(with_each_core: Callable[..., Any]) -> None:
    async def test(dialler: Dialler) -> None:
        async with dialler.line() as line:
            line.shake_hands()
            await line.quiet(2)
            began = dialler.core.clock.now().timestamp()
            await line.speak(loud(1), 1)
            stopped = next(at for at, message in line.came if message["event"] == "reverse-media-stop")
            assert 0 < stopped - began < 0.4
            assert not [at for at, message in line.came if message["event"] == "reverse-media" and stopped < at < began + 1]
            line.send("hangup-call", disconnectedBy="network")
            await dialler.core.clock.sleep(5)
        (result,) = dialler.results()
        assert result["transcript"][0]["text"].count("word") < 8, "only what was played is said"
        assert json.dumps(result)

    with_each_core(with_sockets(test, opening_message="word " * 40))


def test_what_is_odd_but_harmless_does_not_end_a_call(with_core: Callable[..., Any]) -> None:
    async def test(dialler: Dialler) -> None:
        async with dialler.line() as line:
            line.shake_hands()
            line.send("media", payload=QUIET, chunk=1, timestamp="x")
            line.send("media", payload="")
            line.send("dtmf", digit="5")
            line.send("transfer-result", success=True)
            await line.until("reverse-hangup-call")
        assert dialler.results()[0]["disconnected_by"] == "RNR"

    with_core(with_sockets(test, silence=SHORT))


def test_a_voice_that_cannot_be_loaded_is_said_in_words_and_on_record(with_each_core: Callable[..., Any]) -> None:
    async def test(dialler: Dialler) -> None:
        def speech(order: Any) -> Any:
            raise VoiceUnavailable("the key of the voice cannot be read: there is no secret VOICE_KEY")

        dialler.transport.speech = speech
        async with dialler.line() as line:
            line.shake_hands()
            await line.quiet(1)
        assert (line.code, line.reason) == (
            4503,
            "No call can be taken: the key of the voice cannot be read: there is no secret VOICE_KEY.",
        )
        (result,) = dialler.results()
        assert (result["disconnected_by"], result["end_reason"], result["phone_rang"]) == ("error", "pipeline_failure", False)
        assert dict(dialler.pushed())["crm_push"]["BY"] == "error"

    with_each_core(with_sockets(test, **PUSHES))


def test_a_server_that_drains_finishes_its_calls_and_takes_no_more(with_each_core: Callable[..., Any]) -> None:
    async def test(dialler: Dialler) -> None:
        clock = dialler.core.clock
        async with dialler.line() as line:
            line.shake_hands()
            await line.quiet(1)
            draining = clock.spawn(dialler.transport.drain(), name="drain")
            async with dialler.line() as refused:
                await line.quiet(1)
                assert (refused.code, refused.reason) == (1001, "The server is stopping.")
                assert (line.code, draining.done()) == (None, False)
                await line.until("reverse-hangup-call")
        await clock.join(draining)
        assert [result["disconnected_by"] for result in dialler.results()] == ["RNR"]

    with_each_core(with_sockets(test, silence=SHORT))


def test_a_server_that_is_told_to_end_says_so_to_its_calls(with_each_core: Callable[..., Any]) -> None:
    async def test(dialler: Dialler) -> None:
        async with dialler.line() as line:
            line.shake_hands()
            await line.quiet(1)
            dialler.transport.stop()
            await next(iter(dialler.core.engine.runs.values())).stop()
            await line.quiet(1)
        assert (line.code, line.kinds()[-1], line.came[-1][1]["message"]) == (1001, "reverse-hangup-call", "The server is stopping")
        (result,) = dialler.results()
        assert (result["disconnected_by"], result["end_reason"]) == ("error", "worker_stopped")

    with_each_core(with_sockets(test, opening_message="word " * 40))


def test_a_worker_that_drains_has_no_seat(with_each_core: Callable[..., Any]) -> None:
    async def test(dialler: Dialler) -> None:
        with dialler.core.db.write() as connection:
            assert fleet.set_draining(connection, dialler.core.engine.worker_id, draining=True)
        async with dialler.line() as line:
            line.shake_hands()
            await line.quiet(1)
        assert line.code == 4486
        assert [result["end_reason"] for result in dialler.results()] == ["no_capacity"]

    with_each_core(with_sockets(test))
