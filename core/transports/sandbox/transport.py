"""The sandbox as a transport of the call engine."""

from __future__ import annotations

from core.contracts.transport import Leg, PlaceOrder
from core.transports.sandbox.network import SandboxNetwork

__all__ = ["SandboxTransport"]


class SandboxTransport:
    """Places calls on a `SandboxNetwork`. It may dial any number, fictional ones too, because no real phone rings."""

    name = "sandbox"
    real = False

    def __init__(self, network: SandboxNetwork) -> None:
        self.network = network

    async def place(self, order: PlaceOrder) -> Leg:
        """Send the INVITE; what the callee's network logs of it is on disk when this returns.

        Raises:
            OSError: the network's log could not be written; then nothing rang.
        """
        return self.network.place(order)
