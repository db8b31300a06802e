"""The sandbox phone network: simulated callees, a log that only their side writes, trunks with limits. See docs/sandbox.md.

settings      the profile and the trunks' limits
catalogue     numbers whose last two digits fix what happens
fate          what happens to everybody else: drawn from the profile
behaviour     how a callee reacts; machines, silent callees, ramblers
person        people who converse, with the manners in `characters`, and `hearing` what the bot asks
network_log   `network.jsonl`, written by the callee's side; `log_reader` reads it
trunk_gate    channels and calls a second
inbound      people who ring one of our numbers
leg, network, transport   calls, the network that carries them, and its door for the call engine
"""

from core.transports.sandbox.catalogue import CATALOGUE, CatalogueEntry, entry_of
from core.transports.sandbox.log_reader import read_network_log
from core.transports.sandbox.network import SandboxNetwork
from core.transports.sandbox.settings import SandboxSettings, TrunkLimits
from core.transports.sandbox.transport import SandboxTransport

__all__ = [
    "CATALOGUE",
    "CatalogueEntry",
    "SandboxNetwork",
    "SandboxSettings",
    "SandboxTransport",
    "TrunkLimits",
    "entry_of",
    "read_network_log",
]
