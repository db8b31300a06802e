"""SIP over sippy: trunks that are listened for, calls that are placed and come in, requests beside them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.transports.sip.signalling import Dialog, InboundInvite, Invite, Listener, Peer, Reply, SipUnavailable
from core.transports.sip.stack.dialogs import CallAgent, SippyDialog
from core.transports.sip.stack.guard import Guard, Transactions
from core.transports.sip.stack.loop import in_sip_thread, in_sip_thread_sync, start_sip_thread
from core.transports.sip.stack.requests import header_of, send_outside, user_of

__all__ = ["SippySignalling"]

_Place = tuple[str, int, str]


class _NoLog:
    """sippy wants a logger of messages; they hold numbers and are not kept."""

    level = 9

    def write(self, *_: object, **__: object) -> None:
        """Nothing."""

    def shutdown(self) -> None:
        """Nothing."""


@dataclass
class _Trunk:
    peer: Peer
    on_invite: Callable[[InboundInvite], None]


class _Endpoint:
    """One socket: every trunk that uses the same local address and port shares it."""

    def __init__(self, peer: Peer) -> None:
        self.guard = Guard()
        self.trunks: dict[str, _Trunk] = {}
        self.config: dict[str, Any] = {
            "_sip_address": peer.local[0],
            "_sip_port": peer.local[1],
            "_sip_logger": _NoLog(),
            "_guard": self.guard,
            "_advertised": peer.advertised,
        }
        self.transactions = Transactions(self.config, self._on_request)
        self.config["_sip_tm"] = self.transactions

    def _on_request(self, req: Any, transaction: Any) -> Any:
        """A request outside of any call that we know."""
        method = req.getMethod()
        if req.getHFBody("to").getTag() is not None:
            return req.genResponse(481, "Call/Transaction Does Not Exist"), None, None
        if method == "OPTIONS":
            return req.genResponse(200, "OK"), None, None
        if method != "INVITE":
            return req.genResponse(405, "Method Not Allowed"), None, None
        if req.countHFs("contact") != 1:
            return req.genResponse(400, "A Contact is missing"), None, None
        name = self.guard.trunk_of(req.getSource()[0])
        if name is None:
            return req.genResponse(403, "Forbidden"), None, None
        trunk = self.trunks[name]
        agent = CallAgent(self.config, trunk.peer, None)
        agent.on_inbound = lambda agent, event: _surface(trunk, agent, event, req)
        return agent.recvRequest(req, transaction)


def _surface(trunk: _Trunk, agent: CallAgent, event: Any, req: Any) -> None:
    _, caller, _, body, *_rest = event.getData()
    called = (req.getRURI().username or "", user_of(header_of(req, "p-called-party-id")), req.getHFBody("to").getUrl().username or "")
    private = {"id", "user", "header", "critical"} & set(re.split(r"[;,\s]+", header_of(req, "privacy").lower()))
    dialog = SippyDialog(agent)

    def listen(listener: Listener) -> None:
        listener.begins(dialog)
        agent.listener = listener

    sdp = None if body is None else str(body)
    trunk.on_invite(
        InboundInvite(
            trunk=trunk.peer.name,
            called=called,
            caller=caller or "",
            asserted=user_of(header_of(req, "p-asserted-identity")),
            private=bool(private),
            reference=str(req.getHFBody("call-id")),
            sdp=sdp,
            dialog=dialog,
            listen=listen,
        )
    )


class SippySignalling:
    """`Signalling` by sippy. Several may be in one process, each with sockets of its own; the thread is shared."""

    def __init__(self) -> None:
        start_sip_thread()
        self._endpoints: dict[_Place, _Endpoint] = {}
        self._place_of: dict[str, _Place] = {}

    def open(self, peer: Peer, on_invite: Callable[[InboundInvite], None]) -> None:
        """Listen for a trunk, or take over its changed settings."""
        in_sip_thread_sync(self._open, peer, on_invite)

    def dial(self, peer: Peer, invite: Invite, listener: Listener) -> Dialog:
        """Send an INVITE."""
        return in_sip_thread_sync(self._dial, peer, invite, listener)

    def request(self, peer: Peer, method: str, headers: tuple[tuple[str, str], ...], on_reply: Callable[[Reply], None]) -> None:
        """Send a request outside of any call."""
        in_sip_thread(lambda: send_outside(self._endpoint(peer.name).config, peer, method, headers, on_reply))

    def close(self, trunk: str) -> None:
        """Listen for this trunk no longer. The socket goes with its last trunk."""
        in_sip_thread_sync(self._close, trunk)

    def close_all(self) -> None:
        """Close every socket. Calls that are left are not ended."""
        for trunk in list(self._place_of):
            self.close(trunk)

    def port_of(self, trunk: str) -> int:
        """The local port that a trunk is reached at."""
        return in_sip_thread_sync(lambda: self._endpoint(trunk).transactions.local_port)

    def _open(self, peer: Peer, on_invite: Callable[[InboundInvite], None]) -> None:
        place = (*peer.local, peer.advertised)
        if self._place_of.get(peer.name, place) != place:
            self._close(peer.name)
        endpoint = self._endpoints.get(place)
        if endpoint is None:
            try:
                endpoint = self._endpoints[place] = _Endpoint(peer)
            except OSError as error:
                where = f"{peer.local[0]}:{peer.local[1]}"
                raise SipUnavailable(f"the trunk {peer.name!r} cannot listen on {where}: {error.strerror or error}") from None
        endpoint.guard.admit_trunk(peer.name, peer.accept_from)
        endpoint.trunks[peer.name] = _Trunk(peer, on_invite)
        self._place_of[peer.name] = place

    def _dial(self, peer: Peer, invite: Invite, listener: Listener) -> Dialog:
        agent = CallAgent(self._endpoint(peer.name).config, peer, listener)
        dialog = SippyDialog(agent)
        listener.begins(dialog)
        agent.place(invite)
        return dialog

    def _endpoint(self, trunk: str) -> _Endpoint:
        return self._endpoints[self._place_of[trunk]]

    def _close(self, trunk: str) -> None:
        place = self._place_of.pop(trunk, None)
        if place is None:
            return
        endpoint = self._endpoints[place]
        endpoint.guard.admit_trunk(trunk, ())
        endpoint.trunks.pop(trunk, None)
        if not endpoint.trunks:
            del self._endpoints[place]
            time.sleep(0.05)  # what was just sent (a BYE) is still in the sending thread's queue
            endpoint.transactions.l4r.shutdown()
            endpoint.transactions.cp_timer.cancel()
