"""Owning a campaign: the lease of the one process that dials for it, kept for the length of a block."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator

from core.kernel.processes import this_process
from dialler.campaigns.owner import acquire, release, renew
from web.composition import Whole

__all__ = ["lease"]


@contextlib.contextmanager
def lease(whole: Whole, campaign_id: str) -> Iterator[str]:
    """Own the campaign within the block; yields the lease's token.

    Raises:
        AlreadyRunning: if a live process owns it.
    """
    token, name = secrets.token_hex(16), f"campaign {campaign_id}"
    with whole.db.write() as connection:
        acquire(connection, campaign_id, token, this_process(), whole.wall())

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
