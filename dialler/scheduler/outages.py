"""The database does not answer: it is locked, or the connection to its server is gone. That passes; waiting is all there is to do.

The waits are in real time, and virtual time stands still meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.kernel.clock import Clock
from dialler.policy.patience import growing
from dialler.scheduler.holds import Hold

__all__ = ["DATABASE_FAILURES", "ride_out"]

log = logging.getLogger(__name__)

DATABASE_FAILURES: Final = (OperationalError, InterfaceError, PoolTimeout)
"""Errors that say nothing of the statement, only that the database could not work on it now."""
_FIRST, _LONGEST = timedelta(seconds=0.5), timedelta(seconds=30)


async def ride_out(campaign_id: str, error: SQLAlchemyError, failures: int, clock: Clock, tell: Callable[[Hold], None]) -> None:
    """Wait, in real time, after so many failures in a row (from 1); who runs the campaign is told, the log too."""
    wait = growing(failures, _FIRST, _LONGEST)
    what = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    log.warning(
        "campaign %s dials nothing for now: the database does not answer (%s); tried again in %.1f s",
        campaign_id,
        str(what).partition("\n")[0],
        wait.total_seconds(),
    )
    tell(Hold(clock.now() + wait, "database", "The database does not answer; it is tried again, and nothing is lost."))
    with clock.outside():
        await asyncio.sleep(wait.total_seconds())
