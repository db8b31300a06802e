"""Transfers a callee: to an address, or to the agent who takes the call at the desk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from core.contracts.transport import Failed, HungUp, Leg
from core.conversation.brain import Transfer
from core.conversation.desk import Desk, HandoffRequest, desk_queue
from core.conversation.holding import HoldingLine, hold
from core.conversation.limits import ConversationLimits
from core.conversation.over import Over

__all__ = ["Transfers"]


@dataclass(frozen=True)
class Transfers:
    """Transfers callees of one conversation.

    Attributes:
        leg: the callee's end.
        limits: those of the conversation.
        desk: the agent desk; if None, transfers to it fail.
        line: the conversation as the desk uses it while a caller waits.
        say: speaks.
        record: records an event of the call.
    """

    leg: Leg
    limits: ConversationLimits
    desk: Desk | None
    line: HoldingLine
    say: Callable[[str], Awaitable[object]]
    record: Callable[..., None]

    async def transfer(self, transfer: Transfer) -> None:
        """Transfer the callee; returns if that failed, having said so: the callee is still in the conversation.

        Raises:
            Over: the callee was transferred, or the call ended.
        """
        limits = self.limits
        facts = {"target": transfer.target, "reason": transfer.reason, "method": limits.transfer_method}
        destination = limits.transfer_targets.get(transfer.target)
        if destination is not None and (queue := desk_queue(destination)) is not None:
            await self._hand_over(transfer, queue, facts)
            return
        if destination is None:
            self.record("transfer_failed", **facts, failed_reason=f"the bot has no transfer target called {transfer.target!r}")
        else:
            self.record("transfer_sent", **facts, destination=destination)
            outcome = await self.leg.transfer(destination)
            if outcome.succeeded:
                raise Over("transferred")
            why = outcome.reason or (f"SIP status {outcome.sip_status}" if outcome.sip_status else "the transfer failed")
            self.record("transfer_failed", **facts, destination=destination, failed_reason=why, sip_status=outcome.sip_status)
        await self.say(limits.lines.transfer_failed)

    async def _hand_over(self, transfer: Transfer, queue: str, facts: dict[str, Any]) -> None:
        """Wait for an agent; if nobody comes, say so and offer a callback."""
        if self.desk is None:
            self.record("transfer_failed", **facts, failed_reason="there is no agent desk here")
            await self.say(self.limits.lines.transfer_failed)
            return
        request = HandoffRequest(queue, transfer.target, transfer.reason, transfer.summary, self.line.transcript())
        end = await hold(self.line, self.desk, request, self.limits.holding, facts)
        if end is True:
            raise Over("transferred")
        if isinstance(end, Failed):
            self.record("leg_failed", reason=end.reason, sip_status=end.sip_status)
            raise Over("pipeline_failure")
        if isinstance(end, HungUp):
            raise Over("customer_hangup")
        if self.line.left() > 0:
            await self.say(self.limits.holding.nobody)
