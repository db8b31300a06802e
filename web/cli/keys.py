"""`dialler keys`: API keys for programs that dial through the HTTP API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from core.access.embedded import EMBEDDED_KEY_ID
from core.access.keys import KeyInfo, create, list_keys, revoke, rotate
from core.bots.store import all_bots
from core.kernel.clock import utc_now
from core.kernel.durations import parse_duration
from core.kernel.ids import Ids
from web.cli.common import DatabaseOption, JsonOption, open_database
from web.cli.errors import CANNOT, CliError, unknown
from web.cli.output import emit_json, say, show_rows

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="API keys: for programs that place calls through the HTTP API.")

_TITLES = {
    "name": "Name",
    "prefix": "Begins with",
    "role": "Role",
    "bots": "Bots",
    "valid": "Valid",
    "created_at": "Made",
    "expires_at": "Expires",
    "requests_per_minute": "A minute",
    "last_used_at": "Last used",
    "id": "Id",
}


class RoleName(StrEnum):
    """What a key may do."""

    dialout = "dialout"
    admin = "admin"


@app.command("create")
def create_(
    name: Annotated[str, typer.Argument(help="What you call it: the program that will use it.")],
    role: Annotated[
        RoleName, typer.Option(help="dialout: place calls and read them. admin: also bots, suppressions, deliveries.")
    ] = RoleName.dialout,
    bot: Annotated[list[str] | None, typer.Option(help="A bot it may use; can be given several times. All bots if left out.")] = None,
    expires_in: Annotated[str | None, typer.Option(metavar="DURATION", help="How long it is valid: 90d, 12h. For ever by default.")] = None,
    results_url: Annotated[str | None, typer.Option(help="Where the results of its calls are pushed.", show_default=False)] = None,
    results_secret: Annotated[
        str | None, typer.Option(metavar="secret:NAME", help="Name of the secret that signs those results.", show_default=False)
    ] = None,
    requests_per_minute: Annotated[
        int | None, typer.Option(min=1, help="How often it may be used in a minute. No limit if left out.", show_default=False)
    ] = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key. It is shown once, now: keep it safe. A lost key is replaced, not recovered."""
    now = utc_now()
    try:
        expires_at = now + parse_duration(expires_in) if expires_in else None
    except ValueError as error:
        raise CliError(f"--expires-in: {error}.") from None
    with open_database(database, create=True) as db, db.write() as connection:
        known = [stored.id for stored in all_bots(connection)]
        for wanted in bot or []:
            if wanted not in known:
                raise unknown("bot", wanted, known, "dialler bots list")
        try:
            new = create(
                connection,
                key_id=Ids().new(),
                name=name,
                now=now,
                role=role.value,
                bots=bot or None,
                results_url=results_url,
                results_secret=results_secret,
                expires_at=expires_at,
                requests_per_minute=requests_per_minute,
            )
        except ValueError as error:
            raise CliError(f"{error}.") from None
    if as_json:
        emit_json({"key": new.key, **asdict(new.info)})
    else:
        say(new.key, "It is not shown again. Send it in the X-API-Key header.")


@app.command("list")
def list_(database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """List the keys, revoked ones too; the keys themselves are not kept."""
    with open_database(database) as db, db.read() as connection:
        rows = [{**asdict(key), "valid": key.is_valid(utc_now())} for key in list_keys(connection)]
    if not as_json:
        for row in rows:
            row["bots"] = "all" if row["bots"] is None else row["bots"]
            row["requests_per_minute"] = row["requests_per_minute"] or "no limit"
    show_rows(rows, _TITLES, as_json=as_json, empty="There is no key yet.")


@app.command("revoke")
def revoke_(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its id, its name, or the beginning that `keys list` shows.")],
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Refuse a key from now on, for good."""
    with open_database(database) as db, db.write() as connection:
        found = _alive(list_keys(connection), key)
        revoke(connection, found.id, utc_now())
    if as_json:
        emit_json({"id": found.id, "revoked": True})
    else:
        say(f"The key {found.name!r} is revoked.")


@app.command("rotate")
def rotate_(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its id, its name, or the beginning that `keys list` shows.")],
    overlap: Annotated[str, typer.Option(metavar="DURATION", help="How long the former key works on: 24h, 7d, 0s.")] = "24h",
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a key a new text, shown once, now; the former one works on for a while, so that nothing stops meanwhile."""
    try:
        kept = parse_duration(overlap)
    except ValueError as error:
        raise CliError(f"--overlap: {error}.") from None
    with open_database(database) as db, db.write() as connection:
        found = _alive(list_keys(connection), key)
        new = rotate(connection, found.id, utc_now(), kept)
    if new is None:
        raise CliError(f"The key {key!r} was revoked at this moment.", code=CANNOT)
    if as_json:
        emit_json({"key": new.key, **asdict(new.info)})
    else:
        say(new.key, f"It is not shown again. The former key works for {overlap} more.")


def _alive(infos: Sequence[KeyInfo], key: str) -> KeyInfo:
    """The key of this id, beginning or name.

    Raises:
        CliError: there is none, there are several, it was revoked, or it is the dialler's own.
    """
    found = [info for info in infos if key in (info.id, info.prefix)] or [info for info in infos if info.name == key]
    alive = [info for info in found if info.revoked_at is None]
    if not found:
        raise unknown("key", key, [info.name for info in infos], "dialler keys list")
    if len(alive) > 1:
        raise CliError(f"{len(alive)} keys are called {key!r}.", "Say which by its id; `dialler keys list` shows it.")
    if not alive:
        raise CliError(f"The key {key!r} was revoked before.", code=CANNOT)
    if alive[0].id == EMBEDDED_KEY_ID:
        raise CliError("This is the key of the dialler itself: without it no campaign can dial.", code=CANNOT)
    return alive[0]
