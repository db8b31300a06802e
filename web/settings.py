"""Settings of one process, from the command line and the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import make_url

from core.outgoing.guard import AllowList
from core.trunks.reading import BUILT_IN

__all__ = ["DEFAULT_PUBLIC_URL", "PUBLIC_URL_VARIABLE", "ClockBehind", "Settings", "UnusableSetting", "data_folder_of", "public_url_of"]

PUBLIC_URL_VARIABLE = "DIALLER_PUBLIC_URL"
DEFAULT_PUBLIC_URL = "http://127.0.0.1:8080"


class UnusableSetting(Exception):
    """A setting cannot be used."""


class ClockBehind(UnusableSetting):
    """The records of a campaign go on after now: it ran on a clock that was ahead of the real time."""

    def __init__(self, latest: datetime) -> None:
        shown = f"{latest.astimezone(UTC):%Y-%m-%dT%H:%M}Z"
        super().__init__(
            f"The records of this campaign go on until {shown}, which has not come yet: it was run on a clock ahead of real time. "
            "In real time nothing would be due before then.\n"
            f"Let time go on from there: --speed max, or --speed 1 --start {shown}. Or take another database."
        )


def data_folder_of(database_url: str, environ: Mapping[str, str]) -> Path:
    """Where the encryption key is kept: DIALLER_DATA, else beside the SQLite file, else `~/.local/share/dialler`."""
    if given := environ.get("DIALLER_DATA"):
        return Path(given)
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        return Path(url.database).resolve().parent
    return Path.home() / ".local" / "share" / "dialler"


def public_url_of(environ: Mapping[str, str], otherwise: str = DEFAULT_PUBLIC_URL) -> str:
    """What links to us begin with: DIALLER_PUBLIC_URL, else `otherwise`; without a slash at the end.

    Raises:
        UnusableSetting: it is not an http(s) URL, or has a query, a fragment or credentials in it.
    """
    url = environ.get(PUBLIC_URL_VARIABLE, "").strip() or otherwise
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and not (parts.query or parts.fragment or parts.username)
    except ValueError:
        usable = False
    if not usable:
        raise UnusableSetting(
            f"{PUBLIC_URL_VARIABLE} must be the URL under which others reach this server: https://HOST or https://HOST/PATH."
        )
    return url.rstrip("/")


@dataclass(frozen=True)
class Settings:
    """What a process is told.

    Attributes:
        database_url: `sqlite:///FILE` or `postgresql://...`.
        data_folder: where the encryption key is kept, and what is recorded unless a setting says otherwise.
        network_log: the sandbox's `network.jsonl`.
        speed: clock seconds per real second; None is virtual time.
        start: what a scaled or virtual clock shows at first; None: the real time.
        seed: makes everything repeat exactly, with `start`.
        seats: calls this process can hold at once.
        allow_internal: internal hosts and ports that may be reached.
        sandbox: overrides of the sandbox's settings.
        trunk: the trunk that calls go out on which name no caller ID; None: the default one.
        real_calls: place and take calls over the trunks of the database, whichever is named.
        voice: the voice of real calls.
        leave_alone: pushes that this process may not send wait for one that may, and are not counted as failed.
        campaign: the name of the campaign whose folder this process runs, as its file has it; None: it runs no folder.
        alone: it dials for no other campaign, and sends no other's pushes.
        public_base_url: what links to us begin with; DIALLER_PUBLIC_URL goes first.
    """

    database_url: str
    data_folder: Path
    network_log: Path
    speed: float | None = None
    start: datetime | None = None
    seed: int | None = None
    seats: int = 50
    allow_internal: AllowList = field(default_factory=AllowList)
    sandbox: Mapping[str, object] = field(default_factory=dict)
    trunk: str | None = None
    real_calls: bool = False
    voice: str | None = None
    leave_alone: bool = False
    campaign: str | None = None
    alone: bool = False
    public_base_url: str = DEFAULT_PUBLIC_URL
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)

    @property
    def in_real_time(self) -> bool:
        """Whether the clock is the real one: without it there is no sound."""
        return self.speed == 1.0 and self.start is None

    @property
    def opens_trunks(self) -> bool:
        """Whether this process may have trunks for real calls: who asked for none was told that no real phone rings."""
        return self.in_real_time and (self.real_calls or self.trunk not in {None, BUILT_IN})
