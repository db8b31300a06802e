"""Which leads the list shows: what the address of the page says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from dialler.leads.queries import LeadFilter
from dialler.leads.states import STATES

__all__ = ["Wanted", "wanted_from"]


@dataclass(frozen=True)
class Wanted:
    """The filter, as the address has it."""

    state: str = ""
    disposition: str = ""
    phone: str = ""
    cursor: str = ""

    def address(self, base: str, **changes: str) -> str:
        """The address of the list with this filter, changed."""
        values = {"state": self.state, "disposition": self.disposition, "phone": self.phone, "cursor": self.cursor} | changes
        query = urlencode({name: value for name, value in values.items() if value})
        return base + (f"?{query}" if query else "")

    @property
    def filters(self) -> bool:
        """Whether anything is filtered out."""
        return bool(self.state or self.disposition or self.phone)

    def leads(self, campaign_id: str) -> LeadFilter:
        """The filter for the dialler."""
        return LeadFilter(campaign_id, self.state or None, self.disposition or None, None, self.phone or None)


def wanted_from(query: Mapping[str, str]) -> Wanted:
    """The filter from an address; what makes no sense is left out. Pure."""
    state = query.get("state", "")
    phone = "".join(ch for ch in query.get("phone", "") if ch in "+0123456789;=ext")[:64]
    if phone and not phone.startswith("+"):
        phone = f"+{phone}"
    return Wanted(
        state if state in STATES and state != "staged" else "",
        query.get("disposition", "").strip()[:100],
        phone,
        query.get("cursor", "")[:1000],
    )
