from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.kernel.durations import format_duration
from core.kernel.hours import is_open
from core.kernel.yaml_config import ConfigError, load_yaml_model
from dialler.campaigns.config import CampaignConfig
from dialler.policy.outcomes import Outcome
from dialler.policy.retry_rules import RetryRules
from tests.conftest import START

DOCS = Path(__file__).parents[3] / "docs"


def load(tmp_path: Path, text: str) -> CampaignConfig:
    path = tmp_path / "campaign.yaml"
    path.write_text(text)
    return load_yaml_model(path, CampaignConfig)


def test_a_name_is_enough(tmp_path: Path) -> None:
    config = load(tmp_path, "name: March reminders\n")
    assert (config.concurrency_limit, config.calls_per_second, config.calling_window) == (50, 10, None)
    policy = config.retry_policy()
    assert (policy.max_attempts, policy.max_uncharged, policy.max_callbacks) == (3, 5, 5)


def test_everything(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        """name: March reminders
default_region: NO
phone_column: 2
concurrency_limit: 20
calls_per_second: 0.5
max_attempts: 4
callback_delay: 90m
retry:
  no_answer: 45m
  voicemail: false
  rejected: {delay: 2h, growth: 1, max_delay: 1d}
calling_window:
  time_zone: Asia/Kolkata
  windows:
    - {start: 10:00, end: 13:00}
    - {start: 15:00, end: 19:00, days: mon-fri}
  holidays: [IN]
  exceptions:
    - {date: 2026-03-04, closed: true}
""",
    )
    assert config.phone_column == "2"
    policy = config.retry_policy()
    assert policy.rules.no_answer.delay == timedelta(minutes=45)
    assert not policy.rules.voicemail.retry
    assert policy.callback_delay == timedelta(minutes=90)
    window = config.calling_window
    assert window is not None
    assert not is_open(window.hours, window.time_zone, START)
    assert is_open(window.hours, window.time_zone, START + timedelta(days=1))
    assert CampaignConfig.model_validate(config.model_dump(mode="json")) == config


def test_wrong_keys_get_the_right_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, "name: x\nmax_attempt: 3\nphone: Mobile\nretry: {noanswer: 5m}\ncalling_window: {timezone: Asia/Kolkata}\n")
    assert [(problem.line, problem.key, problem.advice) for problem in caught.value.problems if "no such key" in problem.problem] == [
        (2, "max_attempt", "Did you mean max_attempts?"),
        (3, "phone", "Did you mean phone_column?"),
        (4, "retry.noanswer", "Did you mean no_answer?"),
        (5, "calling_window.timezone", "Did you mean time_zone?"),
    ]


def test_a_window_needs_its_time_zone() -> None:
    with pytest.raises(ValidationError, match="time_zone"):
        CampaignConfig.model_validate({"name": "x", "calling_window": {"start": "09:00", "end": "18:00"}})
    with pytest.raises(ValidationError, match="not a time zone"):
        CampaignConfig.model_validate({"name": "x", "calling_window": {"time_zone": "IST", "start": "09:00"}})


@pytest.mark.parametrize("start", [9, 9.3])
def test_a_bare_hour_is_refused_with_the_right_form(start: float) -> None:
    with pytest.raises(ValidationError, match="HH:MM, such as 09:00"):
        CampaignConfig.model_validate({"name": "x", "calling_window": {"time_zone": "Asia/Kolkata", "start": start}})


@pytest.mark.parametrize("key", list(CampaignConfig.model_fields))
def test_every_key_explains_itself_and_stands_in_the_docs(key: str) -> None:
    assert CampaignConfig.model_fields[key].description
    assert f"`{key}`" in (DOCS / "campaign-yaml.md").read_text()


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_stands_in_the_docs(outcome: Outcome) -> None:
    assert f"| `{outcome}` |" in (DOCS / "retry-policy.md").read_text()


@pytest.mark.parametrize("outcome", list(RetryRules.model_fields))
def test_the_docs_tell_the_default_delays(outcome: str) -> None:
    rule = getattr(RetryRules(), outcome)
    (row,) = [line for line in (DOCS / "retry-policy.md").read_text().splitlines() if line.startswith(f"| `{outcome}` | ") and "|" in line]
    told = f"yes, {format_duration(rule.delay)}, x{rule.growth:g}, at most {format_duration(rule.max_delay)}" if rule.retry else "no"
    assert f"| {told} |" in row
