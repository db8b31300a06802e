"""Calls: sippy's user agent, with what it lacks. Everything here runs in the thread of signalling.

What sippy does otherwise: it tells nothing of a call once it is cancelled, answers a REFER by hanging up, leaves a changed
re-INVITE to the application, and knows neither NOTIFY nor UPDATE nor session timers.
"""

from __future__ import annotations

import logging
import random
import re
from collections.abc import Callable
from typing import Any, ClassVar

from sippy.CCEvents import (
    CCEventConnect,
    CCEventDisconnect,
    CCEventFail,
    CCEventRedirect,
    CCEventRing,
    CCEventTry,
)
from sippy.MsgBody import MsgBody
from sippy.SipCallId import SipCallId
from sippy.SipContact import SipContact
from sippy.SipReason import SipReason
from sippy.Time.Timeout import Timeout
from sippy.UA import UA
from sippy.UacStateCancelling import UacStateCancelling
from sippy.UacStateTrying import UacStateTrying
from sippy.UaStateConnected import UaStateConnected

from core.kernel.failures import without_values
from core.transports.sip.signalling import Invite, Listener, Peer, Reply
from core.transports.sip.stack.loop import in_sip_thread
from core.transports.sip.stack.requests import (
    USER_AGENT,
    credentials,
    drop_unreadable,
    header_of,
    headers_of,
    is_stale,
    reasons_of,
    send_in_dialog,
    unanswered,
)
from core.transports.sip.timers import SHORTEST, SessionTimer, longer, reply_timer, timer_of_answer, too_short

__all__ = ["CallAgent", "SippyDialog"]

log = logging.getLogger(__name__)

_SILENT_SECONDS = 10.0
"""How long a trunk may leave an INVITE without any answer: a live one says 100 within a fraction of a second."""
_CANCEL_SECONDS = 8.0
"""How long the last word on a cancelled INVITE is waited for."""
_LONGEST_RINGING = 600
_ALLOW = ("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, UPDATE, INFO")
_SUPPORTED = ("Supported", "timer")
_SIGNAL = re.compile(r"^\s*Signal\s*=\s*([0-9A-D*#])\s*$", re.IGNORECASE | re.MULTILINE)
_KEY = re.compile(r"\s*([0-9A-D*#])\s*", re.IGNORECASE)
_FRAGMENT = re.compile(r"\s*SIP/2\.0 (\d{3}) ?([^\r\n]*)")


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
                self.ua.pressed(req)
                return super().recvRequest(req)
            case "BYE" | "OPTIONS":
                return super().recvRequest(req)
            case _:
                req.sendResponse(405, "Method Not Allowed")
        return None

    def recvACK(self, req: Any) -> Any:
        self.ua.acknowledged(req)
        return None


class CallAgent(UA):
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
        self._session: Any = None
        self._last: Any = None
        self._refer_news: Callable[[Reply], None] | None = None
        self._refer_number = 0
        self._stale = False
        self.reasons = ""
        """The Reason headers of what came last."""
        self._acknowledged: set[tuple[str, str]] = set()
        self._credentials: dict[str, Any] = {}
        self._refreshing = False

    # what we do

    def place(self, invite: Invite) -> None:
        """Send the INVITE."""
        event = _Placed((SipCallId(), invite.from_user, invite.to_user, MsgBody(invite.sdp), None, None))
        event.domain, event.host = self.peer.from_domain, self.peer.host
        event.extra_headers = tuple(headers_of([_ALLOW, _SUPPORTED, *invite.headers]))
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

    def refer(self, target: str, referred_by: str, on_news: Callable[[Reply], None]) -> None:
        """Send a REFER, and tell what comes of it."""
        if not self.isConnected():
            on_news(Reply(481, "Call/Transaction Does Not Exist", from_us=True))
            return
        self._refer_news, self._refer_number = on_news, self.lCSeq
        send_in_dialog(self, "REFER", headers_of([("Refer-To", f"<{target}>"), ("Referred-By", f"<{referred_by}>")]), on_news)

    # what comes

    def recvRequest(self, req: Any, sip_t: Any) -> Any:
        """A request within the call, or the INVITE that begins it."""
        self.reasons = reasons_of(req)
        drop_unreadable(req)
        return super().recvRequest(req, sip_t)

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

    def _acknowledge_ringing(self, resp: Any) -> None:
        """A PRACK (RFC 3262) for ringing that must not get lost: we do not offer that, and some carriers want it all the same. It goes
        to whoever rings, of several; the call itself stays as it is."""
        number, tag = header_of(resp, "rseq").strip(), resp.getHFBody("to").getTag()
        if not number.isdigit() or tag is None or (tag, number) in self._acknowledged or not isinstance(self.state, UacStateTrying):
            return
        self._acknowledged.add((tag, number))
        agent: Any = self  # sippy's attributes have no types
        before = {name: getattr(agent, name) for name in ("rUri", "rTarget", "routes", "rAddr")}
        agent.rUri = agent.rUri.getCopy()
        agent.rUri.setTag(tag)
        try:
            self.state.updateRoutes(resp)
            send_in_dialog(self, "PRACK", headers_of([("RAck", f"{number} {header_of(resp, 'cseq')}")]), lambda _: None)
        finally:
            for name, value in before.items():
                setattr(agent, name, value)

    def processChallenge(self, resp: Any, cseq: int, _: str, auth_hfname: str, extra_headers: Any) -> bool:
        """Answer a 401 or 407: once, and once more if the nonce was too old; after the ACK, which sippy sends when this has returned."""
        answer = credentials(resp, self.username, self.password, "INVITE", str(self.rTarget), str(self.lSDP))
        tried = self.reqs[cseq].countHFs(auth_hfname) > 0
        if answer is None or (tried and (self._stale or not is_stale(resp))):
            return False
        self._stale = self._stale or tried
        self._credentials = {**self._credentials, auth_hfname: answer}  # a proxy's stay when the server behind it asks as well

        def again() -> None:
            if self._over or isinstance(self.state, _Cancelling):
                self.cancelled(487, "Request Terminated", "", False)
                return
            del self.reqs[cseq]
            request = self.genRequest("INVITE", self.lSDP, extra_headers=[*(extra_headers or ()), *self._credentials.values()])
            self.newUacTransaction(request, req_extra_headers=extra_headers)

        in_sip_thread(again)
        return True

    def newTransaction(self, req: Any, req_extra_headers: Any = None, **keywords: Any) -> Any:
        """A BYE that is challenged is sent again with its digest: else the call would go on at the other side."""
        if req.getMethod() == "BYE" and "resp_cb" not in keywords:

            def on_response(resp: Any) -> None:
                answer = credentials(resp, self.username, self.password, "BYE", str(self.rTarget))
                if answer is not None:
                    super(CallAgent, self).newTransaction(self.genRequest("BYE", extra_headers=[answer]))

            keywords["resp_cb"] = on_response
        return super().newTransaction(req, req_extra_headers, **keywords)

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

    def pressed(self, req: Any) -> None:
        """Keys in an INFO, as gateways without telephone events send them."""
        body = req.getBody()
        kind = body.getType() if body is not None else ""
        found = _SIGNAL.search(str(body)) if kind == "application/dtmf-relay" else _KEY.fullmatch(str(body or ""))
        if kind in {"application/dtmf-relay", "application/dtmf"} and found and self.listener is not None:
            self.listener.pressed(found[1].upper())

    @property
    def over(self) -> bool:
        """Whether nothing more will be told of it."""
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

    def _renegotiate(self, req: Any) -> str | None:
        body = req.getBody()
        return self.listener.offered(None if body is None else str(body)) if self.listener is not None else None

    def _follow(self, req: Any) -> None:
        """Requests of ours go where their latest Contact says."""
        if req.countHFs("contact"):
            self.rTarget = req.getHFBody("contact").getUrl().getCopy()
            if not self.routes:
                self.rAddr = self.rTarget.getTAddr()

    # session timers

    def _too_short(self, req: Any) -> bool:
        they_can = "timer" in header_of(req, "supported").lower()
        return too_short(header_of(req, "session-expires"), they_can=they_can)

    def _refreshed_by(self, req: Any) -> list[tuple[str, str]]:
        they_can = "timer" in header_of(req, "supported").lower()
        asked = reply_timer(header_of(req, "session-expires"), they_can=they_can)
        if asked is None:
            return [_SUPPORTED]
        self._keep_time(asked[0])
        return [_SUPPORTED, ("Session-Expires", asked[1]), *([("Require", "timer")] if they_can else [])]

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
        refresh = [("Session-Expires", f"{timer.seconds};refresher=uac"), _SUPPORTED, *more]
        send_in_dialog(self, "INVITE", headers_of(refresh), on_reply, self.lSDP)

    def _expired(self, _: SessionTimer) -> None:
        """The other side is not there any more."""
        self._session = None
        if self.isConnected() and not self._over:
            listener = self.listener
            self.bye()
            if listener is not None:
                listener.ended('SIP;cause=408;text="session timer ran out"')

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


class SippyDialog:
    """A call, told what to do from any thread."""

    def __init__(self, agent: CallAgent) -> None:
        self._agent = agent

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

    def reject(self, status: int, phrase: str) -> None:
        """Refuse a call to us."""
        in_sip_thread(self._agent.answer, CCEventFail((status, phrase)))
