"""A phone in a room: joins as a SIP participant the way LiveKit's SIP service does, and behaves as its number says."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from livekit import api, rtc

from tests.live.livekit.psrpc import SipError

__all__ = ["BEHAVIOURS", "Behaviour", "Phone"]

RATE, CHUNK_MS = 8000, 60
CALLEE_TONE = 700


@dataclass(frozen=True)
class Behaviour:
    """What the phone of a number does; seconds."""

    rings: float = 0.3
    status: int | None = None
    stays: float = 3600.0
    keys: str = ""
    early_active: bool = False


BEHAVIOURS = {
    "00": Behaviour(),
    "01": Behaviour(),
    "05": Behaviour(stays=1.5),
    "07": Behaviour(stays=2.0),
    "06": Behaviour(keys="42#"),
    "30": Behaviour(rings=3.0),
    "31": Behaviour(rings=1.5, early_active=True),
    "99": Behaviour(rings=3600.0),
    "80": Behaviour(status=480),
    "86": Behaviour(status=486),
    "03": Behaviour(status=603),
    "53": Behaviour(status=503),
    "04": Behaviour(status=404),
}
"""By the last two digits of the number."""
_CODES = {404: "not_found", 480: "resource_exhausted", 486: "resource_exhausted", 503: "failed_precondition", 603: "permission_denied"}
_REASONS = {480: 11, 404: 11, 486: 12, 603: 12, 503: 13}


class Phone:
    """One call at one phone."""

    def __init__(self, ws: str, key: str, secret: str, note: Callable[..., None], behaviour: Behaviour) -> None:
        self._ws, self._key, self._secret, self._note, self._behaviour = ws, key, secret, note, behaviour
        self.room = rtc.Room()
        self.gone = asyncio.Event()
        self.answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.answered.add_done_callback(lambda future: future.cancelled() or future.exception())
        self.call_id, self.number = "", ""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._heard: list[Any] = []
        self._tones: set[int] = set()
        self._bots = asyncio.Event()

    async def join(self, room: str, identity: str, call_id: str, attributes: dict[str, str]) -> str:
        """Take its place in a room; returns the participant's id."""
        self.call_id = call_id
        grants = api.VideoGrants(room_join=True, room=room, can_update_own_metadata=True)
        token = api.AccessToken(self._key, self._secret).with_identity(identity).with_kind("sip").with_grants(grants)
        token = token.with_attributes({"sip.callID": call_id, "sip.callStatus": "dialing", **attributes})
        self.room.on("disconnected", lambda *_: self.gone.set())
        self.room.on("track_subscribed", self._on_track)
        self.room.on("sip_dtmf_received", lambda dtmf: self._note("key", room=room, key=dtmf.digit))
        await self.room.connect(self._ws, token.to_jwt())
        self._source = rtc.AudioSource(RATE, 1, 200)
        track = rtc.LocalAudioTrack.create_audio_track("phone", self._source)
        await self.room.local_participant.publish_track(track, rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE))
        return str(self.room.local_participant.sid)

    def behave(self, ring_limit: float, call_limit: float) -> None:
        """Ring, and whatever comes then."""
        self.spawn(self._live(ring_limit, call_limit))

    async def inbound(self, wait: float) -> bool:
        """An inbound call rings until the bot's track is there. Returns whether it was answered."""
        await self._status("ringing")
        try:
            async with asyncio.timeout(wait):
                await self._bots.wait()
        except TimeoutError:
            return False
        await self._status("active")
        self.spawn(self._talk())
        return True

    async def leave(self, reason: int = 1) -> None:
        """Hang up."""
        for task in self._tasks - {asyncio.current_task()}:
            task.cancel()
        if not self.gone.is_set():
            await self.room.disconnect(reason=reason)
            self.gone.set()

    def spawn(self, work: Any) -> None:
        """Beside everything else."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _live(self, ring_limit: float, call_limit: float) -> None:
        what, name = self._behaviour, self.room.name
        reason = 1
        try:
            await self._status("ringing")
            if what.early_active:
                await self._status("active")
            if await self._gone_within(min(what.rings, ring_limit)):
                raise SipError("aborted", "Request Terminated", 487)
            if what.rings > ring_limit:
                reason = 11
                raise SipError("canceled", "call not answered: ringing timeout")
            if what.status is not None:
                reason = _REASONS[what.status]
                raise SipError(_CODES[what.status], f"status {what.status}", what.status)
            await self._status("active")
            self.answered.set_result(None)
            self._note("answered", room=name)
            self.spawn(self._talk())
            for key in what.keys:
                await asyncio.sleep(0.3)
                await self.room.local_participant.publish_dtmf(code="0123456789*#".index(key), digit=key)
            await self._gone_within(min(what.stays, call_limit))
            if not self.gone.is_set():
                await self._status("hangup")
        except SipError as error:
            if not self.answered.done():
                self.answered.set_exception(error)
        finally:
            await self.leave(reason)
            self._note("over", room=name, heard=sorted(self._tones), frames=len(self._heard))

    async def _status(self, status: str) -> None:
        with contextlib.suppress(Exception):
            await self.room.local_participant.set_attributes({"sip.callStatus": status})

    async def _gone_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.gone.wait()
        return self.gone.is_set()

    async def _talk(self) -> None:
        """Speaks for a second, then listens for two: a caller who never stops is never answered."""
        size = RATE * CHUNK_MS // 1000
        number = 0
        while True:
            for _ in range(1000 // CHUNK_MS):
                at = (np.arange(size) + number * size) / RATE
                sound = 6000 * (np.sin(2 * np.pi * CALLEE_TONE * at) + 0.7 * np.sin(3 * np.pi * CALLEE_TONE * at))
                await self._source.capture_frame(rtc.AudioFrame(sound.astype(np.int16).tobytes(), RATE, 1, size))
                number += 1
            await asyncio.sleep(2.0)

    def _on_track(self, track: rtc.Track, *_: object) -> None:
        if track.kind == rtc.TrackKind.KIND_AUDIO:
            self._bots.set()
            self.spawn(self._hear(track))

    async def _hear(self, track: rtc.Track) -> None:
        in_a_row: tuple[int, ...] = ()
        async for event in rtc.AudioStream(track, sample_rate=RATE, num_channels=1, frame_size_ms=CHUNK_MS):
            sound = np.frombuffer(event.frame.data, dtype=np.int16).astype(np.float64)
            self._heard.append(len(sound))
            if np.sqrt((sound**2).mean()) > 500:
                peak = int(np.abs(np.fft.rfft(sound * np.hanning(len(sound)))).argmax())
                tone = round(peak * RATE / len(sound) / 100) * 100
                in_a_row = (*in_a_row, tone)[-3:]  # the edge of a tone, or what the decoder makes up for a late packet, is another one
                if in_a_row == (tone,) * 3 and tone not in self._tones:
                    self._tones.add(tone)
                    self._note("heard", room=self.room.name, tone=tone)
