"""From a folder to a campaign in the database that can be dialled."""

from __future__ import annotations

from sqlalchemy import Connection

from core.bots.store import read_bot, save_bot
from core.kernel.lines import REAL, SANDBOX
from dialler.campaigns.states import OVER
from dialler.campaigns.store import (
    all_campaigns,
    change_state,
    create_campaign,
    find_campaign,
    move_campaign,
    own_campaign,
    read_campaign,
    rehearsal_of,
    rename_campaign,
    update_settings,
)
from dialler.imports.apart import ImportTask, import_apart
from dialler.imports.report import ImportReport
from dialler.imports.staging import import_file
from dialler.leads.progress import backlog
from web.composition import Whole
from web.ownership import lines_of_bot
from web.run.folder import CampaignFolder

__all__ = ["OtherBot", "OtherFolder", "ensure_campaign", "import_leads", "start_campaign", "store_settings"]


class OtherBot(Exception):
    """Another campaign, which is not over, is dialled by a bot of this id that says something else."""

    def __init__(self, bot_id: str, campaign: str) -> None:
        super().__init__(
            f"The campaign {campaign!r}, which is not over, has a bot {bot_id!r}, and bot.yaml here describes another one of that id.\n"
            f"Give this one an id of its own in bot.yaml, such as `id: {bot_id}-2`; or finish or stop that campaign first."
        )


class OtherFolder(Exception):
    """The database has a campaign of this name already, of another folder."""


def ensure_campaign(whole: Whole, folder: CampaignFolder, *, moved: bool = False) -> str:
    """The id of the folder's campaign on the lines that this process dials on, which is made if there is none.

    A rehearsal on the sandbox and the campaign on real lines are two, each with leads of its own: whom a simulated callee spoke
    for has not been called. Where both are, the rehearsal has "(sandbox)" in its name.

    Args:
        whole: the running process.
        folder: the folder.
        moved: the campaign of this name belongs to this folder from now on, whichever it belonged to.

    Raises:
        OtherFolder: the campaign of this name belongs to another folder; merging the two would mix their leads and settings.
        OtherBot: see there.
    """
    place, name, lines = str(folder.path.resolve()), folder.campaign.name, lines_of_bot(whole, folder.bot)
    with whole.db.write() as connection:
        before = [row for one in (name, rehearsal_of(name)) if (row := find_campaign(connection, one)) is not None]
        for row in before:
            if row.folder == place:
                continue
            if not moved:
                raise OtherFolder(_refusal(row.name, row.folder))
            move_campaign(connection, row.id, place)
        own = own_campaign(connection, name, lines)
        if own is not None:
            _check_bot(connection, folder, own.id)
            return str(own.id)
        _check_bot(connection, folder, None)
        taken = bool(before) and before[0].name == name
        if taken and lines == REAL:  # its rehearsal goes out of the way: what the sandbox produced is not what real lines produced
            rename_campaign(connection, before[0].id, rehearsal_of(name))
        own_name = rehearsal_of(name) if taken and lines == SANDBOX else name
        campaign_id = whole.ids.new("campaign", own_name) if lines == SANDBOX else whole.ids.new("campaign", name, lines)
        settings = folder.campaign.model_dump(mode="json")
        create_campaign(connection, campaign_id, own_name, folder.bot.id, settings, whole.clock.now(), place)
        return campaign_id


def _check_bot(connection: Connection, folder: CampaignFolder, own_id: str | None) -> None:
    """Raises OtherBot if another folder's unfinished campaign has a bot of this id that is another one: it would change in mid-run."""
    stored = read_bot(connection, folder.bot.id)
    if stored is None or stored.config == folder.bot:
        return
    place = str(folder.path.resolve())
    for row in all_campaigns(connection):
        if row.bot_id == folder.bot.id and row.id != own_id and row.folder != place and row.state not in {"draft", *OVER}:
            raise OtherBot(folder.bot.id, row.name)


def _refusal(name: str, folder: str | None) -> str:
    owner = f"of the folder {folder}" if folder else "made over the API"
    return (
        f"This database has a campaign named {name!r} already, {owner}.\n"
        "Is this another campaign? Give it another name in campaign.yaml, or another database with --database.\n"
        "Is it the same one, in a new place? Say so with --moved: it belongs to this folder from then on."
    )


def store_settings(whole: Whole, folder: CampaignFolder, campaign_id: str) -> None:
    """Store the bot and the campaign as the folder has them now. Only the owner of the campaign may: a live run reads them."""
    with whole.db.write() as connection:
        bot = save_bot(connection, folder.bot, whole.clock.now())
        update_settings(connection, campaign_id, bot.id, folder.campaign.model_dump(mode="json"))


async def import_leads(whole: Whole, folder: CampaignFolder, campaign_id: str) -> ImportReport:
    """Import the lead file; the same file again changes nothing. In virtual time, where nothing else goes on, at once; else apart.

    Raises:
        LeadFileError: no row of it can be used.
        ImportInProgress: another process is importing into the campaign.
        ImportProcessDied: the process of the import ended before it was done.
    """
    name, options = folder.leads.name, folder.import_options
    if whole.settings.speed is None:
        return import_file(whole.db, whole.clock, whole.ids, campaign_id, folder.leads, source_name=name, options=options)
    return await import_apart(ImportTask(whole.db.url, campaign_id, folder.leads, name, options), whole.clock, whole.ids)


def start_campaign(whole: Whole, campaign_id: str) -> bool:
    """Set the campaign running if there is anything to dial. Returns False if it is paused, or was over and stays so."""
    with whole.db.write() as connection:
        state = str(read_campaign(connection, campaign_id).state)
        if state in {"paused", "stopping"}:
            return state == "stopping"
        if state in OVER and backlog(connection, campaign_id).empty:
            return False
        change_state(connection, campaign_id, "start", whole.clock.now())
        return True
