"""One WebSocket of `/ws/{bot_id}`, from its handshake to its close: who may open it, which call it becomes."""

from __future__ import annotations

import contextlib
import logging
from typing import Any

from fastapi import WebSocket

from core.access.checks import TooManyRequests, Unauthorized, admit, is_to_be_counted, verify
from core.access.sockets import may_open
from core.bots.config import BotConfig
from core.bots.store import read_bot
from core.calls.inbound import Wanted, receive_call
from core.engine import Engine
from core.kernel.failures import without_values
from core.kernel.numbers import NumberError, parse_number
from core.transports.base import WEBSOCKET
from core.transports.websocket.closing import Close, Closing, Refused
from core.transports.websocket.connection import Connection, Gone
from core.transports.websocket.incoming import WebSocketIncoming
from core.transports.websocket.strangers import Strangers
from core.transports.websocket.transport import WebSocketTransport

__all__ = ["hold_socket", "is_foreign_page"]

log = logging.getLogger(__name__)


async def hold_socket(engine: Engine, socket: WebSocket, bot_id: str) -> None:
    """Hold a WebSocket until it is closed. Never raises for what a client does."""
    with engine.clock.hold():
        with contextlib.suppress(Exception):
            await socket.accept()
        connection = Connection(socket.receive, socket.send, engine.clock)
        closing = Closing(Close.FAILED, "Something failed on our side.")
        try:
            closing = await _hold(engine, socket, connection, bot_id)
        except Refused as refused:
            closing = refused.closing
        except Gone:
            closing = Closing(Close.DONE, "")
        except Exception as error:
            log.error("a WebSocket failed: %s", without_values(error))
        finally:
            log.info("WS /ws/{bot_id} %d", closing.code)
            await connection.close(closing)


async def _hold(engine: Engine, socket: WebSocket, connection: Connection, bot_id: str) -> Closing:
    transport = engine.transports.get(WEBSOCKET)
    if not isinstance(transport, WebSocketTransport):
        raise Refused(Close.NO_VOICE, "No WebSocket calls are taken here: the clock of this server is not the real one.")
    key_id, bot = _admit(engine, socket, bot_id, transport.strangers)
    transport.check(bot)
    opening = await transport.shake_hands(connection)
    region, wanted = bot.default_region, Wanted(bot_id, opening.direction, key_id, opening.event, opening.fields)
    with transport.leg_of(connection, opening) as leg:
        theirs, ours = _number(opening.caller_id, region) or "anonymous", _number(opening.did, region)
        incoming = WebSocketIncoming(leg, transport.speech, theirs, ours, opening.stream_id)
        reading = engine.clock.spawn(transport.read(connection, leg), name="websocket in")
        try:
            await receive_call(engine, incoming, WEBSOCKET, wanted)
            await leg.over.wait()
        finally:
            engine.clock.cancel(reading)
            await engine.clock.join(reading)
            leg.close_with(Closing(Close.FAILED, "Something failed on our side."))
        return leg.closing


def _admit(engine: Engine, socket: WebSocket, bot_id: str, strangers: Strangers) -> tuple[str | None, BotConfig]:
    """The id of the API key that the call came with, if one did, and the bot.

    Raises:
        Refused: whoever asks may not, or there is no such bot.
    """
    address, now = socket.client.host if socket.client else "", engine.clock.now()
    if strangers.are_turned_away(address, bot_id, now.timestamp()):
        raise Refused(Close.TOO_FAST, "Too many attempts without a valid token: wait some seconds, and show a valid one.")
    tokens, keys = _presented(socket)
    try:
        with engine.db.read() as connection:
            opener = may_open(connection, bot_id, tokens, keys, now) if "\x00" not in bot_id else _nobody()
            bot = read_bot(connection, bot_id)
        if opener.key is not None and is_to_be_counted(opener.key, now):
            with engine.db.write() as connection:
                admit(connection, verify(connection, opener.shown, now), now)
    except Unauthorized:
        strangers.failed(address, bot_id, now.timestamp())
        if any(tokens):
            engine.wrong_keys.tell(address, engine.wall())
        raise Refused(Close.UNAUTHORIZED, "A valid token of this bot, or an API key that may use it, is needed.") from None
    except TooManyRequests as error:
        raise Refused(Close.TOO_FAST, str(error)) from None
    if opener.is_anybody and is_foreign_page(socket.headers.get("origin"), socket.headers.get("host")):
        raise Refused(Close.FOREIGN_PAGE, "A web page of another site opens no calls to an open bot: show a token.")
    if bot is None:
        raise Refused(Close.UNKNOWN_BOT, "There is no such bot.")
    return (opener.key.id if opener.key else None), bot.config


def _nobody() -> Any:
    raise Unauthorized


def _presented(socket: WebSocket) -> tuple[list[str], list[str]]:
    """What may be a token, and what may be an API key: a key never stands in an address."""
    scheme, _, bearer = socket.headers.get("authorization", "").partition(" ")
    keys = [socket.headers.get("x-api-key", ""), bearer.strip() if scheme.lower() == "bearer" else ""]
    return [*keys, socket.query_params.get("token", "")], keys


def is_foreign_page(origin: str | None, host: str | None) -> bool:
    """Whether a browser opens this for a page of another site. Browsers say so (RFC 6454); programs say nothing, or their own host."""
    if origin is None:
        return False
    scheme, _, where = origin.strip().lower().partition("://")
    standard = {"http": ":80", "https": ":443"}.get(scheme, "")
    return not where or where.removesuffix(standard) != (host or "").strip().lower().removesuffix(standard)


def _number(written: str, region: str | None) -> str:
    """A number as E.164 if it is one, else as it was written."""
    try:
        return parse_number(written, region).e164
    except NumberError:
        return written
