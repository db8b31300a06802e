"""G.711 by table: 16-bit PCM to one byte a sample and back (ITU-T G.711; mu-law is PCMU, A-law is PCMA). Pure.

The tables are computed from the segments of the recommendation once, at import: 128 KB.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.transports.sip.codec_names import Codec

__all__ = ["SILENCE", "decode", "encode"]

SILENCE: Final[dict[Codec, int]] = {"PCMU": 0xFF, "PCMA": 0xD5}
"""The byte that stands for no sound."""

_BIAS, _CLIP = 132, 32635  # of mu-law, on the scale of 16 bits: 33 and 8158 on the scale of 14
_EVEN_BITS = 0x55  # of A-law: every second bit is inverted on the line


def _expand_mu(code: NDArray[np.int32]) -> NDArray[np.int32]:
    inverted = ~code & 0xFF
    magnitude = (((inverted & 0x0F) << 3) + _BIAS << ((inverted >> 4) & 7)) - _BIAS
    return np.where(inverted & 0x80, -magnitude, magnitude)


def _expand_a(code: NDArray[np.int32]) -> NDArray[np.int32]:
    plain = code ^ _EVEN_BITS
    segment, steps = (plain >> 4) & 7, (plain & 0x0F) << 4
    magnitude = np.where(segment == 0, steps + 8, steps + 264 << np.maximum(segment - 1, 0))
    return np.where(plain & 0x80, magnitude, -magnitude)


def _compress_mu(pcm: NDArray[np.int32]) -> NDArray[np.int32]:
    magnitude = np.minimum(np.abs(pcm), _CLIP) + _BIAS
    segment = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    steps = (magnitude >> (segment + 3)) & 0x0F
    code: NDArray[np.int32] = ~(np.where(pcm < 0, 0x80, 0) | segment << 4 | steps) & 0xFF
    return code


def _compress_a(pcm: NDArray[np.int32]) -> NDArray[np.int32]:
    magnitude = np.where(pcm < 0, -pcm - 1, pcm)
    segment = np.maximum(np.floor(np.log2(np.maximum(magnitude, 1))).astype(np.int32) - 7, 0)
    steps = (magnitude >> np.maximum(segment + 3, 4)) & 0x0F
    code: NDArray[np.int32] = (np.where(pcm < 0, 0, 0x80) | segment << 4 | steps) ^ _EVEN_BITS
    return code


_CODES = np.arange(256, dtype=np.int32)
_SAMPLES = np.arange(65536, dtype=np.int32).astype(np.uint16).view(np.int16).astype(np.int32)  # in the order of their bits
_TO_PCM: Final[dict[Codec, NDArray[np.int16]]] = {
    "PCMU": _expand_mu(_CODES).astype(np.int16),
    "PCMA": _expand_a(_CODES).astype(np.int16),
}
_FROM_PCM: Final[dict[Codec, NDArray[np.uint8]]] = {
    "PCMU": _compress_mu(_SAMPLES).astype(np.uint8),
    "PCMA": _compress_a(_SAMPLES).astype(np.uint8),
}


def decode(payload: bytes, codec: Codec) -> NDArray[np.int16]:
    """The samples that the bytes stand for, one each."""
    return _TO_PCM[codec][np.frombuffer(payload, dtype=np.uint8)]


def encode(pcm: NDArray[np.int16], codec: Codec) -> bytes:
    """One byte for each sample."""
    return _FROM_PCM[codec][pcm.view(np.uint16)].tobytes()
