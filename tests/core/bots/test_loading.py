from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from core.bots.config import BotConfig
from core.bots.loading import bot_complaints, id_from_name, load_bot
from core.kernel.yaml_config import ConfigError


def load(tmp_path: Path, text: str) -> BotConfig:
    path = tmp_path / "bot.yaml"
    path.write_text(text, encoding="utf-8")
    return load_bot(path)


def test_next_to_nothing_is_enough(tmp_path: Path) -> None:
    bot = load(tmp_path, "name: Loan reminder\n")
    assert (bot.id, bot.time_zone, bot.active_hours.describe()) == ("loan-reminder", "UTC", "at any time")


def test_a_whole_bot(tmp_path: Path) -> None:
    bot = load(
        tmp_path,
        """name: Loan reminder
id: loans
time_zone: Asia/Kolkata
default_region: IN
opening_message: "Hello, am I speaking with {{crm.customer_name}}?"
active_hours: {start: 09:00, end: 20:00, days: mon-sat, holidays: IN}
permitted_hours: {start: 08:00, end: 19:00}
seats: 20
post_call_push:
  url: sample-crm
  token: Bearer secret:CRM_TOKEN
  key_mapper: {CUSTOMER_ID: "{{crm.customer_id}}"}
results_webhook: {url: "https://example.com/results", secret: "secret:HOOK"}
""",
    )
    assert bot.id == "loans"
    assert bot.permitted_hours.end == "19:00"
    assert bot.post_call_push is not None
    assert BotConfig.model_validate(bot.model_dump(mode="json")) == bot


def test_every_problem_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(
            tmp_path,
            """name: Loan reminder
time_zone: Asia/Kolkatta
default_region: uk
seats: many
post_call_push:
  url: ftp://example.com
  token: Bearer abcdef
results_webhook:
  url: https://user:word@example.com/
  secret: whsec_abcdef
""",
        )
    assert [(problem.line, problem.key) for problem in caught.value.problems] == [
        (2, "time_zone"),
        (3, "default_region"),
        (4, "seats"),
        (6, "post_call_push.url"),
        (7, "post_call_push.token"),
        (9, "results_webhook.url"),
        (10, "results_webhook.secret"),
    ]
    text = str(caught.value)
    assert "Did you mean Asia/Kolkata?" in text
    assert "Did you mean GB?" in text
    assert "`Bearer secret:NAME`" in text
    assert "abcdef" not in text
    assert "word" not in text


@pytest.mark.parametrize("token", ["secret:CRM", "Bearer secret:CRM_TOKEN", "Token secret:A1"])
def test_a_token_by_reference(token: str) -> None:
    assert bot_complaints({"post_call_push": {"url": "https://example.com", "token": token}}) == []


@pytest.mark.parametrize("token", ["Bearer abc", "abc", "Bearer abc secret:CRM", "secret:", "secret:1A", "secret:CRM abc"])
def test_a_token_in_the_open(token: str) -> None:
    ((place, problem, _),) = bot_complaints({"post_call_push": {"url": "https://example.com", "token": token}})
    assert place == ("post_call_push", "token")
    assert token not in problem


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("12345", "it is not a number that can be called: it has no country code"),
        ("+1202", "it is not a number that can be called"),
        ("tel:12345", "it is not a number that can be called"),
        ("sip:", "it is not a whole sip: address"),
        ("sip:a b@pbx.example", "it is not a whole sip: address"),
        ("sip:agents@", "it is not a whole sip: address"),
        ("sips:a@pbx.example", "calls cannot be transferred to a sips: address"),
        ("+1 202 555 0101", "the number is not written in full"),
        ("desk:", "it names no queue"),
        ("agents", "it is not a number that can be called"),
        (" ", "it is empty"),
    ],
)
def test_a_transfer_target_that_cannot_be_called(address: str, problem: str) -> None:
    ((place, found, advice),) = bot_complaints({"transfer_targets": {"agent": address}})
    assert place == ("transfer_targets", "agent")
    assert found.startswith(problem)
    assert advice
    assert "default region" not in advice


@pytest.mark.parametrize(
    "address",
    ["+12025550101", "+442079460123", "tel:+442079460000", "sip:agents@pbx.example.com", "sip:agents@192.0.2.1:5070;transport=udp",
     "sip:+12025550101@[2001:db8::1]", "sip:pbx.example", "desk:support", "+999555501000"],
)  # fmt: skip
def test_a_transfer_target_that_can_be_called(address: str) -> None:
    assert bot_complaints({"transfer_targets": {"agent": address}}) == []


@given(st.text(min_size=1, max_size=200))
def test_an_id_can_be_made_of_any_name(name: str) -> None:
    made = id_from_name(name)
    assert re.fullmatch("[a-z0-9][a-z0-9_-]{0,63}", made)
    assert made == id_from_name(name)


def test_ids() -> None:
    assert id_from_name("  Clínica — Citas 2 ") == "clinica-citas-2"
    assert id_from_name("ऋण अनुस्मारक").startswith("bot-")


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def keys_of(model: type[BaseModel]) -> list[str]:
    keys = [field.alias or name for name, field in model.model_fields.items()]
    for field in model.model_fields.values():
        for inner in models_in(field.annotation):
            keys += keys_of(inner)
    return list(dict.fromkeys(keys))


@pytest.mark.parametrize("key", keys_of(BotConfig))
def test_every_key_stands_in_the_docs(key: str) -> None:
    assert f"`{key}`" in (Path(__file__).parents[3] / "docs" / "bot-yaml.md").read_text()
