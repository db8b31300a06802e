"""What is at a LiveKit server with our mark though no record of ours has it there any more: trunks that were removed, or have moved."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from livekit import api

from core.transports.livekit.keeping import take_away
from core.transports.livekit.line import LiveKitLine
from core.transports.livekit.naming import Mark
from core.transports.livekit.server import LiveKitServer
from core.transports.livekit.store import Standing

__all__ = ["Kept", "kept_at", "left_over", "take_leftovers_away"]

Kept = Mapping[str, Collection[str] | None]
"""The trunks on record, and what each is known by at its server if that is another one; None: it is of this server, or may be."""


def kept_at(url: str, lines: Iterable[LiveKitLine], unusable: Iterable[str], standings: Mapping[str, Standing]) -> Kept:
    """What is on record, as seen from the server of a URL. Pure.

    Args:
        url: the server's.
        lines: the usable trunks.
        unusable: the names of the others: nobody knows where they belong.
        standings: what each is called at its server: one server may be known by two URLs, so what is in step elsewhere is told by its id.
    """
    kept: dict[str, Collection[str] | None] = dict.fromkeys(unusable)
    for line in lines:
        standing = standings.get(line.name)
        ids = {standing.outbound_trunk_id, standing.inbound_trunk_id, standing.dispatch_rule_id} - {None} if standing else set()
        kept[line.name] = None if line.settings.url == url or not ids else {str(one) for one in ids}
    return kept


def left_over(found: Iterable[tuple[str, str]], kept: Kept) -> list[str]:
    """The trunks of which something is left over, by name. Pure.

    Args:
        found: what is there with our mark: the trunk that it was made for, and its id.
        kept: what is on record.
    """
    left = set()
    for trunk, made in found:
        elsewhere = kept.get(trunk, ())
        if elsewhere is not None and made not in elsewhere:
            left.add(trunk)
    return sorted(left)


async def take_leftovers_away(server: LiveKitServer, installation: str, kept: Callable[[], Kept]) -> list[str]:
    """Delete what is left over. Returns the names of its trunks.

    Args:
        server: where.
        installation: ours.
        kept: what is on record. Asked only once what is there has been listed: a trunk is on record before anything is made for it, so
            one that is being made at this moment is not taken for left over.

    Raises:
        one of core.transports.livekit.server.FAILURES.
    """
    sip = server.api.sip
    found = [(one.metadata, one.sip_trunk_id) for one in (await sip.list_outbound_trunk(api.ListSIPOutboundTrunkRequest())).items]
    found += [(one.metadata, one.sip_trunk_id) for one in (await sip.list_inbound_trunk(api.ListSIPInboundTrunkRequest())).items]
    found += [(one.metadata, one.sip_dispatch_rule_id) for one in (await sip.list_dispatch_rule(api.ListSIPDispatchRuleRequest())).items]
    marks = [(mark, made) for metadata, made in found if (mark := Mark.read(metadata)) is not None]
    ours = [(mark.trunk, made) for mark, made in marks if mark.installation == installation and mark.trunk]
    names = left_over(ours, kept()) if ours else []
    for name in names:
        await take_away(server, installation, name)
    return names
