"""Records a call: stereo WAV, the caller left, the bot right, written during the call.

Frames come from media threads, which must not wait for a disk, so one thread writes for all calls. Each time it appends the sound first and
then corrects the lengths in the header, so a file is valid at any time, even after a SIGKILL; at most the last half second is then missing.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import deque
from io import FileIO
from pathlib import Path

import numpy as np

from core.kernel.wav import wav_header
from core.voice.ports import FRAME, Frame

__all__ = ["CallRecording", "RecordingWriter"]

log = logging.getLogger(__name__)

_EVERY = 0.5  # seconds
_SILENCE: Frame = np.zeros(FRAME, dtype=np.int16)


class CallRecording:
    """One file. Made by a `RecordingWriter`."""

    def __init__(self, path: Path, writer: RecordingWriter) -> None:
        self._path, self._writer = path, writer
        self._frames: deque[Frame] = deque()
        self._file: FileIO | None = None
        self._samples = 0
        self._failed = self._closing = False
        self.closed = threading.Event()
        """Set when everything is on the disk."""

    @property
    def waiting(self) -> int:
        """Frames that are not written yet."""
        return len(self._frames)

    def write(self, heard: Frame, played: Frame | None) -> None:
        """Take 20 ms of both sides. Never waits; drops frames once writing has failed."""
        if not (self._closing or self._failed):
            self._frames.append(np.column_stack((heard, _SILENCE if played is None else played)))

    def close(self) -> None:
        """End the recording. Never waits: `closed` is set when it is written."""
        self._closing = True
        self._writer.wake()

    def flush(self) -> bool:
        """Write the frames received so far; False once the file is closed. Called in the writer's thread."""
        closing = self._closing
        if not self._failed:
            try:
                self._append()
            except OSError as error:
                self._failed = True
                log.error("the recording %s cannot be written: %s; the call goes on without it", self._path.name, error.strerror)
        if self._failed:  # checked every time: a frame may have arrived in between
            self._frames.clear()
        if closing:
            if self._file is not None:
                with contextlib.suppress(OSError):
                    self._file.close()
            self.closed.set()
        return not closing

    def _append(self) -> None:
        count = len(self._frames)
        data = b"".join(self._frames.popleft().astype("<i2").tobytes() for _ in range(count))
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = FileIO(self._path, "w+")
            self._file.write(wav_header(0))
        if data:
            self._file.seek(0, 2)
            self._file.write(data)
            self._samples += count * FRAME
            self._file.seek(0)
            self._file.write(wav_header(self._samples))


class RecordingWriter:
    """The thread that writes the recordings of a process. It starts with the first recording."""

    def __init__(self) -> None:
        self._open: set[CallRecording] = set()
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def open(self, path: Path) -> CallRecording:
        """Start a recording in this file, creating its folder if needed. Overwrites the file."""
        recording = CallRecording(path, self)
        with self._lock:
            self._open.add(recording)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="recordings", daemon=True)
                self._thread.start()
        return recording

    def wake(self) -> None:
        """Write soon."""
        self._woken.set()

    def stop(self) -> None:
        """Close open recordings, and end the thread."""
        with self._lock:
            thread, self._stopping = self._thread, True
            for recording in self._open:
                recording.close()
        if thread is not None:
            self._woken.set()
            thread.join()

    def _run(self) -> None:
        while True:
            self._woken.wait(_EVERY)
            self._woken.clear()
            with self._lock:
                recordings = list(self._open)
                stopping = self._stopping
            done = [recording for recording in recordings if not recording.flush()]
            with self._lock:
                self._open.difference_update(done)
            if stopping and len(done) == len(recordings):
                return
