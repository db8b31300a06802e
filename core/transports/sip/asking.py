"""Requests to a trunk outside of any call, and what an answer to an OPTIONS tells."""

from __future__ import annotations

import asyncio
import contextlib

from core.kernel.clock import Clock
from core.kernel.mailbox import Mailbox
from core.transports.sip.advice import advice
from core.transports.sip.signalling import Peer, Reply, Signalling

__all__ = ["ask", "verdict_on_options", "why_refused"]

_PATIENCE = 10.0


async def ask(signalling: Signalling, clock: Clock, peer: Peer, method: str, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    """Send a request and await the last word on it; a 408 of our own if none comes within ten seconds."""
    replies: Mailbox[Reply] = Mailbox(clock)
    loop = asyncio.get_running_loop()

    def on_reply(reply: Reply) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(replies.put, reply)

    signalling.request(peer, method, headers, on_reply)
    return await replies.get(_PATIENCE) or Reply(408, "Request Timeout", from_us=True)


def why_refused(reply: Reply) -> str:
    """What a refusal means and what to do, in a sentence. Pure."""
    return f"{reply.why[:1].upper()}{reply.why[1:]}." if reply.why else advice(reply.status)


def verdict_on_options(reply: Reply, peer: Peer) -> tuple[bool, tuple[str, ...]]:
    """What the answer to an OPTIONS tells of a trunk: whether it works, and what was seen, in sentences. Pure."""
    where = f"{peer.host} ({peer.address[0]}:{peer.address[1]})"
    if reply.from_us:
        return (
            False,
            (
                f"{where} does not answer.",
                "Check host and port, that UDP goes out of your firewall, and that the carrier knows your address.",
            ),
        )
    said = f"{where} answers {reply.status} {reply.phrase}."
    if reply.status in {401, 407}:
        known = reply.why or peer.user
        return (False, (said, why_refused(reply) if known else "It wants a user and a password, and the trunk has none."))
    if reply.status in {402, 403}:
        return (False, (said, advice(reply.status)))
    if reply.status < 300:
        return (True, (said,))
    if reply.status in {404, 405, 480, 481, 483, 501}:  # many carriers take no OPTIONS, but somebody is there
        return (True, (said, "It is there, though it takes no OPTIONS: a test call tells more (--call NUMBER)."))
    return (False, (said, advice(reply.status)))
