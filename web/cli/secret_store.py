"""`dialler secrets`: tokens and signing secrets that bot files name and never hold."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from core.access.secrets import forget, forget_all, stored_names
from core.kernel.clock import utc_now
from core.kernel.words import counted
from web.cli.common import DatabaseOption, JsonOption, open_database, secret_store
from web.cli.errors import CliError, unknown
from web.cli.output import emit_json, say, show_rows

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    help="Secrets: tokens that bot files name as secret:NAME. Kept encrypted, never shown. A variable of the environment goes first.",
)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Its name, such as CRM_TOKEN: letters, digits and underscores.")]


@app.command("set")
def set_(name: NameArgument, database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Keep a secret, in place of any of that name. Its value is asked for, or read from standard input; never an argument.

    The secrets of `dialler run FOLDER` are in the run's own database: give its output folder as --database, or set an
    environment variable of that name.
    """
    value = _ask(name)
    with open_database(database, create=True) as db:
        store = secret_store(db, replacing=name)
        with db.write() as connection:
            store.set(connection, name, value, utc_now())
    if as_json:
        emit_json({"name": name, "set": True})
    else:
        say(f"The secret {name} is kept. Bot files name it as secret:{name}.")


@app.command("list")
def list_(database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """List the names of the secrets that are kept. Their values are never shown."""
    with open_database(database) as db, db.read() as connection:
        rows = [asdict(row) for row in stored_names(connection)]
    show_rows(rows, {"name": "Name", "updated_at": "Set"}, as_json=as_json, empty="No secret is kept here.")


@app.command()
def delete(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name; none with --all.", show_default=False)] = "",
    every: Annotated[bool, typer.Option("--all", help="Forget every secret: the way out if the encryption key is lost.")] = False,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forget a secret, or all of them. Needs no encryption key."""
    if every == bool(name):
        raise CliError("Give the name of a secret, or --all.")
    with open_database(database) as db, db.write() as connection:
        names = [row.name for row in stored_names(connection)]
        if every:
            forget_all(connection)
        elif not forget(connection, name):
            raise unknown("secret", name, names, "dialler secrets list")
    if as_json:
        emit_json({"deleted": len(names), "names": names} if every else {"name": name, "deleted": True})
    elif every:
        say(f"{counted(len(names), 'secret is', 'secrets are')} forgotten: {', '.join(names) or 'there was none'}.")
    else:
        say(f"The secret {name} is forgotten.")


def _ask(name: str) -> str:
    asked = sys.stdin.isatty()
    value = str(typer.prompt(f"Value of {name}", hide_input=True, err=True) if asked else sys.stdin.read()).strip()
    if not value:
        raise CliError(f"The value of {name} is empty.", "Type it when asked, or pipe it in: `dialler secrets set NAME < FILE`.")
    return value
