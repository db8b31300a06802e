"""Calls with a voice, from the dialout to the result: the whole product in this process, a phone of ours at the other end."""

from __future__ import annotations

import asyncio
import contextlib
import wave
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from sqlalchemy import select

from core.calls.store import events_of
from core.calls.tables import Call as CallTable
from core.kernel.statements import table_of
from core.kernel.yaml_document import YamlDocument
from core.outgoing.guard import AllowList
from core.trunks.documents import apply_trunks
from core.voice.ports import FRAME, Frame
from tests.core.api.support import key_headers, store_bot
from tests.live.lab import until
from tests.live.rtp_peer import RtpPeer, rtp_peer
from tests.live.sipp import Sipp, hang_up_by_us, invite, pause, receive, request, respond, run_sipp, sdp
from tests.live.speech_service import KEY
from web.composition import Whole, open_whole
from web.settings import Settings

__all__ = ["OPENING", "Ended", "Phone", "Product", "loud", "openai_voice", "phone", "piper", "product", "stereo"]

OPENING = "one two three four five six"
_calls = table_of(CallTable)


@dataclass
class Phone:
    """A phone: its signalling is sipp's, its sound the peer's."""

    peer: RtpPeer
    sipp: Sipp

    def is_silent(self) -> bool:
        """Whether it has heard us, and nothing for a second."""
        spoken, heard = loud(self.peer.heard()), len(self.peer.heard()) // FRAME
        return bool(spoken) and heard - spoken[-1] > 50

    async def heard_out(self, seconds: float = 30.0) -> None:
        """Wait until we have spoken, and fallen silent."""
        await until(self.is_silent, "the bot has spoken, and fallen silent", seconds)

    async def hears(self, seconds: float = 30.0, since: float = 0.0) -> None:
        """Wait until something of ours arrives after that moment of the peer's."""
        await until(lambda: bool(loud(self.peer.heard(since))), "the bot is heard", seconds)


@contextlib.contextmanager
def phone(folder: Path, *, hang_up_after: float | None = None, calls: int = 1) -> Iterator[Phone]:
    """A phone that picks up at once, and hangs up after so many seconds, or waits until we do."""
    with rtp_peer() as peer:
        end = hang_up_by_us() if hang_up_after is None else [pause(hang_up_after), request("BYE", 1), '<recv response="200"></recv>']
        steps = [
            *invite(),
            respond(180, "Ringing"),
            pause(0.8),
            respond(200, "OK", body=sdp(peer.port), retransmit=True),
            receive("ACK"),
            *end,
        ]
        with run_sipp(folder, steps, calls=calls) as sipp:
            yield Phone(peer, sipp)


@dataclass
class Ended:
    """A call that is over."""

    result: dict[str, Any]
    events: list[tuple[str, dict[str, Any]]]
    folder: Path

    @property
    def how(self) -> tuple[str, str]:
        return self.result["disconnected_by"], self.result["end_reason"]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [data for name, data in self.events if name == kind]

    def said(self, speaker: str = "bot") -> list[str]:
        return [line["text"] for line in self.result["transcript"] if line["speaker"] == speaker]

    @property
    def recording(self) -> Frame:
        (file,) = (self.folder).rglob(f"{self.result['session_id']}*.wav")
        return stereo(file)


def stereo(file: Path) -> Frame:
    """The samples of a recording: the caller's in column 0, the bot's in column 1."""
    with wave.open(str(file)) as opened:
        assert (opened.getnchannels(), opened.getframerate(), opened.getsampwidth()) == (2, 8000, 2)
        return np.frombuffer(opened.readframes(opened.getnframes()), dtype="<i2").reshape(-1, 2)


def loud(sound: Frame, level: int = 600) -> list[int]:
    """The numbers of the frames that are not quiet."""
    whole = sound[: len(sound) - len(sound) % FRAME]
    return [int(at) for at in np.flatnonzero(np.abs(whole.reshape(-1, FRAME).astype(int)).max(axis=1) > level)] if len(whole) else []


class Product:
    """A process that makes calls."""

    def __init__(self, whole: Whole, http: httpx.AsyncClient, folder: Path) -> None:
        self.whole, self._http, self._folder, self._trunks = whole, http, folder, 0

    async def dial(self, to: Phone, bot: str = "talker") -> str:
        """Have this phone called; returns the id of the call."""
        self._trunks += 1
        number = f"+120255501{self._trunks + 20}"
        trunk = {
            "name": f"lab{self._trunks}", "host": "127.0.0.1", "port": to.sipp.port, "local_address": "127.0.0.1", "lab": True,
            "numbers": [number], "channels": 5, "calls_per_second": 10,
        }  # fmt: skip
        with self.whole.db.write() as connection:
            apply_trunks(connection, YamlDocument("trunks.yaml", {"trunks": [trunk]}), self.whole.clock.now())
        answer = await self._http.post(
            "/api/v1/sip/dialout", json={"bot_id": bot, "to_number": f"+120255501{self._trunks + 60}", "from_number": number}
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["call_id"])

    def bot(self, name: str = "talker", **config: Any) -> None:
        """Store a bot."""
        store_bot(self.whole.db, self.whole.clock.now(), name, **{"opening_message": OPENING, "silence": QUICK, **config})

    async def ended(self, call_id: str, seconds: float = 60.0) -> Ended:
        """The call, once it has its result."""
        await until(lambda: self._row(call_id).state == "done", "the call has its result", seconds)
        with self.whole.db.read() as connection:
            events = [(event.kind, dict(event.data)) for event in events_of(connection, call_id)]
        return Ended(dict(self._row(call_id).result), events, self._folder)

    def _row(self, call_id: str) -> Any:
        with self.whole.db.read() as connection:
            return connection.execute(select(_calls).where(_calls.c.call_id == call_id)).one()


QUICK = {"after_seconds": 3.0, "re_engagements": 1, "lines": ["hello hello"], "goodbye": "bye"}


@contextlib.asynccontextmanager
async def product(folder: Path, *urls: str, named: str | None = None, **bot: Any) -> AsyncIterator[Product]:
    """The product, with a bot `talker`; it may reach these addresses."""
    allowed = AllowList.parse(",".join(url.removeprefix("http://").partition("/")[0] for url in urls))
    settings = Settings(
        f"sqlite:///{folder}/dialler.db", folder, folder / "network.jsonl", speed=1.0, seats=10, voice=named, real_calls=True,
        allow_internal=allowed, environ={"SPEECH_KEY": KEY, "WRONG_KEY": "sk-very-wrong-0000"},
    )  # fmt: skip
    async with open_whole(settings) as whole:
        headers = key_headers(whole.db, whole.clock.now())
        transport = httpx.ASGITransport(app=whole.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://here", headers=headers) as http:
            here = Product(whole, http, folder)
            here.bot(**bot)
            yield here
    closing = [task for task in asyncio.all_tasks() if task.get_name().startswith("end of session")]
    if closing:
        await asyncio.wait(closing, timeout=10)


def piper(*texts: str) -> list[Frame]:
    """These words, spoken: voice activity takes nothing else for speech."""
    from core.voice.offline.helper import Helper
    from core.voice.offline.wire import Kind

    async def spoken(text: str) -> Frame:
        return np.concatenate([np.frombuffer(body, dtype="<i2") async for _, body in helper.ask(Kind.TEXT, text.encode()) if body])

    async def all_of_them() -> list[Frame]:
        return [await spoken(text) for text in texts]

    helper = Helper("core.voice.offline.speaker", "the callee's voice")
    try:
        return asyncio.run(all_of_them())
    finally:
        helper.close()


def openai_voice(url: str, key: str = "SPEECH_KEY") -> dict[str, Any]:
    """A voice of the OpenAI-compatible service there."""
    half = {"provider": "openai", "base_url": f"{url}/v1", "key": f"secret:{key}"}
    return {
        "stt": {**half, "model": "gpt-4o-mini-transcribe"},
        "tts": {**half, "model": "tts-1", "voice": "alloy", "options": {"response_format": "pcm"}},
        "endpointing": {"min_seconds": 0.3, "max_seconds": 1.0},
    }
