"""Makes campaign folders for tests, and runs them as `dialler run` does."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from core.bots.config import BotConfig
from core.bots.loading import load_bot
from core.kernel.yaml_config import load_yaml_model
from core.outgoing.guard import AllowList
from dialler.campaigns.config import CampaignConfig
from dialler.imports.options import ImportOptions
from web.run.folder import CampaignFolder
from web.run.reporters import Reporter
from web.run.session import run_folder
from web.run.summary import RunSummary
from web.settings import Settings

START = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)  # a Wednesday

CATALOGUE = [f"+120255501{n:02d}" for n in range(30)]
"""Numbers whose last two digits fix what happens (docs/sandbox.md)."""


def profile_numbers(count: int) -> list[str]:
    """Numbers that follow the sandbox's profile."""
    return [f"+9991{n // 70:05d}{30 + n % 70:02d}" for n in range(count)]


def make_folder(path: Path, numbers: list[str], *, bot: dict[str, Any] | None = None, campaign: dict[str, Any] | None = None) -> Path:
    """A folder with these leads."""
    path.mkdir(parents=True, exist_ok=True)
    rows = [f"{number},Customer {index},{100 + index},LN{index:05d}" for index, number in enumerate(numbers, 1)]
    (path / "leads.csv").write_text("phone,customer_name,amount_due,loan_number\n" + "\n".join(rows) + "\n", encoding="utf-8")
    bot_config = {
        "name": "Reminder",
        "opening_message": "Hello, am I speaking with {{crm.customer_name}}?",
        "brain": {"scenario": "payment_reminder"},
        "time_zone": "UTC",
        "permitted_hours": {"enabled": False},
        "purpose": "service",
        **(bot or {}),
    }
    (path / "bot.yaml").write_text(yaml.safe_dump(bot_config, allow_unicode=True), encoding="utf-8")
    (path / "campaign.yaml").write_text(yaml.safe_dump({"name": path.name, **(campaign or {})}, allow_unicode=True), encoding="utf-8")
    return path


def open_folder(path: Path) -> CampaignFolder:
    """The folder, read."""
    campaign = load_yaml_model(path / "campaign.yaml", CampaignConfig)
    bot: BotConfig = load_bot(path / "bot.yaml")
    options = ImportOptions(default_region=campaign.default_region, phone_column=campaign.phone_column)
    return CampaignFolder(path, campaign, bot, path / "leads.csv", options)


def settings_for(out: Path, database_url: str | None = None, **more: Any) -> Settings:
    """Settings of a run in virtual time, from START, seeded."""
    more.setdefault("start", START)
    more.setdefault("seed", 1)
    if allow := more.pop("allow", None):
        more["allow_internal"] = AllowList.parse(allow)
    return Settings(
        database_url=database_url or f"sqlite:///{out}/dialler.db",
        data_folder=more.pop("data_folder", out / "data"),
        network_log=out / "network.jsonl",
        **more,
    )


def run(path: Path, out: Path, database_url: str | None = None, reporter: Reporter | None = None, **more: Any) -> RunSummary:
    """Run a folder to its end."""
    out.mkdir(parents=True, exist_ok=True)
    settings = settings_for(out, database_url, **more)
    return asyncio.run(asyncio.wait_for(run_folder(open_folder(path), settings, out, reporter or Reporter()), 180))


def network_log(out: Path) -> list[dict[str, Any]]:
    """The lines of the callees' own log."""
    return [json.loads(line) for line in (out / "network.jsonl").read_text(encoding="utf-8").splitlines()]
