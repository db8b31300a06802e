"""The database does not answer: it is locked, or the connection to its server is gone. That passes; waiting is all there is to do.

The waits are in real time, and virtual time stands still meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from core.kernel.clock import Clock
from core.kernel.database_errors import DATABASE_FAILURES
from core.kernel.database_health import DatabaseHealth
from dialler.policy.patience import growing
from dialler.scheduler.holds import Hold

__all__ = ["DATABASE_FAILURES", "ride_out"]

log = logging.getLogger(__name__)

_DETAIL: Final = "The database does not answer; calls in progress go on, and dialling goes on once it is back. Nothing is lost."
_FIRST, _LONGEST = timedelta(seconds=0.5), timedelta(seconds=30)


async def ride_out(
    campaign_id: str, error: SQLAlchemyError, failures: int, clock: Clock, health: DatabaseHealth, tell: Callable[[Hold], None]
) -> None:
    """Wait, in real time, after so many failures in a row (from 1); who runs the campaign is told, the log too.

    A database that is known to be away is waited for; it was logged then. Any other failure is waited out for a while that grows.
    """
    if health.away:
        tell(Hold(None, "database", _DETAIL))
        with clock.outside():
            await health.until_back()
        return
    wait = growing(failures, _FIRST, _LONGEST)
    what = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    log.warning(
        "campaign %s dials nothing for now: the database does not answer (%s); tried again in %.1f s",
        campaign_id,
        str(what).partition("\n")[0],
        wait.total_seconds(),
    )
    tell(Hold(clock.now() + wait, "database", _DETAIL))
    with clock.outside():
        await asyncio.sleep(wait.total_seconds())
