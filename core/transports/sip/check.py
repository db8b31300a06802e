"""Whether a trunk works, in words: its host looked up, an OPTIONS, a registration if it wants one, a test call if asked."""

from __future__ import annotations

from core.contracts.transport import PlaceOrder
from core.kernel.clock import Clock
from core.transports.check_call import CheckReport, place_check_call
from core.transports.sip.asking import ask, verdict_on_options, why_refused
from core.transports.sip.signalling import Reply, Signalling, SipUnavailable
from core.transports.sip.transport import SipTransport, TrunkLine, look_up

__all__ = ["check_trunk"]


async def check_trunk(
    line: TrunkLine, signalling: Signalling, clock: Clock, transport: SipTransport, call: PlaceOrder | None, ring_seconds: float
) -> CheckReport:
    """Check a trunk. A test call is placed whatever was answered to the OPTIONS, and decides: not every carrier answers them.

    Args:
        line: the trunk.
        signalling: SIP.
        clock: the real clock.
        transport: over the same signalling, for the test call.
        call: a test call; it is ended two seconds after the answer.
        ring_seconds: how long it may ring.
    """
    try:
        peer = await look_up(line)
        await transport.listen(line.name)
    except SipUnavailable as error:
        return CheckReport(False, (f"{error}.",))
    works, said = verdict_on_options(await ask(signalling, clock, peer, "OPTIONS"), peer)
    if line.settings.register_ and works:
        works, words = _verdict_on_registration(await ask(signalling, clock, peer, "REGISTER", (("Expires", "600"),)))
        said = (*said, words)
    if call is None:
        return CheckReport(works, said)
    called = await place_check_call(transport, clock, call, ring_seconds)
    despite = ("So it takes calls all the same.",) if called.works and not works else ()
    return CheckReport(called.works, (*said, *called.sentences, *despite))


def _verdict_on_registration(reply: Reply) -> tuple[bool, str]:
    if 200 <= reply.status < 300:
        return True, "The registration is accepted."
    return False, f"The registration is refused: {reply.status} {reply.phrase}. {why_refused(reply)}"
