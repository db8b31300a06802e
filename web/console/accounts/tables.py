"""Tables of the console's accounts, and of who owns which campaign."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, false
from sqlmodel import Field, SQLModel

from core.kernel.database import JsonValue, UtcDateTime

__all__ = ["CampaignOwner", "ConsoleAgent", "ConsoleLink", "ConsoleSession", "ConsoleTeam", "ConsoleUser"]


class ConsoleTeam(SQLModel, table=True):
    """A team: supervisors see the campaigns of theirs."""

    __tablename__ = "console_teams"

    id: str = Field(primary_key=True)
    name: str = Field(unique=True)
    created_at: datetime = Field(sa_type=UtcDateTime)


class ConsoleUser(SQLModel, table=True):
    """Somebody who may sign in. `login` is an e-mail address or a name, in lower case.

    Without a password (`password_hash` null) an invitation is still open.
    """

    __tablename__ = "console_users"

    id: str = Field(primary_key=True)
    login: str = Field(unique=True)
    name: str
    roles: list[str] = Field(sa_type=JsonValue)
    """As `web.console.rights.Role` has them; the first is the one that a session begins in."""
    team_id: str | None = Field(default=None, foreign_key="console_teams.id")
    password_hash: str | None = None
    totp_secret: str | None = None
    """Encrypted; null: sign-in asks for no code."""
    totp_last_step: int | None = None
    """The time step of the code that was used last: none works twice."""
    locale: str | None = None
    time_zone: str | None = None
    theme: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_sign_in_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ConsoleSession(SQLModel, table=True):
    """A signed-in browser. The cookie's token is stored as a hash."""

    __tablename__ = "console_sessions"
    __table_args__ = (Index("console_sessions_user", "user_id", "ends_at"),)

    token_hash: str = Field(primary_key=True)
    id: str = Field(unique=True)
    """For lists, and to revoke it: says nothing of the token."""
    user_id: str = Field(foreign_key="console_users.id")
    role: str
    """The role that the user acts in."""
    created_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    """The absolute end; it ends earlier if it is idle."""
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    address: str | None = None
    agent: str | None = None
    """What the browser calls itself."""


class ConsoleLink(SQLModel, table=True):
    """A link that works once: `first_admin`, `invitation` or `password`."""

    __tablename__ = "console_links"
    __table_args__ = (
        CheckConstraint("kind IN ('first_admin', 'invitation', 'password')", name="console_links_kind"),
        CheckConstraint("kind = 'first_admin' OR user_id IS NOT NULL", name="console_links_of_somebody"),
    )

    token_hash: str = Field(primary_key=True)
    kind: str
    user_id: str | None = Field(default=None, foreign_key="console_users.id")
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    withdrawn: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class ConsoleAgent(SQLModel, table=True):
    """The desk's agent that a user is."""

    __tablename__ = "console_desk_agents"

    user_id: str = Field(primary_key=True, foreign_key="console_users.id")
    agent_id: str = Field(foreign_key="desk_agents.id", unique=True)


class CampaignOwner(SQLModel, table=True):
    """Whose campaign it is. A campaign without a row is shared by all managers and supervisors."""

    __tablename__ = "console_campaign_owners"

    campaign_id: str = Field(primary_key=True, foreign_key="campaigns.id")
    user_id: str | None = Field(default=None, foreign_key="console_users.id")
    team_id: str | None = Field(default=None, foreign_key="console_teams.id")
