"""Calls: sippy's user agent, with what it lacks. Everything here runs in the thread of signalling.

What sippy does otherwise: it tells nothing of a call once it is cancelled, answers a REFER by hanging up, leaves a changed
re-INVITE to the application, and knows neither NOTIFY nor UPDATE nor session timers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, ClassVar

from sippy.CCEvents import CCEventConnect, CCEventDisconnect, CCEventFail, CCEventRedirect, CCEventRing, CCEventTry
from sippy.MsgBody import MsgBody
from sippy.SipCallId import SipCallId
from sippy.SipContact import SipContact
from sippy.SipReason import SipReason
from sippy.Time.Timeout import Timeout
from sippy.UacStateCancelling import UacStateCancelling
from sippy.UaStateConnected import UaStateConnected

from core.kernel.failures import without_values
from core.transports.sip.info_keys import KEY_TYPES, keys_in_info
from core.transports.sip.signalling import Invite, Listener, Peer
from core.transports.sip.stack.challenged import Challenged
from core.transports.sip.stack.loop import in_sip_thread
from core.transports.sip.stack.referring import Referring
from core.transports.sip.stack.renegotiating import Renegotiating
from core.transports.sip.stack.requests import (
    ALLOW,
    SUPPORTED,
    USER_AGENT,
    drop_unreadable,
    header_of,
    headers_of,
    reasons_of,
    unanswered,
)
from core.transports.sip.timers import timer_of_answer

__all__ = ["CallAgent"]

log = logging.getLogger(__name__)

_SILENT_SECONDS = 10.0
"""How long a trunk may leave an INVITE without any answer: a live one says 100 within a fraction of a second."""
_CANCEL_SECONDS = 8.0
"""How long the last word on a cancelled INVITE is waited for."""
_LONGEST_RINGING = 600


class _Cancelling(UacStateCancelling):
    """A call that we cancelled: its last word is told."""

    def __init__(self, ua: CallAgent) -> None:
        super().__init__(ua)
        Timeout(ua.unconfirmed, _CANCEL_SECONDS)

    def recvResponse(self, resp: Any, tr: Any) -> Any:
        status, phrase = resp.getSCode()
        if 200 <= status < 300:
            self.ua.cancelled(487, "answered at the moment it was cancelled", "", False)
            in_sip_thread(self._end_answered, resp, tr)  # after the ACK, which sippy sends when this has returned
            return None
        if status >= 300:
            self.ua.cancelled(status, phrase, self.ua.reasons, resp is tr.r408)
        return super().recvResponse(resp, tr)

    def _end_answered(self, resp: Any, tr: Any) -> None:
        """The answer crossed our CANCEL: a BYE."""
        self.ua.changeState(super().recvResponse(resp, tr))


class _Connected(UaStateConnected):
    """An answered call."""

    def recvRequest(self, req: Any) -> Any:
        method = req.getMethod()
        match method:
            case "INVITE":
                self.ua.reinvited(req)
            case "UPDATE":
                self.ua.updated(req)
            case "NOTIFY":
                self.ua.notified(req)
            case "INFO":
                self.ua.informed(req)
            case "BYE" | "OPTIONS":
                return super().recvRequest(req)
            case _:
                req.sendResponse(405, "Method Not Allowed")
        return None

    def recvACK(self, req: Any) -> Any:
        self.ua.acknowledged(req)
        return None


class CallAgent(Challenged, Renegotiating, Referring):
    """One call."""

    UacStateCancelling = _Cancelling
    UaStateConnected = _Connected
    local_ua = USER_AGENT
    kaInterval: ClassVar[int] = 0

    def __init__(self, config: dict[str, Any], peer: Peer, listener: Listener | None) -> None:
        password = peer.password.get_secret_value() if peer.password else None
        super().__init__(config, self._on_event, peer.user, password, nh_address=peer.address, nh_transport="udp")
        self.peer, self.listener = peer, listener
        self.lContact = SipContact()
        self.lContact.address.name = None  # else "Anonymous"
        self.on_inbound: Callable[[CallAgent, Any], None] | None = None
        self._over = False
        self._silence: Any = None
        self._last: Any = None
        self.reasons = ""
        """The Reason headers of what came last."""

    # what we do

    def place(self, invite: Invite) -> None:
        """Send the INVITE."""
        event = _Placed((SipCallId(), invite.from_user, invite.to_user, MsgBody(invite.sdp), None, None))
        event.domain, event.host = self.peer.from_domain, self.peer.host
        event.extra_headers = tuple(headers_of([ALLOW, SUPPORTED, *invite.headers]))
        self._silence = Timeout(self._nobody, _SILENT_SECONDS)
        self.expire_time = _LONGEST_RINGING
        self.recvEvent(event)

    def bye(self) -> None:
        """End the call, whatever its state."""
        self._stop_timers()
        event: Any = CCEventDisconnect()
        if self.isConnected():
            self._over = True
            event.reason_rfc3326 = SipReason(protocol="Q.850", cause=16, reason="Normal call clearing")
        elif self.origin == "caller":  # one that calls us
            self._over = True
            event = CCEventFail((603, "Decline"))
        self.recvEvent(event)

    def answer(self, event: Any) -> None:
        """Say something about a call to us: ringing, answered, refused."""
        if isinstance(event, CCEventFail):
            self._over = True
        self.recvEvent(event)

    # what comes

    def recvRequest(self, req: Any, sip_t: Any) -> Any:
        """A request within the call, or the INVITE that begins it."""
        self.reasons = reasons_of(req)
        drop_unreadable(req)
        answer = super().recvRequest(req, sip_t)
        if answer is None and sip_t.data is None and self.state is not None:
            self._answer_early(req)
        return answer

    def _answer_early(self, req: Any) -> None:
        """A request that sippy leaves without an answer: before the call is answered, or after it is over."""
        match req.getMethod():
            case "INFO":
                self.informed(req)
            case "OPTIONS":
                req.sendResponse(200, "OK")
            case "UPDATE" if self.listener is not None and not self._over:
                self.updated(req)
            case "INVITE":
                req.sendResponse(491, "Request Pending")
            case "ACK":
                pass
            case _:
                req.sendResponse(481, "Call/Transaction Does Not Exist")

    def recvResponse(self, resp: Any, tr: Any) -> None:
        """An answer to our INVITE."""
        self.reasons = reasons_of(resp)
        drop_unreadable(resp)
        self._last, self._from_us = resp, resp is tr.r408
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None
        if 100 < resp.getSCode()[0] < 200 and "100rel" in header_of(resp, "require").lower():
            self._acknowledge_ringing(resp)
        super().recvResponse(resp, tr)

    def cancelled(self, status: int, phrase: str, reason: str, from_us: bool) -> None:
        """The last word on a call that we cancelled; only the first is told."""
        if not self._over:
            self._over = True
            if self.listener is not None:
                self.listener.failed(status, phrase, reason, from_us=from_us)

    def unconfirmed(self) -> None:
        """The other side has not said what became of the INVITE that we cancelled; one that never said more than 100 does not answer."""
        if self._last is None:
            self.cancelled(408, "the trunk does not answer", "", True)
        elif self._last.getSCode()[0] <= 100:
            self.cancelled(408, "the trunk says no more than 100 Trying", "", True)
        else:
            self.cancelled(487, "the end was not confirmed", "", True)

    def informed(self, req: Any) -> None:
        """An INFO: keys, as gateways without telephone events send them. What else it may tell is refused (RFC 6086, 4.2.2)."""
        body = req.getBody()
        keys = keys_in_info(str(body.mtype), str(body)) if body is not None else ""
        if keys is None:
            packaged = req.countHFs("info-package") > 0
            refusal = req.genResponse(*((469, "Bad Info Package") if packaged else (415, "Unsupported Media Type")), None, self.local_ua)
            refusal.appendHeaders(headers_of([("Recv-Info", "")] if packaged else [("Accept", ", ".join(KEY_TYPES))]))
            self.global_config["_sip_tm"].sendResponse(refusal)
            return
        req.sendResponse(200, "OK")
        if keys and self.listener is not None:
            self.listener.pressed(keys)

    @property
    def over(self) -> bool:
        """Whether it has no further events."""
        return self._over

    def _on_event(self, event: Any, _: Any) -> None:
        """sippy's events. What cannot be handled ends the call: else it would be in limbo, with its port and its place on the trunk."""
        try:
            self._tell(event)
        except Exception as error:
            log.error("a call is ended, because what its other side sent could not be handled: %s", without_values(error))
            listener, was_over = self.listener, self._over
            if not was_over:
                in_sip_thread(self.bye)  # after sippy has done what belongs to this event
            if listener is not None:
                listener.failed(500, "what the other side sent cannot be handled", "", from_us=True)

    def _tell(self, event: Any) -> None:
        listener = self.listener
        if isinstance(event, CCEventTry):
            if self.on_inbound is not None:
                self.on_inbound(self, event)
        elif self._over or listener is None:
            return
        elif isinstance(event, CCEventRing):
            status, phrase, body = event.getData()
            if status > 100:
                listener.progress(status, phrase, None if body is None else str(body))
        elif isinstance(event, CCEventConnect):
            body = event.getData()[2]
            self._keep_time(timer_of_answer(header_of(self._last, "session-expires")) if self._last is not None else None)
            listener.answered(None if body is None else str(body))
        elif isinstance(event, CCEventFail | CCEventRedirect):
            self._end()
            status, phrase, *_rest = event.getData()
            if self._last is not None and (why := unanswered(self._last, self.username, self.password)):
                phrase = f"{phrase}: {why}"
            listener.failed(status, phrase, self.reasons, from_us=self._from_us)
        elif isinstance(event, CCEventDisconnect):
            self._end()
            reason = self.reasons
            if self.connect_ts is not None:
                listener.ended(reason)
            else:
                listener.failed(487, "Request Terminated", reason, from_us=False)

    _from_us = False

    def _nobody(self) -> None:
        """The trunk has not said a word. The INVITE is sent no more; should something come all the same, it is cancelled, or ended."""
        self._silence = None
        if not self._over and self._last is None:
            self._over = True
            transaction = self.tr
            self.recvEvent(CCEventDisconnect())
            if transaction is not None and transaction.teA is not None:
                transaction.teA.cancel()
                transaction.teA = None
            if self.listener is not None:
                self.listener.failed(408, "the trunk does not answer", "", from_us=True)

    def _end(self) -> None:
        self._over = True
        self._stop_timers()

    def _stop_timers(self) -> None:
        for timer in (self._silence, self._session):
            if timer is not None:
                timer.cancel()
        self._silence = self._session = None


class _Placed(CCEventTry):
    """Our INVITE, with the trunk's names in its addresses."""

    domain: str | None = None
    host = ""

    def onUacSetupComplete(self, uac: Any) -> None:
        """Just before the INVITE leaves."""
        if self.domain is not None:
            uac.lUri.getUrl().host = self.domain
        uac.rTarget.host = self.host
        uac.rTarget.transport = None
        uac.rUri.getUrl().host = self.domain or self.host
