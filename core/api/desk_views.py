"""Agents and hand-offs as the API shows them, and the bodies that it takes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy import Row

from core.api.bodies import StrictBody
from core.desk.agents import Agent

__all__ = [
    "AgentBody",
    "AgentChangeBody",
    "AgentList",
    "AgentView",
    "CompletionBody",
    "EventView",
    "HandoffPage",
    "HandoffRecord",
    "HandoffView",
    "NewAgentView",
    "QueueView",
    "ReturnBody",
    "StateBody",
    "handoff_record",
    "handoff_view",
]

AgentState = Literal["available", "busy", "offline"]
Name = Annotated[str, Field(min_length=1, max_length=200, description="What people call them.")]
Address = Annotated[str, Field(max_length=200, description="Where calls are put through to: a number (E.164), or a sip: address.")]
Names = Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=100)]


class AgentBody(StrictBody):
    """An agent to be made."""

    name: Name
    address: Address
    queues: Names = Field(default=[], description="Queues they take calls from, as in `desk:QUEUE`; none: all.")
    languages: Names = Field(default=[], description="Languages they speak (BCP 47); none: all.")


class AgentChangeBody(StrictBody):
    """What is to be changed; what is left out stays as it is."""

    name: Name | None = None
    address: Address | None = None
    queues: Names | None = None
    languages: Names | None = None
    state: AgentState | None = None


class StateBody(StrictBody):
    """Whether the agent takes calls."""

    state: AgentState


class ReturnBody(StrictBody):
    """Why it is given back."""

    reason: str = Field(default="", max_length=500)


class CompletionBody(StrictBody):
    """What came of the talk."""

    outcome: str = Field(min_length=1, max_length=200, description="In a word, your own: what came of it.")
    notes: str = Field(default="", max_length=10_000)


class AgentView(BaseModel):
    """A person who takes calls over; no queues or languages means all of them."""

    id: str
    name: str
    address: str
    queues: list[str]
    languages: list[str]
    state: AgentState
    state_since: datetime
    created_at: datetime

    @classmethod
    def of(cls, agent: Agent) -> AgentView:
        """The view of an agent."""
        return cls.model_validate(agent, from_attributes=True)


class NewAgentView(AgentView):
    """An agent who was just made: `key` is not shown again."""

    key: str = Field(description="The agent's API key, for the desk alone. It is not kept: store it now.")


class AgentList(BaseModel):
    """Every agent, by name."""

    agents: list[AgentView]


class HandoffView(BaseModel):
    """A call that waits for a person, or went to one, in short."""

    id: str
    call_id: str
    bot_id: str
    queue: str
    language: str
    target: str = Field(description="The bot's transfer target.")
    state: Literal["waiting", "claimed", "connecting", "connected", "completed", "unserved", "abandoned"]
    caller: str = Field(description="The customer's number.")
    reason: str = Field(description="Why the bot hands over.")
    summary: str = Field(description="What was said and agreed so far.")
    agent_id: str | None
    created_at: datetime
    wait_until: datetime = Field(description="How long the caller is kept waiting, unless an agent has claimed it by then.")
    claim_until: datetime | None
    connected_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None = Field(description="Why it ended without an agent; the agent's `outcome` once it is completed.")


class EventView(BaseModel):
    """A change of a hand-off."""

    at: datetime
    kind: str
    agent_id: str | None
    detail: str


class HandoffRecord(HandoffView):
    """All of a hand-off."""

    transcript: list[dict[str, Any]] = Field(description="`speaker`, `text`, `timestamp`, as in a call result, so far.")
    crm: dict[str, Any] = Field(description="What is known of the customer: the variables of the call.")
    notes: str
    history: list[EventView]


class HandoffPage(BaseModel):
    """A page of hand-offs, newest first; `next_cursor` is null on the last one."""

    handoffs: list[HandoffView]
    next_cursor: str | None


class QueueView(BaseModel):
    """What an agent's screen shows: those who wait (longest first), what is theirs, and who is on duty."""

    agent: AgentView | None = Field(description="Who asks; null for an admin key that acts for nobody.")
    mine: HandoffRecord | None = Field(description="The hand-off that the agent has.")
    waiting: list[HandoffView]
    held: list[HandoffView] = Field(description="With other agents; for admin keys.")
    agents: dict[AgentState, int] = Field(description="How many agents are in each state.")


def handoff_view(row: Row[Any]) -> HandoffView:
    """The view of a row of `handoffs`."""
    return HandoffView.model_validate(row._mapping)


def handoff_record(row: Row[Any], events: Any) -> HandoffRecord:
    """All of a row of `handoffs`, with its history."""
    history = [EventView(at=event.at, kind=event.kind, agent_id=event.agent_id, detail=event.detail) for event in events]
    return HandoffRecord.model_validate({**row._mapping, "history": history})
