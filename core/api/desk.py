"""The agent desk over HTTP: agents (for admin keys), and what they do with calls (for their own keys). See docs/agent-desk.md."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Connection
from starlette.exceptions import HTTPException

from core.access.keys import KeyInfo
from core.api.auth import AdminKey, AnyKey, TheEngine
from core.api.bodies import body_schema, read_model
from core.api.desk_views import (
    AgentBody,
    AgentChangeBody,
    AgentList,
    AgentView,
    CompletionBody,
    HandoffPage,
    HandoffRecord,
    NewAgentView,
    QueueView,
    ReturnBody,
    StateBody,
    handoff_record,
    handoff_view,
)
from core.api.openapi import answers
from core.api.paging import make_cursor, read_cursor
from core.calls.engine import Engine
from core.calls.refusals import FieldProblem, InvalidRequest
from core.desk import agents, handoffs
from core.desk.agents import Agent
from core.desk.errors import BadAgent, DeskConflict, NotAtDesk
from core.desk.queue import events_of, list_handoffs, open_for
from core.desk.states import STATES
from core.kernel.event_stream import HEARTBEAT, RETRY, EventStream, sse

__all__ = ["agent_who_asks", "queue_events", "router"]

router = APIRouter(prefix="/api/v1/desk", tags=["agent desk"])

_HEARTBEAT_LOOKS: Final = 15
_NEW: Final = {"name": "Mira", "address": "+12025550190", "queues": ["support"], "languages": ["en"]}
_STREAM: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "The stream."}
}


@dataclass(frozen=True)
class Asker:
    """Who asks: an agent by their own key, or an admin, who may act for an agent."""

    agent_id: str | None
    is_admin: bool


async def _asker(
    engine: TheEngine,
    key: AnyKey,
    agent_id: Annotated[str | None, Query(description="For admin keys: the agent you act for.", max_length=64)] = None,
) -> Asker:
    if key.role == "dialout":
        raise HTTPException(403, "This needs the key of an agent, or an admin key; a dialout key cannot do it.")
    with _refusals(), engine.db.read() as connection:
        return _known_asker(connection, key, agent_id)


def _known_asker(connection: Connection, key: KeyInfo, agent_id: str | None) -> Asker:
    if key.role == "admin":
        return Asker(None if agent_id is None else agents.find_agent(connection, agent_id).id, True)
    agent = agents.agent_of_key(connection, key.id)
    if agent is None or agent_id not in {None, agent.id}:
        raise NotAtDesk("There is no such agent.")
    return Asker(agent.id, False)


TheAsker = Annotated[Asker, Depends(_asker)]


async def agent_who_asks(asker: TheAsker, engine: TheEngine) -> str | None:
    """The name of the agent who asks, for the desk's endpoints of other packages; None for an admin who acts for no agent. Of agents with
    the same name each is told by a piece of the id."""
    if asker.agent_id is None:
        return None
    with _refusals(), engine.db.read() as connection:
        agent = agents.find_agent(connection, asker.agent_id)
        alike = sum(one.name == agent.name for one in agents.all_agents(connection))
    return agent.name if alike == 1 else f"{agent.name} ({agent.id[:8]})"


@router.post(
    "/agents", status_code=201, summary="Make an agent", responses=answers(401, 403, 413, 422), openapi_extra=body_schema(AgentBody, _NEW)
)
async def post_agent(request: Request, response: Response, _: AdminKey, engine: TheEngine) -> NewAgentView:
    """Make an agent, offline at first, with an API key of their own. It is shown in this answer and never again."""
    body = await read_model(request, AgentBody)
    now = engine.clock.now()
    with _refusals(), engine.db.write() as connection:
        agent_id = engine.ids.new("agent", now, body.name, len(agents.all_agents(connection)))
        key_id = engine.ids.new("agent key", agent_id)
        agent, key = agents.add_agent(connection, agent_id=agent_id, key_id=key_id, now=now, **body.model_dump())
    response.headers["Cache-Control"] = "no-store"
    return NewAgentView(**AgentView.of(agent).model_dump(), key=key.key)


@router.get("/agents", summary="List agents", responses=answers(401, 403))
async def get_agents(_: AdminKey, engine: TheEngine) -> AgentList:
    """Every agent, by name."""
    with engine.db.read() as connection:
        return AgentList(agents=[AgentView.of(agent) for agent in agents.all_agents(connection)])


@router.get("/agents/{agent_id}", summary="Read an agent", responses=answers(401, 403, 404, 422))
async def get_agent(agent_id: str, _: AdminKey, engine: TheEngine) -> AgentView:
    """One agent."""
    with _refusals(), engine.db.read() as connection:
        return AgentView.of(agents.find_agent(connection, agent_id))


@router.patch(
    "/agents/{agent_id}",
    summary="Change an agent",
    responses=answers(401, 403, 404, 409, 413, 422),
    openapi_extra=body_schema(AgentChangeBody, {"queues": ["support", "billing"]}),
)
async def patch_agent(agent_id: str, request: Request, _: AdminKey, engine: TheEngine) -> AgentView:
    """Change name, address, queues, languages or state; what is left out or null stays as it is."""
    change = (await read_model(request, AgentChangeBody)).model_dump()
    state = change.pop("state")
    with _refusals(), engine.db.write() as connection:
        agent = agents.change_agent(connection, agent_id, **change)
        return AgentView.of(agent if state is None else agents.set_state(connection, agent_id, state, engine.clock.now()))


@router.delete("/agents/{agent_id}", status_code=204, summary="Remove an agent", responses=answers(401, 403, 404, 409, 422))
async def delete_agent(agent_id: str, _: AdminKey, engine: TheEngine) -> None:
    """Take an agent off the desk; their key is revoked. Hand-offs that they had stay on record."""
    with _refusals(), engine.db.write() as connection:
        agents.remove_agent(connection, agent_id, engine.clock.now())


@router.put(
    "/state",
    summary="Say whether you take calls",
    responses=answers(401, 403, 404, 409, 413, 422),
    openapi_extra=body_schema(StateBody, {"state": "available"}),
)
async def put_state(request: Request, asker: TheAsker, engine: TheEngine) -> AgentView:
    """`available`, `busy` (a break) or `offline`. Going offline gives back a hand-off that you have claimed."""
    body = await read_model(request, StateBody)
    with _acting(engine, asker) as (connection, agent):
        return AgentView.of(agents.set_state(connection, agent.id, body.state, engine.clock.now()))


@router.get("/queue", summary="What an agent's screen shows", responses=answers(401, 403, 404, 422))
async def get_queue(asker: TheAsker, engine: TheEngine) -> QueueView:
    """Those who wait and whom you could take, whoever waits longest first; and what is yours, with its transcript."""
    return _queue(engine, asker)


@router.get("/events", summary="The queue, as it changes", response_class=Response, responses={**_STREAM, **answers(401, 403, 404, 422)})
async def get_events(asker: TheAsker, request: Request, engine: TheEngine) -> EventStream:
    """Server-sent events: `queue`, with what `GET /api/v1/desk/queue` shows, at first and whenever it has changed."""
    return EventStream(queue_events(engine, asker, request.is_disconnected))


@router.get("/handoffs", summary="List hand-offs", responses=answers(401, 403, 404, 422))
async def get_handoffs(
    asker: TheAsker,
    engine: TheEngine,
    state: Annotated[list[str], Query(description="One or several states.")] = [],  # noqa: B006 (FastAPI copies it)
    queue: Annotated[str | None, Query(max_length=64)] = None,
    call_id: Annotated[str | None, Query(max_length=64)] = None,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.", max_length=1000)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> HandoffPage:
    """Hand-offs, newest first, over or not: an agent's own, or for admin keys everybody's."""
    if unknown := [name for name in state if name not in STATES]:
        detail = f"there is no state {', '.join(map(repr, unknown))}: there are {', '.join(STATES)}"
        raise InvalidRequest([FieldProblem("state", detail, "unknown_state")])
    before = None if cursor is None else read_cursor(cursor)
    with engine.db.read() as connection:
        rows = list_handoffs(
            connection, states=state, queue=queue, call_id=call_id, agent_id=asker.agent_id, before=before, limit=limit + 1
        )
    page = rows[:limit]
    more = make_cursor(page[-1].created_at, page[-1].id) if len(rows) > limit else None
    return HandoffPage(handoffs=[handoff_view(row) for row in page], next_cursor=more)


@router.get("/handoffs/{handoff_id}", summary="Read a hand-off", responses=answers(401, 403, 404, 422))
async def get_handoff(handoff_id: str, asker: TheAsker, engine: TheEngine) -> HandoffRecord:
    """All of it: caller, reason, summary, transcript so far, what is known of the customer, and its history."""
    with _refusals(), engine.db.read() as connection:
        agent = None if asker.agent_id is None else agents.find_agent(connection, asker.agent_id)
        return _record(connection, handoffs.find_handoff(connection, handoff_id, agent))


@router.post("/handoffs/{handoff_id}/claim", summary="Claim a hand-off", responses=answers(401, 403, 404, 409, 422))
async def post_claim(handoff_id: str, asker: TheAsker, engine: TheEngine) -> HandoffRecord:
    """It is yours, and you are busy. Connect before `claim_until`, or it waits for others again. Of two agents one gets it."""
    with _acting(engine, asker) as (connection, agent):
        return _record(connection, handoffs.claim(connection, handoff_id, agent, engine.clock.now()))


@router.post("/handoffs/{handoff_id}/connect", summary="Have the call put through", responses=answers(401, 403, 404, 409, 422))
async def post_connect(handoff_id: str, asker: TheAsker, engine: TheEngine) -> HandoffRecord:
    """The call is put through to your address once the bot has finished its sentence; if that fails, it waits again."""
    with _acting(engine, asker) as (connection, agent):
        return _record(connection, handoffs.connect(connection, handoff_id, agent, engine.clock.now()))


@router.post(
    "/handoffs/{handoff_id}/return",
    summary="Give a hand-off back",
    responses=answers(401, 403, 404, 409, 413, 422),
    openapi_extra=body_schema(ReturnBody, {"reason": "needs somebody from billing"}),
)
async def post_return(handoff_id: str, request: Request, asker: TheAsker, engine: TheEngine) -> HandoffRecord:
    """It waits for others again, and you are available. Not once you are being connected."""
    body = await read_model(request, ReturnBody)
    with _acting(engine, asker) as (connection, agent):
        return _record(connection, handoffs.give_back(connection, handoff_id, agent, engine.clock.now(), body.reason))


@router.post(
    "/handoffs/{handoff_id}/complete",
    summary="Say what came of the talk",
    responses=answers(401, 403, 404, 409, 413, 422),
    openapi_extra=body_schema(CompletionBody, {"outcome": "paid", "notes": "paid by card on the phone"}),
)
async def post_complete(handoff_id: str, request: Request, asker: TheAsker, engine: TheEngine) -> HandoffRecord:
    """Your talk is over; you are available again, unless you went offline meanwhile."""
    body = await read_model(request, CompletionBody)
    with _acting(engine, asker) as (connection, agent):
        return _record(connection, handoffs.complete(connection, handoff_id, agent, engine.clock.now(), body.outcome, body.notes))


async def queue_events(engine: Engine, asker: Asker, gone: Callable[[], Awaitable[bool]]) -> AsyncIterator[str]:
    """The queue as events, each as its text on the line.

    Args:
        engine: whose clock is waited through.
        asker: who looks.
        gone: whether nobody listens any more.
    """
    yield RETRY
    last, quiet, number = None, 0, 0
    while True:
        try:
            shown = _queue(engine, asker).model_dump(mode="json")
        except HTTPException:  # the agent was removed
            return
        if shown != last:
            last, quiet, number = shown, 0, number + 1
            yield sse("queue", number, shown)
        quiet += 1
        if quiet % _HEARTBEAT_LOOKS == 0:
            yield HEARTBEAT
        if await gone():
            return
        await engine.clock.sleep(engine.look_every)


def _queue(engine: Engine, asker: Asker) -> QueueView:
    with _refusals(), engine.db.read() as connection:
        agent = None if asker.agent_id is None else agents.find_agent(connection, asker.agent_id)
        rows = open_for(connection, agent)
        mine = next((row for row in rows if agent is not None and row.agent_id == agent.id), None)
        counts = Counter(known.state for known in agents.all_agents(connection))
        return QueueView(
            agent=None if agent is None else AgentView.of(agent),
            mine=None if mine is None else _record(connection, mine),
            waiting=[handoff_view(row) for row in rows if row.state == "waiting"],
            held=[handoff_view(row) for row in rows if row.state != "waiting" and row is not mine],
            agents={"available": counts["available"], "busy": counts["busy"], "offline": counts["offline"]},
        )


def _record(connection: Connection, row: Any) -> HandoffRecord:
    return handoff_record(row, events_of(connection, row.id))


@contextlib.contextmanager
def _acting(engine: Engine, asker: Asker) -> Iterator[tuple[Connection, Agent]]:
    """A transaction, and the agent as they are in it."""
    if asker.agent_id is None:
        raise InvalidRequest([FieldProblem("agent_id", "say which agent you act for, or use the key of an agent", "missing")])
    with _refusals(), engine.db.write() as connection:
        yield connection, agents.find_agent(connection, asker.agent_id)


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """The errors of the desk as those of the API."""
    try:
        yield
    except NotAtDesk as error:
        raise HTTPException(404, str(error)) from None
    except DeskConflict as error:
        raise HTTPException(409, str(error)) from None
    except BadAgent as error:
        raise InvalidRequest([FieldProblem(error.field, error.detail, "invalid")]) from None
