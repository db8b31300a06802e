"""SIP over sippy: trunks that are listened for, calls that are placed and come in, requests beside them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

from sippy.Time.Timeout import Timeout

from core.transports.sip.addresses import asserted_users, diversions
from core.transports.sip.signalling import LINGER_SECONDS, Dialog, InboundInvite, Invite, Listener, OwnFault, Peer, Reply
from core.transports.sip.stack.dialogs import CallAgent
from core.transports.sip.stack.guard import Guard
from core.transports.sip.stack.handle import SippyDialog
from core.transports.sip.stack.leftovers import end_leftover
from core.transports.sip.stack.loop import in_sip_thread, in_sip_thread_sync, start_sip_thread
from core.transports.sip.stack.requests import (
    ALLOW,
    SUPPORTED,
    header_of,
    headers_of,
    send_outside,
    texts_of,
    user_of,
    user_of_url,
    with_contact,
)
from core.transports.sip.stack.transactions import Transactions

__all__ = ["SippySignalling"]

_Place = tuple[str, int, str]
_RETIRE_SECONDS = 5.0
"""How often it is looked whether the calls of a socket that is to be shut are over."""


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
        self.calls: WeakSet[CallAgent] = WeakSet()
        self.config: dict[str, Any] = {
            "_sip_address": peer.local[0],
            "_sip_port": peer.local[1],
            "_sip_logger": _NoLog(),
            "_guard": self.guard,
            "_advertised": peer.advertised,
        }
        self.transactions = Transactions(self.config, self._on_request)
        self.config["_sip_tm"] = self.transactions

    def live_calls(self) -> list[CallAgent]:
        """Its calls that are not over."""
        return [call for call in self.calls if not call.over]

    def shut(self) -> None:
        """Close the socket."""
        self.transactions.l4r.shutdown()
        self.transactions.cp_timer.cancel()

    def _on_request(self, req: Any, transaction: Any) -> Any:
        """A request outside of any call that we know."""
        method = req.getMethod()
        if req.getHFBody("to").getTag() is not None:
            return req.genResponse(481, "Call/Transaction Does Not Exist"), None, None
        if method == "OPTIONS":
            return _with(req.genResponse(200, "OK"), ALLOW, ("Accept", "application/sdp"), SUPPORTED), None, None
        if method != "INVITE":
            return _with(req.genResponse(405, "Method Not Allowed"), ALLOW), None, None
        if req.countHFs("contact") == 0:
            return req.genResponse(400, "A Contact is missing"), None, None
        names = [name for name in self.guard.trunks_of(req.getSource()[0]) if name in self.trunks]
        if not names:
            return req.genResponse(403, "Forbidden"), None, None
        with_contact(req)
        trunk = self.trunks[names[0]]
        agent = CallAgent(self.config, trunk.peer, None)
        self.calls.add(agent)
        agent.on_inbound = lambda agent, event: _surface(trunk, agent, event, req, tuple(names[1:]))
        return agent.recvRequest(req, transaction)


def _with(response: Any, *headers: tuple[str, str]) -> Any:
    response.appendHeaders(headers_of(headers))
    return response


def _surface(trunk: _Trunk, agent: CallAgent, event: Any, req: Any, also: tuple[str, ...]) -> None:
    body = event.getData()[3]
    diverted = diversions(texts_of(req, "diversion"), texts_of(req, "history-info"))
    called = (
        user_of_url(req.getRURI()),
        user_of(header_of(req, "p-called-party-id")),
        user_of_url(req.getHFBody("to").getUrl()),
        *(one.user for one in reversed(diverted)),
    )
    asserted, hidden = asserted_users(texts_of(req, "p-asserted-identity"), texts_of(req, "remote-party-id"))
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
            caller=user_of_url(req.getHFBody("from").getUrl()),
            asserted=asserted,
            private=bool(private) or hidden,
            reference=str(req.getHFBody("call-id")),
            sdp=sdp,
            dialog=dialog,
            listen=listen,
            also=also,
            diverted=diverted,
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

    def end_leftover(self, peer: Peer, kept: Mapping[str, Any], on_end: Callable[[], None]) -> None:
        """End a call of a process that died."""
        in_sip_thread_sync(lambda: end_leftover(self._endpoint(peer.name).config, peer, kept, on_end))

    def close(self, trunk: str) -> None:
        """Listen for this trunk no longer. The socket goes with its last trunk, after the last of its calls."""
        in_sip_thread_sync(self._leave, trunk)

    def port_of(self, trunk: str) -> int:
        """The local port that a trunk is reached at."""
        return in_sip_thread_sync(lambda: self._endpoint(trunk).transactions.local_port)

    def _open(self, peer: Peer, on_invite: Callable[[InboundInvite], None]) -> None:
        place = (*peer.local, peer.advertised)
        if (before := self._place_of.get(peer.name, place)) != place:
            if before[:2] == place[:2] and place not in self._endpoints and list(self._endpoints[before].trunks) == [peer.name]:
                self._endpoints[place] = self._endpoints.pop(before)  # the same socket, known by another address now
                self._endpoints[place].config["_advertised"] = peer.advertised
                self._place_of[peer.name] = place
            else:
                self._leave(peer.name)
        endpoint = self._endpoints.get(place)
        if endpoint is None:
            try:
                endpoint = self._endpoints[place] = _Endpoint(peer)
            except OSError as error:
                where = f"{peer.local[0]}:{peer.local[1]}"
                raise OwnFault(
                    f"the trunk {peer.name!r} cannot listen on {where}: {error.strerror or error}. "
                    "Give it a local_address of this machine, and a local_port that no other program has"
                ) from None
        endpoint.guard.admit_trunk(peer.name, peer.accept_from, peer.invites_per_second)
        endpoint.trunks[peer.name] = _Trunk(peer, on_invite)
        self._place_of[peer.name] = place

    def _dial(self, peer: Peer, invite: Invite, listener: Listener) -> Dialog:
        endpoint = self._endpoint(peer.name)
        agent = CallAgent(endpoint.config, peer, listener)
        endpoint.calls.add(agent)
        dialog = SippyDialog(agent)
        listener.begins(dialog)
        agent.place(invite)
        return dialog

    def _endpoint(self, trunk: str) -> _Endpoint:
        return self._endpoints[self._place_of[trunk]]

    def _leave(self, trunk: str) -> None:
        """Take a trunk from its socket. Calls that are up keep it, and are let in, until they are over."""
        place = self._place_of.pop(trunk, None)
        if place is None:
            return
        endpoint = self._endpoints[place]
        endpoint.trunks.pop(trunk, None)
        if not endpoint.trunks:
            del self._endpoints[place]
            self._retire(endpoint)
        elif not any(call.peer.name == trunk for call in endpoint.live_calls()):
            endpoint.guard.admit_trunk(trunk, ())

    def _retire(self, endpoint: _Endpoint) -> None:
        """Shut a socket once its calls are over, and what was just sent (a BYE) is out of the sending thread's queue."""
        if endpoint.live_calls():
            Timeout(self._retire, _RETIRE_SECONDS, 1, endpoint)
        else:
            Timeout(endpoint.shut, LINGER_SECONDS, 1)
