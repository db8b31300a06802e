"""Wires recordings: where they are kept, what signs their links, and the jobs that upload and delete them."""

from __future__ import annotations

import asyncio
from datetime import datetime

from sqlalchemy import Connection

from core.access.secrets import SecretStore
from core.calls.engine import Engine
from core.kernel.secrets import SecretBox
from core.recordings.link_keys import link_keys
from core.recordings.recordings import Recordings
from core.recordings.retention import delete_due
from core.recordings.uploads import Uploader
from core.storage.settings import open_store
from dialler.scheduler.periodic import start_job
from web.settings import Settings, public_url_of

__all__ = ["SPOOL", "make_recordings", "start_recordings"]

SPOOL = "spool"
"""The folder in the data folder where transports write recordings before they are uploaded."""


def make_recordings(settings: Settings, connection: Connection, secrets: SecretStore, box: SecretBox, now: datetime) -> Recordings:
    """The recordings of this process.

    Raises:
        core.storage.base.StorageMisconfigured, UnusableSetting: if the environment asks for what cannot be.
    """
    return Recordings(
        store=open_store(settings.environ, settings.data_folder),
        spool=settings.data_folder / SPOOL,
        public_base_url=public_url_of(settings.environ, settings.public_base_url),
        keys=link_keys(connection, secrets, box, settings.seed, now),
    )


def start_recordings(engine: Engine, poll: int) -> list[asyncio.Task[None]]:
    """Start the jobs; `poll` is in clock seconds."""
    recordings, db, clock = engine.recordings, engine.db, engine.clock
    if recordings is None:
        return []
    uploader = Uploader(recordings, db, clock=clock, ids=engine.ids, poll=poll)
    return [
        clock.spawn(uploader.run(), name="uploads of recordings"),
        start_job(clock, "retention of recordings", 86_400, lambda: delete_due(recordings, db, clock)),
    ]
