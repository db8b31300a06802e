"""The time zone of a campaign's reports unless another is asked for."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row

from core.bots.store import read_bot
from dialler.reports.spec import zone_of_window

__all__ = ["zone_of_campaign"]


def zone_of_campaign(connection: Connection, campaign: Row[Any]) -> str:
    """The zone of the campaign's calling window, else its bot's, else UTC."""
    if (zone := zone_of_window(campaign.settings)) is not None:
        return zone
    bot = read_bot(connection, campaign.bot_id)
    return "UTC" if bot is None else bot.config.time_zone
