"""An answer to an INVITE that no transaction waits for (RFC 3261, 13.2.2.4): sent again, or of another phone of a forked call.

sippy takes the first 200 and forgets the rest. Every one is acknowledged, else it is sent again and again; and one that began
another dialog is ended, else somebody would listen to silence.
"""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from sippy.SipAddress import SipAddress
from sippy.SipRequest import SipRequest
from sippy.SipRoute import SipRoute
from sippy.SipURL import SipURL

from core.kernel.rate import Throttle
from core.transports.sip.stack.requests import USER_AGENT, credentials, drop_unreadable

__all__ = ["Unexpected"]

_A_SECOND, _AT_ONCE = 50.0, 200.0
_REMEMBERED = 1000


class Unexpected:
    """Settles the answers of one socket that nobody waits for.

    Args:
        transactions: those of the socket.
    """

    def __init__(self, transactions: Any) -> None:
        self._transactions = transactions
        self._limit = Throttle(_A_SECOND, _AT_ONCE)
        self._ended: deque[tuple[str, str, str]] = deque(maxlen=_REMEMBERED)

    def settle(self, answer: Any, server: Any, checksum: bytes) -> bool:
        """Acknowledge a 2xx to an INVITE, and end what it began if that is not a call of ours. Returns whether it was one."""
        number, method = answer.getHFBody("cseq").getCSeq()
        tag = answer.getHFBody("to").getTag()
        if method != "INVITE" or not 200 <= answer.getSCode()[0] < 300 or tag is None or not self._is_ours(answer, server):
            return False
        if not self._limit.admit(time.monotonic()):
            return True
        drop_unreadable(answer)
        target, routes, address = _way(answer)
        agent = self._agent(answer)
        self._transactions.transmitMsg(server, _request(answer, "ACK", number, target, routes, address), address[0], checksum)
        dialog = (str(answer.getHFBody("call-id")), str(answer.getHFBody("from").getTag()), tag)
        if (agent is None or agent.rUri is None or agent.rUri.getTag() != tag) and dialog not in self._ended:
            self._ended.append(dialog)
            self._end(answer, number, target, routes, address, agent)
        return True

    def _is_ours(self, answer: Any, server: Any) -> bool:
        """Whether it answers a request of this socket (RFC 3261, 18.1.2)."""
        host, port = answer.getHFBody("via").getAddr()
        (our_host, our_port), _ = server.getSIPaddr()
        return answer.countHFs("via") == 1 and (host, port or 5060) == (our_host, int(our_port))

    def _agent(self, answer: Any) -> Any:
        """The call whose INVITE it answers, if it is still known."""
        consumers = self._transactions.req_consumers.get(str(answer.getHFBody("call-id")), ())
        tag = answer.getHFBody("from").getTag()
        return next((one.cobj for one in consumers if one.cobj is not None and one.cobj.lTag == tag), None)

    def _end(self, answer: Any, number: int, target: Any, routes: list[Any], address: Any, agent: Any) -> None:
        user, password = (None, None) if agent is None else (agent.username, agent.password)

        def send(following: int, *more: Any) -> None:
            bye = _request(answer, "BYE", number + following, target, routes, address)
            bye.appendHeaders(list(more))
            self._transactions.newTransaction(bye, lambda reply: on_reply(reply, following))

        def on_reply(reply: Any, following: int) -> None:
            header = credentials(reply, user, password, "BYE", str(target)) if following == 1 else None
            if header is not None:
                send(2, header)

        send(1)


def _way(answer: Any) -> tuple[Any, list[Any], Any]:
    """Whom the requests of its dialog are for, by which routes, and where they are sent (RFC 3261, 12.2.1.1)."""
    if answer.countHFs("contact"):
        target = answer.getHFBody("contact").getUrl().getCopy()
    else:
        host, port = answer.getSource()
        target = SipURL(host=host, port=port)
    routes = [route.getCopy() for route in reversed(answer.getHFBodys("record-route"))]
    if not routes:
        return target, [], target.getTAddr()
    if not routes[0].getUrl().lr:  # a strict router
        routes.append(SipRoute(address=SipAddress(url=target)))
        target = routes.pop(0).getUrl()
        return target, routes, target.getTAddr()
    return target, routes, routes[0].getTAddr()


def _request(answer: Any, method: str, number: int, target: Any, routes: list[Any], address: Any) -> Any:
    """A request of the dialog that an answer began."""
    return SipRequest(
        method=method,
        ruri=target.getCopy(),
        sipver="SIP/2.0",
        to=answer.getHFBody("to").getCopy(),
        fr0m=answer.getHFBody("from").getCopy(),
        callid=answer.getHFBody("call-id").getCopy(),
        cseq=number,
        routes=[route.getCopy() for route in routes],
        target=(address[0], "udp"),
        user_agent=USER_AGENT,
    )
