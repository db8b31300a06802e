"""Settings of one process, from the command line and the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import make_url

from core.outgoing.guard import AllowList

__all__ = ["Settings", "data_folder_of"]


def data_folder_of(database_url: str, environ: Mapping[str, str]) -> Path:
    """Where the encryption key is kept: DIALLER_DATA, else beside the SQLite file, else `~/.local/share/dialler`."""
    if given := environ.get("DIALLER_DATA"):
        return Path(given)
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        return Path(url.database).resolve().parent
    return Path.home() / ".local" / "share" / "dialler"


@dataclass(frozen=True)
class Settings:
    """What a process is told.

    Attributes:
        database_url: `sqlite:///FILE` or `postgresql://...`.
        data_folder: where the encryption key is kept.
        network_log: the sandbox's `network.jsonl`.
        speed: clock seconds per real second; None is virtual time.
        start: what a scaled or virtual clock shows at first; None: the real time.
        seed: makes everything repeat exactly, with `start`.
        seats: calls this process can hold at once.
        allow_internal: internal hosts and ports that may be reached.
        sandbox: overrides of the sandbox's settings.
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
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
