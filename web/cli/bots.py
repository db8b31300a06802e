"""`dialler bots`: bots from their files, and what they would say to a lead."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from core.bots.reachable import by_name_alone
from core.bots.store import StoredBot, all_bots, read_bot, read_version, save_bot
from core.bots.template_checks import warnings_about
from core.bots.views import as_yaml
from core.kernel.clock import utc_now
from core.kernel.database import Database
from core.templates import Rendered, render
from web.cli.common import DatabaseOption, JsonOption, allow_list, open_database, parse_pairs
from web.cli.errors import CliError, unknown
from web.cli.output import emit_json, say, show_fields, show_rows
from web.run.bot_file import read_bot_file
from web.run.push_checks import push_problems

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Bots: add them from their files, look at them, hear what they would say.")

_TITLES = {
    "id": "Bot",
    "name": "Name",
    "version": "Version",
    "scenario": "Scenario",
    "time_zone": "Time zone",
    "active_hours": "Active hours",
    "seats": "Seats",
    "push": "Pushes to",
}

BotArgument = Annotated[str, typer.Argument(metavar="BOT", help="The id of the bot, as `bots list` shows it.")]
VersionOption = Annotated[int | None, typer.Option("--version", help="At this version; the newest if left out.", show_default=False)]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A bot.yaml.")]


@app.command()
def add(file: FileArgument, database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Keep a bot, or a new version of it. The file is checked as a whole: every problem is listed at once."""
    config = read_bot_file(file)
    with open_database(database, create=True) as db, db.write() as connection:
        before = read_bot(connection, config.id)
        stored = save_bot(connection, config, utc_now())
    changed = before is None or before.version != stored.version
    warnings = push_problems(config, allow_list(None), None, by_name_alone)
    warnings += (f"bot.yaml: {sentence}" for sentence in warnings_about(config.model_dump(mode="json")))
    for warning in () if as_json else warnings:
        typer.echo(f"Note: {warning}", err=True)
    if as_json:
        emit_json({"id": stored.id, "version": stored.version, "changed": changed, "warnings": warnings})
    elif changed:
        say(f"The bot {stored.id} is kept, version {stored.version}.")
    else:
        say(f"The bot {stored.id} is as in the file already, version {stored.version}.")


@app.command("list")
def list_(database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """List the bots at their newest versions."""
    with open_database(database) as db, db.read() as connection:
        rows = [_row(bot) for bot in all_bots(connection)]
    show_rows(rows, _TITLES, as_json=as_json, empty="There is no bot yet. Add one with `dialler bots add bot.yaml`.")


@app.command()
def show(bot: BotArgument, version: VersionOption = None, database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Show one bot: every setting, defaults included."""
    with open_database(database) as db:
        stored = _find(db, bot, version)
    document = stored.config.model_dump(mode="json")
    if as_json:
        emit_json({"version": stored.version, **document})
    else:
        show_fields({"version": stored.version, **document})


@app.command()
def export(
    bot: BotArgument,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The file to write, else standard output.", show_default=False)] = None,
    version: VersionOption = None,
    database: DatabaseOption = None,
) -> None:
    """Write a bot as a bot.yaml, to change and add again."""
    with open_database(database) as db:
        stored = _find(db, bot, version)
    text = as_yaml(stored.config)
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
        say(f"Written to {out}.")


@app.command()
def preview(
    file: FileArgument,
    lead: Annotated[
        list[str] | None, typer.Option("--lead", metavar="NAME=VALUE", help="A variable of the lead; can be given several times.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a bot would say to a lead: its opening message and its prompt, with the lead's values in them.

    Fields that the lead does not have are named. Nothing is dialled, and no database is needed.
    """
    config = read_bot_file(file)
    crm = parse_pairs(lead or [], "--lead")
    values: dict[str, dict[str, Any]] = {"crm": crm, "call": {"bot_name": config.name}}
    texts = {"opening_message": render(config.opening_message, values), "system_prompt": render(config.system_prompt, values)}
    if config.voicemail_message:
        texts["voicemail_message"] = render(config.voicemail_message, values)
    lacking = sorted({field for text in texts.values() for field in (*text.missing, *text.empty) if field.startswith("crm.")})
    if as_json:
        emit_json({**{name: text.text for name, text in texts.items()}, "missing": lacking})
        return
    show_fields({name.replace("_", " ").capitalize(): _shown(text) for name, text in texts.items()})
    if lacking:
        say(f"Not given, so nothing is said there: {', '.join(lacking)}. Give each with --lead NAME=VALUE.")


def _shown(text: Rendered) -> str:
    return text.text or "(nothing)"


def _find(db: Database, bot: str, version: int | None) -> StoredBot:
    with db.read() as connection:
        stored = read_bot(connection, bot)
        if stored is None:
            raise unknown("bot", bot, [known.id for known in all_bots(connection)], "dialler bots list")
        if version is not None:
            newest = stored.version
            stored = read_version(connection, bot, version)
            if stored is None:
                raise CliError(f"The bot {bot!r} has no version {version}: it has 1 to {newest}.")
    return stored


def _row(bot: StoredBot) -> dict[str, Any]:
    config = bot.config
    return {
        "id": bot.id,
        "name": config.name,
        "version": bot.version,
        "scenario": config.brain.describe(),
        "time_zone": config.time_zone,
        "active_hours": config.active_hours.describe(),
        "seats": config.seats,
        "push": config.post_call_push.url if config.post_call_push else None,
    }
