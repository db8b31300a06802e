"""`dialler deliveries`: what was pushed to CRMs, what was not, and trying again."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter
from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection

from core.bots.sample_crm import SAMPLE_CRM
from core.deliveries.queries import DeliveryFilter, count, count_by_state, list_deliveries, replay, replay_dead
from core.kernel.backoff import DEFAULT_POLICY
from core.kernel.clock import utc_now
from core.kernel.words import counted
from web.cli.common import AllowInternalOption, DatabaseOption, JsonOption, LimitOption, allow_list, open_database, sqlite_file
from web.cli.errors import CliError
from web.cli.ledger import ledger
from web.cli.output import emit_json, say, show_rows
from web.composition import open_whole
from web.pushes import Scope, scopes
from web.run.crm import sample_crm
from web.run.session import CRM_FILE, EXIT_UNDELIVERED
from web.settings import Settings, data_folder_of

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Deliveries: what was pushed to the CRM, what was not, and trying again.")

_TITLES = {
    "id": "Delivery",
    "kind": "Kind",
    "destination": "To",
    "state": "State",
    "attempts": "Attempts",
    "last_status": "Answer",
    "last_error": "Problem",
    "created_at": "Made",
    "next_attempt_at": "Next attempt",
}
_TRIES, _PAUSE = 3, 1.0

app.command()(ledger)


class StateName(StrEnum):
    """States of a delivery."""

    pending = "pending"
    delivered = "delivered"
    dead = "dead"
    skipped = "skipped"


@app.command("list")
def list_(
    state: Annotated[StateName | None, typer.Option(help="Only deliveries in this state.", show_default=False)] = None,
    kind: Annotated[str | None, typer.Option(help="Only crm_push, or only results_webhook.", show_default=False)] = None,
    limit: LimitOption = 100,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List deliveries, newest first. A dead one was given up: `deliveries replay` brings it back."""
    which = DeliveryFilter(state=state.value if state else None, kind=kind)
    with open_database(database) as db, db.read() as connection:
        rows, total = list_deliveries(connection, which, limit=limit), count(connection, which)
        states = count_by_state(connection, which)
    show_rows([asdict(row) for row in rows], _TITLES, as_json=as_json, empty="There are no such deliveries.")
    if not as_json and rows:
        say(f"{total} in all: {', '.join(f'{number} {name}' for name, number in states.items())}.")


@app.command()
def send(
    allow_internal: AllowInternalOption = None,
    crm_file: Annotated[
        Path | None,
        typer.Option("--sample-crm", metavar="FILE", help="Where the sample CRM writes what arrives.", show_default="crm.jsonl of the run"),
    ] = None,
    dead_too: Annotated[bool, typer.Option("--dead", help="Also those that were given up, as `deliveries replay --all` would.")] = False,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Push what has not reached the CRM yet, now. Ends with 3 if something is left.

    Pushes to the sample CRM start it for as long as this takes. What this command may not send (an internal address that
    --allow-internal does not name, a secret that is not set here, what another process is sending) is left alone: that is
    no failed try.
    """
    with open_database(database) as db:
        url = db.url
        with db.write() as connection:
            groups = scopes(connection)
            if dead_too:
                _replay_dead(connection, groups)
            before = count(connection, DeliveryFilter(state="pending"))
            arrived = count(connection, DeliveryFilter(state="delivered"))
            to_sample = count(connection, DeliveryFilter(state="pending", destination=SAMPLE_CRM))
            groups = [group for group in groups if count(connection, DeliveryFilter(state="pending"), group.condition)]
    folder = (sqlite_file(url) or data_folder_of(url, os.environ) / "x").resolve().parent
    settings = Settings(
        database_url=url,
        data_folder=data_folder_of(url, os.environ),
        network_log=folder / "network.jsonl",
        speed=1.0,
        seats=0,
        allow_internal=allow_list(allow_internal),
        leave_alone=True,
    )
    left, alone = 0, Counter[str]()
    for group in groups:
        left_of_group, alone_of_group = asyncio.run(_send(settings, group, (crm_file or folder / CRM_FILE) if to_sample else None))
        left += left_of_group
        alone.update(alone_of_group)
    with open_database(url) as db, db.read() as connection:
        dead = count(connection, DeliveryFilter(state="dead"))
        sent = count(connection, DeliveryFilter(state="delivered")) - arrived
    if as_json:
        reasons = [{"reason": why, "deliveries": number} for why, number in alone.items()]
        emit_json({"sent": sent, "pending": left, "dead": dead, "left_alone": reasons})
    else:
        say(f"{sent} of {before} pending deliveries went through; {left} are left, {dead} are dead.")
        for why, number in alone.items():
            say(f"{counted(number, 'delivery was', 'deliveries were')} left alone, with no try counted: {why}.")
        if left > sum(alone.values()) or dead:
            say("`dialler deliveries list` says why. With --dead those that were given up are tried again, too.")
    if left or dead:
        raise typer.Exit(EXIT_UNDELIVERED)


@app.command("replay")
def replay_(
    delivery: Annotated[list[str] | None, typer.Argument(metavar="DELIVERY...", help="Ids of dead deliveries.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every dead delivery.")] = False,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make dead deliveries pending again, so that `deliveries send`, or the next run, pushes them."""
    if not delivery and not everything:
        raise CliError("Say which: ids as `dialler deliveries list --state dead` shows them, or --all.")
    with open_database(database) as db, db.write() as connection:
        number = _replay_dead(connection, scopes(connection), None if everything else delivery)
    if as_json:
        emit_json({"replayed": number})
    else:
        say(f"{number} deliveries are pending again." + (" Push them with `dialler deliveries send`." if number else ""))
    if delivery and number < len(set(delivery)):
        raise CliError(f"{len(set(delivery)) - number} of the ids are of no dead delivery.", "List them with `dialler deliveries list`.")


def _replay_dead(connection: Connection, groups: list[Scope], ids: list[str] | None = None) -> int:
    """Make dead deliveries pending again, those of these ids or all, each by the clock that it was made by. Returns how many."""
    number = 0
    for group in groups:
        now, max_age = group.moment or utc_now(), DEFAULT_POLICY.max_age
        if ids is None:
            number += replay_dead(connection, DeliveryFilter(), now, max_age, group.condition)
        else:
            number += replay(connection, ids, now, max_age, group.condition)
    return number


async def _send(settings: Settings, group: Scope, crm_file: Path | None) -> tuple[int, dict[str, int]]:
    """Send the pushes of one group. Returns how many are left, and why some of them were left alone.

    Those of a campaign with a clock of its own go on by that clock: by today's date they might be too old.
    """
    if group.campaign is not None:
        settings = replace(settings, start=group.moment or utc_now(), alone=True)
    async with open_whole(settings) as whole:
        whole.deliveries.which = group.which
        with sample_crm(whole, crm_file) if crm_file else contextlib.nullcontext():
            left, alone = 0, dict[str, int]()
            for number in range(_TRIES):
                if number:
                    await asyncio.sleep(_PAUSE)
                left = await whole.deliveries.flush()
                alone = whole.deliveries.left_alone()
                if left <= sum(alone.values()):
                    break
    return left, alone
