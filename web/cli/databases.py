"""Which database a run has: the one of the working directory, which runs share, or one of its own for an experiment; how to name it."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError, ProgrammingError

from core.kernel.database import Database
from core.kernel.lines import Lines
from dialler.campaigns.store import own_campaign
from web.cli.common import allow_list, database_url, default_database, open_database, sqlite_file
from web.cli.errors import CliError
from web.run.earlier import unfinished_in
from web.settings import Settings

__all__ = ["database_option", "of_run", "push_options", "refuse_to_begin_anew"]


def of_run(given: str | None, out: Path, *, experiment: bool) -> str:
    """The URL of the database of a run.

    Args:
        given: the value of --database; the variable DIALLER_DATABASE counts as that.
        out: the output folder.
        experiment: the run is to repeat exactly, so it shares nothing: its database is in its output folder.
    """
    return database_url(given, f"sqlite:///{out / 'dialler.db'}" if experiment else default_database())


def refuse_to_begin_anew(url: str, folder: Path, out: Path, campaign: str, lines: Lines) -> None:
    """Look whether the output folder has a database of its own, as earlier versions made one, in which this campaign must go on.

    Args:
        url: the shared database, which is made if there is none, with the suppressions that others of this directory hold.
        folder: the campaign's folder.
        out: its output folder.
        campaign: its name.
        lines: the lines that it is to be dialled on.

    Raises:
        CliError: it must go on there, for to begin anew would dial people again; says how.
    """
    with open_database(url, create=True):
        pass
    file = out / "dialler.db"
    if not file.is_file() or file.resolve() == (sqlite_file(url) or Path()).resolve() or _has(url, campaign, lines):
        return
    if (why := unfinished_in(file, campaign)) is not None:
        raise CliError(
            f"{file}, a database of this folder's own, has a campaign {campaign!r} that {why}: "
            "begun anew in the shared database, it would dial everybody again.",
            f"Go on with it: dialler run {shlex.quote(str(folder))} --database {shlex.quote(str(out))}, with the options that it had.",
            f"Or begin anew all the same: move {file} out of the way.",
        )


def _has(url: str, campaign: str, lines: Lines) -> bool:
    db = Database(url)
    try:
        with db.read() as connection:
            return own_campaign(connection, campaign, lines) is not None
    except (OperationalError, ProgrammingError):  # no tables yet
        return False
    finally:
        db.close()


def database_option(settings: Settings) -> str:
    """The `--database` option that finds the database of a run again, for commands that people are told to type."""
    file = sqlite_file(settings.database_url)
    if file is not None:
        return f"--database {shlex.quote(str(file))}"
    if os.environ.get("DIALLER_DATABASE") == settings.database_url:
        return ""
    return f"--database {shlex.quote(make_url(settings.database_url).render_as_string(hide_password=True))}"


def push_options(settings: Settings) -> str:
    """The options of a command that pushes from the database of a run as the run did, for people to type."""
    listed = allow_list(None).entries
    internal = sorted(f"{host}:{port}" for host, port in settings.allow_internal.entries - listed)
    return " ".join(filter(None, [database_option(settings), *(f"--allow-internal {shlex.quote(one)}" for one in internal)]))
