"""A call as the rest of the transport holds it: told what to do from any thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sippy.CCEvents import CCEventConnect, CCEventFail, CCEventRing
from sippy.MsgBody import MsgBody

from core.transports.sip.signalling import Reply
from core.transports.sip.stack.dialogs import CallAgent
from core.transports.sip.stack.leftovers import leftover_of
from core.transports.sip.stack.loop import in_sip_thread
from core.transports.sip.stack.requests import headers_of

__all__ = ["SippyDialog"]


class SippyDialog:
    """A call, told what to do from any thread."""

    def __init__(self, agent: CallAgent) -> None:
        self._agent = agent

    def leftover(self, *, answered: bool) -> dict[str, Any] | None:
        """What must be kept to end the call, should this process die."""
        return leftover_of(self._agent, answered=answered)

    def hang_up(self) -> None:
        """CANCEL before the answer, BYE after it; a call to us that was not answered is declined."""
        in_sip_thread(self._agent.bye)

    def refer(self, target: str, referred_by: str, on_news: Callable[[Reply], None]) -> None:
        """Ask the other side to call somebody else."""
        in_sip_thread(self._agent.refer, target, referred_by, on_news)

    def ring(self) -> None:
        """Tell the caller that it rings."""
        in_sip_thread(self._agent.answer, CCEventRing((180, "Ringing", None)))

    def accept(self, sdp: str) -> None:
        """Answer a call to us."""
        in_sip_thread(self._agent.answer, CCEventConnect((200, "OK", MsgBody(sdp))))

    def reject(self, status: int, phrase: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """Refuse a call to us."""
        event = CCEventFail((status, phrase))
        event.extra_headers = tuple(headers_of(headers))
        in_sip_thread(self._agent.answer, event)
