"""RTP packets (RFC 3550, section 5.1). Pure."""

from __future__ import annotations

import struct
from dataclasses import dataclass

__all__ = ["COMFORT_NOISE", "RtpPacket", "forward", "pack_rtp", "parse_rtp"]

_HEADER = struct.Struct("!BBHII")
_VERSION = 2
COMFORT_NOISE = 13
"""The payload type of packets that say how silence is to sound (RFC 3389)."""


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """One packet: `sequence` is of 16 bits, `timestamp` of 32 bits in samples, `ssrc` names the stream."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def parse_rtp(datagram: bytes) -> RtpPacket | None:
    """The packet in a datagram, without contributing sources, header extension and padding; None if it is not RTP."""
    if len(datagram) < _HEADER.size:
        return None
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(datagram)
    if first >> 6 != _VERSION:
        return None
    start, end = _HEADER.size + 4 * (first & 0x0F), len(datagram)
    if first & 0x10:  # a header extension: two bytes of its own kind, its length in words
        if end < start + 4:
            return None
        start += 4 + 4 * int.from_bytes(datagram[start + 2 : start + 4], "big")
    if first & 0x20:  # padding: its last byte says how long it is
        end -= datagram[-1]
    if start > end:
        return None
    return RtpPacket(second & 0x7F, bool(second & 0x80), sequence, timestamp, ssrc, datagram[start:end])


def pack_rtp(packet: RtpPacket) -> bytes:
    """The datagram of a packet."""
    second = packet.payload_type | (0x80 if packet.marker else 0)
    return _HEADER.pack(_VERSION << 6, second, packet.sequence, packet.timestamp, packet.ssrc) + packet.payload


def forward(earlier: int, later: int, bits: int) -> int:
    """How far `later` is ahead of `earlier` in numbers that wrap around after so many bits; below 0 if it is behind."""
    half = 1 << (bits - 1)
    return ((later - earlier + half) & ((1 << bits) - 1)) - half
