"""Names of codecs, without their tables: reading settings does not load the codecs."""

from __future__ import annotations

from typing import Literal

__all__ = ["Codec"]

Codec = Literal["PCMU", "PCMA"]
"""What a codec is called in SDP and in the settings of trunks: mu-law, A-law."""
