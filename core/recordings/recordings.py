"""What a call's result says about its recording, and fresh links to it.

A sandbox call has nothing to store: its recording is synthesized from its result on demand. For a real call the transport writes
`CALL_ID.wav` into the spool folder of its machine, and the transaction that writes the call's result records that the file is to be
uploaded. If the process dies before that, the process that finishes the call finds the file and arrives at the same key.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row

from core.bots.config import RecordingConfig
from core.bots.store import read_version
from core.recordings.link_keys import LinkKeys
from core.recordings.links import check_link, make_link
from core.recordings.naming import recording_key
from core.recordings.store import add_waiting
from core.storage.base import ObjectStore

__all__ = ["NO_RECORDING", "Recorded", "Recordings", "config_of", "deleted_at"]


@dataclass(frozen=True)
class Recorded:
    """The recording of a call, for its result; `to_upload`: a file on this machine waits to be uploaded."""

    key: str | None
    url: str | None
    to_upload: bool = False


NO_RECORDING = Recorded(None, None)


def deleted_at(config: RecordingConfig, ended_at: datetime) -> datetime | None:
    """When a recording expires; None: never. Pure."""
    return None if config.retention is None else ended_at + config.retention


def config_of(connection: Connection, call: Row[Any]) -> RecordingConfig:
    """The recording settings of the bot version that the call used."""
    bot = read_version(connection, call.bot_id, call.bot_version)
    if bot is None:
        raise LookupError(f"bot {call.bot_id} has no version {call.bot_version}, which call {call.call_id} ran")
    return bot.config.recording


async def _nothing() -> None:
    """No uploads run."""


@dataclass
class Recordings:
    """Recordings of one process.

    Attributes:
        store: where files are finally kept.
        spool: the folder of this machine where transports write files.
        public_base_url: what links begin with.
        keys: what signs links.
        host: the name of this machine.
        wake_uploads: called after a transaction that recorded a file to upload.
        finish_uploads: waits until everything due was tried; called before the process ends.
    """

    store: ObjectStore
    spool: Path
    public_base_url: str
    keys: LinkKeys
    host: str = field(default_factory=socket.gethostname)
    wake_uploads: Callable[[], None] = lambda: None
    finish_uploads: Callable[[], Awaitable[None]] = _nothing

    def file_of(self, call_id: str) -> Path:
        """Where a transport of this machine writes the recording of a call."""
        return self.spool / f"{call_id}.wav"

    def settle(self, connection: Connection, call: Row[Any], config: RecordingConfig, now: datetime) -> Recorded:
        """Decide what happens to the recording of an ended call; part of the transaction that writes its result.

        Only answered calls of bots that record have one. Does not use the network.
        """
        if call.answered_at is None or not config.enabled:
            return NO_RECORDING
        key = recording_key(call.call_id, call.created_at)
        url = self.link(call.call_id, call.transport, call.ended_at + config.link_expires)
        if call.transport == "sandbox":
            return Recorded(key, url)
        if not self.file_of(call.call_id).is_file():
            return NO_RECORDING
        add_waiting(connection, call.call_id, key, self.host, now, deleted_at(config, call.ended_at))
        return Recorded(key, url, to_upload=True)

    def link(self, call_id: str, transport: str, expires_at: datetime) -> str:
        """A link to the recording of a call."""
        return make_link(self.public_base_url, self.keys.of(transport)[0], call_id, expires_at)

    def check(self, call_id: str, transport: str | None, expires: str, signature: str, now: datetime) -> None:
        """Check a link; `transport` is None if there is no such call.

        Raises:
            core.recordings.links.LinkRefused: see there.
        """
        check_link(self.keys.of(transport or ""), call_id, expires, signature, now)

    def fresh_results(self, connection: Connection, calls: Iterable[Row[Any]], now: datetime) -> dict[str, dict[str, Any]]:
        """The results of calls by call id, with links whose validity starts now; without one where the recording is gone."""
        configs: dict[tuple[str, int], RecordingConfig] = {}
        found = {}
        for call in calls:
            if call.result is None:
                continue
            result = found[call.call_id] = dict(call.result)
            if result.get("recording_key") is not None:
                version = (call.bot_id, call.bot_version)
                if version not in configs:
                    configs[version] = config_of(connection, call)
                gone_at = deleted_at(configs[version], call.ended_at)
                gone = gone_at is not None and now >= gone_at
                result["recording_url"] = None if gone else self.link(call.call_id, call.transport, now + configs[version].link_expires)
        return found
