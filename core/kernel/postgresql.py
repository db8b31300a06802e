"""Connections to PostgreSQL that do not wait for longer than they may: also if its packets are dropped, or it stands still."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import errors
from sqlalchemy import URL, create_engine
from sqlalchemy.engine import Engine

__all__ = ["BoundedConnection", "make_postgresql", "probe_postgresql"]

_CONNECTING = {
    # Notice a server that is gone, or whose packets are dropped, in seconds instead of when TCP gives up after a quarter of an hour.
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_PROBE_SECONDS = 2


class BoundedConnection(psycopg.Connection[Any]):
    """A connection whose statements wait for the server no longer than they may; then it is closed, and the statement fails.

    Attributes:
        patience: seconds that one statement may wait for its answer; None: without a limit.
    """

    patience: float | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for the server; see psycopg."""
        if self.patience is None or timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.patience)
        except errors._WaitTimeout:
            self.pgconn.finish()  # the answer may still come, and would be taken for that of the next statement
            raise psycopg.OperationalError(f"no answer came within {self.patience:g} s") from None


def make_postgresql(url: URL, limits: dict[str, int]) -> Engine:
    """An engine for PostgreSQL.

    Args:
        url: where; its own settings win.
        limits: settings of the server for each connection.
    """
    given = {name: value for name, value in _CONNECTING.items() if name not in url.query}
    texts = " ".join(f"-c {name}={value}" for name, value in limits.items())
    options = " ".join(part for part in (texts, str(url.query.get("options", ""))) if part)
    url = url.set(drivername="postgresql+psycopg").difference_update_query(["options"])
    engine = create_engine(url, pool_size=5, hide_parameters=True, connect_args={**given, "options": options})

    setattr(engine.dialect, "connect", BoundedConnection.connect)  # noqa: B010 - in place of psycopg's own
    return engine


def probe_postgresql(engine: Engine) -> None:
    """Connect anew and ask for one row.

    Raises:
        psycopg.Error: that took too long, or failed.
    """
    arguments, settings = engine.dialect.create_connect_args(engine.url)
    quick = {"connect_timeout": _PROBE_SECONDS}
    with BoundedConnection.connect(*arguments, **{**settings, **quick}) as connection:
        connection.patience = float(_PROBE_SECONDS)
        connection.execute("SELECT 1")
