"""Whether what real calls need is installed: each transport of its own has an extra."""

from __future__ import annotations

import importlib.util

__all__ = ["MISSING_LIVEKIT", "MISSING_SIP", "has_livekit", "has_sippy"]

MISSING_SIP = "SIP needs the package sippy: install the extra, pip install 'campaign-dialler[sip]'"
MISSING_LIVEKIT = "LiveKit needs the package livekit: install the extra, pip install 'campaign-dialler[livekit]'"


def has_sippy() -> bool:
    """Whether the extra `sip` is installed."""
    return importlib.util.find_spec("sippy") is not None


def has_livekit() -> bool:
    """Whether the extra `livekit` is installed."""
    try:
        return importlib.util.find_spec("livekit.rtc") is not None
    except ModuleNotFoundError:
        return False
