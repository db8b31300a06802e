"""The folder of a campaign: campaign.yaml, bot.yaml, leads.csv (or a workbook), and perhaps trunks.yaml. Every problem is found at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.bots.config import BotConfig
from core.bots.template_checks import missing_variables, stands_in_an_address, warnings_about
from core.kernel.purposes import purpose_assumed
from core.kernel.yaml_config import ConfigError, load_yaml_model
from core.kernel.yaml_document import read_yaml
from core.outgoing.guard import AllowList
from core.trunks.files import check_trunks, complain, named_secrets
from dialler.campaigns.config import CampaignConfig
from dialler.imports.errors import LeadFileError
from dialler.imports.options import ImportOptions
from dialler.imports.reader import LeadFile
from web.run.bot_file import read_bot_file
from web.run.push_checks import push_problems

__all__ = ["CampaignFolder", "UnusableFolder", "read_folder"]

_LEADS = "leads.csv"
_FILES = {_LEADS: "the leads", "campaign.yaml": "what to do with them", "bot.yaml": "the bot that calls them"}
_WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
"""Endings of lead files that stand in place of leads.csv."""


class UnusableFolder(Exception):
    """The folder cannot be run. `problems` are sentences, each saying what is wrong, where, and what to do."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class CampaignFolder:
    """A folder that can be run. `warnings` are sentences about what will run and may not be meant."""

    path: Path
    campaign: CampaignConfig
    bot: BotConfig
    leads: Path
    import_options: ImportOptions
    warnings: tuple[str, ...] = ()

    @property
    def time_zone(self) -> str:
        """The zone in which people read its moments: that of its calling window, else the bot's."""
        return self.campaign.calling_window.time_zone if self.campaign.calling_window else self.bot.time_zone


def read_folder(
    path: Path, allow: AllowList | None = None, has_secret: Callable[[str], bool] | None = None, *, with_trunks: bool = True
) -> CampaignFolder:
    """Read a folder and check all of it. Of the lead file the form is checked here: its rows are, at the import.

    Args:
        path: the folder.
        allow: internal hosts that pushes may reach.
        has_secret: whether a secret of that name is set somewhere; None: not looked at.
        with_trunks: look at its trunks.yaml, too; a run on the sandbox does without.

    Raises:
        UnusableFolder: with every problem of all its files.
    """
    if not path.is_dir():
        raise UnusableFolder([f"{path} is not a folder. Give the folder that holds {', '.join(_FILES)}."])
    lead_files = [file for name in (_LEADS, *(f"leads{ending}" for ending in _WORKBOOKS)) if (file := path / name).is_file()]
    leads = lead_files[0] if lead_files else path / _LEADS
    problems = [_absent(path, name) for name in _FILES if not ((path / name).is_file() or (name == _LEADS and lead_files))]
    if len(lead_files) > 1:
        named = " and ".join(file.name for file in lead_files)
        problems.append(f"There are {named} in {path}: which one has the leads? Take the others out.")
    campaign = bot = variables = None
    options = ImportOptions()
    if (path / "campaign.yaml").is_file():
        try:
            campaign = load_yaml_model(path / "campaign.yaml", CampaignConfig)
            options = campaign.import_options()
        except ConfigError as error:
            problems += _lines(path, error)
    if (path / "bot.yaml").is_file():
        try:
            bot = read_bot_file(path / "bot.yaml")
            problems += push_problems(bot, allow or AllowList(), has_secret)
        except ConfigError as error:
            problems += _lines(path, error)
    problems += _trunk_problems(path, has_secret) if with_trunks else []
    # with an unusable campaign.yaml the lead file would be read with options that are not meant
    if len(lead_files) == 1 and (campaign is not None or not (path / "campaign.yaml").is_file()):
        try:
            with LeadFile(leads, options) as opened:
                variables = list(opened.report().variables)
        except LeadFileError as error:
            problems.append(f"{leads.name}: {error}")
        except OSError as error:
            problems.append(f"{leads.name}: it cannot be read ({error.strerror}). Check the file and its permissions.")
    if problems or campaign is None or bot is None:
        raise UnusableFolder(problems)
    return CampaignFolder(path, campaign, bot, leads, options, tuple(_warnings(campaign, bot, variables or [])))


def _trunk_problems(folder: Path, has_secret: Callable[[str], bool] | None) -> list[str]:
    """What is wrong with the trunks.yaml of a folder; nothing if it has none."""
    if not (folder / "trunks.yaml").is_file():
        return []
    document = read_yaml(folder / "trunks.yaml")
    check_trunks(document)
    for position, field, name in named_secrets(document):
        if has_secret is not None and not has_secret(name):
            advice = f"Set the environment variable {name}, or keep it with `dialler secrets set {name}` in the database of the run."
            complain(document, position, field, f"the secret {name} is set nowhere", advice)
    return _lines(folder, ConfigError(document.problems))


def _absent(folder: Path, name: str) -> str:
    stem, _, ending = name.partition(".")
    others = sorted(
        file.name
        for file in folder.iterdir()
        if file.name not in _FILES
        and (file.stem.lower() == stem or (ending == "csv" and file.suffix.lower() in {".csv", ".tsv", ".txt", *_WORKBOOKS}))
    )
    hint = "Add it."
    if others and Path(others[0]).suffix.lower() in {".numbers"}:
        hint = f"Is it {others[0]}? Then open it and save it as CSV (UTF-8), under the name {name}."
    elif others and Path(others[0]).suffix.lower() in _WORKBOOKS:
        hint = f"Is it {others[0]}? Then rename it to leads{Path(others[0]).suffix.lower()}."
    elif others:
        hint = f"Is it {others[0]}? Then rename it."
    return f"{name} ({_FILES[name]}) is missing in {folder}. {hint}"


def _lines(folder: Path, error: ConfigError) -> list[str]:
    """The problems, with file names as they stand in the folder."""
    return [str(problem).replace(f"{folder}/", "", 1) for problem in error.problems]


def _warnings(campaign: CampaignConfig, bot: BotConfig, variables: list[str]) -> list[str]:
    document = bot.model_dump(mode="json")
    unsaid = campaign.purpose is None and bot.purpose is None
    return [
        *((purpose_assumed("campaign.yaml") + ".",) if unsaid else ()),
        *(
            f"bot.yaml: {' and '.join(places)} use {{{{crm.{name}}}}}, which no column of leads.csv gives: it will be empty"
            f"{', and nothing is sent to an address that lacks a value' if stands_in_an_address(places) else ''}. "
            f"The columns give {', '.join(variables) or 'no variables'}."
            for name, places in missing_variables(document, variables).items()
        ),
        *(f"bot.yaml: {sentence}" for sentence in warnings_about(document)),
    ]
