"""Callees behind one port: a small SIP peer that answers each call as was said for its number, and keeps a log of its own."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.live.datagrams import arriving
from tests.live.sipp import sdp

__all__ = ["Answer", "Rung", "SipFarm", "sip_farm"]


@dataclass(frozen=True)
class Answer:
    """What becomes of one call: perhaps a 180, then a status. A 200 is hung up after `talks` seconds; 0 as status: nothing follows."""

    status: int
    rings: bool = False
    headers: tuple[str, ...] = ()
    talks: float = 0.3
    before: Callable[[], None] | None = None
    """Called before anything is answered."""


@dataclass(frozen=True)
class Rung:
    """A call that came in."""

    number: str
    attempt: str
    call_id: str
    answer: Answer


@dataclass
class SipFarm:
    """The peer; `log` has every call in the order in which they came, an INVITE that was sent again once."""

    socket: socket.socket
    plan: Mapping[str, Sequence[Answer]]
    otherwise: Answer
    log: list[Rung] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    """How many calls had come in before each OPTIONS."""
    trouble: list[str] = field(default_factory=list)
    _known: dict[str, list[str]] = field(default_factory=dict)
    _timers: list[threading.Timer] = field(default_factory=list)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.socket.getsockname()[1])

    def calls_to(self, number: str) -> list[Rung]:
        """The calls to one number."""
        return [rung for rung in self.log if rung.number == number]

    def call_ids(self) -> dict[str, set[str]]:
        """The calls of each attempt."""
        found: dict[str, set[str]] = defaultdict(set)
        for rung in self.log:
            found[rung.attempt].add(rung.call_id)
        return dict(found)

    def serve(self) -> None:
        """Answer until the socket is closed."""
        for data, source in arriving(self.socket):
            text = data.decode(errors="replace")
            try:
                self._take(text, source)
            except Exception as error:
                self.trouble.append(f"{error!r} at {text[:200]}")

    def _take(self, text: str, source: tuple[str, int]) -> None:
        method = text.split(" ", 1)[0]
        if method in {"BYE", "CANCEL", "OPTIONS", "REGISTER"}:
            if method == "OPTIONS":
                self.asked.append(len(self.log))
            self._send(_response(text, 200, "OK"), source)
        if method == "CANCEL":
            self._send(self._known[_header(text, "Call-ID")][0], source)
        if method == "INVITE":
            self._invite(text, source)

    def _invite(self, text: str, source: tuple[str, int]) -> None:
        call_id = _header(text, "Call-ID")
        if _tag(_header(text, "To")):  # within a call
            self._send(_response(text, 200, "OK", body=sdp(40000)), source)
            return
        if call_id in self._known:
            for message in self._known[call_id][1:]:
                self._send(message, source)
            return
        found = re.match(r"INVITE sip:([^@;>]+)", text)
        assert found is not None
        number = found[1]
        before = len(self.calls_to(number))
        plan = self.plan.get(number, ())
        answer = plan[before] if before < len(plan) else self.otherwise
        self.log.append(Rung(number, _header(text, "X-Attempt-Id"), call_id, answer))
        if answer.before is not None:
            answer.before()
        messages = [_response(text, 100, "Trying")]
        if answer.rings:
            messages.append(_response(text, 180, "Ringing"))
        if answer.status:
            messages.append(_response(text, answer.status, "As Planned", *answer.headers, body=sdp(40000) if answer.status == 200 else ""))
        self._known[call_id] = [_response(text, 487, "Request Terminated"), *messages]
        for message in messages:
            self._send(message, source)
        if answer.status == 200:
            timer = threading.Timer(answer.talks, self._send, (_bye(text), source))
            timer.daemon = True
            self._timers.append(timer)
            timer.start()

    def _send(self, text: str, to: tuple[str, int]) -> None:
        with contextlib.suppress(OSError):  # closed, or the other side is gone
            self.socket.sendto(text.encode(), to)

    def stop(self) -> None:
        """Nothing is sent any more."""
        for timer in self._timers:
            timer.cancel()
        self.socket.close()


@contextmanager
def sip_farm(plan: Mapping[str, Sequence[Answer]], otherwise: Answer | None = None, port: int = 0) -> Iterator[SipFarm]:
    """Listen at a port of loopback.

    Args:
        plan: for each number what becomes of its first call, its second, ...
        otherwise: what becomes of every other call; answered, if None.
        port: where; a free one if 0.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", port))
    sock.settimeout(0.2)
    farm = SipFarm(sock, plan, otherwise or Answer(200, rings=True))
    thread = threading.Thread(target=farm.serve, name="sip farm")
    thread.start()
    try:
        yield farm
    finally:
        farm.stop()
        thread.join(5)
        assert not farm.trouble, farm.trouble


def _header(text: str, name: str) -> str:
    found = re.search(rf"(?im)^{name}:[ \t]*(.*?)\r?$", text)
    return found[1] if found else ""


def _tag(value: str) -> str:
    found = re.search(r";tag=([^;>\s]+)", value)
    return found[1] if found else ""


def _our_tag(text: str) -> str:
    return "farm" + re.sub("[^A-Za-z0-9]", "", _header(text, "Call-ID"))[:16]


def _response(text: str, status: int, phrase: str, *headers: str, body: str = "") -> str:
    to = _header(text, "To")
    if not _tag(to) and status > 100:
        to += f";tag={_our_tag(text)}"
    vias = re.findall(r"(?im)^Via:.*?\r?$", text)
    lines = [f"SIP/2.0 {status} {phrase}", *(via.strip() for via in vias), f"From: {_header(text, 'From')}", f"To: {to}"]
    lines += [f"Call-ID: {_header(text, 'Call-ID')}", f"CSeq: {_header(text, 'CSeq')}", "Contact: <sip:callee@127.0.0.1>", *headers]
    return _message(lines, body)


def _bye(invite: str) -> str:
    contact = re.search(r"sip:[^>;\s]*", _header(invite, "Contact"))
    assert contact is not None
    call_id, tag = _header(invite, "Call-ID"), _our_tag(invite)
    lines = [f"BYE {contact[0]} SIP/2.0", f"Via: SIP/2.0/UDP 127.0.0.1:9;rport;branch=z9hG4bK{tag}", "Max-Forwards: 70"]
    lines += [f"From: {_header(invite, 'To')};tag={tag}", f"To: {_header(invite, 'From')}", f"Call-ID: {call_id}", "CSeq: 1 BYE"]
    return _message(lines, "")


def _message(lines: list[str], body: str) -> str:
    body = body.replace("\n", "\r\n") + "\r\n" if body else ""
    kind = ["Content-Type: application/sdp"] if body else []
    return "\r\n".join([*lines, *kind, f"Content-Length: {len(body.encode())}", "", body])
