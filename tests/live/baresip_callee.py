"""A callee that speaks and records, in a process of its own: baresip, a SIP stack that is not ours.

    python -m tests.live.baresip_callee PORT RECORDING < SCRIPT

The script is one JSON object: `calls`, how many it takes; `longest`, the seconds after which it hangs up; and `says`, what it says in
turn: each a `file` of 16-bit samples at 8 kHz, and `after`: `silence` (the other side has spoken, and been silent for 0.8 seconds) or
`speech` (it has spoken for 1.5 seconds). It answers after 0.4 seconds, and records what it hears into RECORDING, as such samples.

It writes JSON lines: `listening`, `answered`, `speaks` (with the number of samples that it had heard by then), `over`.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Callee", "callee"]

RATE = 8000
_LOUD = 600  # of 32768: more than a line's noise
_SILENCE, _SPEECH = 0.8, 1.5


def _tell(what: str, **more: Any) -> None:
    print(json.dumps({"event": what, **more}), flush=True)


class _Ear:
    """What was heard, and for how long there was speech and silence."""

    def __init__(self) -> None:
        self.sound = bytearray()
        self.spoken = self.silent = 0.0

    def hear(self, piece: bytes) -> None:
        self.sound += piece
        for at in range(0, len(piece) - 319, 320):
            loud = int(np.abs(np.frombuffer(piece[at : at + 320], dtype="<i2").astype(int)).max()) > _LOUD
            self.spoken += 0.02 if loud else 0.0
            self.silent = 0.0 if loud else self.silent + 0.02

    def ready(self, after: str) -> bool:
        if after == "speech":
            return self.spoken >= _SPEECH
        return self.spoken > 0.3 and self.silent >= _SILENCE


async def _talk(call: Any, says: list[dict[str, str]], longest: float, recording: Path) -> None:
    from baresip import AudioNotActive, AudioRestarted

    sounds = [Path(one["file"]).read_bytes() for one in says]  # noqa: ASYNC240 - a test's process
    await asyncio.sleep(0.4)
    await call.answer()
    await call.wait_established(20)
    _tell("answered")
    ear, waiting, saying = _Ear(), list(says), b""
    deadline = time.monotonic() + longest
    while time.monotonic() < deadline:
        try:
            ear.hear(call.audio.read(32000))
            if not saying and waiting and ear.ready(waiting[0]["after"]):
                saying = sounds.pop(0)
                waiting.pop(0)
                _tell("speaks", heard=len(ear.sound) // 2, seconds=len(saying) / 2 / RATE)
                ear.spoken = 0.0
            if saying and call.audio.info().tx_buffered < 1600:
                taken = call.audio.write(saying[:1600])
                saying = saying[taken:]
        except AudioRestarted:
            pass  # the call ends, or its sound was changed: the next look tells
        except AudioNotActive:
            if ear.sound:
                break
        await asyncio.sleep(0.01)
    else:
        await call.hangup()
    recording.write_bytes(bytes(ear.sound))  # noqa: ASYNC240
    _tell("over", heard=len(ear.sound) // 2)


async def main(port: int, recording: Path) -> None:
    """Take the calls of the script."""
    from baresip import Account, Config, Runtime, UserAgent

    script = json.loads(sys.stdin.readline())
    signal.alarm(round(script["longest"]) + 150)  # whatever hangs, this process ends
    runtime = Runtime()
    listen = f"sip_listen 127.0.0.1:{port}\n"
    await runtime.start(Config(net_interface="127.0.0.1", max_concurrent_calls=None, extra_config_text=listen))
    try:
        account = Account("callee", "127.0.0.1", "", reg_interval=0, extra_params=("catchall=yes",))
        agent = await UserAgent.create(runtime, account)
        calls: asyncio.Queue[Any] = asyncio.Queue()
        agent.on_incoming(calls.put_nowait)
        _tell("listening")
        for _ in range(script["calls"]):
            await _talk(await calls.get(), script["says"], script["longest"], recording)
    finally:
        await runtime.close()


class Callee:
    """A callee that runs."""

    def __init__(self, process: subprocess.Popen[str], port: int, recording: Path) -> None:
        self.port, self._process, self._recording = port, process, recording
        self.told: list[dict[str, Any]] = []

    def await_event(self, what: str) -> dict[str, Any]:
        """The next line of that kind."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.told.append(json.loads(line))
            if self.told[-1]["event"] == what:
                return self.told[-1]
        raise AssertionError(f"the callee ended before {what!r}; it told {self.told}")

    def heard(self) -> Any:
        """The samples that it recorded, once the call is over."""
        self.await_event("over")
        return np.frombuffer(self._recording.read_bytes(), dtype="<i2")


@contextmanager
def callee(folder: Path, port: int, *says: dict[str, str], calls: int = 1, longest: float = 60.0) -> Iterator[Callee]:
    """A callee at this port; it is ended with the block."""
    recording = folder / "callee.raw"
    command = [sys.executable, "-m", "tests.live.baresip_callee", str(port), str(recording)]
    with (folder / "callee.log").open("w") as errors:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps({"calls": calls, "says": list(says), "longest": longest}) + "\n")
        process.stdin.flush()
        here = Callee(process, port, recording)
        here.await_event("listening")
        yield here
    finally:
        process.kill()
        process.wait(5)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
