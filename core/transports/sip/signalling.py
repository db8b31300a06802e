"""What signalling and the rest of the transport know of each other. Nothing here needs the SIP stack.

A `Dialog` is one call as signalling holds it; it is told what to do from any thread. What happens on it is told to its
`Listener`, in the thread of signalling.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from pydantic import SecretStr

from core.transports.sip.addresses import Diversion

__all__ = [
    "LINGER_SECONDS",
    "Dialog",
    "InboundInvite",
    "Invite",
    "Listener",
    "Network",
    "OwnFault",
    "Peer",
    "Reply",
    "Signalling",
    "SipUnavailable",
]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


LINGER_SECONDS: Final = 0.05
"""How long a socket stays after its last trunk was closed: so long what was just sent may wait to leave."""


class SipUnavailable(Exception):
    """SIP cannot be used as things stand; the message says why, and what to do."""


class OwnFault(SipUnavailable):
    """What is wrong is on this machine, or in the trunk's record: it says nothing of the trunk."""


@dataclass(frozen=True)
class Peer:
    """A trunk, looked up and ready to be dialled.

    Attributes:
        name: the trunk's.
        address: IP address and port that requests go to.
        host: the host of the request's URI: the name or address as configured.
        local: IP address and port that we send from; port 0: any.
        advertised: our IP address as the trunk sees it.
        accept_from: where SIP may come from.
        user: of the digest; None: the trunk knows our address.
        password: of the digest.
        from_domain: the domain behind our numbers; None: our own address.
        invites_per_second: new calls that it may bring in a second; those above are refused.
    """

    name: str
    address: tuple[str, int]
    host: str
    local: tuple[str, int]
    advertised: str
    accept_from: tuple[Network, ...]
    user: str | None = None
    password: SecretStr | None = None
    from_domain: str | None = None
    invites_per_second: float = 50.0


@dataclass(frozen=True)
class Invite:
    """A call to be placed: whom, as whom, with which headers, and our offer."""

    to_user: str
    from_user: str
    sdp: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Reply:
    """The last word on a request. `from_us`: nobody answered it, the status is our own (408). `told`: it is of a NOTIFY.
    `why`: what kept us from answering the digest that was asked for, in words."""

    status: int
    phrase: str
    from_us: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    told: bool = False
    why: str = ""


class Listener(Protocol):
    """The events of a dialog."""

    def begins(self, dialog: Dialog) -> None:
        """The dialog, before anything happens on it."""

    def progress(self, status: int, phrase: str, sdp: str | None) -> None:
        """A provisional answer, 101 to 199."""

    def answered(self, sdp: str | None) -> None:
        """The other side answered."""

    def offered(self, sdp: str | None) -> str | None:
        """The other side offers something else, or asks for our offer (None). Returns our description; None refuses (488)."""

    def acknowledged(self, sdp: str | None) -> None:
        """An ACK with an answer to our offer."""

    def failed(self, status: int, phrase: str, reason: str, *, from_us: bool) -> None:
        """The call ended before it was answered. `reason` is the Reason header, `from_us`: nobody answered, the status is ours."""

    def pressed(self, key: str) -> None:
        """The other side pressed a key, and told it by signalling (INFO)."""

    def ended(self, reason: str) -> None:
        """The other side ended the answered call. `reason` is its Reason header."""


class Dialog(Protocol):
    """One call. Every method may be called from any thread, and does nothing if it comes too late."""

    def leftover(self, *, answered: bool) -> dict[str, Any] | None:
        """What must be kept to end the call, should this process die (`Signalling.end_leftover`). Changes nothing."""

    def hang_up(self) -> None:
        """CANCEL before the answer, BYE after it; a call to us that was not answered is declined."""

    def refer(self, target: str, referred_by: str, on_news: Callable[[Reply], None]) -> None:
        """Ask the other side to call `target` (a URI). News: the reply to the REFER, then what its NOTIFYs tell."""

    def ring(self) -> None:
        """Tell the caller that it rings (180)."""

    def accept(self, sdp: str) -> None:
        """Answer a call to us."""

    def reject(self, status: int, phrase: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """Refuse a call to us."""


@dataclass(frozen=True)
class InboundInvite:
    """Somebody calls us.

    Attributes:
        trunk: the trunk that it comes by.
        called: the users that it may be meant for: of the request's URI, P-Called-Party-ID, To, and who it was diverted from.
        caller: the user of the From header.
        asserted: the users of P-Asserted-Identity, and of Remote-Party-ID after them.
        private: whether the caller asked for privacy (RFC 3323, or in Remote-Party-ID).
        reference: its Call-ID.
        sdp: the caller's offer; None: we are to make one.
        dialog: the call.
        listen: sets the listener of its further events.
        also: the other trunks that calls from its address may be of.
        diverted: who it was diverted from, the latest first.
    """

    trunk: str
    called: tuple[str, ...]
    caller: str
    asserted: tuple[str, ...]
    private: bool
    reference: str
    sdp: str | None
    dialog: Dialog
    listen: Callable[[Listener], None]
    also: tuple[str, ...] = ()
    diverted: tuple[Diversion, ...] = ()


class Signalling(Protocol):
    """SIP as the transport uses it."""

    def open(self, peer: Peer, on_invite: Callable[[InboundInvite], None]) -> None:
        """Listen for a trunk, or take over its changed settings.

        Raises:
            SipUnavailable: the local address or port cannot be used.
        """

    def dial(self, peer: Peer, invite: Invite, listener: Listener) -> Dialog:
        """Send an INVITE. Returns once it has left.

        Raises:
            SipUnavailable: it could not be sent.
        """

    def request(self, peer: Peer, method: str, headers: tuple[tuple[str, str], ...], on_reply: Callable[[Reply], None]) -> None:
        """Send a request outside of any call (OPTIONS, REGISTER); the digest is answered. `on_reply` in signalling's thread."""

    def end_leftover(self, peer: Peer, kept: Mapping[str, Any], on_end: Callable[[], None]) -> None:
        """End a call of a process that died, of whose dialog this was kept: BYE if it was answered, CANCEL while it rang. `on_end` is
        called, in signalling's thread, once the other side has confirmed it, or never will."""

    def close(self, trunk: str) -> None:
        """Listen for this trunk no longer."""
