"""What must be done so that LiveKit's trunks are as our records say. Pure.

Our objects there are found by the mark in their metadata: they can be removed without our database, and
objects of other systems stay untouched.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from livekit.protocol.sip import (
    SIPDispatchRule,
    SIPDispatchRuleIndividual,
    SIPDispatchRuleInfo,
    SIPInboundTrunkInfo,
    SIPMediaConfig,
    SIPOutboundTrunkInfo,
)

from core.transports.livekit.naming import Mark, inbound_prefix
from core.transports.livekit.settings import LiveKitSettings

__all__ = ["Plan", "dispatch_rule", "drift", "fingerprint", "inbound_trunk", "mine", "outbound_trunk", "plan"]

Kept = SIPOutboundTrunkInfo | SIPInboundTrunkInfo | SIPDispatchRuleInfo
K = TypeVar("K", SIPOutboundTrunkInfo, SIPInboundTrunkInfo, SIPDispatchRuleInfo)

_COMPARED = (
    "name", "metadata", "address", "transport", "numbers", "auth_username", "headers", "allowed_addresses", "trunk_ids", "rule",
)  # fmt: skip


@dataclass(frozen=True)
class Plan(Generic[K]):
    """What to do: bring `update` in step (None: make one, if any is `wanted`), of which `changed` differs; `delete` is too much."""

    wanted: K | None
    update: K | None
    changed: tuple[str, ...]
    delete: tuple[K, ...]

    @property
    def in_step(self) -> bool:
        """Whether nothing is to be done."""
        return not self.delete and not self.changed and (self.wanted is None) == (self.update is None)


def fingerprint(key: str, password: str | None) -> str:
    """What tells whether a password has changed, without telling the password: keyed with the API secret."""
    return "" if password is None else hmac.new(key.encode(), password.encode(), hashlib.sha256).hexdigest()[:16]


def outbound_trunk(
    installation: str, name: str, settings: LiveKitSettings, numbers: Sequence[str], password: str | None, print_: str
) -> SIPOutboundTrunkInfo:
    """The outbound trunk of a record. `print_` is the fingerprint of its password."""
    return SIPOutboundTrunkInfo(
        name=_title(installation, name),
        metadata=_metadata(installation, name, print_),
        address=settings.address,
        transport=f"SIP_TRANSPORT_{settings.sip_transport.upper()}",
        numbers=sorted(numbers),
        auth_username=settings.user or "",
        auth_password=password or "",
        headers=settings.headers,
        media=_media(settings),
    )


def inbound_trunk(installation: str, name: str, settings: LiveKitSettings, numbers: Sequence[str]) -> SIPInboundTrunkInfo | None:
    """The inbound trunk of a record; None if it is to take no calls, or has no number that they could be for."""
    if not settings.inbound or not numbers:
        return None
    return SIPInboundTrunkInfo(
        name=_title(installation, name),
        metadata=_metadata(installation, name, ""),
        numbers=sorted(numbers),
        allowed_addresses=list(settings.accept_from),
        media=_media(settings),
    )


def dispatch_rule(installation: str, name: str, inbound_trunk_id: str | None) -> SIPDispatchRuleInfo | None:
    """The rule that gives every inbound call a room of ours; None without an inbound trunk."""
    if inbound_trunk_id is None:
        return None
    individual = SIPDispatchRuleIndividual(room_prefix=inbound_prefix(installation))
    return SIPDispatchRuleInfo(
        rule=SIPDispatchRule(dispatch_rule_individual=individual),
        trunk_ids=[inbound_trunk_id],
        name=_title(installation, name),
        metadata=_metadata(installation, name, ""),
    )


def mine(found: Sequence[K], installation: str, trunk: str) -> list[K]:
    """Those that belong to a trunk of this installation."""
    return [one for one in found if (mark := Mark.read(one.metadata)) and (mark.installation, mark.trunk) == (installation, trunk)]


def plan(wanted: K | None, found: Sequence[K], key: Callable[[K], str]) -> Plan[K]:
    """What to do with those that are ours: the oldest by id is kept, others of them are too much."""
    ours = sorted(found, key=key)
    if wanted is None:
        return Plan(None, None, (), tuple(ours))
    keep = ours[0] if ours else None
    return Plan(wanted, keep, drift(wanted, keep) if keep is not None else (), tuple(ours[1:]))


def drift(wanted: Kept, found: Kept) -> tuple[str, ...]:
    """The fields of what was found that are not as they should be. A changed password shows in the metadata."""
    fields = wanted.DESCRIPTOR.fields_by_name
    changed = [field for field in _COMPARED if field in fields and _plain(wanted, field) != _plain(found, field)]
    if "media" in fields and _encryption(wanted) != _encryption(found):
        changed.append("media_encryption")
    return tuple(changed)


def _plain(message: Kept, field: str) -> object:
    value = getattr(message, field)
    if field == "headers":
        return dict(value)
    if field in {"numbers", "allowed_addresses", "trunk_ids"}:
        return sorted(value)
    return value.SerializeToString(deterministic=True) if hasattr(value, "SerializeToString") else value


def _encryption(message: Kept) -> int:
    return message.media.encryption or message.media_encryption


def _media(settings: LiveKitSettings) -> SIPMediaConfig:
    return SIPMediaConfig(encryption=f"SIP_MEDIA_ENCRYPT_{settings.media_encryption.upper()}")


def _title(installation: str, name: str) -> str:
    return f"dialler {installation} {name}"


def _metadata(installation: str, name: str, print_: str) -> str:
    mark = json.loads(Mark(installation, name).written())
    return json.dumps({**mark, "password": print_} if print_ else mark, sort_keys=True)
