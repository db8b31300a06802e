"""What this process remembers of the configuration, so that a dialout does not read it each time.

It is valid for one generation (`core.fleet.generation`), which every dialout reads with what it reads anyway. If that is another one,
everything is forgotten, and the dialout begins anew. What was not found is not remembered.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from core.access.keys import KeyInfo, hash_of
from core.bots.store import StoredBot, read_bot
from core.fleet.generation import read_generation
from core.trunks.store import TrunkInfo, choose_trunk

__all__ = ["ConfigChanged", "Known"]

_MOST = 1000
"""Most entries of one kind that are kept."""


class ConfigChanged(Exception):
    """The configuration is not the one that was gone by: begin anew."""


@dataclass
class Known:
    """The memory of one process."""

    generation: int | None = None
    _keys: dict[str, KeyInfo] = field(default_factory=dict, repr=False)
    _bots: dict[str, StoredBot] = field(default_factory=dict, repr=False)
    _trunks: dict[tuple[str | None, str | None, str | None], TrunkInfo] = field(default_factory=dict, repr=False)

    def check(self, generation: int) -> None:
        """Go on only if this is still the generation.

        Raises:
            ConfigChanged: it is another one.
        """
        if generation != self.generation:
            self._turn_to(generation)
            raise ConfigChanged

    def key(self, shown: str) -> KeyInfo | None:
        """The key of a request, if it is known; whether it is still valid now is to be checked."""
        return self._keys.get(hash_of(shown))

    def keep_key(self, shown: str, key: KeyInfo, generation: int) -> None:
        """Remember a key that was read after the generation was. One that has just been rotated is not remembered."""
        if key.previous_until is None:
            self._turn_to(generation)
            _keep(self._keys, hash_of(shown), key)

    def note_use(self, shown: str, now: datetime) -> None:
        """Note that a known key is used now."""
        self._keys[hash_of(shown)] = replace(self._keys[hash_of(shown)], last_used_at=now)

    def bot(self, connection: Connection, bot_id: str) -> StoredBot | None:
        """A bot at its current version; None if it does not exist or is archived.

        Raises:
            ConfigChanged: the configuration has changed since something else was remembered.
        """
        found = self._bots.get(bot_id)
        if found is None:
            self.check(read_generation(connection))
            found = read_bot(connection, bot_id)
            if found is not None:
                _keep(self._bots, bot_id, found)
        return found

    def trunk(self, connection: Connection, from_number: str | None, region: str | None, preferred: str | None) -> TrunkInfo | None:
        """`choose_trunk`; how the trunk stands (its health, its next turn) is as it was then.

        Raises:
            ConfigChanged: as `bot` does.
        """
        wanted = (from_number, region, preferred)
        found = self._trunks.get(wanted)
        if found is None:
            self.check(read_generation(connection))
            found = choose_trunk(connection, *wanted)
            if found is not None:
                _keep(self._trunks, wanted, found)
        return found

    def _turn_to(self, generation: int) -> None:
        if generation != self.generation:
            self.generation = generation
            for kept in (self._keys, self._bots, self._trunks):
                kept.clear()


def _keep(kept: dict[Any, Any], name: Any, value: Any) -> None:
    if len(kept) >= _MOST:
        kept.clear()
    kept[name] = value
