"""sippy's transactions over a guarded socket, and what they leave without a word: a request that cannot be read or handled is
refused, and an answer to an INVITE that no transaction waits for any more is acknowledged.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import md5
from typing import Any

from sippy.SipRequest import SipRequest
from sippy.SipResponse import SipResponse
from sippy.SipTransactionManager import TERMINATED, SipTMRetransmitO, SipTransactionManager

from core.kernel.rate import Throttle
from core.transports.sip.stack.forked import Unexpected
from core.transports.sip.stack.guard import GuardedServer, ServerOptions
from core.transports.sip.stack.loop import tell_unhandled
from core.transports.sip.stack.requests import USER_AGENT
from core.transports.sip.unreadable import method_of, plain_answer, problem_of, where_to

__all__ = ["Transactions"]

_VITAL = ("via", "from", "to", "call-id", "cseq")
_REFUSALS_A_SECOND, _REFUSALS_AT_ONCE = 20.0, 40.0


class Transactions(SipTransactionManager):
    """The transactions of one socket.

    Args:
        config: sippy's.
        on_request: called with a request outside of any call.
    """

    model_udp_server = (GuardedServer, ServerOptions)

    def __init__(self, config: dict[str, Any], on_request: Callable[[Any, Any], Any]) -> None:
        self._refusals = Throttle(_REFUSALS_A_SECOND, _REFUSALS_AT_ONCE)
        self._unexpected = Unexpected(self)
        super().__init__(config, on_request)

    def newTransaction(self, msg: Any, *arguments: Any, **keywords: Any) -> Any:
        """Start a transaction. Over UDP, whatever a Contact wants: `;transport=UDP` in capitals, or TCP, which there is not."""
        address, _ = msg.getTarget()
        msg.setTarget((address, "udp"))
        return super().newTransaction(msg, *arguments, **keywords)

    @property
    def local_port(self) -> int:
        """The port that the socket is bound to."""
        return int(next(iter(self.l4r.cache_l2s.values())).uopts.laddress[1])

    def handleIncoming(self, data_in: Any, ra: Any, server: Any, rtime: Any) -> None:
        """A datagram, as text."""
        text = str(data_in).lstrip("\r\n")
        checksum = md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).digest()
        known = self.l1rcache.get(checksum) or self.l2rcache.get(checksum)
        if known is not None:
            if known.data is not None:
                self.transmitData(known.userv, known.data, known.address)
        elif text[:4].upper() == "SIP/":
            self._take_answer(text, ra, server, rtime, checksum)
        elif (method := method_of(text)) != "":
            self._take_request(text, method, ra, server, rtime, checksum)

    def _take_answer(self, text: str, ra: Any, server: Any, rtime: Any, checksum: bytes) -> None:
        try:
            answer = SipResponse(text)
            number = answer.getTId(True, True)
            if not 100 <= answer.getSCode()[0] <= 999:
                raise ValueError("it has no status of SIP")
        except Exception as error:
            self.l1rcache[checksum] = SipTMRetransmitO()
            tell_unhandled(error)
            return
        answer.rtime = rtime
        answer.setSource(ra)
        waiting = self.tclient.get(number)
        if waiting is not None and waiting.state is not TERMINATED:
            self.incomingResponse(answer, waiting, checksum)
        elif not self._unexpected.settle(answer, server, checksum):
            self.l1rcache[checksum] = SipTMRetransmitO()

    def _take_request(self, text: str, method: str, ra: Any, server: Any, rtime: Any, checksum: bytes) -> None:
        problem = problem_of(text)
        if problem is not None:
            tell_unhandled("{} {}".format(*problem))
            self._refuse(text, method, problem, ra.address, server, checksum)
            return
        try:
            request = SipRequest(text)
            branches = request.getTIds()
            for name in _VITAL:
                str(request.getHFBody(name))
            request.getHFBody("via").getTAddr()
        except Exception as error:
            tell_unhandled(error)
            self._refuse(text, method, (400, "Bad Request"), ra.address, server, checksum)
            return
        request.rtime = rtime
        via = request.getHFBody("via")
        if via.getAddr()[0] != ra.address[0]:
            via.params["received"] = ra.received
        if "rport" in via.params:
            via.params["rport"] = str(ra.address[1])
        request.setSource(ra)
        try:
            self.incomingRequest(request, checksum, branches, server)
        except Exception as error:
            tell_unhandled(error)
            self._give_up(request)
            self._refuse(text, method, (500, "Server Internal Error"), ra.address, server, checksum)

    def _refuse(self, text: str, method: str, problem: tuple[int, str], source: Any, server: Any, checksum: bytes) -> None:
        """Answer a request that cannot be read or handled, unless there are too many of them. The same again gets the same answer."""
        if method == "ACK":
            self.l1rcache[checksum] = SipTMRetransmitO()
        if method == "ACK" or not self._refusals.admit(time.monotonic()):
            return
        answer = plain_answer(text, *problem, (str(source[0]), int(source[1])), USER_AGENT)
        if answer is not None:
            self.transmitData(server, answer, where_to(text, (str(source[0]), int(source[1]))), checksum)

    def _give_up(self, request: Any) -> None:
        """Forget the transaction of a request that could not be handled: it would be waited for without end."""
        transaction = self.tserver.pop(request.getTId(wBRN=True), None)
        for timer in ("teA", "teD", "teE", "teF") if transaction is not None else ():
            if (running := getattr(transaction, timer, None)) is not None:
                running.cancel()
