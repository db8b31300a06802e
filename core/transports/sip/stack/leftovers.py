"""Calls of a process that died: what is kept of their dialogs, and the BYE or CANCEL that ends them from another one.

What is kept is the request itself, as text, with where it goes. A CANCEL must be that of the INVITE (RFC 3261, 9.1: its Via, too), so it
is sent as it was kept. A BYE is sent with a Via of ours and a CSeq above whatever the call has used by then; its digest is answered.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from sippy.SipRequest import SipRequest

from core.kernel.failures import without_values
from core.transports.sip.signalling import Peer
from core.transports.sip.stack.requests import USER_AGENT, credentials

__all__ = ["end_leftover", "leftover_of"]

log = logging.getLogger(__name__)

_BEYOND: Final = 1000
"""So many requests of ours a call may have had since its dialog was kept."""


def leftover_of(agent: Any, *, answered: bool) -> dict[str, Any] | None:
    """What must be kept to end a call without its process; None if nothing can be. In the thread of signalling."""
    try:
        if answered:
            target = agent.rAddr
            request = SipRequest(
                method="BYE",
                ruri=agent.rTarget,
                to=agent.rUri,
                fr0m=agent.lUri,
                cseq=agent.lCSeq + _BEYOND,
                callid=agent.cId,
                routes=agent.routes or (),
                target=target,
                user_agent=USER_AGENT,
            )
            server = agent.global_config["_sip_tm"].l4r.getServer(target[0])
        else:
            request, server = agent.tr.cancel, agent.tr.userv
            target = request.getTarget()
        host, port = target[0]
        return {"request": request.localStr(server.getSIPaddr()), "address": [host, int(port)]}
    except Exception as error:  # the call goes on all the same
        log.warning("a call could not be ended from another process, should this one die: %s", without_values(error))
        return None


def end_leftover(config: dict[str, Any], peer: Peer, kept: Mapping[str, Any], on_end: Callable[[], None]) -> None:
    """Send what was kept of a call; `on_end` is called once nothing more will be sent. In the thread of signalling."""
    host, port = kept["address"]
    target = ((str(host), int(port)), "udp")
    before = SipRequest(str(kept["request"]))
    if before.getMethod() == "CANCEL":
        before.setTarget(target)
        config["_sip_tm"].newTransaction(before, lambda response: on_end() if response.getSCode()[0] >= 200 else None)
        return
    numbers = iter(range(before.getHFBody("cseq").getCSeqNum(), 2**31))
    password = peer.password.get_secret_value() if peer.password else None

    def send(extra: list[Any], *, tried: bool) -> None:
        request = SipRequest(
            method="BYE",
            ruri=before.getRURI().getCopy(),
            to=before.getHFBCopy("to"),
            fr0m=before.getHFBCopy("from"),
            callid=before.getHFBCopy("call-id"),
            cseq=next(numbers),
            routes=before.getHFBCopys("route"),
            target=target,
            user_agent=USER_AGENT,
        )
        request.appendHeaders(extra)

        def on_response(response: Any) -> None:
            answer = None if tried else credentials(response, peer.user, password, "BYE", str(request.getRURI()))
            if answer is not None:
                send([answer], tried=True)
            elif response.getSCode()[0] >= 200:
                on_end()

        config["_sip_tm"].newTransaction(request, on_response)

    send([], tried=False)
