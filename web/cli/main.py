"""The app of the `dialler` command, and its entry point."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from web.cli import (
    bots,
    campaigns,
    db,
    deliveries,
    desk,
    fleet,
    keys,
    leads,
    people,
    rules,
    samples,
    secret_store,
    sockets,
    suppressions,
    trunks,
)
from web.cli.audit import audit_command
from web.cli.check import check
from web.cli.common import set_up_logging
from web.cli.errors import PeopleGroup
from web.cli.output import say
from web.cli.report import report
from web.cli.run import run
from web.cli.serve import serve
from web.cli.why import why
from web.run.files import private_files

__all__ = ["app", "main"]

app = typer.Typer(
    name="dialler",
    cls=PeopleGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Calls every lead of a list with a voice bot, inside the permitted hours, and brings each outcome to the CRM.\n\n"
    "Begin with `dialler check FOLDER`, then `dialler run FOLDER`.",
    epilog="Exit codes: 0 done; 1 it could not be done as things stand; 2 what was given cannot be used; "
    "3 pushes are undelivered; 4 the callees' own log disagrees.",
)

_CAMPAIGNS, _SET_UP, _RUNNING = "Campaigns", "Set up", "Look inside"

app.command(rich_help_panel=_CAMPAIGNS)(check)
app.command(rich_help_panel=_CAMPAIGNS)(run)
app.command(rich_help_panel=_CAMPAIGNS)(serve)
app.command(rich_help_panel=_CAMPAIGNS)(report)
app.command(rich_help_panel=_CAMPAIGNS)(why)
app.add_typer(campaigns.app, name="campaigns", rich_help_panel=_CAMPAIGNS)
app.add_typer(leads.app, name="leads", rich_help_panel=_CAMPAIGNS)
app.add_typer(deliveries.app, name="deliveries", rich_help_panel=_CAMPAIGNS)
app.add_typer(people.app, name="people", rich_help_panel=_CAMPAIGNS)
app.add_typer(bots.app, name="bots", rich_help_panel=_SET_UP)
app.add_typer(suppressions.app, name="suppressions", rich_help_panel=_SET_UP)
app.add_typer(rules.app, name="rules", rich_help_panel=_SET_UP)
app.add_typer(keys.app, name="keys", rich_help_panel=_SET_UP)
app.add_typer(desk.app, name="desk", rich_help_panel=_SET_UP)
app.add_typer(sockets.app, name="websocket", rich_help_panel=_SET_UP)
app.add_typer(secret_store.app, name="secrets", rich_help_panel=_SET_UP)
app.add_typer(db.app, name="db", rich_help_panel=_RUNNING)
app.add_typer(trunks.app, name="trunks", rich_help_panel=_RUNNING)
app.add_typer(fleet.workers, name="workers", rich_help_panel=_RUNNING)
app.command("audit", rich_help_panel=_RUNNING)(audit_command)
samples.register(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        say(f"dialler {version('campaign-dialler')}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    verbose: Annotated[
        int, typer.Option("--verbose", "-v", count=True, help="Say what happens, on standard error; -vv for more.", show_default=False)
    ] = 0,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and end.", show_default=False)
    ] = False,
) -> None:
    context.with_resource(private_files())
    set_up_logging(verbose)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
