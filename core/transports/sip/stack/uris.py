"""URIs and addresses as sippy is to have them: it gives a message up whose From is a tel: URI, changes what it reads, and splits
display names at their commas. These take their place in what it parses, and say again what was written.
"""

from __future__ import annotations

import re
from typing import Any

from sippy import SipAddress as _address_module
from sippy import SipAddressHF as _header_module
from sippy import SipRequest as _request_module
from sippy.ESipHeaderCSV import ESipHeaderCSV
from sippy.SipAddress import SipAddress
from sippy.SipContact import SipContact
from sippy.SipContentType import SipContentType
from sippy.SipFrom import SipFrom
from sippy.SipHeader import hf_types
from sippy.SipTo import SipTo
from sippy.SipURL import SipURL

from core.transports.sip.addresses import read_address, split_list

__all__ = ["Address", "Url", "install"]

_USER, _PLACE = ("username", "userparams", "password"), ("host", "port", "headers")
_PARTS = (*_USER, *_PLACE, "usertype", "transport", "ttl", "maddr", "method", "tag", "other", "lr")


class Url(SipURL):
    """A URI of any scheme. What was read and not changed is written as it was read."""

    _written: str | None = None

    def __init__(self, url: str | None = None, *arguments: Any, **keywords: Any) -> None:
        scheme, colon, rest = (url or "").strip().partition(":")
        if url is None or (colon and scheme.lower() in {"sip", "sips"}):
            super().__init__(None if url is None else url.strip(), *arguments, **keywords)
        elif not colon or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme) or not rest:
            raise ValueError("it is no URI")
        else:
            super().__init__(username=None, host="", scheme=scheme.lower())
            if self.scheme == "tel":
                self.username, *self.userparams = rest.split(";")
        if url is not None:
            self._written = url.strip()
            self._read = self._parts()

    def _parts(self) -> tuple[Any, ...]:
        return tuple(list(value) if isinstance(value := getattr(self, name), list | tuple) else value for name in _PARTS)

    def localStr(self, local_addr: Any = None) -> str:
        """As text."""
        if self._written is not None and self._parts() == self._read:
            return self._written
        return str(super().localStr(local_addr))

    def getCopy(self) -> Url:
        """Another of the same."""
        copy = Url(host="")
        copy.scheme = self.scheme
        for name, value in zip(_PARTS, self._parts(), strict=True):
            setattr(copy, name, value)
        if self._written is not None:
            copy._written, copy._read = self._written, self._read
        return copy


class Address(SipAddress):
    """An address of a header: its display name is kept as it was written."""

    _quotes: str | None = None
    """What stands around its display name; None: it was not read but made."""

    def __init__(self, address: str | None = None, *arguments: Any, relaxedparser: bool = False, **keywords: Any) -> None:
        super().__init__(None, *arguments, relaxedparser=relaxedparser, **keywords)
        if address is None:
            return
        read = read_address(address)
        self.name, self._quotes, self.hadbrace = read.name, '"' if read.quoted else "", read.bracketed
        self.url = Url(read.uri, relaxedparser=relaxedparser)
        self.params = dict(read.parameters)
        self.params_order = list(self.params)

    def localStr(self, local_addr: Any = None) -> str:
        """As text."""
        if self._quotes is None or self.name is None:
            return str(super().localStr(local_addr))
        parameters = "".join(f";{key}" if self.params[key] is None else f";{key}={self.params[key]}" for key in self.params_order)
        return f"{self._quotes}{self.name}{self._quotes} <{self.url.localStr(local_addr)}>{parameters}"

    def getCopy(self) -> Address:
        """Another of the same."""
        copy = Address(
            name=self.name, url=self.url.getCopy(), params=dict(self.params), hadbrace=self.hadbrace, params_order=list(self.params_order)
        )
        copy._quotes = self._quotes
        return copy


class _From(SipFrom):
    """From: always one address, whatever commas are in it."""

    def __init__(self, body: str | None = None, address: Any = None) -> None:
        super().__init__(None, address or "")
        if body is not None:
            self.body, self.parsed = body, False
        self.address = address


class _To(SipTo):
    """To: always one address, whatever commas are in it."""

    def __init__(self, body: str | None = None, address: Any = None) -> None:
        super().__init__(None, address or "")
        if body is not None:
            self.body, self.parsed = body, False
        self.address = address


class _Contact(SipContact):
    """Contact: commas in quotes and brackets do not part two."""

    def __init__(self, body: str | None = None, address: Any = None) -> None:
        if body is None or body.strip() == "*":
            super().__init__(body, address)
            return
        if len(parts := split_list(body)) > 1:
            raise ESipHeaderCSV(None, parts)
        super().__init__(None, "")
        self.body, self.parsed, self.address = body, False, None


class _ContentType(SipContentType):
    """Content-Type, whose parameters may be without a value."""

    def parse(self) -> None:
        """Read it."""
        name, *parameters = str(self.body).split(";")
        self.name = name.strip()
        self.params = dict(one.strip().partition("=")[::2] for one in parameters if one.strip())
        self.parsed = True


def install() -> None:
    """Have sippy use them, from now on, in this process."""
    _address_module.SipURL = _request_module.SipURL = Url
    _header_module.SipAddress = Address
    for kind in (_From, _To, _Contact, _ContentType):
        for name in kind.hf_names:
            hf_types[name] = kind
