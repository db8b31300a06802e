"""Owning a campaign: the lease of the one process that dials for it, kept for the length of a block."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta

from core.bots.config import BotConfig
from core.bots.store import read_bot
from core.kernel.lines import REAL, SANDBOX, Lines
from core.kernel.processes import this_process
from core.trunks.store import choose_trunk
from dialler.campaigns.owner import acquire, release, renew
from dialler.campaigns.store import note_run, read_campaign
from web.clocks import latest_moment
from web.composition import Whole
from web.settings import ClockBehind

__all__ = ["SKEW", "is_behind", "lease", "lines_of_bot"]

SKEW = timedelta(minutes=1)
"""How far the clocks of two machines on one database may be apart."""


def is_behind(now: datetime, latest: datetime | None) -> bool:
    """Whether a clock that shows `now` is behind records that go on until `latest`: for its leads time would go back. Pure."""
    return latest is not None and latest - now > SKEW


def lines_of_bot(whole: Whole, bot: BotConfig | None) -> Lines:
    """The lines that the calls of a bot go out on from this process, if they name no caller ID."""
    if not whole.settings.opens_trunks:
        return SANDBOX
    with whole.db.read() as connection:
        caller_id, region = (bot.caller_id, bot.default_region) if bot else (None, None)
        trunk = choose_trunk(connection, caller_id, region, whole.engine.preferred_trunk)
    return whole.engine.lines_of(trunk.transport) if trunk else REAL


@contextlib.contextmanager
def lease(whole: Whole, campaign_id: str) -> Iterator[str]:
    """Own the campaign within the block; yields the lease's token.

    Raises:
        AlreadyRunning: if a live process owns it.
        dialler.campaigns.store.OtherLines: if its leads hold what came of calls on other lines than this process dials on.
        ClockBehind: if real time is to be kept, and its records are ahead of it.
    """
    token, name = secrets.token_hex(16), f"campaign {campaign_id}"
    with whole.db.read() as connection:
        bot = read_bot(connection, read_campaign(connection, campaign_id).bot_id)
        latest = latest_moment(connection, campaign_id)
    lines = lines_of_bot(whole, bot.config if bot else None)
    with whole.db.write() as connection:
        acquire(connection, campaign_id, token, this_process(), whole.wall())
        if latest is not None and whole.settings.in_real_time and is_behind(whole.clock.now(), latest):
            raise ClockBehind(latest)
        note_run(connection, campaign_id, lines, own_clock=not whole.settings.in_real_time)

    def keep() -> None:
        with whole.db.write() as connection:
            renew(connection, campaign_id, token, whole.wall(), whole.clock.now())

    whole.leases.add(name, keep)
    try:
        yield token
    finally:
        whole.leases.remove(name)
        with whole.db.write() as connection:
            release(connection, campaign_id, token, whole.clock.now())
