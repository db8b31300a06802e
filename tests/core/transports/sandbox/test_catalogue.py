"""Every entry of the catalogue does what it says, with a small scripted bot."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from core.contracts.transport import Answered, Beep, Failed, Heard, HungUp, Ringing
from core.kernel.virtual_clock import VirtualClock
from core.transports.sandbox import CATALOGUE, entry_of, read_network_log
from core.transports.sandbox.network import transfer_outcome
from tests.core.transports.sandbox.bots import APPOINTMENT, PAYMENT, SURVEY, Saw, hold, order, transport

Run = Callable[[Callable[[VirtualClock], Coroutine[Any, Any, Any]]], Any]
Call = Callable[..., Saw]


@pytest.fixture
def call(in_virtual_time: Run, tmp_path: Path) -> Call:
    """Call the catalogue's number with these last two digits."""

    def one(digits: str, script: tuple[str, ...] = PAYMENT, number: str = "", attempt: str = "a1", **options: Any) -> Saw:
        async def test(clock: VirtualClock) -> Saw:
            network = transport(clock, tmp_path)
            leg = await network.place(order(number or f"+121255501{digits}", attempt))
            saw = await hold(clock, leg, script, **options)
            assert network.network.calls == 0
            return saw

        return in_virtual_time(test)  # type: ignore[no-any-return]

    return one


@pytest.fixture
def answered(call: Call) -> Call:
    """The same, for those that answer."""

    def one(*args: Any, **options: Any) -> Saw:
        saw = call(*args, **options)
        assert saw.kinds[:2] == ["Ringing", "Answered"]
        return saw

    return one


def test_every_entry_has_digits_of_its_own() -> None:
    assert [entry.digits for entry in CATALOGUE] == [f"{number:02}" for number in range(30)]


@pytest.mark.parametrize("number", ["+12125550107", "+447700900107", "+442079460907", "+9991234567807", "+12125550107;ext=12"])
def test_the_last_two_digits_decide_for_every_fictional_number(call: Call, number: str) -> None:
    assert call("", number=number).end == Failed(486, "Busy Here")


def test_the_catalogue_holds_for_no_other_number(in_virtual_time: Run, tmp_path: Path) -> None:
    async def test(clock: VirtualClock) -> None:
        network = transport(clock, tmp_path)
        for number in range(40):
            await hold(clock, await network.place(order(f"+9198765{number:03}07", f"a{number}")))

    in_virtual_time(test)
    planned = [line["planned"] for line in read_network_log(tmp_path / "network.jsonl") if line["event"] == "invite"]
    assert planned.count("busy") < 20


def test_00_pays(answered: Call) -> None:
    saw = answered("00")
    assert any(words in saw.heard[1] for words in ("I can pay", "I will pay"))
    assert isinstance(saw.end, HungUp)


def test_01_already_paid(answered: Call) -> None:
    assert "already paid" in answered("01").heard[1]


def test_02_callback_at_a_time(answered: Call) -> None:
    assert "call me back tomorrow at 3 pm" in answered("02").heard[1]


def test_03_callback_some_time(answered: Call) -> None:
    saw = answered("03", (*PAYMENT[:2], "When shall we call you back?", PAYMENT[3]))
    assert "some other time" in saw.heard[1]
    assert saw.heard[2] == "I don't know. Some other time."


def test_04_hangs_up_mid_sentence(answered: Call) -> None:
    saw = answered("04")
    assert saw.end == HungUp("hung up")
    first, second = saw.playouts
    assert first.completed
    assert not second.completed
    assert 0 < len(second.spoken) < len(PAYMENT[1])
    assert PAYMENT[1].startswith(second.spoken)


def test_05_hangs_up_at_once(answered: Call) -> None:
    saw = answered("05")
    assert saw.kinds == ["Ringing", "Answered", "HungUp"]
    assert (saw.times[2] - saw.times[1]).total_seconds() < 1


def test_06_stays_silent(answered: Call) -> None:
    saw = answered("06")
    assert saw.heard == []
    assert saw.end == HungUp("caller hung up")
    assert len(saw.playouts) == 3  # the opening, and two questions whether anybody is there


@pytest.mark.parametrize(
    ("digits", "rings", "failure"),
    [
        ("07", False, Failed(486, "Busy Here")),
        ("08", True, Failed(603, "Decline")),
        ("14", False, Failed(503, "Service Unavailable")),
        ("15", False, Failed(500, "Server Internal Error")),
        ("16", False, Failed(404, "Not Found")),
        ("27", False, Failed(480, "Temporarily Unavailable")),
    ],
)
def test_those_that_fail(call: Call, digits: str, rings: bool, failure: Failed) -> None:
    assert call(digits).events == ([Ringing()] if rings else []) + [failure]


def test_09_rings_out_until_we_cancel(call: Call) -> None:
    saw = call("09", ring_timeout=45.0)
    assert saw.events == [Ringing(), Failed(487, "Request Terminated")]
    assert (saw.times[1] - saw.times[0]).total_seconds() == 45


def test_09_rings_out_until_the_network_gives_up(call: Call) -> None:
    saw = call("09", ring_timeout=600.0)
    assert saw.events == [Ringing(), Failed(480, "Temporarily Unavailable")]
    assert (saw.times[1] - saw.times[0]).total_seconds() == 90


def test_10_voicemail(answered: Call) -> None:
    saw = answered("10")
    assert [type(event) for event in saw.events[2:4]] == [Heard, Beep]
    assert "leave a message after the tone" in saw.all_heard


def test_11_wrong_number(answered: Call) -> None:
    assert answered("11").heard[0] == "No, you have the wrong number."


def test_12_never_call_again(answered: Call) -> None:
    saw = answered("12")
    assert saw.heard[1:] == ["Do not call me again. Take my number off your list.", "I said, never call me again."]
    assert saw.end == HungUp("hung up")


def test_13_talks_past_the_limit(answered: Call) -> None:
    saw = answered("13", PAYMENT[:1] + ("I see. When can you pay?",) * 9, longest=300.0)
    assert saw.end == HungUp("caller hung up")
    assert (saw.times[-1] - saw.times[1]).total_seconds() > 300
    assert saw.heard == ["Yes, speaking."]  # and a story that the limit cut short


def test_17_picks_up_after_25_seconds(answered: Call) -> None:
    saw = answered("17")
    assert (saw.times[1] - saw.times[0]).total_seconds() == 25


def test_18_asks_a_question_and_goes_on(answered: Call) -> None:
    saw = answered("18", (*PAYMENT[:2], "I don't know, sorry. When can you pay?", PAYMENT[3]))
    assert saw.heard[1].endswith("?")
    assert "pay" in saw.heard[2]


def test_19_asks_for_an_agent(answered: Call) -> None:
    saw = answered("19", (PAYMENT[0], *("When can you pay?",) * 5))
    assert saw.heard[1:] == ["I want to speak to a human agent."] * 3
    assert saw.end == HungUp("hung up")


def test_20_interrupts(answered: Call) -> None:
    saw = answered("20")
    barged = [event.barged_in for event in saw.events if isinstance(event, Heard)]
    assert barged[:3] == [True, True, False]
    assert [playout.completed for playout in saw.playouts[:3]] == [False, False, True]


def test_21_confirms(answered: Call) -> None:
    assert "I confirm" in answered("21", APPOINTMENT).heard[1]


def test_22_reschedules(answered: Call) -> None:
    saw = answered("22", APPOINTMENT)
    assert "another day" in saw.heard[1]
    assert saw.heard[2] == "Next Tuesday at 11 am, please."


def test_23_cancels(answered: Call) -> None:
    assert "cancel" in answered("23", APPOINTMENT).heard[1]


@pytest.mark.parametrize(("digits", "score"), [("24", "9"), ("25", "3")])
def test_scores(answered: Call, digits: str, score: str) -> None:
    assert score in answered(digits, SURVEY).heard[2]


def test_26_refuses_the_survey(answered: Call) -> None:
    assert answered("26", SURVEY).heard[1].startswith("No")


def test_28_answers_the_second_time_whatever_process_asks(call: Call) -> None:
    assert call("28", attempt="a1").end == Failed(487, "Request Terminated")
    second = call("28", attempt="a2")  # a new network: it remembers by the log
    assert Answered() in second.events


def test_28_remembers_each_number_by_itself(call: Call) -> None:
    call("28", attempt="a1")
    assert call("", number="+13125550128", attempt="a2").end == Failed(487, "Request Terminated")


def test_29_not_at_home(answered: Call) -> None:
    assert answered("29").heard[0] == "No, they are not at home right now."


@pytest.mark.parametrize(
    ("destination", "status"),
    [
        ("sip:agents@example.com", None),
        ("tel:+12125550199", None),
        ("+12125550107", 486),
        ("+919876543207", None),
        ("sip:+12125550116@example.com;user=phone", 404),
        (" ", 404),
    ],
)
def test_transfers_fail_for_the_digits_that_fail(destination: str, status: int | None) -> None:
    outcome = transfer_outcome(destination)
    assert outcome.succeeded is (status is None)
    assert outcome.sip_status == status


def test_the_documentation_lists_the_same_entries() -> None:
    text = (Path(__file__).parents[4] / "docs" / "sandbox.md").read_text()
    for entry in CATALOGUE:
        assert f"| {entry.digits} | {entry.text} | `{entry.outcome}`" in text, entry
        assert entry_of(f"+99912345678{entry.digits}") is entry
