"""Whether a trunk works, in words: its host looked up, an OPTIONS, a registration if it wants one, a test call if asked."""

from __future__ import annotations

from dataclasses import dataclass

from core.kernel.clock import Clock
from core.transports.base import Answered, Failed, PlaceOrder, Ringing
from core.transports.sip.advice import advice
from core.transports.sip.asking import ask, verdict_on_options
from core.transports.sip.signalling import Signalling, SipUnavailable
from core.transports.sip.transport import SipTransport, TrunkLine, look_up

__all__ = ["CheckReport", "check_trunk"]

_TALK_SECONDS = 2.0


@dataclass(frozen=True)
class CheckReport:
    """Whether all went well, and what was seen, in sentences."""

    works: bool
    sentences: tuple[str, ...]


async def check_trunk(
    line: TrunkLine, signalling: Signalling, clock: Clock, transport: SipTransport, call: PlaceOrder | None, ring_seconds: float
) -> CheckReport:
    """Check a trunk.

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
    reports = [CheckReport(*verdict_on_options(await ask(signalling, clock, peer, "OPTIONS"), peer))]
    if line.settings.register_ and reports[0].works:
        reply = await ask(signalling, clock, peer, "REGISTER", (("Expires", "600"),))
        good = 200 <= reply.status < 300
        words = (
            "The registration is accepted."
            if good
            else f"The registration is refused: {reply.status} {reply.phrase}. {advice(reply.status)}"
        )
        reports.append(CheckReport(good, (words,)))
    if call is not None and all(report.works for report in reports):
        reports.append(await _call(transport, clock, call, ring_seconds))
    return CheckReport(all(report.works for report in reports), tuple(line for report in reports for line in report.sentences))


async def _call(transport: SipTransport, clock: Clock, order: PlaceOrder, ring_seconds: float) -> CheckReport:
    leg = await transport.place(order)
    rang = False
    deadline = clock.now().timestamp() + ring_seconds
    while True:
        event = await leg.next(max(deadline - clock.now().timestamp(), 0.0))
        match event:
            case Ringing():
                rang = True
            case Answered():
                await clock.sleep(_TALK_SECONDS)
                await leg.hang_up()
                return CheckReport(True, ("The test call was answered, and ended after two seconds.",))
            case Failed(status, reason):
                if status == 487:
                    return CheckReport(
                        rang, ("The test call rang, and nobody answered." if rang else "The test call did not ring in time.",)
                    )
                return CheckReport(False, (f"The test call failed: {status} {reason}.", advice(status)))
            case None:
                await leg.hang_up()
                deadline = clock.now().timestamp() + 15.0
            case _:
                pass
