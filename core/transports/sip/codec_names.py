"""What codecs are called. Apart from their tables, so that whoever reads settings need not load these."""

from __future__ import annotations

from typing import Literal

__all__ = ["Codec"]

Codec = Literal["PCMU", "PCMA"]
"""What a codec is called in SDP and in the settings of trunks: mu-law, A-law."""
