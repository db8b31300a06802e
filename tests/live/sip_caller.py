"""Somebody who calls us, message by message: whatever a carrier may write into an INVITE, and what is answered to it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.live.sip_peer import Message, read_message
from tests.live.sipp import sdp

__all__ = ["SipCaller", "sip_caller"]

_BOUND = 10.0


class SipCaller:
    """A socket of loopback that calls a port of loopback."""

    def __init__(self, towards: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.port, self.towards = int(self._socket.getsockname()[1]), towards
        self._numbers = itertools.count(1)
        self.call_id = ""

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def send(self, text: str | bytes) -> None:
        """Whatever it is."""
        self._socket.sendto(text if isinstance(text, bytes) else text.encode(), ("127.0.0.1", self.towards))

    async def next(self, seconds: float = _BOUND) -> Message | None:
        """The next message; None if none comes in time."""
        try:
            async with asyncio.timeout(seconds):
                data = await asyncio.get_running_loop().sock_recv(self._socket, 65535)
        except TimeoutError:
            return None
        return read_message(data)

    async def final(self) -> Message:
        """The next final answer; those of before it are passed over."""
        while True:
            message = await self.next()
            assert message is not None, "there was no final answer"
            if message.status >= 200:
                return message

    def write(
        self,
        method: str = "INVITE",
        uri: str | None = None,
        sender: str = "<sip:+12025550142@127.0.0.1>",
        to: str | None = None,
        *more: str,
        contact: str | None = None,
        body: str | None = None,
        lines: tuple[str, ...] = (),
    ) -> str:
        """A request of a new call; `lines` in place of its headers."""
        number = next(self._numbers)
        self.call_id = f"call-{self.port}-{number}"
        us = f"127.0.0.1:{self.towards}"
        head = [f"{method} {uri or f'sip:+12025550101@{us}'} SIP/2.0"]
        body = (sdp(41000) if method == "INVITE" else "") if body is None else body
        text = body.replace("\r\n", "\n").replace("\n", "\r\n") + ("\r\n" if body else "")
        head += lines or (
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK-{self.port}-{number}",
            f"From: {sender};tag=caller{number}",
            f"To: {to or f'<sip:+12025550101@{us}>'}",
            f"Call-ID: {self.call_id}",
            f"CSeq: 1 {method}",
            f"Contact: {contact or f'<sip:caller@127.0.0.1:{self.port}>'}",
            "Max-Forwards: 70",
        )
        kind = ["Content-Type: application/sdp"] if text else []
        return "\r\n".join([*head, *more, *kind, f"Content-Length: {len(text.encode())}", "", text])

    def within(self, method: str, answered: Message, number: int, *more: str) -> None:
        """A request of the call that was answered so."""
        target = re.search(r"<([^>]+)>", answered["contact"])
        uri = target[1] if target else f"sip:127.0.0.1:{self.towards}"
        lines = [f"{method} {uri} SIP/2.0", f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK-{self.port}-{next(self._numbers)}"]
        lines += [f"{name.capitalize()}: {answered[name]}" for name in ("from", "to", "call-id")]
        self.send("\r\n".join([*lines, f"CSeq: {number} {method}", "Max-Forwards: 70", *more, "Content-Length: 0", "", ""]))


@asynccontextmanager
async def sip_caller(towards: int) -> AsyncIterator[SipCaller]:
    """A caller on a free port of loopback."""
    caller = SipCaller(towards)
    try:
        yield caller
    finally:
        with contextlib.suppress(OSError):
            caller.close()
