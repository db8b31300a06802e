"""What the order of a call carries, so that its transport reads nothing of its trunk and its bot again."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import Fernet
from pydantic import SecretStr

from core.access.secrets import SecretStore
from core.bots.config import BotConfig
from core.bots.store import save_bot
from core.contracts.transport import Failed, Leg, PlaceOrder
from core.kernel.secrets import SecretBox
from core.transports.livekit.line import LiveKitLine
from core.transports.livekit.store import Standing, keep_standing
from core.transports.sip.line import TrunkLine
from core.transports.sip.settings import SipSettings
from core.trunks.reading import NumberRecord
from core.trunks.records import add_trunk
from tests.core.api.conftest import sqlite, with_core, with_each_core
from tests.core.api.support import BOT, PAYS, Core
from tests.core.calls.test_stuck_lines import StuckLeg
from tests.core.calls.test_trunk_health import WithCore

__all__ = ["sqlite", "with_core", "with_each_core"]

OURS = NumberRecord("+12025550102", BOT)
VOICE = {"stt": "offline", "tts": "offline"}


class Noting:
    """A real transport that notes its orders and carries no call."""

    real = True

    def __init__(self, core: Core, name: str) -> None:
        self.core, self.name = core, name
        self.orders: list[PlaceOrder] = []

    async def place(self, order: PlaceOrder) -> Leg:
        self.orders.append(order)
        return StuckLeg(self.core.clock, [Failed(503, "Service Unavailable")] * 2)


def carried_by(core: Core, transport: str, settings: dict[str, Any]) -> Noting:
    noting = Noting(core, transport)
    core.engine.transports[transport] = noting
    core.engine.preferred_trunk = "carrier"
    core.engine.secrets = secrets = SecretStore(SecretBox([Fernet.generate_key().decode()]), {})
    kinds: dict[str, Any] = {transport: settings}
    with core.db.write() as connection:
        bot = BotConfig.model_validate({"name": "b", "id": BOT, "voice": VOICE, "permitted_hours": {"enabled": False}})
        save_bot(connection, bot, core.clock.now())
        secrets.set(connection, "LINE_PASSWORD", "correct horse", core.clock.now())
        add_trunk(
            connection, "carrier", transport=transport, channels=7, calls_per_second=50, numbers=[OURS], now=core.clock.now(), **kinds
        )  # fmt: skip
    return noting


def test_the_line_with_its_password_and_the_voice_of_the_bot(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        settings = {"host": "127.0.0.1", "local_address": "127.0.0.1", "lab": True, "user": "account", "password": "secret:LINE_PASSWORD"}
        noting = carried_by(core, "sip", settings)
        await core.placed(PAYS)
        (order,) = noting.orders
        assert order.line == TrunkLine("carrier", SipSettings.model_validate(settings), 7, 50.0, SecretStr("correct horse"))
        assert order.lab
        assert order.voice is not None
        assert order.voice.stt is not None
        assert order.voice.stt.provider == "offline"
        assert "correct horse" not in repr(order)

    with_each_core(test)


def test_a_line_at_livekit_with_what_livekit_calls_it(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        settings = {"url": "ws://127.0.0.1:1", "api_key": "k", "api_secret": "secret:LINE_PASSWORD", "address": "127.0.0.1", "lab": True}
        noting = carried_by(core, "livekit", settings)
        with core.db.write() as connection:
            keep_standing(connection, Standing("carrier", "ST_out", None, None, None, core.clock.now()))
        await core.placed(PAYS)
        (order,) = noting.orders
        assert isinstance(order.line, LiveKitLine)
        assert (order.line.outbound_trunk_id, order.line.api_secret) == ("ST_out", SecretStr("correct horse"))

    with_each_core(test)


def test_a_line_that_cannot_be_used_is_left_to_its_transport(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        settings = {"host": "127.0.0.1", "local_address": "127.0.0.1", "lab": True, "user": "account", "password": "secret:FORGOTTEN"}
        noting = carried_by(core, "sip", settings)
        await core.placed(PAYS)
        assert [order.line for order in noting.orders] == [None]

    with_core(test)
