"""What every screen of the console is given, and how a route gets it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from fastapi import Depends, Request
from sqlalchemy import Connection

from core.access.person_keys import PersonKeys
from core.kernel.database import Database
from core.kernel.secrets import SecretBox
from dialler.api.shared import Dialler
from web.composition import Whole
from web.console.accounts.attempts import SignInAttempts
from web.console.accounts.passwords import Passwords
from web.console.figures import Figures
from web.console.live.hub import Hub

__all__ = ["PREFIX", "Console", "TheConsole", "console_of"]

PREFIX = "/console"
T = TypeVar("T")


@dataclass
class Console:
    """The console of one process.

    Attributes:
        whole: the process: database, clocks, the call engine, settings.
        box: encrypts what is secret.
        passwords, attempts: of the sign-in.
        hub: tells pages what changed.
        figures: the counts of campaigns.
        persons: seals values of one person for the audit log.
    """

    whole: Whole
    box: SecretBox
    hub: Hub
    passwords: Passwords = field(default_factory=Passwords)
    attempts: SignInAttempts = field(default_factory=SignInAttempts)

    def __post_init__(self) -> None:
        self.persons = PersonKeys(self.box)
        self._apart: Database | None = None
        self.figures = Figures(self.apart, self.wall)

    @property
    def db(self) -> Database:
        """The database, for short transactions in the event loop's thread."""
        return self.whole.db

    @property
    def dialler(self) -> Dialler:
        """The dialler behind the API."""
        found = self.whole.app.state.dialler
        assert isinstance(found, Dialler)
        return found

    @property
    def base(self) -> str:
        """The path under which browsers find the console: that of the public URL, and `/console`."""
        return urlsplit(self.whole.settings.public_base_url).path.rstrip("/") + PREFIX

    def url(self, path: str = "/") -> str:
        """A whole URL, for people on other machines."""
        return self.whole.settings.public_base_url.rstrip("/") + PREFIX + path

    def wall(self) -> datetime:
        """The wall clock's time: of sessions, links and the audit log."""
        return self.whole.wall()

    def now(self) -> datetime:
        """The time of the clock that campaigns run by."""
        return self.whole.clock.now()

    def apart(self) -> Database:
        """The database by connections of the console's own, for threads."""
        if self._apart is None:
            self._apart = Database(self.whole.settings.database_url)
        return self._apart

    async def read(self, function: Callable[..., T], *arguments: Any, **more: Any) -> T:
        """Run `function(connection, *arguments)` in a thread with a connection of its own: for what takes longer than calls can wait."""
        return await asyncio.to_thread(_reading, self.apart(), function, arguments, more)

    def close(self) -> None:
        """End every stream, close what was opened."""
        self.hub.close()
        if self._apart is not None:
            self._apart.close()


def _reading(database: Database, function: Callable[..., T], arguments: tuple[Any, ...], more: dict[str, Any]) -> T:
    connection: Connection
    with database.read() as connection:
        return function(connection, *arguments, **more)


def console_of(request: Request) -> Console:
    """The console behind a request."""
    found = request.app.state.console
    assert isinstance(found, Console)
    return found


async def _console(request: Request) -> Console:
    return console_of(request)


TheConsole = Annotated[Console, Depends(_console)]
