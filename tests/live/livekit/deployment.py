"""A LiveKit deployment on loopback: redis, the real server, and the stand-in for its SIP service, each a process with ports of its own."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.live.parts import program

__all__ = ["KEY", "SECRET", "Deployment"]

KEY, SECRET = "livekey", "a-secret-of-the-tests-that-is-long-enough-0123"
ROOT = Path(__file__).resolve().parents[3]


def _free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=1) as answer:
        return bool(answer.read() == b"OK")
    return False


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
        return True
    return False


def _until(condition: Any, what: str, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"in {seconds} s it did not happen that {what}"
        time.sleep(0.02)


class Deployment:
    """Starts with `start`, ends with `stop`; only what it started itself."""

    def __init__(self, folder: Path, webhook_url: str | None = None) -> None:
        self.folder, self._webhook = folder, webhook_url
        self.port, self._redis_port = _free_port(), _free_port()
        self.url = f"ws://127.0.0.1:{self.port}"
        self._redis_url = f"redis://127.0.0.1:{self._redis_port}"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.log = folder / "sip-service.jsonl"

    def start(self) -> None:
        """Start everything; returns when it works."""
        self.start_redis()
        self.start_server()
        self.start_sip_service()

    def start_redis(self) -> None:
        """Redis, empty."""
        redis = program("redis-server")
        assert redis is not None
        self._run("redis", [redis, "--port", str(self._redis_port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)])
        _until(lambda: _listens(self._redis_port), "redis listens")

    def start_server(self) -> None:
        """The LiveKit server."""
        config = {
            "port": self.port,
            "bind_addresses": ["127.0.0.1"],
            "redis": {"address": f"127.0.0.1:{self._redis_port}"},
            "keys": {KEY: SECRET},
            "logging": {"level": "info", "json": False},
            "rtc": {
                "node_ip": "127.0.0.1", "enable_loopback_candidate": True, "udp_port": _free_port(socket.SOCK_DGRAM),
                "tcp_port": _free_port(), "use_external_ip": False,
            },
        }  # fmt: skip
        if self._webhook:
            config["webhook"] = {"api_key": KEY, "urls": [self._webhook]}
        file = self.folder / "livekit.yaml"
        file.write_text(json.dumps(config))
        server = program("livekit-server")
        assert server is not None
        self._run("server", [server, "--config", str(file)])
        _until(lambda: _answers(f"http://127.0.0.1:{self.port}"), "the LiveKit server answers")

    def start_sip_service(self) -> None:
        """The stand-in."""
        self.log.touch()
        before = len(self.events("ready"))
        command = [sys.executable, "-m", "tests.live.livekit.sip_service", self._redis_url, self.url, KEY, SECRET, str(self.log)]
        self._run("sip", command, stdin=subprocess.PIPE)
        _until(lambda: len(self.events("ready")) > before, "the stand-in is ready")

    def call_us(self, caller: str, called: str) -> None:
        """Somebody calls one of our numbers."""
        stdin = self._processes["sip"].stdin
        assert stdin is not None
        stdin.write(json.dumps({"from": caller, "to": called}).encode() + b"\n")
        stdin.flush()

    def events(self, kind: str, **having: Any) -> list[dict[str, Any]]:
        """What the stand-in wrote of a kind."""
        if not self.log.exists():
            return []
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.endswith("}")]
        return [line for line in lines if line["event"] == kind and all(line.get(key) == value for key, value in having.items())]

    def kill(self, name: str) -> None:
        """End a process of ours at once: `redis`, `server`, or `sip`."""
        process = self._processes.pop(name)
        process.kill()
        process.wait(5)
        if process.stdin is not None:
            process.stdin.close()

    def stop(self) -> None:
        """End everything."""
        for name in list(self._processes):
            self.kill(name)

    def _run(self, name: str, command: list[str], stdin: int = subprocess.DEVNULL) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                command, stdin=stdin, stdout=log, stderr=log, cwd=ROOT, env={**os.environ, "PYTHONUNBUFFERED": "1"}
            )


@contextlib.contextmanager
def deployed(folder: Path, webhook_url: str | None = None) -> Iterator[Deployment]:
    """A deployment within the block."""
    deployment = Deployment(folder, webhook_url)
    try:
        deployment.start()
        yield deployment
    finally:
        deployment.stop()
