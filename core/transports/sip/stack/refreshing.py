"""Session timers of a call (RFC 4028): refreshed by us, or watched for their refresh. In the thread of signalling."""

from __future__ import annotations

import random
from typing import Any

from sippy.Time.Timeout import Timeout
from sippy.UA import UA

from core.transports.sip.signalling import Reply
from core.transports.sip.stack.requests import SUPPORTED, header_of, headers_of, send_in_dialog
from core.transports.sip.timers import SessionTimer, longer, reply_timer, timer_of_answer, too_short

__all__ = ["SessionRefreshing"]


class SessionRefreshing(UA):
    """The part of a call that keeps its session timer."""

    _session: Any = None
    _refreshing = False

    # session timers

    def _too_short(self, req: Any) -> bool:
        they_can = "timer" in header_of(req, "supported").lower()
        return too_short(header_of(req, "session-expires"), they_can=they_can)

    def _refreshed_by(self, req: Any) -> list[tuple[str, str]]:
        they_can = "timer" in header_of(req, "supported").lower()
        asked = reply_timer(header_of(req, "session-expires"), they_can=they_can)
        if asked is None:
            return [SUPPORTED]
        self._keep_time(asked[0])
        return [SUPPORTED, ("Session-Expires", asked[1]), *([("Require", "timer")] if they_can else [])]

    def _keep_time(self, timer: SessionTimer | None) -> None:
        if self._session is not None:
            self._session.cancel()
            self._session = None
        if timer is not None:
            self._session = Timeout(self._refresh if timer.we_refresh else self._expired, timer.due, 1, timer)

    def _refresh(self, timer: SessionTimer, *more: tuple[str, str]) -> None:
        self._session = None
        if not self.isConnected():
            return

        def on_reply(reply: Reply) -> None:
            self._refreshing = False
            if not self.isConnected() or self._over:
                return
            wanted = longer(timer, reply.headers.get("min-se", "")) if reply.status == 422 else None
            if reply.status in {408, 481}:
                self._expired(timer)
            elif wanted is not None:
                self._refresh(wanted, ("Min-SE", str(wanted.seconds)))
            elif reply.status == 491:  # theirs came at the same time (RFC 3261, 14.1)
                self._session = Timeout(self._refresh, random.uniform(2.1, 4.0), 1, timer)
            else:
                self._keep_time(timer_of_answer(reply.headers.get("session-expires", "")) or timer)

        self._refreshing = True
        refresh = [("Session-Expires", f"{timer.seconds};refresher=uac"), SUPPORTED, *more]
        send_in_dialog(self, "INVITE", headers_of(refresh), on_reply, self.lSDP)

    def _expired(self, _: SessionTimer) -> None:
        """The other side is not there any more."""
        self._session = None
        if self.isConnected() and not self._over:
            listener = self.listener
            self.bye()
            if listener is not None:
                listener.ended('SIP;cause=408;text="session timer ran out"')
