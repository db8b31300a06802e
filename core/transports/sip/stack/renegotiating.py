"""Offers within a call: re-INVITE, UPDATE, and the ACK that carries an answer. In the thread of signalling."""

from __future__ import annotations

from typing import Any

from sippy.MsgBody import MsgBody

from core.transports.sip.stack.refreshing import SessionRefreshing
from core.transports.sip.stack.requests import headers_of
from core.transports.sip.timers import SHORTEST

__all__ = ["Renegotiating"]


class Renegotiating(SessionRefreshing):
    """The part of a call that answers offers."""

    def reinvited(self, req: Any) -> None:
        """A re-INVITE: hold, another codec or address, a refresh, or a request for our offer."""
        self.uasResp = req.genResponse(100, "Trying", server=self.local_ua)
        self.global_config["_sip_tm"].sendResponse(self.uasResp)
        if self._refreshing:
            self.sendUasResponse(491, "Request Pending")
            return
        if self._too_short(req):
            self.sendUasResponse(422, "Session Interval Too Small", extra_headers=headers_of([("Min-SE", str(SHORTEST))]))
            return
        ours = self._renegotiate(req)
        if ours is None:
            self.sendUasResponse(488, "Not Acceptable Here")
            return
        self.lSDP = MsgBody(ours)
        self._follow(req)
        self.sendUasResponse(
            200, "OK", self.lSDP, (self.lContact,), extra_headers=headers_of(self._refreshed_by(req)), ack_wait=req.getBody() is None
        )

    def updated(self, req: Any) -> None:
        """An UPDATE (RFC 3311): a refresh, perhaps with another offer."""
        if self._too_short(req):
            refusal = req.genResponse(422, "Session Interval Too Small", None, self.local_ua)
            refusal.appendHeaders(headers_of([("Min-SE", str(SHORTEST))]))
            self.global_config["_sip_tm"].sendResponse(refusal)
            return
        ours = self._renegotiate(req) if req.getBody() is not None else ""
        if ours is None:
            req.sendResponse(488, "Not Acceptable Here")
            return
        self._follow(req)
        response = req.genResponse(200, "OK", MsgBody(ours) if ours else None, self.local_ua)
        response.appendHeaders(headers_of(self._refreshed_by(req)))
        self.global_config["_sip_tm"].sendResponse(response)

    def acknowledged(self, req: Any) -> None:
        """An ACK; with a body if we made the offer."""
        if self.listener is not None and (body := req.getBody()) is not None:
            self.listener.acknowledged(str(body))

    def _renegotiate(self, req: Any) -> str | None:
        body = req.getBody()
        return self.listener.offered(None if body is None else str(body)) if self.listener is not None else None

    def _follow(self, req: Any) -> None:
        """Requests of ours go where their latest Contact says."""
        if req.countHFs("contact"):
            self.rTarget = req.getHFBody("contact").getUrl().getCopy()
            if not self.routes:
                self.rAddr = self.rTarget.getTAddr()
