"""The bots of the sample campaigns: they load, and their templates name variables that their lead files have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.bots.config import BrainConfig
from core.bots.loading import load_bot
from core.contracts.call_result import CallResult
from core.conversation.rules.facts import Facts
from core.conversation.rules.report import report
from core.conversation.rules.scenarios import scenario_named
from core.templates import problems, render
from core.templates.problems import NAMESPACES
from core.templates.syntax import Reference, parse

SAMPLES = Path(__file__).parents[3] / "sample_campaigns"
VARIABLES = {
    "loan_reminder": {"customer_name", "loan_number", "amount_due", "due_date", "city", "notes"},
    "clinic_appointments": {"patient_name", "next_of_kin_phone", "doctor", "appointment_date", "appointment_time", "clinic"},
    "customer_survey": {"order_number", "customer_name", "product", "purchase_date"},
}


def texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts(inner)]
    return [text for inner in value for text in texts(inner)] if isinstance(value, list) else []


@pytest.mark.parametrize("name", VARIABLES)
def test_a_sample_bot_is_sound(name: str) -> None:
    bot = load_bot(SAMPLES / name / "bot.yaml")
    assert bot.post_call_push is not None
    assert isinstance(bot.brain, BrainConfig)
    assert bot.post_call_push.url == "sample-crm"
    scenario = scenario_named(bot.brain.scenario, bot.brain.questions)
    assert set(bot.brain.lines) <= set(scenario.lines)
    known = {
        **NAMESPACES,
        "crm": VARIABLES[name],
        "result": set(CallResult.model_fields),
        "analysis": set(report(Facts(), {})),
        "lead": None,
    }
    assert problems(bot.model_dump(mode="json"), known) == []


@pytest.mark.parametrize("name", VARIABLES)
def test_a_sample_bot_speaks_to_a_lead_with_every_field(name: str) -> None:
    bot = load_bot(SAMPLES / name / "bot.yaml")
    crm = dict.fromkeys(VARIABLES[name], "x")
    assert isinstance(bot.brain, BrainConfig)
    for template in [bot.opening_message, bot.voicemail_message, *bot.brain.lines.values(), *bot.brain.questions]:
        assert render(template, {"crm": crm, "call": {}}).complete
    assert any(isinstance(part, Reference) for part in parse(bot.opening_message))
