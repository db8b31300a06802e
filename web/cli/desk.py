"""`dialler desk`: the people who take calls over from bots, and the calls that wait for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer
from sqlalchemy import Connection

from core.desk import agents
from core.desk.agents import Agent
from core.desk.errors import BadAgent, DeskConflict
from core.desk.queue import list_handoffs, open_for
from core.kernel.clock import utc_now
from core.kernel.ids import Ids
from core.kernel.numbers import mask
from dialler.leads.handoffs import lines_to_call
from dialler.leads.handoffs import list_handoffs as work_list
from web.cli.common import DatabaseOption, JsonOption, LimitOption, open_database
from web.cli.errors import CANNOT, CliError, unknown
from web.cli.output import emit_json, say, show_rows

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="The agent desk: people who take calls over from bots, and who waits for them.")

_AGENTS = {"name": "Agent", "state": "State", "address": "Calls go to", "queues": "Queues", "languages": "Languages", "id": "Id"}
_QUEUE = {
    "created_at": "Since",
    "state": "State",
    "queue": "Queue",
    "language": "Language",
    "caller": "Caller",
    "agent": "Agent",
    "end_reason": "Ended",
    "id": "Id",
}

_MOST_LEADS = 1000

AgentArgument = Annotated[str, typer.Argument(metavar="AGENT", help="Name or id.")]


class StateName(StrEnum):
    """Whether an agent takes calls."""

    available = "available"
    busy = "busy"
    offline = "offline"


@app.command("add")
def add_(
    name: Annotated[str, typer.Argument(help="What people call them.")],
    address: Annotated[str, typer.Option(help="Where calls are put through to: a number (E.164), or a sip: address.")],
    queue: Annotated[list[str] | None, typer.Option(help="A queue they take; can be given several times. All if left out.")] = None,
    language: Annotated[
        list[str] | None, typer.Option(help="A language they speak, such as en; can be given several times. All if left out.")
    ] = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add an agent, offline at first. Their API key is shown once, now."""
    ids = Ids()
    try:
        with open_database(database, create=True) as db, db.write() as connection:
            agent, key = agents.add_agent(
                connection,
                agent_id=ids.new(),
                key_id=ids.new(),
                name=name,
                address=address,
                queues=queue or [],
                languages=language or [],
                now=utc_now(),
            )
    except BadAgent as error:
        raise CliError(f"{error}.") from None
    if as_json:
        emit_json({"key": key.key, **_plain(agent)})
    else:
        say(key.key, f"This is the key of {agent.name}, for the desk alone. It is not shown again.")


@app.command("agents")
def agents_(database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """List the agents."""
    with open_database(database) as db, db.read() as connection:
        rows = [_plain(agent) for agent in agents.all_agents(connection)]
    if not as_json:
        for row in rows:
            row |= {"queues": row["queues"] or "all", "languages": row["languages"] or "all"}
    show_rows(rows, _AGENTS, as_json=as_json, empty="There is no agent yet: `dialler desk add` makes one.")


@app.command("state")
def state_(
    agent: AgentArgument,
    state: Annotated[StateName, typer.Argument(help="available, busy (a break) or offline.")],
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether an agent takes calls."""
    with open_database(database) as db, db.write() as connection:
        found = _called(connection, agent)
        try:
            changed = agents.set_state(connection, found.id, state.value, utc_now())
        except DeskConflict as error:
            raise CliError(str(error), code=CANNOT) from None
    if as_json:
        emit_json(_plain(changed))
    else:
        say(f"{changed.name} is {changed.state}.")


@app.command("remove")
def remove_(agent: AgentArgument, database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Take an agent off the desk; their key is revoked."""
    with open_database(database) as db, db.write() as connection:
        found = _called(connection, agent)
        try:
            agents.remove_agent(connection, found.id, utc_now())
        except DeskConflict as error:
            raise CliError(str(error), code=CANNOT) from None
    if as_json:
        emit_json({"id": found.id, "removed": True})
    else:
        say(f"{found.name} is off the desk.")


@app.command("queue")
def queue_(
    all_: Annotated[bool, typer.Option("--all", help="Also hand-offs that are over, newest first.")] = False,
    limit: LimitOption = 50,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List who waits for an agent, whoever waits longest first, and who is with one."""
    with open_database(database) as db, db.read() as connection:
        found = list_handoffs(connection, limit=limit) if all_ else open_for(connection, None)[:limit]
        leads = 0 if as_json else len(work_list(connection, lines=lines_to_call(connection), limit=_MOST_LEADS))
        names = {agent.id: agent.name for agent in agents.all_agents(connection)}
    rows = [
        {name: getattr(row, name) for name in (*_QUEUE, "call_id", "reason", "agent_id") if name not in {"agent", "caller"}}
        | {"agent": names.get(row.agent_id), "caller": row.caller if as_json else mask(row.caller)}
        for row in found
    ]
    show_rows(rows, _QUEUE, as_json=as_json, empty="Nobody waits on the line for an agent.")
    if leads:
        count = str(leads) if leads < _MOST_LEADS else f"{_MOST_LEADS} or more"
        what = "lead wants" if leads == 1 else "leads want"
        say(f"{count} {what} a person to call them: `dialler leads handoff list`.")


def _called(connection: Connection, name: str) -> Agent:
    """The agent of this id or name.

    Raises:
        CliError: there is none, or there are several.
    """
    everybody: Sequence[Agent] = agents.all_agents(connection)
    found = [agent for agent in everybody if agent.id == name] or [agent for agent in everybody if agent.name == name]
    if not found:
        raise unknown("agent", name, [agent.name for agent in everybody], "dialler desk agents")
    if len(found) > 1:
        raise CliError(f"{len(found)} agents are called {name!r}.", "Say which by the id; `dialler desk agents` shows it.")
    return found[0]


def _plain(agent: Agent) -> dict[str, object]:
    return {**asdict(agent), "queues": list(agent.queues), "languages": list(agent.languages)}
