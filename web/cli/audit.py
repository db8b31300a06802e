"""`dialler audit`: our records against the log that the sandbox's callees keep."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from dialler.campaigns.store import all_campaigns
from web.cli.common import JsonOption, open_database
from web.cli.errors import CANNOT, CliError
from web.cli.output import emit_json, say
from web.run.audit import Audit, audit

__all__ = ["audit_command", "sentences"]


def audit_command(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The output folder of a run, with its network.jsonl.")],
    database: Annotated[
        str | None, typer.Option("--database", "-d", metavar="URL", help="The database of the run, if it is elsewhere.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare what we say we dialled with what the sandbox's callees say. Ends with 1 if they disagree."""
    log = folder / "network.jsonl"
    if not log.is_file():
        raise CliError(f"There is no {log}.", "Give the output folder of a run on the sandbox network.")
    with open_database(database or str(folder / "dialler.db")) as db:
        with db.read() as connection:
            campaigns = all_campaigns(connection)
        found = {row.name: audit(db, row.id, log) for row in campaigns}
    if not found:
        raise CliError("No campaign was run on this database.", code=CANNOT)
    ours = _together(list(found.values()))
    if as_json:
        emit_json({**asdict(ours), "clean": ours.clean})
    else:
        say(*sentences(ours))
    if not ours.clean:
        raise typer.Exit(CANNOT)


def sentences(found: Audit) -> list[str]:
    """What an audit found, for people."""
    if found.clean:
        return [f"The callees' own log agrees: {found.rang} attempts reached the network, none twice."]
    said = []
    for what, ids in (
        ("rang twice", found.rang_twice),
        ("are in the callees' log and not in our records", found.unknown_to_us),
        ("are in our records as placed and not in the callees' log", found.unknown_to_them),
    ):
        if ids:
            said.append(f"{len(ids)} attempts {what}: {', '.join(ids[:5])}{' ...' if len(ids) > 5 else ''}")
    return ["THE CALLEES' OWN LOG DISAGREES.", *said]


def _together(found: list[Audit]) -> Audit:
    """The audits of several campaigns on one log as one: what one does not know, another may."""
    unknown = set(found[0].unknown_to_us).intersection(*(one.unknown_to_us for one in found))
    return Audit(
        rang=found[0].rang,
        rang_twice=found[0].rang_twice,
        unknown_to_us=tuple(sorted(unknown)),
        unknown_to_them=tuple(sorted(attempt for one in found for attempt in one.unknown_to_them)),
    )
