"""One lead, as people name it on the command line."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from sqlalchemy import Row

from core.kernel.database import Database
from core.kernel.numbers import NumberError, parse_number
from dialler.leads.queries import find_leads
from web.cli.common import campaign_called
from web.cli.errors import CliError

__all__ = ["CampaignOption", "LeadArgument", "one_lead"]

CampaignOption = Annotated[str | None, typer.Option("--campaign", "-c", metavar="CAMPAIGN", help="Only leads of this campaign.")]
LeadArgument = Annotated[str, typer.Argument(metavar="LEAD", help="The number of the lead as `leads list` shows it, or its phone number.")]


def one_lead(db: Database, lead: str, campaign: str | None) -> Row[Any]:
    """The row of a lead, with the name of its `campaign`.

    Args:
        db: the database.
        lead: its number in the database, or its phone number.
        campaign: only of the campaign of that name or id.

    Raises:
        CliError: there is none, or more than one.
    """
    campaign_id = campaign_called(db, campaign).id if campaign else None
    wanted = lead
    if not lead.isdigit():
        try:
            wanted = parse_number(lead).key
        except NumberError as error:
            raise CliError(f"{lead!r} is neither the number of a lead nor a phone number: {error}.") from None
    with db.read() as connection:
        found = find_leads(connection, wanted, campaign_id)
    if not found:
        raise CliError(f"There is no lead {lead}.", "Find it with `dialler leads list`.")
    if len(found) > 1:
        names = ", ".join(row.campaign for row in found)
        raise CliError(f"{lead} is a lead of several campaigns: {names}.", "Say which with --campaign.")
    return found[0]
