"""The sandbox phone network: trunks with limits, callees by catalogue and profile, and the callee's side's log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from core.contracts.transport import Leg, PlaceOrder, TransferOutcome
from core.kernel.clock import Clock
from core.kernel.ids import Ids
from core.kernel.numbers import is_fictional, time_zones
from core.transports.refused import RefusedLeg
from core.transports.sandbox.catalogue import entry_of, fate_of, has_memory
from core.transports.sandbox.fate import FAILURES, Fate, drawn
from core.transports.sandbox.inbound import SandboxInbound, caller_fate
from core.transports.sandbox.leg import SandboxLeg
from core.transports.sandbox.log_reader import InviteCounter
from core.transports.sandbox.network_log import Arrival, NetworkLog
from core.transports.sandbox.settings import SandboxSettings, TrunkLimits
from core.transports.sandbox.trunk_gate import TrunkGate

__all__ = ["SandboxNetwork", "callee_hour", "transfer_outcome"]


def callee_hour(number: str, now: datetime) -> int:
    """The hour of the callee's day, by the first time zone of the number; in UTC if it has none."""
    zones = time_zones(number)
    return now.astimezone(ZoneInfo(zones[0]) if zones else UTC).hour


def transfer_outcome(destination: str) -> TransferOutcome:
    """What comes of a transfer: a fictional number that the catalogue lets fail fails with that status.

    Every other one is answered, but an empty one is 404. A scheme, a SIP domain and parameters are set aside first.
    """
    user = destination.strip().removeprefix("sips:").removeprefix("sip:").removeprefix("tel:").partition(";")[0].partition("@")[0]
    if not user:
        return TransferOutcome(False, 404, "Not Found")
    entry = entry_of(user) if is_fictional(user) else None
    failure = FAILURES.get(entry.outcome) if entry is not None else None
    return TransferOutcome(True) if failure is None else TransferOutcome(False, failure.sip_status, failure.reason)


class SandboxNetwork:
    """Carries calls to simulated callees. No real phone rings.

    Args:
        clock: all time passes on it.
        ids: what happens to a call is drawn from its stream `("sandbox", attempt)` alone.
        settings: the profile.
        log_path: `network.jsonl`.
        trunks: limits by the name of the trunk; a trunk without has those of the settings.
        run: the name that this process registers with at the network; it stands in every line of the log.
        log_when_used: whether the log is opened only as the first call comes: a process of real calls may never have one here.

    Raises:
        OSError: the log cannot be opened.
    """

    def __init__(
        self,
        clock: Clock,
        ids: Ids,
        settings: SandboxSettings,
        log_path: Path,
        trunks: Mapping[str, TrunkLimits] | None = None,
        run: str = "",
        *,
        log_when_used: bool = False,
    ) -> None:
        self._clock, self._ids, self.settings = clock, ids, settings
        self._gates = {name: TrunkGate(limits) for name, limits in (trunks or {}).items()}
        self._closed, self._rung = False, 0
        self._log_path, self._run = log_path, run
        self._opened: NetworkLog | None = None
        if not log_when_used:
            self._open_log()
        self._earlier = InviteCounter(log_path, has_memory)
        self._live: dict[SandboxLeg, None] = {}  # ordered, so that close() ends them in the same order in every run

    def _open_log(self) -> NetworkLog:
        log = self._opened = NetworkLog(self._log_path, self._run)
        log.opened(self._clock.now())
        return log

    @property
    def _log(self) -> NetworkLog:
        return self._opened or self._open_log()

    @property
    def calls(self) -> int:
        """Calls on the network now, ringing or answered."""
        return len(self._live)

    def place(self, order: PlaceOrder) -> Leg:
        """The INVITE reaches the network; synchronous, with no delay between its line in the log and the first ring.

        Raises:
            OSError: the line could not be written; then nothing rang.
            RuntimeError: the network is closed.
        """
        if self._closed:
            raise RuntimeError("the sandbox network is closed: it takes no more calls")
        log = self._log
        now, arrival = self._clock.now(), Arrival(order.to_number, order.from_number, order.attempt)
        gate = self._gate(order.trunk)
        if (refusal := gate.admit(now)) is not None:
            log.invite(now, arrival, planned=refusal, rings=False, ring_seconds=None, refused_by="trunk")
            return RefusedLeg(refusal)
        try:
            stream = self._ids.stream("sandbox", order.attempt)
            seed = stream.getrandbits(64)
            entry = entry_of(order.to_number) if is_fictional(order.to_number) else None
            fate: Fate
            if entry is None:
                fate = drawn(self.settings, callee_hour(order.to_number, now), stream)
            else:
                earlier = self._earlier.count(order.to_number) if entry.second_time else 0
                fate = fate_of(entry, earlier, self.settings, stream)
            log.invite(now, arrival, planned=fate.outcome, rings=fate.rings, ring_seconds=fate.seconds)
        except BaseException:
            gate.release()
            raise

        def on_end(leg: SandboxLeg) -> None:
            gate.release()
            del self._live[leg]

        leg = SandboxLeg(self._clock, order, fate, log=log, settings=self.settings, seed=seed, transfers=transfer_outcome, on_end=on_end)
        self._live[leg] = None
        self._clock.spawn(leg.live(), name=f"sandbox callee of call {order.call_id}")
        return leg

    def ring_us(self, from_number: str, to_number: str, trunk: str) -> SandboxInbound:
        """Somebody calls one of our numbers; how they talk is fixed by their number, or drawn, as it is for callees.

        Raises:
            OSError: the log could not be written.
            RuntimeError: the network is closed.
        """
        if self._closed:
            raise RuntimeError("the sandbox network is closed: it takes no more calls")
        now = self._clock.now()
        self._rung += 1
        order = self._ids.new("incoming", now, from_number, to_number, self._rung)
        stream = self._ids.stream("sandbox", order)
        seed = stream.getrandbits(64)
        fate = caller_fate(from_number, self.settings, stream)
        arrival = Arrival(to_number, from_number, order)
        self._log.inbound(now, arrival, planned=fate.outcome)

        def refused(sip_status: int) -> None:
            self._log.ended(self._clock.now(), arrival, by="callee", sip_status=sip_status, talk_seconds=0.0)

        def picked_up() -> SandboxLeg:
            gate = self._gate(trunk)

            def on_end(leg: SandboxLeg) -> None:
                gate.release()
                del self._live[leg]

            leg = SandboxLeg(
                self._clock,
                PlaceOrder(order, order, to_number, from_number, trunk),
                fate,
                log=self._log,
                settings=self.settings,
                seed=seed,
                transfers=transfer_outcome,
                on_end=on_end,
                inbound=True,
            )
            gate.occupy()
            self._live[leg] = None
            self._clock.spawn(leg.live(), name=f"sandbox caller {order}")
            return leg

        return SandboxInbound(from_number, to_number, order, picked_up, refused)

    def set_trunk(self, name: str, limits: TrunkLimits) -> None:
        """Change the limits of a trunk from now on; calls in progress go on."""
        self._gate(name).limits = limits

    def _gate(self, trunk: str) -> TrunkGate:
        if trunk not in self._gates:
            self._gates[trunk] = TrunkGate(self.settings.default_limits())
        return self._gates[trunk]

    def close(self) -> None:
        """End every call and close the log. No call can be placed afterwards."""
        self._closed = True
        for leg in list(self._live):
            leg.cut()
        if self._opened is not None:
            self._opened.close()
