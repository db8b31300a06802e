"""The desk in plain values: what waits, what is mine, and what the bot suggests for the wrap-up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row

from core.calls.store import read_call
from core.desk import agents
from core.desk.agents import Agent
from core.desk.queue import list_handoffs, open_for

__all__ = ["OUTCOMES", "DeskPage", "desk_of", "holder_of", "suggested"]

OUTCOMES: Final = (
    *("PROMISE_TO_PAY", "ALREADY_PAID", "REFUSED_TO_PAY", "DISPUTE", "APPOINTMENT_CONFIRMED", "APPOINTMENT_RESCHEDULE"),
    *("APPOINTMENT_CANCELLED", "CALLBACK", "WRONG_NUMBER", "DO_NOT_CALL", "NO_OUTCOME"),
)
"""Words that the wrap-up offers; any other may be written."""
_SAYS_NOTHING: Final = {"", "TRANSFERRED"}
_OVER_SHOWN: Final = 8


@dataclass(frozen=True)
class DeskPage:
    """What an agent sees."""

    agent: Agent
    mine: Row[Any] | None
    suggestion: str
    waiting: Sequence[Row[Any]]
    done: Sequence[Row[Any]]
    on_duty: dict[str, int]


def desk_of(connection: Connection, agent: Agent) -> DeskPage:
    """The desk of an agent at this moment."""
    rows = open_for(connection, agent)
    mine = next((row for row in rows if row.agent_id == agent.id), None)
    counts = Counter(known.state for known in agents.all_agents(connection))
    return DeskPage(
        agent,
        mine,
        suggested(connection, mine) if mine is not None else "",
        [row for row in rows if row.state == "waiting"],
        list_handoffs(connection, states=("completed",), agent_id=agent.id, limit=_OVER_SHOWN),
        {state: counts[state] for state in ("available", "busy", "offline")},
    )


def suggested(connection: Connection, handoff: Row[Any]) -> str:
    """The outcome that the bot would give: what its analysis of the talk says, where it says more than that there was a transfer."""
    call = read_call(connection, handoff.call_id)
    result = (call.result or {}) if call is not None else {}
    analysis = result.get("post_call_analysis") or {}
    word = str((analysis.get("DISPOSITION") if isinstance(analysis, dict) else "") or result.get("disposition") or "")
    return "" if word in _SAYS_NOTHING else word


def holder_of(connection: Connection, handoff_id: str) -> str | None:
    """The name of the agent who has a hand-off; None if nobody has."""
    row = next((row for row in open_for(connection, None) if row.id == handoff_id), None)
    if row is None or row.agent_id is None:
        return None
    return next((agent.name for agent in agents.all_agents(connection) if agent.id == row.agent_id), None)
