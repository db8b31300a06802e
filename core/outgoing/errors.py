"""What can go wrong with an outgoing request. The text of each says what, where and what to do; it holds no secrets.

OutgoingError
├── BadRequest          it cannot be sent as it is: not http(s), no host, a broken header
│   └── UnknownAlias    its address is a plain word that stands for nothing in this process
├── Blocked             the host is at an internal address that the operator has not listed
└── RequestFailed       no answer came
    ├── NameNotFound    the name of the host is unknown
    ├── ConnectFailed   nobody took the connection
    ├── TlsFailed       the certificate, or the TLS handshake, is not in order
    ├── TimedOut        it took too long
    ├── ConnectionLost  the connection broke, or what came was not HTTP
    └── TooLarge        a stream was longer than it may be
"""

from __future__ import annotations

__all__ = [
    "BadRequest",
    "Blocked",
    "ConnectFailed",
    "ConnectionLost",
    "NameNotFound",
    "OutgoingError",
    "RequestFailed",
    "TimedOut",
    "TlsFailed",
    "TooLarge",
    "UnknownAlias",
]


class OutgoingError(Exception):
    """An outgoing request came to nothing."""


class BadRequest(OutgoingError):
    """The request cannot be sent as it is."""


class UnknownAlias(BadRequest):
    """The address is a plain word that stands for nothing in this process; in another one it may."""


class Blocked(OutgoingError):
    """The host is at an internal address that the operator has not listed."""


class RequestFailed(OutgoingError):
    """No answer came."""


class NameNotFound(RequestFailed):
    """The name of the host is unknown."""


class ConnectFailed(RequestFailed):
    """Nobody took the connection."""


class TlsFailed(RequestFailed):
    """The certificate, or the TLS handshake, is not in order."""


class TimedOut(RequestFailed):
    """It took too long."""


class ConnectionLost(RequestFailed):
    """The connection broke, or what came was not HTTP."""


class TooLarge(RequestFailed):
    """A stream was longer than it may be."""
