"""Requests other than INVITE, CANCEL and ACK: sent, their digest answered once, their last word told."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sippy.SipAddress import SipAddress
from sippy.SipCallId import SipCallId
from sippy.SipContact import SipContact
from sippy.SipCSeq import SipCSeq
from sippy.SipFrom import SipFrom
from sippy.SipHeader import SipHeader
from sippy.SipRequest import SipRequest
from sippy.SipTo import SipTo
from sippy.SipURL import SipURL

from core.transports.sip.addresses import BadAddress, read_address, split_list, user_of_uri
from core.transports.sip.signalling import Peer, Reply

__all__ = [
    "ALLOW",
    "SUPPORTED",
    "USER_AGENT",
    "credentials",
    "drop_unreadable",
    "header_of",
    "headers_of",
    "is_stale",
    "reasons_of",
    "send_in_dialog",
    "send_outside",
    "texts_of",
    "unanswered",
    "user_of",
    "user_of_url",
    "with_contact",
]

USER_AGENT = "campaign-dialler"
ALLOW = ("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, UPDATE, INFO")
"""The header that says which requests we take."""
SUPPORTED = ("Supported", "timer")
"""The header that says which extensions of SIP we have: session timers."""
_CHALLENGES = {401: "www-authenticate", 407: "proxy-authenticate"}
_VITAL = frozenset({"via", "from", "to", "call-id", "cseq"})
_WANTED = ("contact", "expires", "min-expires", "allow", "server", "user-agent", "warning", "reason", "min-se", "session-expires")


def headers_of(pairs: Sequence[tuple[str, str]]) -> list[Any]:
    """Headers as sippy has them."""
    return [SipHeader(name=name, bodys=value) for name, value in pairs]


def header_of(message: Any, name: str) -> str:
    """The first header of that name as text; empty if there is none."""
    return str(message.getHFBody(name)) if message.countHFs(name) else ""


def reasons_of(message: Any) -> str:
    """Every Reason of a message, as it was written: sippy reads one, and none of several in a line."""
    return ", ".join(str(getattr(header.body, "body", None) or "") for header in message.getHFs("reason"))


def texts_of(message: Any, name: str) -> list[str]:
    """Every header of that name, as it was written."""
    return [text for header in message.getHFs(name) if (text := str(header.body))]


def with_contact(request: Any) -> None:
    """Give a request a Contact that requests can be sent to, if its own cannot be: a tel: URI, or nonsense. Then it is where the
    request came from; the first of several is taken."""
    drop_unreadable(request)
    if request.countHFs("contact") == 0:
        host, port = request.getSource()
        request.appendHeader(SipHeader(name="contact", body=SipContact(address=SipAddress(url=SipURL(host=host, port=port)))))


def drop_unreadable(message: Any) -> None:
    """Remove the headers that cannot be parsed, except those that every message needs. sippy reads them late, and gives
    the whole message up: a call would wait for an answer that has come."""
    for name in {header.name for header in message.headers} - _VITAL:
        try:
            for body in message.getHFBodys(name):
                str(body)
                if name in {"contact", "record-route"}:
                    host, port = body.getUrl().getTAddr()[0]
                    if not re.fullmatch(r"[\w.\-\[\]:]+", host) or not 0 < int(port) < 65536:
                        raise ValueError(name)
        except Exception:
            message.delHFs(name)


def user_of(address: str) -> str:
    """The user of the first address of a header that sippy leaves as it is; empty if there is none."""
    for part in split_list(address):
        try:
            return user_of_uri(read_address(part).uri)
        except BadAddress:
            continue
    return ""


def user_of_url(url: Any) -> str:
    """The user of a URI that sippy has read, with its own parameters."""
    return ";".join([url.username, *url.userparams]) if url.username else ""


def credentials(response: Any, user: str | None, password: str | None, method: str, uri: str, text: str | None = None) -> Any | None:
    """The header that answers a 401 or 407; None if we cannot: no password, or a digest that sippy does not have."""
    name = _CHALLENGES.get(response.getSCode()[0])
    if name is None or user is None or password is None:
        return None
    for challenge in response.getHFBodys(name):
        if challenge.qop is not None and "auth" in challenge.qop:
            challenge.qop = ["auth"]  # the body in it (auth-int) only where nothing else is taken
        supported, qop = challenge.supportedAlgorithm()
        if supported:
            return SipHeader(body=challenge.genAuthHF(user, password, method, uri, text if qop == "auth-int" else None, qop))
    return None


def is_stale(response: Any) -> bool:
    """Whether a 401 or 407 says that the password was right, and only the nonce too old."""
    name = _CHALLENGES.get(response.getSCode()[0], "")
    return any(re.search(r"\bstale\s*=\s*\"?true", str(body), re.IGNORECASE) for body in response.getHFBodys(name))


def unanswered(response: Any, user: str | None, password: str | None) -> str:
    """Why we could not answer a 401 or 407, in words; empty if we did, or if it is none."""
    name = _CHALLENGES.get(response.getSCode()[0])
    if name is None:
        return ""
    if user is None or password is None:
        return "the trunk asks for a user and password, and there is no password in its settings"
    asked = [re.search(r"\balgorithm\s*=\s*\"?([\w-]+)", str(body), re.IGNORECASE) for body in response.getHFBodys(name)]
    names = ", ".join(found[1] if found else "MD5" for found in asked)[:80]
    if not asked:
        return "the trunk refuses without saying how to authenticate"
    can = any(body.supportedAlgorithm()[0] for body in response.getHFBodys(name))
    return "" if can else f"the trunk asks for a digest that we do not have: {names}"


def _reply(response: Any, from_us: bool) -> Reply:
    status, phrase = response.getSCode()
    found = {name: ", ".join(str(body) for body in response.getHFBodys(name)) for name in _WANTED if response.countHFs(name)}
    return Reply(status, phrase, from_us, found)


def send_in_dialog(ua: Any, method: str, headers: Sequence[Any], on_reply: Callable[[Reply], None], body: Any = None) -> None:
    """Send a request within a call."""

    def on_response(response: Any, transaction: Any, tried: bool) -> None:
        status = response.getSCode()[0]
        if status < 200:
            return
        answer = None if tried else credentials(response, ua.username, ua.password, method, str(ua.rTarget))
        if answer is not None:
            send([answer], True)
        else:
            on_reply(_reply(response, response is transaction.r408))

    def send(extra: list[Any], tried: bool) -> None:
        request = ua.genRequest(method, body, extra_headers=[*headers, *extra])
        if method == "INVITE":
            ua.reqs.pop(request.getHFBody("cseq").getCSeqNum(), None)  # sippy would answer its challenge as well
        ua.newTransaction(request, resp_cb=lambda response, transaction: on_response(response, transaction, tried), cb_ifver=2)

    send([], False)


def send_outside(
    config: dict[str, Any], peer: Peer, method: str, headers: Sequence[tuple[str, str]], on_reply: Callable[[Reply], None]
) -> None:
    """Send a request outside of any call, from and to our own user at the trunk."""
    domain = peer.from_domain or peer.host
    uri = SipURL(host=peer.host, port=peer.address[1] if peer.address[1] != 5060 else None)
    sender = SipFrom(address=SipAddress(url=SipURL(username=peer.user or "dialler", host=domain), hadbrace=True))
    sender.genTag()
    to = SipTo(address=SipAddress(url=SipURL(username=peer.user, host=domain), hadbrace=True))
    contact = SipContact()
    contact.getUrl().username = peer.user or "dialler"
    contact.address.name = None
    call_id, password = SipCallId(), peer.password.get_secret_value() if peer.password else None
    numbers = iter(range(SipCSeq.genRandCSeq(), 2**31))

    def on_response(response: Any, transaction: Any, tried: bool) -> None:
        if response.getSCode()[0] < 200:
            return
        answer = None if tried else credentials(response, peer.user, password, method, str(uri))
        if answer is not None:
            send([answer], True)
        else:
            reply = _reply(response, response is transaction.r408)
            why = unanswered(response, peer.user, password)
            on_reply(replace(reply, why=why))

    def send(extra: list[Any], tried: bool) -> None:
        request = SipRequest(
            method=method,
            ruri=uri,
            to=to.getCopy(),
            fr0m=sender.getCopy(),
            callid=call_id.getCopy(),
            cseq=next(numbers),
            contact=contact.getCopy(),
            target=(peer.address, "udp"),
            user_agent=USER_AGENT,
        )
        request.appendHeaders([*headers_of(headers), *extra])
        config["_sip_tm"].newTransaction(request, lambda response, transaction: on_response(response, transaction, tried), cb_ifver=2)

    send([], False)
