"""The signalling of the other side, written out message by message: for what no well-behaved program can be made to say."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

__all__ = ["Message", "SipPeer", "read_message", "sip_peer"]

_BOUND = 20.0
_COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length", "c": "content-type"}


@dataclass(frozen=True)
class Message:
    """A message that came."""

    first: str
    headers: tuple[tuple[str, str], ...]
    body: str

    @property
    def method(self) -> str:
        """Of a request; empty for an answer."""
        return "" if self.first.startswith("SIP/2.0") else self.first.partition(" ")[0]

    @property
    def status(self) -> int:
        """Of an answer; 0 for a request."""
        return int(self.first.split()[1]) if self.first.startswith("SIP/2.0") else 0

    @property
    def uri(self) -> str:
        """Of a request."""
        return self.first.split()[1]

    def __getitem__(self, name: str) -> str:
        return ", ".join(self.all(name))

    def all(self, name: str) -> list[str]:
        """Every header of that name."""
        return [value for key, value in self.headers if key == name.lower()]

    def parameters(self, name: str) -> dict[str, str]:
        """Those of a digest."""
        return {key: quoted or plain for key, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^,\s]+))', self[name])}


def read_message(data: bytes) -> Message:
    """A datagram."""
    head, _, body = data.decode().partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    pairs = [line.partition(":") for line in lines]
    named = [(name.strip().lower(), value.strip()) for name, _, value in pairs]
    return Message(first, tuple((_COMPACT.get(name, name), value) for name, value in named), body)


class SipPeer:
    """A socket of loopback, and one call on it."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 0))
        self._socket.setblocking(False)
        self.address, self.port = address, int(self._socket.getsockname()[1])
        self.them = ("", 0)
        self.invite: Message
        self.tag, self.cseq = "callee", 0
        self._seen: set[bytes] = set()
        self._waiting: list[Message] = []
        self._branches = iter(range(1, 10**9))

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    async def request(self, method: str, seconds: float = _BOUND) -> Message:
        """The next request of that method, once; what else comes is kept."""
        return await self._next(lambda message: message.method == method, method, seconds)

    async def response(self, method: str) -> Message:
        """The next final answer to a request of ours."""
        return await self._next(lambda m: m.status >= 200 and m["cseq"].endswith(method), f"the answer to {method}")

    async def _next(self, wanted: Callable[[Message], bool], what: str, seconds: float = _BOUND) -> Message:
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            found = next((message for message in self._waiting if wanted(message)), None)
            if found is not None:
                self._waiting.remove(found)
                return found
            try:
                async with asyncio.timeout_at(deadline):
                    data, self.them = await asyncio.get_running_loop().sock_recvfrom(self._socket, 65535)
            except TimeoutError:
                raise AssertionError(f"{what} did not come; there are {[m.first for m in self._waiting]}") from None
            if data not in self._seen:
                self._seen.add(data)
                self._waiting.append(read_message(data))

    def forget(self) -> None:
        """What came and was not asked for."""
        self._waiting.clear()
        with contextlib.suppress(BlockingIOError):
            while True:
                self._socket.recvfrom(65535)

    def unsee(self) -> None:
        """From now on what is sent to it word for word as before counts again."""
        self._seen.clear()

    async def invited(self) -> Message:
        """The INVITE."""
        self.invite = await self.request("INVITE")
        return self.invite

    def send(self, text: str | bytes) -> None:
        """Whatever it is."""
        self._socket.sendto(text if isinstance(text, bytes) else text.encode(), self.them)

    def respond(
        self, to: Message, status: int, phrase: str, *headers: str, body: str = "", tag: str | None = None, contact: str | None = None
    ) -> None:
        """Answer a request."""
        lines = [f"SIP/2.0 {status} {phrase}", *(f"Via: {via}" for via in to.all("via")), f"From: {to['from']}"]
        own = "" if status == 100 or "tag=" in to["to"] else f";tag={tag or self.tag}"
        lines += [f"To: {to['to']}{own}", f"Call-ID: {to['call-id']}", f"CSeq: {to['cseq']}"]
        lines += [f"Contact: {contact or f'<sip:callee@{self.address}:{self.port}>'}", *headers]
        self._send(lines, body)

    async def answer(self, body: str, *headers: str, tag: str | None = None, contact: str | None = None) -> Message:
        """Pick up. Returns the ACK."""
        self.tag = tag or self.tag
        self.respond(self.invite, 200, "OK", *headers, body=body, contact=contact)
        return await self.request("ACK")

    def ask(self, method: str, *headers: str, body: str = "", to_tag: str | None = None, cseq: int | None = None) -> None:
        """Send a request within the call."""
        self.cseq = cseq if cseq is not None else self.cseq + 1
        self.invite_uri = re.search(r"<([^>]+)>", self.invite["contact"])
        assert self.invite_uri is not None
        to = self.invite["from"] if to_tag is None else re.sub(r"tag=[^;]+", f"tag={to_tag}", self.invite["from"])
        lines = [f"{method} {self.invite_uri[1]} SIP/2.0"]
        lines += [f"Via: SIP/2.0/UDP {self.address}:{self.port};branch=z9hG4bK-{self.port}-{next(self._branches)}"]
        lines += [f"From: {self.invite['to']};tag={self.tag}", f"To: {to}", f"Call-ID: {self.invite['call-id']}"]
        lines += [f"CSeq: {self.cseq} {method}", f"Contact: <sip:callee@{self.address}:{self.port}>", "Max-Forwards: 70", *headers]
        self._send(lines, body)

    async def asked(self, method: str, *headers: str, body: str = "") -> Message:
        """Send a request within the call, and wait for its final answer; an INVITE is acknowledged."""
        self.ask(method, *headers, body=body)
        reply = await self.response(method)
        if method == "INVITE":
            self.ask("ACK", cseq=self.cseq)
        return reply

    async def hung_up(self) -> Message:
        """Their BYE, which is answered."""
        bye = await self.request("BYE")
        self.respond(bye, 200, "OK")
        return bye

    def _send(self, lines: list[str], body: str) -> None:
        kind = ["Content-Type: application/sdp"] if body and not any(line.lower().startswith("content-type") for line in lines) else []
        text = body.replace("\r\n", "\n").replace("\n", "\r\n")
        text += "\r\n" if text and not text.endswith("\r\n") else ""
        self.send("\r\n".join([*lines, *kind, f"Content-Length: {len(text.encode())}", "", text]))


@asynccontextmanager
async def sip_peer(address: str = "127.0.0.1") -> AsyncIterator[SipPeer]:
    """A peer on a free port of loopback."""
    peer = SipPeer(address)
    try:
        yield peer
    finally:
        peer.close()
