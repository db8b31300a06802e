"""`/ws/{bot_id}`: a dialler opens a call to a bot. See docs/transport-websocket.md."""

from __future__ import annotations

from fastapi import APIRouter, WebSocket

from core.calls.engine import Engine

__all__ = ["router"]

router = APIRouter()


@router.websocket("/ws/{bot_id}")
async def open_call(socket: WebSocket, bot_id: str) -> None:
    """Hold one WebSocket from its handshake to its close."""
    from core.api.socket_calls import hold_socket  # noqa: PLC0415 - loads numpy

    engine = socket.app.state.engine
    assert isinstance(engine, Engine)
    await hold_socket(engine, socket, bot_id)
