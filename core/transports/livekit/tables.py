"""Tables of the transport `livekit`."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from core.kernel.database import UtcDateTime

__all__ = ["LiveKitClaim", "LiveKitEvent", "LiveKitInstallation", "LiveKitTrunk"]


class LiveKitInstallation(SQLModel, table=True):
    """One row: what this installation's rooms and trunks at LiveKit servers are marked with."""

    __tablename__ = "livekit_installation"

    id: int = Field(default=1, primary_key=True)
    name: str


class LiveKitTrunk(SQLModel, table=True):
    """How the trunk of a record stands at its LiveKit server, as of the last look."""

    __tablename__ = "livekit_trunks"

    trunk: str = Field(primary_key=True)
    outbound_trunk_id: str | None = None
    inbound_trunk_id: str | None = None
    dispatch_rule_id: str | None = None
    error: str | None = None
    looked_at: datetime = Field(sa_type=UtcDateTime)


class LiveKitEvent(SQLModel, table=True):
    """A webhook that was taken; LiveKit sends it again when our answer is lost."""

    __tablename__ = "livekit_events"

    id: str = Field(primary_key=True)
    event: str
    received_at: datetime = Field(sa_type=UtcDateTime, index=True)


class LiveKitClaim(SQLModel, table=True):
    """The worker that takes an inbound call's room: the first one to write it."""

    __tablename__ = "livekit_claims"

    room: str = Field(primary_key=True)
    worker_id: str
    claimed_at: datetime = Field(sa_type=UtcDateTime, index=True)
