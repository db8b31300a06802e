"""Agents: create (with a key of their own), change and remove them, and their state. Used by the API and the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from core.access import keys
from core.access.keys import NewKey
from core.desk.errors import BadAgent, DeskConflict, NotAtDesk
from core.desk.moves import move
from core.desk.states import AGENT_STATES, HELD
from core.desk.tables import DeskAgent, Handoff
from core.kernel.numbers import NumberError, parse_number
from core.kernel.statements import table_of

__all__ = [
    "Agent",
    "add_agent",
    "agent_of_key",
    "all_agents",
    "change_agent",
    "find_agent",
    "held_by",
    "remove_agent",
    "serves",
    "set_state",
]

_agents = table_of(DeskAgent)
_handoffs = table_of(Handoff)

_QUEUE: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_SIP: Final = re.compile(r"sips?:[^\s@<>]+@[^\s@<>]+")


@dataclass(frozen=True)
class Agent:
    """A person who takes calls over; no `queues` or `languages` means all of them."""

    id: str
    name: str
    address: str
    queues: tuple[str, ...]
    languages: tuple[str, ...]
    state: str
    state_since: datetime
    key_id: str
    created_at: datetime


def serves(agent: Agent, queue: str, language: str) -> bool:
    """Whether the agent takes calls of this queue in this language. Pure.

    Languages are compared by their primary subtag: an agent with `en` takes `en-GB`, and the other way round.
    """
    spoken = {tag.partition("-")[0].lower() for tag in agent.languages}
    return (not agent.queues or queue in agent.queues) and (not spoken or language.partition("-")[0].lower() in spoken)


def add_agent(
    connection: Connection,
    *,
    agent_id: str,
    key_id: str,
    name: str,
    address: str,
    queues: Sequence[str],
    languages: Sequence[str],
    now: datetime,
) -> tuple[Agent, NewKey]:
    """Create an agent, offline, with an API key of role `agent`, which is to be shown once.

    Raises:
        BadAgent: a value cannot be used.
    """
    values = _checked(name, address, queues, languages)
    key = keys.create(connection, key_id=key_id, name=f"agent {name}", now=now, role="agent", bots=())
    row = {**values, "id": agent_id, "state": "offline", "state_since": now, "key_id": key_id, "created_at": now}
    return _agent(connection.execute(insert(_agents).values(row).returning(*_agents.c)).one()), key


def change_agent(
    connection: Connection,
    agent_id: str,
    *,
    name: str | None = None,
    address: str | None = None,
    queues: Sequence[str] | None = None,
    languages: Sequence[str] | None = None,
) -> Agent:
    """Change an agent; arguments that are None change nothing.

    Raises:
        NotAtDesk, BadAgent: see there.
    """
    before = find_agent(connection, agent_id)
    values = _checked(
        before.name if name is None else name,
        before.address if address is None else address,
        before.queues if queues is None else queues,
        before.languages if languages is None else languages,
    )
    return _agent(connection.execute(update(_agents).where(_agents.c.id == agent_id).values(values).returning(*_agents.c)).one())


def set_state(connection: Connection, agent_id: str, state: str, now: datetime) -> Agent:
    """Set whether the agent takes calls: `available`, `busy` (a break) or `offline`.

    An agent who goes offline gives back a claimed hand-off. Agents are busy while they have a call and become `available` when they
    complete it, unless they chose another state meanwhile.

    Raises:
        NotAtDesk: there is no such agent.
        BadAgent: there is no such state.
        DeskConflict: they have a call, so they cannot be available.
    """
    if state not in AGENT_STATES:
        raise BadAgent("state", f"it must be one of {', '.join(AGENT_STATES)}")
    before = find_agent(connection, agent_id)
    held = held_by(connection, agent_id)
    if held is not None and state == "available":
        raise DeskConflict("A hand-off is still yours: complete or return it first.")
    if held is not None and held.state == "claimed" and state == "offline":
        move(connection, held, "return", now, agent_id=None, claim_until=None, detail="the agent went offline")
    if before.state != state:
        connection.execute(update(_agents).where(_agents.c.id == agent_id).values(state=state, state_since=now))
    return find_agent(connection, agent_id)


def remove_agent(connection: Connection, agent_id: str, now: datetime) -> None:
    """Remove an agent; their key is revoked.

    Raises:
        NotAtDesk: there is no such agent.
        DeskConflict: they have a hand-off.
    """
    agent = find_agent(connection, agent_id)
    if held_by(connection, agent_id) is not None:
        raise DeskConflict("A hand-off is still theirs: let them complete or return it first.")
    keys.revoke(connection, agent.key_id, now)
    connection.execute(update(_agents).where(_agents.c.id == agent_id).values(state="offline", state_since=now, removed_at=now))


def find_agent(connection: Connection, agent_id: str) -> Agent:
    """An agent by id.

    Raises:
        NotAtDesk: there is none.
    """
    row = connection.execute(select(_agents).where(_agents.c.id == agent_id, _agents.c.removed_at.is_(None))).one_or_none()
    if row is None:
        raise NotAtDesk("There is no such agent.")
    return _agent(row)


def agent_of_key(connection: Connection, key_id: str) -> Agent | None:
    """The agent who owns the key."""
    row = connection.execute(select(_agents).where(_agents.c.key_id == key_id, _agents.c.removed_at.is_(None))).one_or_none()
    return None if row is None else _agent(row)


def all_agents(connection: Connection) -> list[Agent]:
    """Every agent who is not removed, by name."""
    rows = connection.execute(select(_agents).where(_agents.c.removed_at.is_(None)).order_by(_agents.c.name, _agents.c.id))
    return [_agent(row) for row in rows]


def held_by(connection: Connection, agent_id: str) -> Row[Any] | None:
    """The agent's current hand-off."""
    return connection.execute(select(_handoffs).where(_handoffs.c.agent_id == agent_id, _handoffs.c.state.in_(HELD))).one_or_none()


def _checked(name: str, address: str, queues: Sequence[str], languages: Sequence[str]) -> dict[str, Any]:
    if not name.strip():
        raise BadAgent("name", "it is empty")
    for queue in queues:
        if not _QUEUE.fullmatch(queue):
            raise BadAgent("queues", f"{queue[:64]!r} is not the name of a queue: small letters, digits, - and _")
    for language in languages:
        if not _LANGUAGE.fullmatch(language):
            raise BadAgent("languages", f"{language[:64]!r} is not a language tag, such as en or hi-IN")
    return {
        "name": name.strip(),
        "address": _address(address.strip()),
        "queues": list(dict.fromkeys(queues)),
        "languages": list(dict.fromkeys(languages)),
    }


def _address(written: str) -> str:
    if _SIP.fullmatch(written):
        return written
    try:
        return parse_number(written.removeprefix("tel:"), None).e164
    except NumberError as error:
        raise BadAgent("address", f"it is neither a sip: address nor a phone number: {error}".rstrip(".")) from None


def _agent(row: Row[Any]) -> Agent:
    fields = {name: getattr(row, name) for name in Agent.__dataclass_fields__}
    return Agent(**{**fields, "queues": tuple(row.queues), "languages": tuple(row.languages)})
