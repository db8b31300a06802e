"""From a folder to a campaign in the database that can be dialled."""

from __future__ import annotations

from core.bots.store import save_bot
from dialler.campaigns.states import OVER
from dialler.campaigns.store import change_state, create_campaign, find_campaign, move_campaign, read_campaign, update_settings
from dialler.imports.apart import ImportTask, import_apart
from dialler.imports.report import ImportReport
from dialler.imports.staging import import_file
from dialler.leads.progress import backlog
from web.composition import Whole
from web.run.folder import CampaignFolder

__all__ = ["OtherFolder", "ensure_campaign", "import_leads", "start_campaign", "store_settings"]


class OtherFolder(Exception):
    """The database has a campaign of this name already, of another folder."""


def ensure_campaign(whole: Whole, folder: CampaignFolder, *, moved: bool = False) -> str:
    """The id of the folder's campaign, which is made if there is none of its name.

    Args:
        whole: the running process.
        folder: the folder.
        moved: the campaign of this name belongs to this folder from now on, whichever it belonged to.

    Raises:
        OtherFolder: the campaign of this name belongs to another folder; merging the two would mix their leads and settings.
    """
    place = str(folder.path.resolve())
    with whole.db.write() as connection:
        before = find_campaign(connection, folder.campaign.name)
        if before is not None:
            if before.folder != place:
                if not moved:
                    raise OtherFolder(_refusal(folder.campaign.name, before.folder))
                move_campaign(connection, before.id, place)
            return str(before.id)
        campaign_id = whole.ids.new("campaign", folder.campaign.name)
        settings = folder.campaign.model_dump(mode="json")
        create_campaign(connection, campaign_id, folder.campaign.name, folder.bot.id, settings, whole.clock.now(), place)
        return campaign_id


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
