"""`dialler audit`: our records against the log that the sandbox's callees keep."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from web.cli.common import JsonOption, database_url, default_database, open_database, sqlite_file
from web.cli.errors import DISAGREES, CliError
from web.cli.output import emit_json, say
from web.run.audit import Audit, Found, NotItsLog, audit

__all__ = ["audit_command", "sentences"]

_NAMED = 5


def audit_command(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The output folder of a run, with its network.jsonl.")],
    database: Annotated[
        str | None, typer.Option("--database", "-d", metavar="URL", help="The database of the run, if it is elsewhere.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare what we say we dialled with what the sandbox's callees say. Ends with 4 if they disagree.

    All that the processes of this database have dialled is compared, as far as it stands in the network.jsonl of this folder.
    """
    log = folder / "network.jsonl"
    if not log.is_file():
        raise CliError(f"There is no {log}.", "Give the output folder of a run on the sandbox network.")
    given = database or os.environ.get("DIALLER_DATABASE")
    own, shared = str(folder / "dialler.db"), default_database()
    there = [one for one in (shared, own) if (sqlite_file(database_url(one)) or Path()).is_file()]
    found = _audit([given] if given else there or [own], log)
    if as_json:
        emit_json({**asdict(found), "clean": found.clean})
    else:
        say(*sentences(found))
    if not found.clean:
        raise typer.Exit(DISAGREES)


def _audit(databases: list[str], log: Path) -> Audit:
    """The audit by the first of these databases whose processes wrote to the log.

    Raises:
        CliError: there is none.
    """
    for database in databases:
        with open_database(database) as db:
            try:
                return audit(db, log)
            except NotItsLog as error:
                nothing = str(error)
    raise CliError(nothing, "Give the database of the run with --database.")


def sentences(found: Audit) -> list[str]:
    """What an audit found, for people."""
    if found.clean:
        return [f"The callees' own log agrees: {_attempts(found.rang)} reached the network, none twice."]
    said = [
        _accusation(found.rang_twice, "rang more than once"),
        _accusation(found.unknown_to_us, "rang and are not in our records"),
        _accusation(found.unknown_to_them, "are in our records as dialled, and no callee saw them"),
    ]
    return [
        "THE CALLEES' OWN LOG DISAGREES WITH OUR RECORDS.",
        *filter(None, said),
        "Do not dial on before you know why: network.jsonl has the callees' side, `dialler leads show NUMBER` ours.",
    ]


def _accusation(found: Found, what: str) -> str:
    if not found.count:
        return ""
    named = ", ".join(found.attempts[:_NAMED])
    return f"{_attempts(found.count)} {what}: {named}{' ...' if found.count > _NAMED else ''}"


def _attempts(count: int) -> str:
    return f"{count} attempt" if count == 1 else f"{count} attempts"
