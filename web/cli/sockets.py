"""`dialler websocket`: who may open WebSocket calls to a bot."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer
from sqlalchemy import Connection

from core.access.sockets import access_to, make_token, revoke_token, set_open
from core.bots.store import all_bots
from core.kernel.clock import utc_now
from core.kernel.durations import parse_duration
from web.cli.common import DatabaseOption, JsonOption, open_database
from web.cli.errors import CANNOT, CliError, unknown
from web.cli.output import emit_json, say, show_rows

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="WebSocket calls: who may open them to a bot (docs/transport-websocket.md).")

BotArgument = Annotated[str, typer.Argument(metavar="BOT", help="The bot's id.")]

_TITLES = {"bot_id": "Bot", "prefix": "Token begins with", "made_at": "Made", "previous_until": "Former until", "is_open": "Open"}


@app.command("list")
def list_(database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """List the bots and how calls to them can be opened; API keys that may use a bot always can."""
    with open_database(database) as db, db.read() as connection:
        rows = [asdict(access_to(connection, bot.id)) for bot in all_bots(connection)]
    show_rows(rows, _TITLES, as_json=as_json, empty="There is no bot yet.")


@app.command("token")
def token_(
    bot: BotArgument,
    overlap: Annotated[str, typer.Option(metavar="DURATION", help="How long the former token works on: 24h, 7d, 0s.")] = "24h",
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make or rotate the bot's token. It is shown once, now."""
    try:
        kept: timedelta = parse_duration(overlap)
    except ValueError as error:
        raise CliError(f"--overlap: {error}.") from None
    with open_database(database) as db, db.write() as connection:
        _check(connection, bot)
        token = make_token(connection, bot, utc_now(), kept)
        access = access_to(connection, bot)
    if as_json:
        emit_json({"token": token, **asdict(access)})
    else:
        say(token, f"It is not shown again. Open wss://HOST/ws/{bot} with the header Authorization: Bearer TOKEN.")


@app.command("revoke")
def revoke_(bot: BotArgument, database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Refuse the bot's token, and the one before it, from now on."""
    with open_database(database) as db, db.write() as connection:
        _check(connection, bot)
        if not revoke_token(connection, bot):
            raise CliError(f"The bot {bot!r} has no token.", code=CANNOT)
    if as_json:
        emit_json({"bot_id": bot, "revoked": True})
    else:
        say(f"The token of {bot!r} is revoked.")


@app.command("open")
def open_(bot: BotArgument, database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Let everybody who reaches this server open calls to the bot, without a token."""
    _set(bot, database, as_json, is_open=True)


@app.command("close")
def close_(bot: BotArgument, database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Let in only who has the bot's token or an API key again."""
    _set(bot, database, as_json, is_open=False)


def _set(bot: str, database: str | None, as_json: bool, *, is_open: bool) -> None:
    with open_database(database) as db, db.write() as connection:
        _check(connection, bot)
        set_open(connection, bot, is_open=is_open)
    if as_json:
        emit_json({"bot_id": bot, "is_open": is_open})
    else:
        say(f"The bot {bot!r} " + ("is open to everybody who reaches this server." if is_open else "needs a token or an API key."))


def _check(connection: Connection, bot: str) -> None:
    known = [stored.id for stored in all_bots(connection)]
    if bot not in known:
        raise unknown("bot", bot, known, "dialler bots list")
