"""A folder that can be run, and the command line as a user has it."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from web.cli.main import app

CAMPAIGN = """
name: Spring reminders
default_region: GB
max_attempts: 2
"""
BOT = """
name: Reminder
time_zone: Europe/London
opening_message: "Hello, am I speaking with {{crm.customer_name}}?"
brain: {scenario: payment_reminder}
purpose: service
permitted_hours:
  enabled: false
post_call_push:
  url: sample-crm
  key_mapper:
    CUSTOMER: "{{crm.customer_name}}"
    DISPOSITION: "{{result.disposition}}"
"""
LEADS = """
phone,customer_name,amount_due
+999555501000,Asha Rao,120
+999555501010,Ben Ode,75
+999555501050,Cleo Dias,60
call the office,Dan Foe,10
"""


def write_folder(folder: Path, *, campaign: str = CAMPAIGN, bot: str = BOT, leads: str = LEADS) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {"campaign.yaml": campaign, "bot.yaml": bot, "leads.csv": leads}.items():
        (folder / name).write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has a current folder of its own, and none of the settings of whoever runs it."""
    for name in ("DIALLER_DATABASE", "DIALLER_ALLOW_INTERNAL", "DIALLER_DATA", "DIALLER_ENCRYPTION_KEY", "SAMPLE_CRM_TOKEN", "CRM_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DIALLER_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "spring")


Dialler = Callable[..., Result]


@pytest.fixture
def dialler() -> Dialler:
    """Type a command: `dialler("campaigns", "list")`; what it prints, and its exit code."""

    def type_(*words: str | Path, stdin: str | None = None, code: int = 0) -> Result:
        result = CliRunner().invoke(app, [str(word) for word in words], input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result

    return type_


def json_of(result: Result) -> Any:
    return json.loads(result.stdout)
