"""Speech providers on loopback: as much of their protocols as livekit's plugins need, faults included. In the test's own event loop.

OpenAI (`/v1/audio/...`), Deepgram (`/v1/listen`), ElevenLabs (`/v1/text-to-speech/...`), Cartesia (`/tts/...`), Sarvam (`/sarvam`).
What is said is a tone for every word; what is understood is what the test has put into `words`.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any, Literal

import numpy as np
from aiohttp import WSMsgType, web

from tests.live.lab import speech

__all__ = ["KEY", "SpeechService", "speech_service"]

KEY = "sk-loopback-1234567890"
Fault = Literal["", "500", "drop", "hang", "half_drop", "half_hang"]
_QUIET_FRAMES = 12
"""Pieces of 50 ms without sound after which an utterance is over."""
_HEADERS = ("Authorization", "xi-api-key", "X-API-Key", "api-subscription-key")


class SpeechService:
    """One server. `stt` and `tts` say how each half fails from now on."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.stt: Fault = ""
        self.tts: Fault = ""
        self.spoken: list[str] = []
        """What was to be synthesized."""
        self.asked: list[str] = []
        """The path of every request."""
        self.url = ""
        self._sockets: set[web.WebSocketResponse] = set()
        self.gone = asyncio.Event()
        """Set in the end, so that nothing hangs longer."""

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        app.router.add_post("/v1/audio/transcriptions", self._openai_stt)
        app.router.add_post("/v1/audio/speech", self._openai_tts)
        app.router.add_get("/v1/listen", self._deepgram_stt)
        app.router.add_get("/v1/text-to-speech/{voice}/multi-stream-input", self._elevenlabs)
        app.router.add_post("/v1/text-to-speech/{voice}/stream", self._bytes)
        app.router.add_get("/tts/websocket", self._cartesia)
        app.router.add_post("/tts/bytes", self._bytes)
        app.router.add_get("/sarvam", self._sarvam)
        return app

    async def unplug(self) -> None:
        """Close every connection that is open."""
        for socket in list(self._sockets):
            await socket.close(code=1011)

    @web.middleware  # type: ignore[untyped-decorator]
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.asked.append(request.path)
        if not any(KEY in request.headers.get(name, "") for name in _HEADERS):
            return web.json_response({"error": {"message": f"wrong key {request.headers.get(_HEADERS[0], '')}"}}, status=401)
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _fail(self, fault: Fault, request: web.Request) -> web.Response | None:
        if fault == "500":
            return web.Response(status=500)
        if fault == "hang":
            await self.gone.wait()
        if fault in {"hang", "drop"}:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        return None

    async def _openai_stt(self, request: web.Request) -> web.Response:
        await request.read()
        return await self._fail(self.stt, request) or web.json_response({"text": self._next_words()})

    async def _openai_tts(self, request: web.Request) -> web.StreamResponse:
        text = (await request.json())["input"]
        return await self._fail(self.tts, request) or await self._stream(request, text, "audio/pcm")

    async def _bytes(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        text = body.get("transcript") or body.get("text")
        return await self._fail(self.tts, request) or await self._stream(request, text, "audio/pcm")

    async def _stream(self, request: web.Request, text: str, kind: str) -> web.StreamResponse:
        self.spoken.append(text)
        response = web.StreamResponse(headers={"Content-Type": kind})
        await response.prepare(request)
        for piece in self._pieces(text, 24000):
            if piece is None:
                await self._fail("hang" if self.tts == "half_hang" else "drop", request)
                return response
            await response.write(piece)
        await response.write_eof()
        return response

    def _pieces(self, text: str, rate: int) -> list[bytes | None]:
        """The sound of a text, word by word; None where it is to fail."""
        words = text.split()
        pieces: list[bytes | None] = [_sound(rate) for _ in words]
        return [*pieces[: len(words) // 2], None] if self.tts.startswith("half") else pieces

    def _next_words(self) -> str:
        return self.words.pop(0) if self.words else ""

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.add(socket)
        return socket

    async def _deepgram_stt(self, request: web.Request) -> web.StreamResponse:
        if (failed := await self._fail(self.stt, request)) is not None:
            return failed
        socket, loud, quiet = await self._socket(request), 0, 0
        async for message in socket:
            if message.type is not WSMsgType.BINARY:
                if "CloseStream" in str(message.data):
                    break
                continue
            if np.abs(np.frombuffer(message.data, dtype="<i2").astype(int)).max() > 500:
                loud, quiet = loud + 1, 0
            else:
                quiet += 1
            if loud >= 4 and quiet == _QUIET_FRAMES:
                loud = 0
                if self.stt != "hang" and (words := self._next_words()):
                    await socket.send_json(_deepgram_result(words))
        self._sockets.discard(socket)
        return socket

    async def _elevenlabs(self, request: web.Request) -> web.StreamResponse:
        if self.tts in {"500", "drop"}:
            return await self._fail(self.tts, request) or web.Response()
        socket, texts = await self._socket(request), dict[str, str]()
        async for message in socket:
            data = json.loads(message.data)
            name = data.get("context_id", "")
            texts[name] = texts.get(name, "") + data.get("text", "")
            if data.get("close_context"):
                await self._speak(
                    socket,
                    texts.pop(name),
                    lambda piece, name=name: {"audio": piece, "contextId": name},
                    {"isFinal": True, "contextId": name},
                )
        return socket

    async def _cartesia(self, request: web.Request) -> web.StreamResponse:
        if self.tts in {"500", "drop"}:
            return await self._fail(self.tts, request) or web.Response()
        socket, texts = await self._socket(request), dict[str, str]()
        async for message in socket:
            data = json.loads(message.data)
            name = data["context_id"]
            texts[name] = texts.get(name, "") + data["transcript"]
            if not data["continue"]:
                await self._speak(
                    socket, texts.pop(name), lambda piece, name=name: {"type": "chunk", "data": piece, "context_id": name, "done": False},
                    {"type": "done", "done": True, "context_id": name},
                )  # fmt: skip
        return socket

    async def _sarvam(self, request: web.Request) -> web.StreamResponse:
        socket, text, rate = await self._socket(request), "", 24000
        async for message in socket:
            data = json.loads(message.data)
            if data["type"] == "config":
                rate = int(data["data"].get("speech_sample_rate", rate))
            elif data["type"] == "text":
                text += data["data"]["text"] + " "
            elif data["type"] == "flush":
                end = {"type": "event", "data": {"event_type": "final"}}
                wrap = lambda piece: {"type": "audio", "data": {"audio": piece, "content_type": "audio/pcm"}}  # noqa: E731
                await self._speak(socket, text, wrap, end, rate)
                text = ""
        return socket

    async def _speak(self, socket: web.WebSocketResponse, text: str, wrap: Any, end: dict[str, Any], rate: int = 24000) -> None:
        self.spoken.append(" ".join(text.split()))
        if self.tts == "hang":
            return
        for piece in self._pieces(text, rate):
            if piece is None:
                if self.tts == "half_drop":
                    await socket.close(code=1011)
                return
            await socket.send_json(wrap(base64.b64encode(piece).decode()))
        await socket.send_json(end)


def _sound(rate: int) -> bytes:
    sound = speech(900, 0.25)
    times = np.arange(round(0.25 * rate)) / rate
    return np.interp(times, np.arange(len(sound)) / 8000, sound).astype("<i2").tobytes()


def _deepgram_result(words: str) -> dict[str, Any]:
    timed = [
        {"word": word, "punctuated_word": word, "start": 0.2 * at, "end": 0.2 * at + 0.2, "confidence": 0.99}
        for at, word in enumerate(words.split())
    ]
    return {
        "type": "Results", "is_final": True, "speech_final": True, "metadata": {"request_id": "r-1"},
        "channel": {"alternatives": [{"transcript": words, "confidence": 0.99, "words": timed}]},
    }  # fmt: skip


@contextlib.asynccontextmanager
async def speech_service() -> AsyncIterator[SpeechService]:
    """A server on a free port of loopback; its `url` has no path."""
    service = SpeechService()
    runner = web.AppRunner(service.app(), shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert runner.addresses
    service.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield service
    finally:
        service.gone.set()
        await runner.cleanup()
