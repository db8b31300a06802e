"""Sends the dialouts of one batch, one after another, and applies each answer."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.kernel.clock import Clock
from core.kernel.database import Database
from dialler.core_client import CoreClient, CoreUnreachable, Misconfigured, NotNow, NumberRefused, Placed
from dialler.leads.claims import Claim, give_back, mark_placed, never_dialable

__all__ = ["Hold", "send_batch"]

log = logging.getLogger(__name__)

_UNKNOWN_WAIT = timedelta(seconds=30)


@dataclass(frozen=True)
class Hold:
    """Why a batch stopped early: nothing is dialled until `until` (None: never again), for a `reason` and in words."""

    until: datetime | None
    reason: str
    detail: str


async def send_batch(db: Database, clock: Clock, core: CoreClient, bot_id: str, claims: list[Claim], token: str) -> tuple[int, Hold | None]:
    """Dial the claimed leads. Returns how many were placed, and why the rest was given back, if it was."""
    placed = 0
    for index, taken in enumerate(claims):
        try:
            answer = await core.dialout(bot_id, taken.phone, taken.variables, taken.attempt_id)
        except CoreUnreachable as error:
            # this one may have been placed: it stays as it is until the core can be asked; the rest was never sent
            log.warning("%s; dialling is held for a moment", error)
            hold = Hold(clock.now() + timedelta(seconds=5), "core_unreachable", "The call engine does not answer.")
            _give_back_rest(db, clock, claims[index + 1 :], token, hold)
            return placed, hold
        now = clock.now()
        match answer:
            case Placed(call_id):
                placed += 1
                with db.write() as connection:
                    mark_placed(connection, taken, token, call_id, now)
            case NumberRefused(suppressed, detail):
                with db.write() as connection:
                    never_dialable(connection, taken, token, "number_suppressed" if suppressed else "number_refused", detail, now)
            case NotNow("outside_permitted_hours", detail, retry_at):  # this callee only: the others may be awake
                with db.write() as connection:
                    if retry_at is None:
                        never_dialable(connection, taken, token, "number_refused", detail, now)
                    else:
                        give_back(connection, taken.lead_id, taken.attempt_id, token, retry_at, detail, now, at_once=False)
            case NotNow(reason, detail, retry_at):
                until = retry_at if retry_at is not None or reason == "outside_active_hours" else now + _UNKNOWN_WAIT
                hold = Hold(until, reason, detail)
                _give_back_rest(db, clock, claims[index:], token, hold)
                return placed, hold
            case Misconfigured(detail):
                hold = Hold(None, "misconfigured", detail)
                _give_back_rest(db, clock, claims[index:], token, hold)
                return placed, hold
    return placed, None


def _give_back_rest(db: Database, clock: Clock, claims: list[Claim], token: str, hold: Hold) -> None:
    now = clock.now()
    with db.write() as connection:
        for taken in claims:
            give_back(connection, taken.lead_id, taken.attempt_id, token, taken.created_at, hold.detail, now, at_once=True)
