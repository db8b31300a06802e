"""Whose campaigns are whose, and which of them a visitor may see. A campaign without an owner is shared by managers and supervisors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from core.kernel.statements import table_of
from web.console.accounts.sessions import Visitor
from web.console.accounts.tables import CampaignOwner
from web.console.rights import Right, Role, Scope

__all__ = ["Owner", "assign", "hidden_from", "is_within", "owner_of", "owners"]

_owners = table_of(CampaignOwner)


@dataclass(frozen=True)
class Owner:
    """The user and the team that a campaign belongs to; both None if it is shared."""

    user_id: str | None = None
    team_id: str | None = None


_SHARED = Owner()


def owner_of(connection: Connection, campaign_id: str) -> Owner:
    """Who owns a campaign."""
    row = connection.execute(select(_owners).where(_owners.c.campaign_id == campaign_id)).one_or_none()
    return Owner(row.user_id, row.team_id) if row is not None else _SHARED


def owners(connection: Connection) -> dict[str, Owner]:
    """The owners of all campaigns that have one."""
    return {row.campaign_id: Owner(row.user_id, row.team_id) for row in connection.execute(select(_owners))}


def assign(connection: Connection, campaign_id: str, owner: Owner) -> None:
    """Say whose campaign it is."""
    connection.execute(delete(_owners).where(_owners.c.campaign_id == campaign_id))
    if owner != _SHARED:
        values: dict[str, Any] = {"campaign_id": campaign_id, "user_id": owner.user_id, "team_id": owner.team_id}
        connection.execute(insert(_owners).values(**values))


def is_within(visitor: Visitor, right: Right, owner: Owner) -> bool:
    """Whether a visitor's right reaches a campaign of this owner. Pure.

    An agent's own are the hand-offs that they claimed, which the desk knows: no campaign is theirs.
    """
    if visitor.role is Role.AGENT:
        return False
    match visitor.grant(right).scope:
        case Scope.ALL:
            return True
        case Scope.TEAM:
            return owner == _SHARED or (owner.team_id is not None and owner.team_id == visitor.team_id) or owner.user_id == visitor.user_id
        case Scope.OWN:
            return owner == _SHARED or owner.user_id == visitor.user_id
        case _:
            return False


def hidden_from(connection: Connection, visitor: Visitor, right: Right = Right.CAMPAIGNS_READ) -> list[str]:
    """The campaigns that a visitor's right does not reach, of those that have an owner."""
    if visitor.grant(right).scope is Scope.ALL:
        return []
    return [campaign_id for campaign_id, owner in owners(connection).items() if not is_within(visitor, right, owner)]
