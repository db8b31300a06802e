"""The messages on the pipes between us and a speech process: a kind, a length and a body."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import IO

__all__ = ["Kind", "read_message", "write_message"]

_HEAD = struct.Struct("<BI")


class Kind(IntEnum):
    """The kind of a message. The body of `SOUND` is 16-bit PCM, 8 kHz, mono; of `TEXT` and `FAILED` it is UTF-8; the others have none."""

    READY = 1
    TEXT = 2
    SOUND = 3
    END = 4
    FAILED = 5


def write_message(stream: IO[bytes], kind: Kind, body: bytes = b"") -> None:
    """Send one."""
    stream.write(_HEAD.pack(kind, len(body)) + body)
    stream.flush()


def read_message(stream: IO[bytes]) -> tuple[Kind, bytes] | None:
    """Read the next message; None once the other side is gone."""
    head = _read(stream, _HEAD.size)
    if head is None:
        return None
    kind, length = _HEAD.unpack(head)
    body = _read(stream, length)
    return None if body is None else (Kind(kind), body)


def _read(stream: IO[bytes], length: int) -> bytes | None:
    data = b""
    while len(data) < length:
        piece = stream.read(length - len(data))
        if not piece:
            return None
        data += piece
    return data
