"""The identity of a process, whether it is still alive, and a lease that it keeps renewing."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from core.kernel.database_health import DatabaseAway
from core.kernel.failures import without_values

__all__ = ["LeaseKeeper", "ProcessIdentity", "is_dead", "this_process"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ProcessIdentity:
    """A process: its machine, its pid, and its start time (pids are reused)."""

    host: str
    pid: int
    started: float


def this_process() -> ProcessIdentity:
    """The identity of this process."""
    pid = os.getpid()
    return ProcessIdentity(socket.gethostname(), pid, psutil.Process(pid).create_time())


def is_dead(identity: ProcessIdentity) -> bool:
    """Whether the process has certainly ended. For a process on another machine this cannot be known: False."""
    if identity.host != socket.gethostname():
        return False
    try:
        process = psutil.Process(identity.pid)
        return abs(process.create_time() - identity.started) > 1.0 or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


class LeaseKeeper:
    """Renews leases every few real seconds from a thread of its own, so that a busy event loop cannot lose them.

    Args:
        every: real seconds between two renewals.
    """

    def __init__(self, every: float = 5.0) -> None:
        self._every = every
        self._renewals: dict[str, Callable[[], None]] = {}
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, name: str, renew: Callable[[], None]) -> None:
        """Call `renew` regularly from now on; it must open a transaction of its own."""
        self._renewals[name] = renew
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="lease keeper", daemon=True)
            self._thread.start()

    def remove(self, name: str) -> None:
        """Stop renewing this one."""
        self._renewals.pop(name, None)

    def close(self) -> None:
        """Stop renewing, and wait for a renewal in progress."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            for name, renew in list(self._renewals.items()):
                try:
                    renew()
                except DatabaseAway as error:  # the log says so once for all
                    log.debug("the lease of %s waits for the database: %s", name, error)
                except Exception as error:
                    log.error("the lease of %s could not be renewed; trying again in %.0f s: %s", name, self._every, without_values(error))
