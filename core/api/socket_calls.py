"""One WebSocket of `/ws/{bot_id}`, from its handshake to its close: who may open it, which call it becomes."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import WebSocket

from core.access.checks import TooManyRequests, Unauthorized, admit, is_to_be_counted, verify
from core.access.sockets import may_open
from core.access.strangers import Strangers
from core.bots.config import BotConfig
from core.bots.store import read_bot
from core.calls.engine import Engine
from core.calls.inbound import Wanted, receive_call, record_unanswered
from core.calls.outcome import Ending
from core.contracts.transport import WEBSOCKET
from core.kernel.failures import without_values
from core.kernel.numbers import NumberError, parse_number
from core.transports.websocket.closing import Close, Closing, Refused
from core.transports.websocket.connection import Connection, Gone
from core.transports.websocket.inbound import WebSocketInbound
from core.transports.websocket.protocol import Handshake, Opening
from core.transports.websocket.transport import WebSocketTransport

__all__ = ["hold_socket", "is_foreign_page", "unanswered"]

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
    handshake, region = Handshake(), bot.default_region
    try:
        opening = await transport.shake_hands(connection, handshake)
    except (Refused, Gone) as why:
        if (said := handshake.said) is not None:
            numbers = _Numbers(*_numbers(said, region), said.stream_id)
            wanted = _wanted(bot_id, said, key_id, handshake)
            await record_unanswered(engine, numbers, WEBSOCKET, wanted, unanswered(why, said.direction))
        raise
    with transport.leg_of(connection, opening) as leg:
        inbound = WebSocketInbound(leg, transport.speech, *_numbers(opening, region), opening.stream_id)
        reading = engine.clock.spawn(transport.read(connection, leg), name="websocket in")
        try:
            await receive_call(engine, inbound, WEBSOCKET, _wanted(bot_id, opening, key_id, handshake))
            await leg.over.wait()
        finally:
            engine.clock.cancel(reading)
            await engine.clock.join(reading)
            leg.close_with(Closing(Close.FAILED, "Something failed on our side."))
        if left := sum(leg.ignored.counts.values()):
            log.info("%d messages of a WebSocket call were left aside", left)
        return leg.closing


@dataclass(frozen=True)
class _Numbers:
    from_number: str
    to_number: str
    reference: str


def _numbers(opening: Opening, region: str | None) -> tuple[str, str]:
    """The customer's number and ours."""
    return _number(opening.caller_id, region) or "anonymous", _number(opening.did, region)


def _wanted(bot_id: str, opening: Opening, key_id: str | None, handshake: Handshake) -> Wanted:
    ignored = handshake.ignored.counts
    return Wanted(bot_id, opening.direction, key_id, opening.event, opening.fields, {"ignored": ignored} if ignored else {})


def unanswered(why: Refused | Gone, direction: Literal["inbound", "outbound"]) -> Ending:
    """How a call ended whose handshake did. Pure.

    Who hangs up before the answer has given up, or was not reached; what we cannot go on with is a failure of the line, in words.
    """
    if isinstance(why, Refused) and why.closing.code != Close.DONE:
        return Ending("error", "handshake_failed", phone_rang=False, fault="trunk", sip_reason=why.closing.reason)
    reason = str(why) if isinstance(why, Gone) else why.closing.reason
    if direction == "outbound":
        return Ending("no_answer", "no_answer", phone_rang=True, fault="callee", sip_reason=reason)
    return Ending("customer", "caller_gave_up", phone_rang=True, fault="callee", sip_reason=reason)


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
