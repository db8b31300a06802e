"""Forgetting: deliveries that are over keep who, when and with what status, but not for ever what was said."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from core.deliveries.tables import REMEMBERED, Delivery, DeliveryAttempt
from core.kernel.statements import table_of

__all__ = ["forget_before"]

_deliveries = table_of(Delivery)
_attempts = table_of(DeliveryAttempt)


def forget_before(connection: Connection, moment: datetime) -> int:
    """Empty the bodies of deliveries that were over before `moment` and remove their attempts; returns how many deliveries."""
    old = select(_deliveries.c.id).where(REMEMBERED, _deliveries.c.delivered_at < moment)
    connection.execute(delete(_attempts).where(_attempts.c.delivery_id.in_(old)))
    emptied = connection.execute(update(_deliveries).where(REMEMBERED, _deliveries.c.delivered_at < moment).values(body={}))
    return emptied.rowcount
