"""When the core is asked about attempts whose fate is not known: at the start, and after something went wrong."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from dialler.core_client import CoreUnreachable
from dialler.policy.patience import growing
from dialler.scheduler.parts import Parts
from dialler.scheduler.reconcile import reconcile

__all__ = ["Settling"]

log = logging.getLogger(__name__)

_FIRST, _LONGEST = timedelta(seconds=5), timedelta(minutes=5)


class Settling:
    """What is to be settled for one campaign, and when; at first everything that an earlier process left, at once."""

    def __init__(self, parts: Parts, campaign_id: str) -> None:
        self._parts, self._campaign_id = parts, campaign_id
        self._everything = True
        self._failures = 0
        self.at: datetime | None = parts.clock.now()
        """When the core is asked next; None: there is nothing to ask."""

    def ask(self, at: datetime) -> None:
        """Ask for the attempts without an answer at that time, or sooner."""
        self.at = at if self.at is None else min(self.at, at)

    async def settle_if_due(self) -> None:
        """Ask, if it is time; if the core does not answer, again after a wait that grows."""
        now = self._parts.clock.now()
        if self.at is None or self.at > now:
            return
        parts = self._parts
        parts.journal.flush()  # what is known need not be asked for
        try:
            await reconcile(
                parts.db, parts.clock, parts.ids, parts.core, self._campaign_id, unanswered=not self._everything, suppress=parts.suppress
            )
        except CoreUnreachable as error:
            self._failures += 1
            self.at = parts.clock.now() + growing(self._failures, _FIRST, _LONGEST)
            log.warning("%s; the attempts whose fate is not known are looked at again later", error)
        else:
            self.at, self._everything, self._failures = None, False, 0
