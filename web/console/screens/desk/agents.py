"""The desk's agent that a user of the console is. The desk knows agents by themselves: this joins the two."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select

from core.access import keys
from core.desk import agents
from core.desk.agents import Agent
from core.desk.errors import NotAtDesk
from core.kernel.ids import Ids
from core.kernel.statements import table_of
from web.console.accounts.tables import ConsoleAgent

__all__ = ["agent_of", "join_desk"]

_joined = table_of(ConsoleAgent)


def agent_of(connection: Connection, user_id: str) -> Agent | None:
    """The agent that a user is; None if they have not joined the desk, or were taken off it."""
    agent_id = connection.execute(select(_joined.c.agent_id).where(_joined.c.user_id == user_id)).scalar_one_or_none()
    if agent_id is None:
        return None
    try:
        return agents.find_agent(connection, agent_id)
    except NotAtDesk:
        return None


def join_desk(
    connection: Connection, user_id: str, name: str, address: str, queues: list[str], languages: list[str], now: datetime
) -> Agent:
    """Make a user an agent, or change the one that they are. A new agent has no API key that works: they sign in here.

    Raises:
        core.desk.errors.BadAgent: a value cannot be used.
    """
    known = agent_of(connection, user_id)
    if known is not None:
        return agents.change_agent(connection, known.id, name=name, address=address, queues=queues, languages=languages)
    ids = Ids()
    agent, key = agents.add_agent(
        connection, agent_id=ids.new(), key_id=ids.new(), name=name, address=address, queues=queues, languages=languages, now=now
    )
    keys.revoke(connection, agent.key_id, now)
    del key
    connection.execute(_joined.delete().where(_joined.c.user_id == user_id))
    connection.execute(insert(_joined).values(user_id=user_id, agent_id=agent.id))
    return agent
