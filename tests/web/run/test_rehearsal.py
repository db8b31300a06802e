"""What the bot will say to the first lead, before anybody is called."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from core.bots.config import BotConfig
from dialler.imports.report import LeadRow
from web.run.rehearsal import Rehearsal, rehearse

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
ASKS = "Hello, am I speaking with {{crm.customer_name}}?"
LLM = {"kind": "llm", "base_url": "https://model.example/v1", "model": "m"}


def heard(lead: dict[str, str], **bot: Any) -> Rehearsal:
    config = BotConfig.model_validate({"name": "B", "id": "b", "opening_message": ASKS, **bot})
    return asyncio.run(rehearse(config, LeadRow(2, "+12025550100", lead), NOW))


def test_a_payment_reminder_with_everything() -> None:
    said = heard(
        {"customer_name": "Asha", "amount_due": "120", "due_date": "2026-03-09"},
        brain={"scenario": "payment_reminder"},
        voicemail_message="Please call {{crm.customer_name}} back.",
    )
    assert said.opening == "Hello, am I speaking with Asha?"
    assert said.question is not None
    assert "your payment of 120" in said.question
    assert (said.voicemail_message, said.opening_message, said.empty) == ("Please call Asha back.", None, ())


@pytest.mark.parametrize("lead", [{}, {"customer_name": ""}, {"customer_name": "  "}])
def test_what_is_empty_is_marked_and_what_is_said_instead_is_shown(lead: dict[str, str]) -> None:
    said = heard(lead, brain={"scenario": "appointment_confirmation"}, voicemail_message="For {{crm.customer_name}} of {{crm.x|us}}.")
    assert said.opening_message == "Hello, am I speaking with [customer_name is empty]?"
    assert said.opening == "Hello. Am I speaking with the right person?"
    assert said.voicemail_message == "For [customer_name is empty] of us."
    assert said.empty == ("crm.customer_name",)
    assert "[customer_name is empty]" in said.fields()["Instead of"]


def test_a_survey_shows_its_first_question() -> None:
    said = heard({"customer_name": "Asha"}, brain={"scenario": "survey", "questions": ["How was your stay?"]})
    assert said.question is not None
    assert said.question.endswith("How was your stay?")
    assert said.fields()["To a machine"] == "nothing: it hangs up"


def test_of_a_model_what_can_be_known() -> None:
    said = heard({"customer_name": ""}, brain=LLM, system_prompt="Be kind to {{crm.customer_name}}.")
    assert (said.opening, said.question) == ("Hello, am I speaking with [customer_name is empty]?", None)
    assert said.prompt == "Be kind to [customer_name is empty]."
    assert "model's own words" in heard({}, brain=LLM, opening_message="").opening


def test_what_a_prefetch_will_bring_is_said_to_come_from_there() -> None:
    said = heard({}, brain={"scenario": "survey"}, prefetch={"url": "https://crm.example/x"})
    assert said.opening_message == "Hello, am I speaking with [customer_name comes from the CRM]?"


def test_a_bot_that_hangs_up_on_machines_leaves_nothing() -> None:
    said = heard({}, brain={"scenario": "survey"}, voicemail_message="Hi.", voice={"voicemail": "hang_up"})
    assert said.voicemail_message is None


@pytest.mark.parametrize(
    ("lead", "full"),
    [
        ({}, "your payment of [amount_due is empty], due on [due_date is empty]."),
        ({"amount_due": " "}, "your payment of [amount_due is empty], due on [due_date is empty]."),
        ({"amount_due": "120"}, "your payment of 120, due on [due_date is empty]."),
        ({"due_date": "2026-03-09"}, "your payment of [amount_due is empty], due on 9 March 2026."),
        ({"amount_due": "120", "due_date": "2026-03-09"}, None),
    ],
)
def test_what_the_question_lacks_is_marked(lead: dict[str, str], full: str | None) -> None:
    said = heard({"customer_name": "Asha", **lead}, brain={"scenario": "payment_reminder"})
    if full is None:
        assert said.full_question is None
        assert "In place of" not in said.fields()
        return
    assert said.full_question is not None
    assert full in said.full_question
    assert said.full_question in said.fields()["In place of"]
    assert said.question is not None
    assert "[" not in said.question  # a callee hears no marks


def test_of_the_bots_own_question_what_is_lacking_is_marked() -> None:
    own = {"ask_payment": "You owe {{crm.sum}} {{lead.name}}. When?"}
    said = heard({"customer_name": "Asha"}, brain={"scenario": "payment_reminder", "lines": own})
    assert said.full_question is not None
    assert said.full_question.startswith("You owe [sum is empty]")
    coming = heard({"customer_name": "Asha"}, brain={"scenario": "payment_reminder"}, prefetch={"url": "https://crm.example/x"})
    assert coming.full_question is not None
    assert "[amount_due comes from the CRM]" in coming.full_question
