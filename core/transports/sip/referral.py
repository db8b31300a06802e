"""A transfer by REFER (RFC 3515), as its news tell it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.contracts.transport import TransferOutcome
from core.transports.refused import NO_CALL
from core.transports.sip.signalling import Reply

__all__ = ["Referral", "Route"]


@dataclass(frozen=True)
class Route:
    """How a trunk is dialled: its host, its port, and what stands before the digits of a number."""

    host: str = ""
    port: int = 5060
    prefix: str = "+"

    def uri_of(self, destination: str) -> str:
        """Where a callee is sent: an address as it is; a number written as the trunk dials it.

        Args:
            destination: a number (E.164), a tel: or a sip: address.
        """
        if re.match(r"sips?:", destination, re.IGNORECASE):
            return destination
        number, semicolon, parameters = re.sub(r"^tel:", "", destination.strip(), flags=re.IGNORECASE).partition(";")
        user = re.sub(r"[\s().-]", "", number)
        if user.startswith("+"):
            user = self.prefix + user.removeprefix("+")
        return f"sip:{user}{semicolon}{parameters}@{self.host}:{self.port}"


class Referral:
    """Follows one REFER, from its answer through its NOTIFYs, in whatever order they come."""

    def __init__(self) -> None:
        self._taken = False
        self.silent: str | None = None
        """Why no more news will come, once the other side has said so without telling how it ended."""

    def hear(self, news: Reply) -> TransferOutcome | None:
        """Take the answer to the REFER, or what a NOTIFY says. Returns how it ended; None while that is open."""
        if news.status >= 300:
            return TransferOutcome(False, news.status, news.phrase)
        if news.status >= 200 and news.told:
            return TransferOutcome(True, news.status, news.phrase)
        self._taken = self._taken or news.told or news.status >= 200
        state, _, why = news.headers.get("subscription-state", "").partition(";")
        if state.strip().lower() == "terminated":
            self.silent = why.strip() or "no reason"
        return None

    def gone(self) -> TransferOutcome:
        """The other side has hung up: if it had taken the REFER, it went where it was sent."""
        return TransferOutcome(True, 200, "OK") if self._taken else NO_CALL

    def untold(self) -> TransferOutcome:
        """Nothing more came in time."""
        ended = f": the other side stopped telling ({self.silent[:100]})" if self.silent else ""
        return TransferOutcome(False, 408, f"no news of the transfer came{ended}")
