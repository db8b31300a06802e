"""A transfer by REFER, and what its NOTIFYs tell (RFC 3515). In the thread of signalling."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sippy.UA import UA

from core.transports.sip.signalling import Reply
from core.transports.sip.stack.requests import header_of, headers_of, send_in_dialog

__all__ = ["Referring"]

_FRAGMENT = re.compile(r"\s*SIP/2\.0 (\d{3}) ?([^\r\n]*)")


class Referring(UA):
    """The part of a call that sends a REFER and follows it."""

    _refer_news: Callable[[Reply], None] | None = None
    _refer_number = 0

    def refer(self, target: str, referred_by: str, on_news: Callable[[Reply], None]) -> None:
        """Send a REFER, and tell what comes of it."""
        if not self.isConnected():
            on_news(Reply(481, "Call/Transaction Does Not Exist", from_us=True))
            return
        self._refer_news, self._refer_number = on_news, self.lCSeq
        send_in_dialog(self, "REFER", headers_of([("Refer-To", f"<{target}>"), ("Referred-By", f"<{referred_by}>")]), on_news)

    def notified(self, req: Any) -> None:
        """A NOTIFY: of our REFER (RFC 3515), its body begins with a status line."""
        req.sendResponse(200, "OK")
        body = req.getBody()
        found = _FRAGMENT.match(str(body)) if body is not None else None
        event, _, parameters = header_of(req, "event").partition(";")
        number = re.search(r"\bid\s*=\s*([0-9]{1,10})", parameters)
        if event.strip().lower() not in {"refer", ""} or (number and int(number[1]) < self._refer_number):
            return  # of something else, or of an earlier REFER
        if self._refer_news is not None:
            state = {"subscription-state": header_of(req, "subscription-state")}
            status, phrase = (int(found[1]), found[2]) if found else (100, "Trying")
            self._refer_news(Reply(status, phrase, headers=state, told=True))
