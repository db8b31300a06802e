"""The WAV file around the samples: RIFF WAVE, PCM, 8 kHz, 16 bits, two channels (caller left, bot right). Pure."""

from __future__ import annotations

import struct

__all__ = ["FRAME_BYTES", "RATE", "wav_header", "wav_note"]

RATE = 8000
"""Frames a second."""
CHANNELS = 2
FRAME_BYTES = 2 * CHANNELS


def wav_header(frames: int, trailer: int = 0) -> bytes:
    """The 44-byte header for this many frames; `trailer` is the number of bytes after the samples."""
    data = frames * FRAME_BYTES
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF", 36 + data + trailer, b"WAVE",
        b"fmt ", 16, 1, CHANNELS, RATE, RATE * FRAME_BYTES, FRAME_BYTES, 16,
        b"data", data,
    )  # fmt: skip


def wav_note(text: str) -> bytes:
    """A chunk with a remark, to be placed after the samples: players show it as the file's comment."""
    remark = text.encode("ascii") + b"\0"
    remark += b"\0" * (len(remark) % 2)
    info = b"INFO" + b"ICMT" + struct.pack("<I", len(remark)) + remark
    return b"LIST" + struct.pack("<I", len(info)) + info
