"""The folder of a campaign: campaign.yaml, bot.yaml, leads.csv. Every problem is found at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dialler.campaigns.config import CampaignConfig

from core.bots.config import BotConfig
from dialler.imports.options import ImportOptions

__all__ = ["CampaignFolder", "UnusableFolder", "read_folder"]

_FILES = {"leads.csv": "the leads", "campaign.yaml": "what to do with them", "bot.yaml": "the bot that calls them"}


class UnusableFolder(Exception):
    """The folder cannot be run. `problems` are sentences, each saying what is wrong, where, and what to do."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class CampaignFolder:
    """A folder that can be run."""

    path: Path
    campaign: CampaignConfig
    bot: BotConfig
    leads: Path
    import_options: ImportOptions
