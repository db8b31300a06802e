"""What does not work at a server of LiveKit is said once, not at every look: again when it changes, and when all is well."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable

__all__ = ["Troubles"]

log = logging.getLogger(__name__)


class Troubles:
    """What fails at each server now, by the work that fails; a reason that several pieces of work share is told once."""

    def __init__(self) -> None:
        self._failing: dict[object, dict[str, str]] = {}

    def failed(self, server: object, work: str, where: str, reason: str) -> None:
        """Some work at a server failed.

        Args:
            server: tells servers apart.
            work: tells what fails there apart.
            where: the server and its trunks, for people.
            reason: why, for people.
        """
        failing = self._failing.setdefault(server, {})
        if reason not in failing.values():
            log.warning("%s: %s", where, reason)
        failing[work] = reason

    def went_well(self, server: object, work: str, where: str) -> None:
        """Record that a request to a server succeeded; the last failure is reported."""
        failing = self._failing.get(server, {})
        if failing.pop(work, None) is not None and not failing:
            log.info("%s: all is well again", where)
        if not failing:
            self._failing.pop(server, None)

    def keep_only(self, servers: Collection[object], works: Iterable[str]) -> None:
        """Forget servers that are not used any more, and work that is not done any more."""
        kept = set(works)
        self._failing = {
            server: left
            for server, failing in self._failing.items()
            if server in servers and (left := {work: reason for work, reason in failing.items() if work in kept})
        }
