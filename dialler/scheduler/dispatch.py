"""Sends the dialouts of one batch, one after another, and applies each answer."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from core.kernel.clock import Clock
from core.kernel.database import Database
from dialler.core_client import CoreClient, CoreUnreachable, LeadRefused, Misconfigured, Placed, TryLater
from dialler.leads.claims import Claim, Undialled, end_undialled, give_back, mark_placed, note_failed_dialout
from dialler.scheduler.holds import Hold

__all__ = ["Batch", "send_batch"]

log = logging.getLogger(__name__)

_UNKNOWN_WAIT = timedelta(seconds=30)
_CAUSE: Final[dict[str, Undialled]] = {"suppressed": "number_suppressed", "number": "number_refused", "request": "lead_refused"}


@dataclass(frozen=True)
class Batch:
    """What became of a batch.

    Attributes:
        placed: calls that left.
        hold: why the rest was given back, if it was.
        failure: what went wrong with the last dialout sent, if it is not known what became of it.
        closed: dialouts that were refused because of the bot's or the callee's hours, and are to be tried when those open.
    """

    placed: int
    hold: Hold | None = None
    failure: str | None = None
    closed: int = 0


async def send_batch(db: Database, clock: Clock, core: CoreClient, bot_id: str, claims: list[Claim], token: str) -> Batch:
    """Dial the claimed leads, as long as the campaign runs under that token; the others are given back."""
    placed = closed = 0
    for index, taken in enumerate(claims):
        try:
            answer = await core.dialout(bot_id, taken.phone, taken.variables, taken.attempt_id)
        except CoreUnreachable as error:
            # this one may have been placed: it stays as it is until the core can be asked; the rest was never sent
            with db.write() as connection:
                note_failed_dialout(connection, taken, token, str(error))
                _give_back(connection, clock, claims[index + 1 :], token, f"not sent: {error}")
            return Batch(placed, failure=str(error), closed=closed)
        now = clock.now()
        match answer:
            case Placed(call_id):
                placed += 1
                with db.write() as connection:
                    if not mark_placed(connection, taken, token, call_id, now):  # paused, stopped or taken over meanwhile
                        _give_back(connection, clock, claims[index + 1 :], token, "not sent: the campaign does not run")
                        return Batch(placed, closed=closed)
            case LeadRefused(cause, detail):
                with db.write() as connection:
                    end_undialled(connection, taken, token, _CAUSE[cause], detail, now)
            case TryLater("outside_permitted_hours", detail, retry_at):  # this callee only: the others may be awake
                with db.write() as connection:
                    if retry_at is None:
                        end_undialled(connection, taken, token, "number_refused", detail, now)
                    else:
                        closed += 1
                        give_back(connection, taken, token, retry_at, detail, now, at_once=False)
            case TryLater("trunk_unavailable", detail, None) | Misconfigured(detail):  # (no trunk, or none that runs: waiting helps nobody)
                with db.write() as connection:
                    _give_back(connection, clock, claims[index:], token, detail)
                return Batch(placed, Hold(None, "misconfigured", detail), closed=closed)
            case TryLater(reason, detail, retry_at):
                until = retry_at if retry_at is not None or reason == "outside_active_hours" else now + _UNKNOWN_WAIT
                with db.write() as connection:
                    _give_back(connection, clock, claims[index:], token, detail)
                return Batch(placed, Hold(until, reason, detail), closed=closed + (reason == "outside_active_hours"))
    return Batch(placed, closed=closed)


def _give_back(connection: Connection, clock: Clock, claims: list[Claim], token: str, why: str) -> None:
    now = clock.now()
    for taken in claims:
        give_back(connection, taken, token, taken.created_at, why, now, at_once=True)
