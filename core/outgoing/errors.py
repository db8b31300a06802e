"""Errors of an outgoing request. Each message says what is wrong, where, and what to do; it contains no secrets.

OutgoingError
├── BadRequest          the request is invalid: not http(s), no host, a broken header
│   └── UnknownAlias    its URL is a plain word that is no alias in this process
├── Blocked             the host is at an internal address that the operator has not listed
└── RequestFailed       no answer came
    ├── NameNotFound    the name of the host is unknown
    ├── ConnectFailed   the connection was refused or timed out
    ├── TlsFailed       the certificate or the TLS handshake is invalid
    ├── TimedOut        it took too long
    ├── ConnectionLost  the connection broke, or the reply was not HTTP
    └── TooLarge        a stream exceeded the size limit
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
    """An outgoing request failed."""


class BadRequest(OutgoingError):
    """The request is invalid."""


class UnknownAlias(BadRequest):
    """The URL is a plain word that is no alias in this process; another process may know it."""


class Blocked(OutgoingError):
    """The host is at an internal address that the operator has not listed."""


class RequestFailed(OutgoingError):
    """No answer came."""


class NameNotFound(RequestFailed):
    """The name of the host is unknown."""


class ConnectFailed(RequestFailed):
    """The connection was refused or timed out."""


class TlsFailed(RequestFailed):
    """The certificate or the TLS handshake is invalid."""


class TimedOut(RequestFailed):
    """No reply in time."""


class ConnectionLost(RequestFailed):
    """The connection broke, or the reply was not HTTP."""


class TooLarge(RequestFailed):
    """A stream exceeded the size limit."""
