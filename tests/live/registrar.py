"""A small SIP registrar that answers each REGISTER as it was told, and keeps a log."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.live.datagrams import arriving

__all__ = ["Register", "SipRegistrar", "sip_registrar"]


@dataclass(frozen=True)
class Register:
    """A REGISTER that came."""

    at: float
    """By the monotonic clock, in seconds."""
    expires: int
    authorised: bool


@dataclass
class SipRegistrar:
    """The registrar; `answer` may be changed at any time: told the REGISTER, it gives the status line and headers; None: silence."""

    socket: socket.socket
    answer: Callable[[Register], tuple[str, ...] | None]
    log: list[Register] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.socket.getsockname()[1])

    def serve(self) -> None:
        """Answer until the socket is closed."""
        for data, source in arriving(self.socket):
            text = data.decode()
            register = Register(time.monotonic(), int(_header(text, "Expires") or -1), bool(_header(text, "Authorization")))
            if (request := _header(text, "CSeq") + _header(text, "Call-ID")) not in self._seen:  # else it was sent again
                self._seen.add(request)
                self.log.append(register)
            answer = self.answer(register)
            if answer is None:
                continue
            vias = [via.strip() for via in re.findall(r"(?im)^Via:.*?\r?$", text)]
            same = [f"{name}: {_header(text, name)}" for name in ("From", "Call-ID", "CSeq")]
            to = f"To: {_header(text, 'To')};tag=registrar"
            reply = [f"SIP/2.0 {answer[0]}", *vias, *same, to, *answer[1:], "Content-Length: 0", "", ""]
            self.socket.sendto("\r\n".join(reply).encode(), source)


@contextmanager
def sip_registrar(answer: Callable[[Register], tuple[str, ...] | None]) -> Iterator[SipRegistrar]:
    """Listen at a free port of loopback."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.settimeout(0.2)
    registrar = SipRegistrar(sock, answer)
    thread = threading.Thread(target=registrar.serve, name="sip registrar")
    thread.start()
    try:
        yield registrar
    finally:
        sock.close()
        thread.join(5)


def _header(text: str, name: str) -> str:
    found = re.search(rf"(?im)^{name}:[ \t]*(.*?)\r?$", text)
    return found[1] if found else ""
