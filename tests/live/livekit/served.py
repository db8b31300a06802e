"""`dialler serve` in a process of its own, with one trunk at a deployment of LiveKit: what is asked of it over HTTP, and its records."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from core.access import keys
from core.bots.config import BotConfig
from core.bots.store import save_bot
from core.kernel.clock import utc_now
from core.kernel.database import Database
from core.kernel.yaml_document import YamlDocument
from core.trunks.documents import apply_trunks
from tests.live.livekit.deployment import KEY, SECRET, Deployment
from tests.live.livekit.lab import CALLER, phone_ending
from tests.live.sipp import free_port
from web.migrate import upgrade
from web.settings import Settings

__all__ = ["BOT", "Installation", "Served", "trunk_of", "until"]

BOT = "reception"


def until(condition: Callable[[], Any], what: str, seconds: float = 40.0) -> Any:
    """Wait until something is so; returns what it is."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"in {seconds} s it did not happen that {what}"
        time.sleep(0.05)
    return found


def trunk_of(deployment: Deployment, **more: Any) -> dict[str, Any]:
    """The trunk `lab` at a deployment, as `trunks.yaml` has it."""
    return {
        "name": "lab", "transport": "livekit", "url": deployment.url, "api_key": KEY, "api_secret": "secret:LIVEKIT_SECRET",
        "address": "127.0.0.1:5060", "lab": True, "channels": 10, "calls_per_second": 20, **more,
    }  # fmt: skip


class Installation:
    """A database with a bot, a trunk at the deployment, and keys; and the processes that run on it."""

    def __init__(self, folder: Path, deployment: Deployment, database_url: str | None = None, **bot: Any) -> None:
        self.folder, self.deployment = folder, deployment
        self.url = database_url or f"sqlite:///{folder}/dialler.db"
        self.environment = {
            **os.environ, "DIALLER_DATA": str(folder / "data"), "PYTHONPATH": str(Path.cwd()), "COLUMNS": "200", "LIVEKIT_SECRET": SECRET,
            "DIALLER_DATABASE": self.url,
        }  # fmt: skip
        db = Database(self.url)
        upgrade(db)
        with db.write() as connection:
            config = {"name": "Reception", "id": BOT, "opening_message": "Hello there.", "permitted_hours": {"enabled": False}, **bot}
            save_bot(connection, BotConfig.model_validate(config), utc_now())
            trunk = trunk_of(deployment, numbers=[{"number": CALLER, "bot_id": BOT}], is_default=True)
            apply_trunks(connection, YamlDocument("trunks.yaml", {"trunks": [trunk]}), utc_now())
            self.key = keys.create(connection, key_id="k", name="tests", now=utc_now()).key
            self.admin = keys.create(connection, key_id="a", name="tests' admin", now=utc_now(), role="admin").key
        db.close()

    def settings(self) -> Settings:
        """Those of a process that a test is itself."""
        return Settings(
            self.url,
            self.folder / "data",
            self.folder / "network.jsonl",
            speed=1.0,
            real_calls=True,
            voice="tones",
            environ=self.environment,
        )

    def dialler(self, *arguments: str, seconds: float = 60.0, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """A command, as one types it."""
        command = [sys.executable, "-m", "web.cli.main", *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, check=False, capture_output=True, text=True, timeout=seconds, input=stdin
        )

    @contextmanager
    def serve(self, *options: str, port: int | None = None) -> Iterator[Served]:
        """`dialler serve --real-calls`; ended with the block."""
        port = port or free_port()
        command = [sys.executable, "-m", "web.cli.main", "serve", "--real-calls", "--voice", "tones", "--port", str(port), *options]
        log = self.folder / f"serve-{port}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL
            )
        served = Served(self, process, f"http://127.0.0.1:{port}", log)
        try:
            until(served.answers, "the API answers")
            yield served
        finally:
            served.end()


class Served:
    """One process."""

    def __init__(self, installation: Installation, process: subprocess.Popen[bytes], url: str, log: Path) -> None:
        self.process, self.url, self.log = process, url, log
        self._http = httpx.Client(base_url=url, headers={"X-API-Key": installation.key}, timeout=20)
        self._admin = httpx.Client(base_url=url, headers={"X-API-Key": installation.admin}, timeout=20)

    def answers(self) -> bool:
        """Whether it is up."""
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        try:
            return self._http.get("/health/fleet").status_code == 200
        except httpx.TransportError:
            return False

    def dial(self, digits: str) -> httpx.Response:
        """Ask for a call."""
        body = {"bot_id": BOT, "to_number": phone_ending(digits)}
        return self._http.post("/api/v1/sip/dialout", json=body, headers={"Idempotency-Key": uuid.uuid4().hex})

    def call(self, digits: str) -> str:
        """A call; its id."""
        answer = self.dial(digits)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["call_id"])

    def read(self, call_id: str) -> dict[str, Any]:
        """A call as it stands."""
        return dict(self._http.get(f"/api/v1/calls/{call_id}").json())

    def is_in(self, call_id: str, state: str, seconds: float = 40.0) -> dict[str, Any]:
        """Wait until a call is in a state."""
        until(lambda: self.read(call_id)["state"] == state, f"call {call_id} is {state}", seconds)
        return self.read(call_id)

    def cancel(self, call_id: str) -> None:
        """End a call."""
        assert self._http.post(f"/api/v1/calls/{call_id}/cancel").is_success

    def admin(self, method: str, path: str, **more: Any) -> httpx.Response:
        """A request with the admin key."""
        return self._admin.request(method, path, **more)

    def calls(self) -> list[dict[str, Any]]:
        """The calls of the installation."""
        return list(self._admin.get("/api/v1/calls").json()["calls"])

    def is_gone(self, seconds: float) -> int:
        """Wait until it has ended; returns its exit code."""
        return self.process.wait(seconds)

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait(10)

    def end(self) -> None:
        """End it: the first signal lets calls finish, the second ends them."""
        for _ in range(2):
            if self.process.poll() is None:
                self.process.terminate()
                try:
                    self.process.wait(2)
                except subprocess.TimeoutExpired:
                    continue
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
        self._http.close()
        self._admin.close()
