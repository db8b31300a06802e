"""Recordings over HTTP: play one by its signed link, and make a new link for whoever holds a key."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, Field
from sqlalchemy import Row
from starlette.exceptions import HTTPException

from core.api.auth import AnyKey, TheEngine
from core.api.openapi import answers
from core.api.problems import MEDIA_TYPE, problem, retry_after
from core.api.views import CallView
from core.calls.engine import Engine
from core.calls.store import read_call
from core.recordings.links import LinkRefused
from core.recordings.playback import Gone, NoRecording, NotYet, Playable, find_recording, require_recording
from core.recordings.ranges import RangeNotSatisfiable, parse_range
from core.recordings.recordings import Recordings
from core.storage.base import StorageError

__all__ = ["router", "views_of"]

router = APIRouter(tags=["recordings"])
log = logging.getLogger(__name__)

_TRY_AGAIN: Final = timedelta(minutes=1)
_PROBLEM: Final[dict[str, Any]] = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The recording: WAV, 8 kHz, 16 bits, stereo; customer left, bot right.", "content": {"audio/wav": {}}},
    206: {"description": "The part of it that `Range` asks for.", "content": {"audio/wav": {}}},
    403: {"description": "The link has expired, was altered, or is for another call.", **_PROBLEM},
    404: {"description": "The call has no recording.", **_PROBLEM},
    410: {"description": "The recording was deleted, as the bot's retention says.", **_PROBLEM},
    416: {"description": "The part lies behind the end.", **_PROBLEM},
    503: {"description": "The recording is not in the storage yet (`not_uploaded`), or that fails (`storage_unavailable`).", **_PROBLEM},
}


class RecordingLink(BaseModel):
    """A link that plays a recording until it expires. It needs no key: whoever has it can listen."""

    recording_url: str = Field(
        examples=["https://dialler.example.com/recordings/8f14e45f-ceea-467f-a8f2-5a3c9d1b7e60?expires=1777630200&signature=Jx..."]
    )
    expires_at: datetime


@router.post(
    "/api/v1/calls/{call_id}/recording-link",
    summary="A new link to a recording",
    responses={**answers(401, 404), 410: _ANSWERS[410]},
)
async def post_recording_link(call_id: str, key: AnyKey, engine: TheEngine) -> RecordingLink:
    """A link that is good from now on for as long as the bot says (`recording.link_expires`). Older links stay good, too."""
    recordings, now = _recordings(engine), engine.clock.now()
    with engine.db.read() as connection:
        call = read_call(connection, call_id)
        if call is None or not key.may_use(call.bot_id):
            raise HTTPException(404, "There is no such call that this key may see.")
        try:
            config = require_recording(connection, call, now)
        except NoRecording as error:
            raise HTTPException(404, str(error)) from None
        except Gone as error:
            raise HTTPException(410, str(error)) from None
    expires_at = (now + config.link_expires).replace(microsecond=0)
    return RecordingLink(recording_url=recordings.link(call_id, call.transport, expires_at), expires_at=expires_at)


@router.head("/recordings/{call_id}", include_in_schema=False)
@router.get("/recordings/{call_id}", summary="Play a recording", response_class=StreamingResponse, responses=_ANSWERS)
async def get_recording(
    request: Request,
    call_id: str,
    engine: TheEngine,
    expires: Annotated[str, Query(description="Of the link.")] = "",
    signature: Annotated[str, Query(description="Of the link.")] = "",
    wanted: Annotated[str | None, Header(alias="Range", description="One range of bytes.")] = None,
    if_range: Annotated[str | None, Header(description="The `ETag` of an earlier answer.")] = None,
) -> Response:
    """The recording that a link of a call result, or a new one, opens. No API key: the signature is it."""
    recordings, now = _recordings(engine), engine.clock.now()
    with engine.db.read() as connection:
        call = read_call(connection, call_id)
    try:
        recordings.check(call_id, call.transport if call else None, expires, signature, now)
    except LinkRefused as error:
        raise HTTPException(403, str(error)) from None
    if call is None:
        raise HTTPException(404, "There is no such call any more.")
    try:
        playable = await find_recording(recordings, engine.db, call, now)
    except NoRecording as error:
        raise HTTPException(404, str(error)) from None
    except Gone as error:
        raise HTTPException(410, str(error)) from None
    except NotYet as error:
        return problem(503, str(error), headers=retry_after(now, now + _TRY_AGAIN), reason="not_uploaded")
    except StorageError as error:
        log.warning("the recording of call %s cannot be played: %s", call_id, error)
        detail = "The storage of recordings does not answer as it should. Try again in a minute."
        return problem(503, detail, headers=retry_after(now, now + _TRY_AGAIN), reason="storage_unavailable")
    return _answer(call_id, playable, wanted if request.method == "GET" else None, if_range, body=request.method == "GET")


def views_of(engine: Engine, rows: Iterable[Row[Any]]) -> list[CallView]:
    """Calls as the API shows them, their results with links to recordings that are good from now on."""
    calls = list(rows)
    views = [CallView.of(engine.calls.as_known(call)) for call in calls]
    if engine.recordings is None:
        return views
    with engine.db.read() as connection:
        results = engine.recordings.fresh_results(connection, calls, engine.clock.now())
    return [view.model_copy(update={"result": results.get(view.call_id)}) for view in views]


def _recordings(engine: Engine) -> Recordings:
    if engine.recordings is None:
        raise HTTPException(404, "This server keeps no recordings.")
    return engine.recordings


def _answer(call_id: str, playable: Playable, wanted: str | None, if_range: str | None, *, body: bool) -> Response:
    tag = f'"{call_id}-{playable.size}"'  # a recording never changes
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-store",
        "Content-Disposition": f'inline; filename="{"sandbox-" if playable.sandbox else ""}{call_id}.wav"',
        "ETag": tag,
        "X-Content-Type-Options": "nosniff",
    }
    try:
        part = parse_range(wanted, playable.size) if if_range in {None, tag} else None
    except RangeNotSatisfiable:
        return problem(416, f"The recording has {playable.size} bytes.", headers={"Content-Range": f"bytes */{playable.size}"})
    start, stop = part or (0, playable.size)
    headers["Content-Length"] = str(stop - start)
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{playable.size}"
    if not body:
        return Response(None, 200, headers, "audio/wav")
    return StreamingResponse(playable.read(start, stop), 206 if part else 200, headers, "audio/wav")
