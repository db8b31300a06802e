"""The life of a hand-off, and what a crash does to it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from core.calls.recovery import recover
from core.calls.tables import Call
from core.desk.agents import Agent, add_agent, find_agent, serves, set_state
from core.desk.errors import DeskConflict
from core.desk.handoffs import claim, complete, connect, find_handoff, give_back
from core.desk.queue import events_of
from core.desk.states import HELD, OPEN, OVER, STATES, TRANSITIONS, WrongState, next_state
from core.desk.tables import Handoff
from core.kernel.database import Database
from core.kernel.statements import table_of
from tests.conftest import START as NOW
from tests.core.calls.test_recovery import DEAD, begin, db, engine

__all__ = ["db"]

_handoffs, _calls = table_of(Handoff), table_of(Call)


def test_the_table_is_whole() -> None:
    assert {state for state, _ in TRANSITIONS} | set(TRANSITIONS.values()) == set(STATES)
    assert set(OPEN) | set(HELD) | set(OVER) == set(STATES)
    assert not {state for state, _ in TRANSITIONS} & set(OVER), "what is over stays over"
    for state in OPEN:
        assert next_state(state, "call_over") == "abandoned", "whatever waits ends with its call"
    with pytest.raises(WrongState):
        next_state("completed", "claim")


@given(st.lists(st.sampled_from(["support", "billing"]), max_size=2), st.lists(st.sampled_from(["en", "hi-IN"]), max_size=2))
def test_no_queues_or_languages_means_all(queues: list[str], languages: list[str]) -> None:
    agent = Agent("a", "Mira", "+1", tuple(queues), tuple(languages), "available", NOW, "k", NOW)
    for queue in ("support", "billing"):
        for language in ("en-GB", "hi"):
            spoken = {tag[:2] for tag in languages}
            assert serves(agent, queue, language) == ((not queues or queue in queues) and (not spoken or language[:2] in spoken))


def at_the_desk(db: Database, call_id: str = "c1") -> Agent:
    """An agent, and a call of a dead process that waits for one."""
    begin(db, call_id, DEAD, "talking")
    with db.write() as connection:
        connection.execute(
            insert(_handoffs).values(
                id="h1",
                call_id=call_id,
                bot_id="bot",
                queue="support",
                language="en",
                target="agent",
                state="waiting",
                caller="+12025550143",
                reason="asked",
                summary="",
                transcript=[],
                crm={},
                created_at=NOW,
                wait_until=NOW + timedelta(seconds=60),
                claim_seconds=30,
                notes="",
            )
        )
        agent, _ = add_agent(
            connection, agent_id="a1", key_id="k1", name="Mira", address="sip:mira@desk.example", queues=[], languages=[], now=NOW
        )
        return set_state(connection, agent.id, "available", NOW)


@pytest.mark.parametrize("steps", [[], [claim], [claim, connect]])
def test_the_call_of_a_dead_process_leaves_the_queue_and_its_agent_is_free(db: Database, steps: list[object]) -> None:
    agent = at_the_desk(db)
    with db.write() as connection:
        for step in steps:
            step(connection, "h1", agent, NOW)  # type: ignore[operator]
    asyncio.run(recover(engine(db)))
    with db.read() as connection:
        row = connection.execute(select(_handoffs)).one()
        assert (row.state, row.end_reason) == ("abandoned", "worker_died")
        assert find_agent(connection, "a1").state == "available"
        assert events_of(connection, "h1")[-1].kind == "call_over"


def test_the_words_of_a_call_on_hold_outlive_its_process(db: Database) -> None:
    at_the_desk(db)
    said = [
        {"speaker": "bot", "text": "Hello.", "timestamp": 0.0},
        {"speaker": "customer", "text": "A person, please.", "timestamp": 1.5},
    ]
    with db.write() as connection:
        connection.execute(update(_handoffs).values(transcript=said))
    asyncio.run(recover(engine(db)))
    with db.read() as connection:
        (result,) = connection.execute(select(_calls.c.result)).scalars()
    assert result["transcript"] == said
    assert (result["disconnected_by"], result["end_reason"]) == ("error", "worker_died")


def test_a_late_writer_changes_nothing(db: Database) -> None:
    agent = at_the_desk(db)
    with db.write() as connection:
        claim(connection, "h1", agent, NOW)
        give_back(connection, "h1", agent, NOW)
        for late in (connect, give_back):
            with pytest.raises(DeskConflict):
                late(connection, "h1", agent, NOW)
        with pytest.raises(DeskConflict):
            complete(connection, "h1", agent, NOW, "paid", "")
        assert find_handoff(connection, "h1").state == "waiting"
