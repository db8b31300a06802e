"""`dialler workers`: the processes that hold calls."""

from __future__ import annotations

from typing import Annotated

import typer

from core.fleet.listing import list_workers
from core.fleet.store import set_draining
from core.kernel.clock import utc_now
from web.cli.common import DatabaseOption, JsonOption, open_database
from web.cli.errors import unknown
from web.cli.output import emit_json, say, show_rows

__all__ = ["workers"]

workers = typer.Typer(no_args_is_help=True, help="Workers: the processes that hold calls, and how busy each is.")

_WORKERS = {
    "id": "Worker",
    "state": "State",
    "calls": "Calls",
    "max": "Seats",
    "host": "Machine",
    "pid": "Process",
    "seen_at": "Last heard of",
}


@workers.command("list")
def list_workers_(
    all_: Annotated[bool, typer.Option("--all", help="Also those that have ended.")] = False,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the processes that hold calls now."""
    with open_database(database) as db, db.read() as connection:
        rows = [row for row in list_workers(connection, utc_now()) if all_ or row["state"] in {"working", "draining"}]
    show_rows(rows, _WORKERS, as_json=as_json, empty="No process runs on this database now.")


@workers.command()
def drain(
    worker: Annotated[str, typer.Argument(metavar="WORKER", help="Its id, or the beginning of it, as `workers list` shows it.")],
    undo: Annotated[bool, typer.Option("--undo", help="Let it take calls again.")] = False,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a worker finish its calls and take no new ones."""
    with open_database(database) as db, db.write() as connection:
        alive = [row["id"] for row in list_workers(connection, utc_now()) if row["state"] in {"working", "draining"}]
        found = [name for name in alive if name.startswith(worker)]
        if len(found) != 1:
            raise unknown("worker", worker, alive, "dialler workers list")
        set_draining(connection, found[0], not undo)
    if as_json:
        emit_json({"id": found[0], "draining": not undo})
    else:
        say(f"{found[0]} takes calls again." if undo else f"{found[0]} finishes its calls and takes no new ones.")
