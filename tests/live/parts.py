"""The parts that live tests need beside the product: how each is told to be here, and how one gets it."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass

__all__ = ["PARTS", "Part", "missing", "program"]

_PLACES = "/usr/local/bin:/usr/bin:/usr/sbin:/usr/local/sbin:/opt/live/bin"


def program(name: str) -> str | None:
    """Where a program is; daemons of Debian are not in everybody's PATH."""
    return shutil.which(name) or shutil.which(name, path=_PLACES)


@dataclass(frozen=True)
class Part:
    """A part: what it is and how one gets it, in words, and whether it is here."""

    words: str
    here: Callable[[], bool]


def _program(name: str, package: str) -> Part:
    return Part(f"the program {name} (Debian: apt install {package})", lambda: program(name) is not None)


def _module(name: str, words: str) -> Part:
    return Part(words, lambda: importlib.util.find_spec(name) is not None)


PARTS = {
    "chromium": Part(
        "the program chromium (Debian: apt install chromium) and the package playwright (requirements/dev.txt)",
        lambda: program("chromium") is not None and importlib.util.find_spec("playwright") is not None,
    ),
    "websockets": _module("websockets", "the package websockets (pip install websockets)"),
    "sipp": _program("sipp", "sip-tester"),
    "kamailio": _program("kamailio", "kamailio"),
    "livekit-server": Part(
        "the program livekit-server (scripts/install_live_parts.sh builds it with Go)", lambda: program("livekit-server") is not None
    ),
    "redis-server": _program("redis-server", "redis-server"),
    "livekit": _module("livekit.rtc", "the package livekit (pip install 'campaign-dialler[livekit]')"),
    "livekit_agents": _module("livekit.agents", "the package livekit-agents (pip install 'campaign-dialler[voice]')"),
    "redis": _module("redis", "the package redis (requirements/live.txt)"),
    "sippy": _module("sippy", "the package sippy (pip install 'campaign-dialler[sip]')"),
    "baresip": _module("baresip", "the package baresip-python (requirements/live.txt)"),
    "piper": _module("piper", "the package piper-tts (pip install 'campaign-dialler[voice-offline]')"),
    "faster_whisper": _module("faster_whisper", "the package faster-whisper (pip install 'campaign-dialler[voice-offline]')"),
}


def missing(names: Iterable[str]) -> list[str]:
    """Those of the parts that are not here, in words."""
    return [PARTS[name].words for name in names if not PARTS[name].here()]
