"""The rules brain against the callees of the sandbox's catalogue: every one of them comes to its outcome."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.bots.config import BotConfig, BrainConfig
from core.contracts.transport import Answered, PlaceOrder
from core.conversation.analysis import default_analysis, has_conversation
from core.conversation.brain import BrainContext
from core.conversation.limits import limits_of
from core.conversation.rules import RulesBrain
from core.conversation.session import converse
from core.kernel.ids import Ids
from core.kernel.virtual_clock import VirtualClock
from core.transports.sandbox.network import SandboxNetwork
from core.transports.sandbox.settings import SandboxSettings

CRM = {"customer_name": "Asha Rao", "amount_due": "15000", "due_date": "2026-03-01", "doctor": "Dr Mehta", "appointment": "12 March"}
PAY, VISIT, SURVEY = "payment_reminder", "appointment_confirmation", "survey"
OPENINGS = {
    PAY: "Hello, am I speaking with {{crm.customer_name}}?",
    VISIT: "Hello, am I speaking with {{crm.customer_name}}?",
    SURVEY: "Hello {{crm.customer_name}}, do you have two minutes for a short survey?",
}
CATALOGUE = [
    (PAY, "00", "bot", "PROMISE_TO_PAY"),
    (PAY, "01", "bot", "ALREADY_PAID"),
    (PAY, "02", "bot", "CALLBACK"),
    (PAY, "03", "bot", "CALLBACK"),
    (PAY, "04", "customer", "NO_OUTCOME"),
    (PAY, "05", "customer", "HUNG_UP"),
    (PAY, "06", "RNR", "RNR"),
    (PAY, "10", "voicemail", "VOICEMAIL"),
    (PAY, "11", "bot", "WRONG_NUMBER"),
    (PAY, "12", None, "DO_NOT_CALL"),
    (PAY, "13", "timeout", None),
    (PAY, "17", "bot", "PROMISE_TO_PAY"),
    (PAY, "18", "bot", "PROMISE_TO_PAY"),
    (PAY, "19", "transfer_to_agent", "TRANSFERRED"),
    (PAY, "20", "bot", "PROMISE_TO_PAY"),
    (PAY, "29", "bot", "RIGHT_PARTY_NOT_AVAILABLE"),
    (VISIT, "21", "bot", "APPOINTMENT_CONFIRMED"),
    (VISIT, "22", "bot", "APPOINTMENT_RESCHEDULE"),
    (VISIT, "23", "bot", "APPOINTMENT_CANCELLED"),
    (VISIT, "11", "bot", "WRONG_NUMBER"),
    (SURVEY, "24", "bot", "SURVEY_COMPLETED"),
    (SURVEY, "25", "bot", "SURVEY_COMPLETED"),
    (SURVEY, "26", "bot", "NO_OUTCOME"),
]


@pytest.mark.parametrize(("scenario", "digits", "disconnected_by", "disposition"), CATALOGUE)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_catalogue(
    in_virtual_time: Callable[..., Any],
    tmp_path: Path,
    scenario: Any,
    digits: str,
    disconnected_by: str | None,
    disposition: str | None,
    seed: int,
) -> None:
    bot = BotConfig(
        name="b",
        time_zone="Europe/London",
        brain=BrainConfig(scenario=scenario),
        opening_message=OPENINGS[scenario],
        max_call_duration_seconds=240,
        transfer_targets={"agent": "tel:+442079460000"},
    )

    assert isinstance(bot.brain, BrainConfig)
    config = bot.brain

    async def call(clock: VirtualClock) -> tuple[str, str, Any]:
        network = SandboxNetwork(clock, Ids(seed), SandboxSettings(), tmp_path / "network.jsonl")
        leg = network.place(PlaceOrder("c", "attempt", f"+99912345{digits}", None, "sandbox"))
        while not isinstance(event := await leg.next(120), Answered):
            assert event is not None
        context = BrainContext("c", CRM, {}, "", bot.opening_message, clock.now(), bot.time_zone)
        brain = RulesBrain(context, config, Ids(seed).stream("brain"), bot.transfer_targets)
        ending = await converse(leg, brain, limits_of(bot, {"crm": CRM}), clock, lambda *_: None)
        analysis = default_analysis(
            disconnected_by=ending.disconnected_by, end_reason=ending.end_reason, customer_spoke=ending.customer_spoke
        )
        if has_conversation(ending.disconnected_by, customer_spoke=ending.customer_spoke):
            analysis = await brain.analysis()
        return ending.disconnected_by, analysis["DISPOSITION"], ending

    by, word, ending = in_virtual_time(call)
    transcript = "\n".join(f"{line.timestamp:7.1f} {line.speaker}: {line.text}" for line in ending.transcript)
    assert disconnected_by in {None, by}, transcript
    assert disposition in {None, word}, transcript
    assert ending.seconds < 300
