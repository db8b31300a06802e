"""One call's room, as we are in it: sound in both directions, and what happens to the phone leg. Everything in the thread of the sound."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from livekit import rtc

from core.kernel.failures import without_values
from core.transports.livekit.rtc_thread import RtcThread
from core.voice.ports import FRAME, RATE, AudioEnd, Frame

__all__ = ["Changed", "Key", "Lost", "OwnEnd", "PhoneLeft", "PhoneSeen", "RoomNews", "RtcRoom"]

log = logging.getLogger(__name__)

_CHUNK = 3
"""Frames that go to LiveKit, and come from it, at once. Every piece costs a message to the rtc library, which tells it to every room of
the process: with 20 ms pieces 20 calls are too many for two cores. 60 ms are what barge-in loses by it."""
_READY = 4
"""Frames that are waited for before they are handed on, at first and after a gap."""
_MOST_WAITING = 25
_SILENCE = np.zeros(FRAME, dtype=np.int16)
_CONNECT_SECONDS = 15.0
_RECONNECT_SECONDS = 10.0
"""How long the rtc library may try to get back into the room; it would go on for more than twice as long, with the callee in silence."""
_RETURN_SECONDS = 5.0
"""How long after our return the callee may take to be there again: after a restart of the server its phone leg comes back as well."""

_LOST = "the connection to LiveKit was lost"


@dataclass(frozen=True)
class PhoneSeen:
    """The phone leg is in the room."""

    identity: str
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class Changed:
    """Attributes of the phone leg changed."""

    attributes: Mapping[str, str]


@dataclass(frozen=True)
class PhoneLeft:
    """The phone leg has left."""

    reason: int | None


@dataclass(frozen=True)
class OwnEnd:
    """We are in the room no longer."""

    reason: int | None


@dataclass(frozen=True)
class Lost:
    """The line is lost, in words: nobody has hung up."""

    why: str


@dataclass(frozen=True)
class Key:
    """A key was pressed."""

    key: str


RoomNews = PhoneSeen | Changed | PhoneLeft | OwnEnd | Lost | Key


class RtcRoom:
    """Our place in a room.

    Args:
        thread: where it lives.
        post: called with each event, in that thread.
    """

    def __init__(self, thread: RtcThread, post: Callable[[RoomNews], None]) -> None:
        self._thread, self._post = thread, post
        self.end: AudioEnd | None = None
        """Our end of the sound; frames are exchanged once it is set."""
        self._room: rtc.Room | None = None
        self._source: rtc.AudioSource | None = None
        self._phone: str | None = None
        self._away: asyncio.TimerHandle | None = None
        """Set while our connection is lost: what the library says of others then, it does not know."""
        self._missing = False
        self._heard: deque[Frame] = deque()
        self._filling = True
        self._chunk: list[Frame] = []
        self._out: asyncio.Queue[bytes] = asyncio.Queue(maxsize=32)
        self._tasks: set[asyncio.Task[None]] = set()
        self.frames_heard = 0
        """Frames that came from the phone leg."""

    async def join(self, url: str, token: str) -> None:
        """Join, with a track of ours.

        Raises:
            OSError: it cannot be joined.
        """
        room = self._room = rtc.Room()
        room.on("participant_connected", self._on_connected)
        room.on("participant_attributes_changed", self._on_attributes)
        room.on("participant_disconnected", self._on_left)
        room.on("disconnected", self._on_disconnected)
        room.on("reconnecting", self._on_reconnecting)
        room.on("reconnected", self._on_reconnected)
        room.on("track_subscribed", self._on_track)
        room.on("sip_dtmf_received", self._on_key)
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await room.connect(url, token, rtc.RoomOptions(auto_subscribe=True))
                self._source = rtc.AudioSource(RATE, 1, queue_size_ms=200)
                track = rtc.LocalAudioTrack.create_audio_track("bot", self._source)
                await room.local_participant.publish_track(
                    track, rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, dtx=False)
                )
        except (rtc.ConnectError, rtc.participant.PublishTrackError, TimeoutError) as error:
            await self.leave()
            raise OSError(f"the room at LiveKit could not be joined: {type(error).__name__}") from None
        self._spawn(self._send())
        self._thread.add(self)
        for participant in room.remote_participants.values():
            self._on_connected(participant)

    async def leave(self) -> None:
        """Leave; before the room is deleted, else the rtc library keeps it. Safe any number of times."""
        self._thread.remove(self)
        self._stop_waiting()
        for task in list(self._tasks):
            task.cancel()
        room, self._room = self._room, None
        if room is not None:
            try:
                async with asyncio.timeout(5.0):
                    await room.disconnect()
            except TimeoutError:
                log.warning("a room at LiveKit did not let us go in time")
        if self._source is not None:
            await self._source.aclose()
            self._source = None

    async def press(self, keys: str) -> None:
        """Send keys of the phone."""
        for key in keys:
            code = "0123456789*#ABCD".find(key.upper())
            if code < 0 or self._room is None:
                continue
            await self._room.local_participant.publish_dtmf(code=code, digit=key.upper())
            await asyncio.sleep(0.2)

    def tick(self) -> None:
        """20 ms of sound in each direction."""
        if self.end is None:
            self._heard.clear()
            self._filling = True
            return
        ours = self.end.exchange(self._next_heard())
        if ours is not None:
            self._chunk.append(ours)
        if self._chunk and (ours is None or len(self._chunk) >= _CHUNK):
            sound, self._chunk = np.concatenate(self._chunk), []
            if not self._out.full():  # else LiveKit takes nothing: it is lost, as on any line
                self._out.put_nowait(sound.astype(np.int16).tobytes())

    def _next_heard(self) -> Frame:
        if self._filling and len(self._heard) < _READY:
            return _SILENCE
        self._filling = False
        if self._heard:
            return self._heard.popleft()
        self._filling = True
        return _SILENCE

    async def _send(self) -> None:
        while True:
            sound = await self._out.get()
            source = self._source
            if source is not None:
                await source.capture_frame(rtc.AudioFrame(sound, RATE, 1, len(sound) // 2))

    async def _hear(self, track: rtc.Track) -> None:
        stream = rtc.AudioStream(track, sample_rate=RATE, num_channels=1, frame_size_ms=20 * _CHUNK, capacity=_MOST_WAITING)
        try:
            rest = np.zeros(0, dtype=np.int16)
            async for event in stream:
                sound = np.concatenate((rest, np.frombuffer(event.frame.data, dtype=np.int16)))
                whole = len(sound) - len(sound) % FRAME
                for start in range(0, whole, FRAME):
                    self._heard.append(sound[start : start + FRAME])
                    self.frames_heard += 1
                rest = sound[whole:]
                while len(self._heard) > _MOST_WAITING:  # their clock is faster than ours
                    self._heard.popleft()
        finally:
            await stream.aclose()

    # the rtc library swallows what its handlers raise: these must not
    def _on_connected(self, participant: rtc.RemoteParticipant) -> None:
        if participant.identity == self._phone:
            self._missing = False
        elif participant.kind == rtc.ParticipantKind.PARTICIPANT_KIND_SIP and self._phone is None:
            self._phone = participant.identity
            self._post(PhoneSeen(participant.identity, dict(participant.attributes)))

    def _on_attributes(self, changed: dict[str, str], participant: rtc.Participant) -> None:
        if participant.identity == self._phone:
            self._post(Changed(dict(changed)))

    def _on_left(self, participant: rtc.RemoteParticipant) -> None:
        if participant.identity != self._phone:
            return
        if self._away is not None:  # it is we who are away: a library that joins anew tells that everybody has left
            self._missing = True
            return
        self._phone = None
        self._post(PhoneLeft(participant.disconnect_reason))  # None for reason 0

    def _on_disconnected(self, reason: int | None = None) -> None:
        if self._room is not None:
            self._post(OwnEnd(reason) if self._away is None else Lost(_LOST))

    def _on_reconnecting(self) -> None:
        if self._away is None:
            self._away = asyncio.get_running_loop().call_later(_RECONNECT_SECONDS, self._post, Lost(_LOST))

    def _on_reconnected(self) -> None:
        self._stop_waiting()
        self._away = asyncio.get_running_loop().call_later(_RETURN_SECONDS, self._look_for_phone)

    def _look_for_phone(self) -> None:
        self._away = None
        if self._missing:
            self._post(Lost("the callee was gone when the connection to LiveKit came back"))

    def _stop_waiting(self) -> None:
        if self._away is not None:
            self._away.cancel()
            self._away = None

    def _on_track(self, track: rtc.Track, _: object, participant: rtc.RemoteParticipant) -> None:
        self._on_connected(participant)  # their order is not promised
        if participant.identity == self._phone and track.kind == rtc.TrackKind.KIND_AUDIO:
            self._spawn(self._hear(track))

    def _on_key(self, dtmf: rtc.SipDTMF) -> None:
        sender = dtmf.participant
        if sender is not None and sender.identity == self._phone and dtmf.digit:
            self._post(Key(dtmf.digit))

    def _spawn(self, work: object) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("the sound of a call over LiveKit failed: %s", without_values(error))
