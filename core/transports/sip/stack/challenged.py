"""Digest challenges within a call, and the acknowledgement of reliable ringing (PRACK). In the thread of signalling."""

from __future__ import annotations

from typing import Any

from sippy.UA import UA
from sippy.UacStateCancelling import UacStateCancelling
from sippy.UacStateTrying import UacStateTrying

from core.transports.sip.stack.loop import in_sip_thread
from core.transports.sip.stack.requests import credentials, header_of, headers_of, is_stale, send_in_dialog

__all__ = ["Challenged"]


class Challenged(UA):
    """The part of a call that answers what a carrier asks of its INVITE and BYE."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._stale = False
        self._acknowledged: set[tuple[str, str]] = set()
        self._credentials: dict[str, Any] = {}

    def _acknowledge_ringing(self, resp: Any) -> None:
        """A PRACK (RFC 3262) for ringing that must not get lost: we do not offer that, and some carriers want it all the same. It goes
        to the ringing destinations, of several; the call itself stays as it is."""
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
            if self._over or isinstance(self.state, UacStateCancelling):
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
                    super(Challenged, self).newTransaction(self.genRequest("BYE", extra_headers=[answer]))

            keywords["resp_cb"] = on_response
        return super().newTransaction(req, req_extra_headers, **keywords)
