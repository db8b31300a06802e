"""Our end of a speech process: requests one after another, in a thread that may block; the event loop never does."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from core.voice.errors import VoiceError, VoiceUnavailable
from core.voice.offline.wire import Kind, read_message, write_message

__all__ = ["Helper"]

log = logging.getLogger(__name__)

_LOADING_PATIENCE = 60.0
"""Seconds a process may take to load; then it counts as stuck and is killed."""
_PATIENCE = 8.0
"""Seconds a process may be silent while it works on a request. Queued requests do not count."""
_LOOK_SECONDS = 0.5
_ENVIRONMENT = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "HOME", "TMPDIR", "OMP_NUM_THREADS", "SYSTEMROOT")
"""The environment variables that the process gets: no secrets."""


@dataclass
class _Request:
    kind: Kind
    body: bytes
    loop: asyncio.AbstractEventLoop
    answers: asyncio.Queue[tuple[Kind, bytes]] = field(default_factory=asyncio.Queue)
    given_up: bool = False

    def answer(self, kind: Kind, body: bytes) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            self.loop.call_soon_threadsafe(self.answers.put_nowait, (kind, body))


class Helper:
    """A process that starts when first needed, and again after it died. It ends with ours.

    Args:
        module: the module it runs.
        what: its name in messages.
    """

    def __init__(self, module: str, what: str) -> None:
        self._module, self._what = module, what
        self._requests: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._settled = threading.Event()
        self._trouble: str | None = None
        self._stuck_at: float | None = None
        """When the process counts as stuck if it stays silent; None while it has no request."""

    def start(self) -> None:
        """Start the process, unless it is running; never waits."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._what, daemon=True)
            self._thread.start()

    def load(self) -> None:
        """Start the process and wait until it is ready; takes seconds.

        Raises:
            VoiceUnavailable: it cannot be.
        """
        self.start()
        if not self._settled.wait(_LOADING_PATIENCE):
            raise VoiceUnavailable(f"{self._what} was not ready within {_LOADING_PATIENCE:.0f} seconds")
        if self._trouble is not None:
            raise VoiceUnavailable(self._trouble)

    @property
    def waiting(self) -> int:
        """How many requests are queued."""
        return self._requests.qsize()

    @property
    def pid(self) -> int | None:
        """The pid, while the process runs."""
        process = self._process
        return None if process is None or process.poll() is not None else process.pid

    async def ask(self, kind: Kind, body: bytes) -> AsyncGenerator[tuple[Kind, bytes], None]:
        """The replies to a request, without the final `END`.

        Raises:
            VoiceError: the process failed, died, or is stuck.
        """
        self.start()
        request = _Request(kind, body, asyncio.get_running_loop())
        self._requests.put(request)
        try:
            while True:
                try:
                    async with asyncio.timeout(_LOOK_SECONDS):
                        answered, content = await request.answers.get()
                except TimeoutError:
                    self._end_if_stuck()
                    continue
                if answered is Kind.END:
                    return
                if answered is Kind.FAILED:
                    raise VoiceError(content.decode())
                yield answered, content
        finally:
            request.given_up = True

    def _end_if_stuck(self) -> None:
        """Callers that wait for a reply watch the process: once it is gone, its thread goes on with the next request."""
        stuck_at, process = self._stuck_at, self._process
        if stuck_at is not None and time.monotonic() > stuck_at and process is not None and process.poll() is None:
            log.warning("%s is stuck: its process %d is ended", self._what, process.pid)
            process.kill()

    def close(self) -> None:
        """End the process."""
        self._requests.put(None)
        self._kill()
        if self._thread is not None:
            self._thread.join(5)

    def _run(self) -> None:
        try:
            self._running()
        except (VoiceError, OSError) as error:
            self._trouble = str(error)
            log.error("%s", error)
        self._settled.set()
        while (request := self._requests.get()) is not None:
            if request.given_up:
                continue
            try:
                self._stuck_at = time.monotonic() + _LOADING_PATIENCE
                self._serve(request)
            except VoiceError as error:
                request.answer(Kind.FAILED, str(error).encode())
            except OSError:
                self._kill()
                request.answer(Kind.FAILED, f"{self._what} died; it is started again".encode())
            finally:
                self._stuck_at = None
        self._kill()

    def _serve(self, request: _Request) -> None:
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        self._stuck_at = time.monotonic() + _PATIENCE
        write_message(process.stdin, request.kind, request.body)
        while True:
            message = read_message(process.stdout)
            if message is None:
                self._kill()
                raise VoiceError(f"{self._what} died; it is started again")
            self._stuck_at = time.monotonic() + _PATIENCE
            request.answer(*message)
            if message[0] in (Kind.END, Kind.FAILED):
                return

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        self._kill()
        self._process = process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", self._module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**environment, "HF_HUB_OFFLINE": "1"},
            start_new_session=True,  # Ctrl-C is for us: calls that are ending still speak
        )
        assert process.stdout is not None
        message = read_message(process.stdout)
        if message is None or message[0] is not Kind.READY:
            self._kill()
            raise VoiceError(f"{self._what} did not start" if message is None else message[1].decode())
        log.info("%s is ready (process %d)", self._what, process.pid)
        return process

    def _kill(self) -> None:
        process = self._process
        if process is None:
            return
        process.kill()
        if threading.current_thread() is self._thread:
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            self._process = None
