"""LiveKit's trunks, brought in step with our records."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp
from livekit import api

from core.transports.livekit import sync
from core.transports.livekit.line import LiveKitLine
from core.transports.livekit.server import LiveKitServer

__all__ = ["InStep", "bring_in_step", "concerns_server", "drift_of", "failure_in_words", "take_away"]


def failure_in_words(error: BaseException) -> str:
    """Why something at LiveKit could not be done."""
    if isinstance(error, api.ServerError):
        if error.status == 401:
            return "LiveKit does not accept the API key and its secret"
        return f"LiveKit refused it: {error.code}, {error.message}"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "LiveKit does not answer: the host of its url is not known"
    if isinstance(error, aiohttp.ClientSSLError):
        return "LiveKit does not answer: TLS cannot be agreed with it"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"LiveKit does not answer: no connection to {error.host}:{error.port} can be made"
    if isinstance(error, TimeoutError):
        return "LiveKit does not answer in time"
    return "LiveKit does not answer: the connection fails"


def concerns_server(error: BaseException) -> bool:
    """Whether it has nothing to do with the one trunk: the server is not reached, or does not accept our key."""
    return not isinstance(error, api.ServerError) or error.status == 401


@dataclass(frozen=True)
class InStep:
    """What a trunk is called at LiveKit, what was done, and what could not be, in words. Calls out need the outbound trunk alone."""

    outbound_trunk_id: str | None
    inbound_trunk_id: str | None
    dispatch_rule_id: str | None
    done: tuple[str, ...]
    error: str | None = None


async def bring_in_step(server: LiveKitServer, installation: str, line: LiveKitLine) -> InStep:
    """Make, change and delete what it takes. Nothing is done where nothing differs.

    Raises:
        one of core.transports.livekit.server.FAILURES.
    """
    password = line.password.get_secret_value() if line.password else None
    print_ = sync.fingerprint(line.api_secret.get_secret_value(), password)
    sip, name, settings, numbers = server.api.sip, line.name, line.settings, line.numbers
    done: list[str] = []
    outbound = await _keep(
        sync.plan(
            sync.outbound_trunk(installation, name, settings, numbers, password, print_),
            sync.mine((await sip.list_outbound_trunk(api.ListSIPOutboundTrunkRequest())).items, installation, name),
            lambda one: one.sip_trunk_id,
        ),
        "outbound trunk",
        done,
        make=lambda one: sip.create_outbound_trunk(api.CreateSIPOutboundTrunkRequest(trunk=one)),
        change=lambda old, new: sip.update_outbound_trunk(old.sip_trunk_id, new),
        delete=lambda one: sip.delete_trunk(api.DeleteSIPTrunkRequest(sip_trunk_id=one.sip_trunk_id)),
    )
    inbound: api.SIPInboundTrunkInfo | None = None
    rule: api.SIPDispatchRuleInfo | None = None
    error: str | None = None
    try:
        inbound = await _inbound(server, installation, line, done)
        rule = await _rule(server, installation, line, inbound.sip_trunk_id if inbound else None, done)
    except api.ServerError as refused:  # another system's trunk may have the number already
        error = f"calls to its numbers do not reach us: {refused.message}"
    return InStep(
        outbound.sip_trunk_id if outbound else None,
        inbound.sip_trunk_id if inbound else None,
        rule.sip_dispatch_rule_id if rule else None,
        tuple(done),
        error,
    )


async def _inbound(server: LiveKitServer, installation: str, line: LiveKitLine, done: list[str]) -> api.SIPInboundTrunkInfo | None:
    sip = server.api.sip
    return await _keep(
        sync.plan(
            sync.inbound_trunk(installation, line.name, line.settings, line.numbers),
            sync.mine((await sip.list_inbound_trunk(api.ListSIPInboundTrunkRequest())).items, installation, line.name),
            lambda one: one.sip_trunk_id,
        ),
        "inbound trunk",
        done,
        make=lambda one: sip.create_inbound_trunk(api.CreateSIPInboundTrunkRequest(trunk=one)),
        change=lambda old, new: sip.update_inbound_trunk(old.sip_trunk_id, new),
        delete=lambda one: sip.delete_trunk(api.DeleteSIPTrunkRequest(sip_trunk_id=one.sip_trunk_id)),
    )


async def _rule(
    server: LiveKitServer, installation: str, line: LiveKitLine, inbound_id: str | None, done: list[str]
) -> api.SIPDispatchRuleInfo | None:
    sip = server.api.sip
    return await _keep(
        sync.plan(
            sync.dispatch_rule(installation, line.name, inbound_id),
            sync.mine((await sip.list_dispatch_rule(api.ListSIPDispatchRuleRequest())).items, installation, line.name),
            lambda one: one.sip_dispatch_rule_id,
        ),
        "dispatch rule",
        done,
        make=lambda one: sip.create_dispatch_rule(api.CreateSIPDispatchRuleRequest(dispatch_rule=one)),
        change=lambda old, new: sip.update_dispatch_rule(old.sip_dispatch_rule_id, new),
        delete=lambda one: sip.delete_dispatch_rule(api.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=one.sip_dispatch_rule_id)),
    )


async def drift_of(server: LiveKitServer, installation: str, line: LiveKitLine) -> tuple[str, ...]:
    """What is not as the record says, in words; nothing is changed.

    Raises:
        one of core.transports.livekit.server.FAILURES.
    """
    sip, name = server.api.sip, line.name
    password = line.password.get_secret_value() if line.password else None
    print_ = sync.fingerprint(line.api_secret.get_secret_value(), password)
    outbound = sync.plan(
        sync.outbound_trunk(installation, name, line.settings, line.numbers, password, print_),
        sync.mine((await sip.list_outbound_trunk(api.ListSIPOutboundTrunkRequest())).items, installation, name),
        lambda one: one.sip_trunk_id,
    )
    inbound = sync.plan(
        sync.inbound_trunk(installation, name, line.settings, line.numbers),
        sync.mine((await sip.list_inbound_trunk(api.ListSIPInboundTrunkRequest())).items, installation, name),
        lambda one: one.sip_trunk_id,
    )
    rule = sync.plan(
        sync.dispatch_rule(installation, name, inbound.update.sip_trunk_id if inbound.update else None),
        sync.mine((await sip.list_dispatch_rule(api.ListSIPDispatchRuleRequest())).items, installation, name),
        lambda one: one.sip_dispatch_rule_id,
    )
    return (*_told("outbound trunk", outbound), *_told("inbound trunk", inbound), *_told("dispatch rule", rule))


def _told(word: str, what: sync.Plan[sync.K]) -> list[str]:
    told = [f"the {word} is not there"] if what.wanted is not None and what.update is None else []
    told += [f"the {word} differs in {', '.join(what.changed)}"] if what.changed else []
    return told + [f"there is an {word} too many" for _ in what.delete]


async def take_away(server: LiveKitServer, installation: str, trunk: str) -> int:
    """Delete everything of a trunk at LiveKit. Returns how much that was.

    Raises:
        one of core.transports.livekit.server.FAILURES.
    """
    sip = server.api.sip
    rules = sync.mine((await sip.list_dispatch_rule(api.ListSIPDispatchRuleRequest())).items, installation, trunk)
    for rule in rules:
        await sip.delete_dispatch_rule(api.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=rule.sip_dispatch_rule_id))
    inbound = sync.mine((await sip.list_inbound_trunk(api.ListSIPInboundTrunkRequest())).items, installation, trunk)
    outbound = sync.mine((await sip.list_outbound_trunk(api.ListSIPOutboundTrunkRequest())).items, installation, trunk)
    for trunk_id in [one.sip_trunk_id for one in inbound] + [one.sip_trunk_id for one in outbound]:
        await sip.delete_trunk(api.DeleteSIPTrunkRequest(sip_trunk_id=trunk_id))
    return len(rules) + len(inbound) + len(outbound)


async def _keep(
    what: sync.Plan[sync.K],
    word: str,
    done: list[str],
    *,
    make: Callable[[sync.K], Awaitable[sync.K]],
    change: Callable[[sync.K, sync.K], Awaitable[sync.K]],
    delete: Callable[[sync.K], Awaitable[object]],
) -> sync.K | None:
    for one in what.delete:
        await delete(one)
        done.append(f"{word} deleted")
    if what.wanted is None:
        return None
    if what.update is None:
        done.append(f"{word} made")
        return await make(what.wanted)
    if what.changed:
        done.append(f"{word} changed ({', '.join(what.changed)})")
        return await change(what.update, what.wanted)
    return what.update
