"""G.711: against the values of the recommendation, and of itself."""

from __future__ import annotations

import numpy as np
import pytest

from core.transports.sip.codec_names import Codec
from core.transports.sip.g711 import SILENCE, decode, encode

CODECS: tuple[Codec, ...] = ("PCMU", "PCMA")


@pytest.mark.parametrize(
    ("codec", "code", "sample"),
    [  # G.711 tables 1a and 2a, on the scale of 16 bits
        ("PCMU", 0x80, 32124), ("PCMU", 0x00, -32124), ("PCMU", 0xFF, 0), ("PCMU", 0xFE, 8), ("PCMU", 0x8F, 16764), ("PCMU", 0xEF, 132),
        ("PCMA", 0xAA, 32256), ("PCMA", 0x2A, -32256), ("PCMA", 0xD5, 8), ("PCMA", 0x55, -8), ("PCMA", 0xC5, 264),
    ],
)  # fmt: skip
def test_known_values(codec: Codec, code: int, sample: int) -> None:
    assert decode(bytes([code]), codec).tolist() == [sample]


@pytest.mark.parametrize("codec", CODECS)
def test_every_code_comes_back(codec: Codec) -> None:
    codes = bytes(range(256))
    back = encode(decode(codes, codec), codec)
    different = {code for code, other in zip(codes, back, strict=True) if code != other}
    assert different <= {0x7F}  # mu-law has a zero of each sign


@pytest.mark.parametrize("codec", CODECS)
def test_the_error_of_every_sample_is_small(codec: Codec) -> None:
    pcm = np.arange(-32768, 32768, dtype=np.int32)
    error = np.abs(decode(encode(pcm.astype(np.int16), codec), codec) - pcm)
    assert (error <= np.maximum(np.abs(pcm) / 23, 8)).all()  # half a step, which is widest at the lower end of a segment


@pytest.mark.parametrize("codec", CODECS)
def test_silence_is_silent(codec: Codec) -> None:
    assert abs(int(decode(bytes([SILENCE[codec]]), codec)[0])) <= 8
