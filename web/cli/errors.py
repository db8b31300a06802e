"""Mistakes of people, and states in which something cannot be done: said in words, never as a traceback.

Exit codes of every command: 0 done; 1 it could not be done as things stand; 2 what was given cannot be used.
`dialler run` has a 3 beside them; 4 is for records that the callees' log disagrees with (docs/cli.md).
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterable
from typing import Any

import typer
from rich.console import Console
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError
from typer.core import TyperGroup

from core.access.secrets import SecretError
from core.kernel.secrets import SecretBoxError
from core.kernel.yaml_config import ConfigError
from core.storage.base import StorageMisconfigured
from dialler.campaigns.owner import AlreadyRunning
from dialler.campaigns.states import NotAllowed
from dialler.campaigns.store import OtherLines
from dialler.imports.beside import ImportProcessDied
from dialler.imports.errors import ImportInProgress, LeadFileError
from web.backup import BackupError
from web.migrate import NewerDatabase
from web.run.prepare import OtherBot, OtherFolder
from web.settings import UnusableSetting

__all__ = ["CANNOT", "DISAGREES", "UNUSABLE", "CliError", "PeopleGroup", "print_errors", "unknown"]

CANNOT, UNUSABLE, DISAGREES = 1, 2, 4

_UNUSABLE = (ConfigError, LeadFileError, SecretBoxError, SecretError, StorageMisconfigured, UnusableSetting, OtherFolder, OtherBot)
_CANNOT = (AlreadyRunning, OtherLines, NotAllowed, ImportInProgress, ImportProcessDied, BackupError, NewerDatabase)


class CliError(Exception):
    """A command that ends with a message. `lines` are sentences; `code` is the exit code."""

    def __init__(self, *lines: str, code: int = UNUSABLE) -> None:
        super().__init__("\n".join(lines))
        self.lines, self.code = lines, code


def unknown(what: str, written: str, known: Iterable[str], where: str) -> CliError:
    """There is no `what` called `written`; names the one that was probably meant.

    Args:
        what: the kind of thing: `campaign`.
        written: what was typed.
        known: the names that there are.
        where: the command that lists them.
    """
    names = list(known)
    folded = {name.casefold(): name for name in names}
    wanted = written.casefold()
    near = difflib.get_close_matches(wanted, folded, n=1, cutoff=0.5) or [name for name in folded if len(wanted) > 1 and wanted in name]
    hint = f"Did you mean {folded[near[0]]!r}?" if near else "There is none yet." if not names else f"List them with `{where}`."
    return CliError(f"There is no {what} {written!r}. {hint}")


def print_errors(*lines: str) -> None:
    """Write sentences to standard error, the first one marked as an error."""
    console = Console(stderr=True, soft_wrap=True)
    for number, line in enumerate(lines):
        console.print("Error:" if number == 0 else "  ", line, style="red" if number == 0 else None, markup=False, highlight=False)


class PeopleGroup(TyperGroup):
    """The group of all commands: turns what goes wrong into a message on standard error and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except CliError as error:
            _end(error.code, *error.lines)
        except _UNUSABLE as error:
            _end(UNUSABLE, *str(error).splitlines())
        except _CANNOT as error:
            _end(CANNOT, str(error))
        except KeyboardInterrupt:
            _end(CANNOT, "Stopped.")
        except BrokenPipeError:  # the reader of our output has gone, as `head` does
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None
        except DBAPIError as error:
            _end(CANNOT, *_database_trouble(error))
        except OSError as error:
            _end(CANNOT, f"{error.filename or 'The system'}: {error.strerror or error}.")


def _end(code: int, *lines: str) -> None:
    print_errors(*lines)
    raise typer.Exit(code) from None


def _database_trouble(error: DBAPIError) -> list[str]:
    text = " ".join(str(error.orig).split())
    if isinstance(error, OperationalError):
        return [f"The database does not answer: {text}.", "Check --database (or DIALLER_DATABASE), and that you may read and write there."]
    if isinstance(error, DatabaseError) and "not a database" in text:
        return ["The file that --database names is not an SQLite database."]
    raise error
