"""LiveKit's HTTP API, as far as calls need it. Nothing is tried twice that could ring a phone twice."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
from google.protobuf.duration_pb2 import Duration
from livekit import api
from pydantic import SecretStr

from core.transports.livekit.naming import PHONE
from core.transports.livekit.outcomes import DialOutcome, outcome_of

__all__ = ["FAILURES", "DialFailed", "LiveKitServer", "RoomSeen", "Seat"]

log = logging.getLogger(__name__)

FAILURES = (api.ServerError, aiohttp.ClientError, TimeoutError, OSError)
"""What LiveKit's API raises when it cannot do something."""
_EMPTY_SECONDS = 60
"""How long LiveKit keeps a room that nobody joined."""
_DEPARTED_SECONDS = 10
"""How long it keeps one that all but its bot have left: news of the leaving come up to 3 s late, and a phone leg may come back."""
_TRIES = 4


class DialFailed(Exception):
    """A phone was not reached."""

    def __init__(self, outcome: DialOutcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


@dataclass(frozen=True)
class Seat:
    """Somebody in a room: `phone` for a phone leg, `bot` for one of us."""

    identity: str
    phone: bool
    bot: bool
    attributes: Mapping[str, str]
    joined_at: int


@dataclass(frozen=True)
class RoomSeen:
    """A room: its name, its metadata, and when it was made (UNIX seconds)."""

    name: str
    metadata: str
    created_at: int


@contextlib.contextmanager
def _failures_of_calls() -> Iterator[None]:
    """Raise what went wrong with a call as `DialFailed`."""
    try:
        yield
    except api.SipCallError as error:
        raise DialFailed(outcome_of(error.code, error.status, error.sip_status_code, error.sip_status or "")) from None
    except api.ServerError as error:
        raise DialFailed(outcome_of(error.code, error.status, None, str(error.code))) from None
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise DialFailed(outcome_of(None, None, None, type(error).__name__)) from None


class LiveKitServer:
    """A server and our account there.

    Args:
        url: of the server.
        key: API key.
        secret: its secret.
    """

    def __init__(self, url: str, key: str, secret: SecretStr) -> None:
        self.url, self._key, self._secret = url, key, secret
        self.api = api.LiveKitAPI(url, key, secret.get_secret_value(), failover=False)

    @property
    def ws_url(self) -> str:
        """Where rooms are joined."""
        return "ws" + self.url[4:] if self.url.startswith("http") else self.url

    def bot_token(self, room: str, identity: str) -> str:
        """What lets a bot into a room, as an agent: the room does not outlive it by itself."""
        grants = api.VideoGrants(room_join=True, room=room, can_publish=True, can_subscribe=True, can_publish_data=True, agent=True)
        token = api.AccessToken(self._key, self._secret.get_secret_value()).with_identity(identity).with_kind("agent")
        return str(token.with_grants(grants).with_ttl(timedelta(minutes=10)).to_jwt())

    def verify(self, body: str, authorization: str) -> api.WebhookEvent | None:
        """The event of a webhook that this account sent; None if it did not."""
        verifier = api.TokenVerifier(self._key, self._secret.get_secret_value())
        try:
            return api.WebhookReceiver(verifier).receive(body, authorization)
        except Exception:  # it raises bare ones, and whatever PyJWT and protobuf do
            return None

    async def create_room(self, name: str, metadata: str) -> None:
        """Make a room of our mark.

        Raises:
            one of FAILURES.
        """
        wanted = api.CreateRoomRequest(
            name=name, metadata=metadata, empty_timeout=_EMPTY_SECONDS, departure_timeout=_DEPARTED_SECONDS, max_participants=4
        )
        await self.api.room.create_room(wanted)

    async def dial(
        self,
        room: str,
        trunk_id: str,
        to_number: str,
        from_number: str | None,
        headers: Mapping[str, str],
        ring_seconds: int,
        max_call_seconds: int,
    ) -> None:
        """Call a number into a room. Returns when it was answered.

        Raises:
            DialFailed: it was not, or nobody knows.
        """
        wanted = api.CreateSIPParticipantRequest(
            sip_trunk_id=trunk_id,
            sip_call_to=to_number,
            sip_number=from_number or "",
            room_name=room,
            participant_identity=PHONE,
            headers=dict(headers),
            wait_until_answered=True,
            ringing_timeout=Duration(seconds=ring_seconds),
            max_call_duration=Duration(seconds=max_call_seconds),
        )
        with _failures_of_calls():
            await self.api.sip.create_sip_participant(wanted)

    async def transfer(self, room: str, identity: str, destination: str, ring_seconds: int) -> None:
        """Send the phone leg elsewhere (REFER).

        Raises:
            DialFailed: it did not go through, or nobody knows.
        """
        wanted = api.TransferSIPParticipantRequest(
            room_name=room, participant_identity=identity, transfer_to=destination, ringing_timeout=Duration(seconds=ring_seconds)
        )
        with _failures_of_calls():
            await self.api.sip.transfer_sip_participant(wanted)

    async def participants(self, room: str) -> list[Seat]:
        """Who is in a room; nobody if there is no such room.

        Raises:
            one of FAILURES.
        """
        try:
            found = await self.api.room.list_participants(api.ListParticipantsRequest(room=room))
        except api.ServerError as error:
            if error.code == "not_found":
                return []
            raise
        kinds = api.ParticipantInfo
        return [
            Seat(one.identity, one.kind == kinds.SIP, one.kind == kinds.AGENT, dict(one.attributes), one.joined_at)
            for one in found.participants
        ]

    async def rooms(self, prefix: str) -> list[RoomSeen]:
        """The rooms whose name begins so.

        Raises:
            one of FAILURES.
        """
        found = await self.api.room.list_rooms(api.ListRoomsRequest())
        return [RoomSeen(room.name, room.metadata, room.creation_time) for room in found.rooms if room.name.startswith(prefix)]

    async def end_room(self, room: str) -> bool:
        """Delete a room, which cancels a dial in it, and look whether it is empty. Returns whether that is certain; never raises for it."""
        for number in range(_TRIES):
            try:
                await self._delete(room)
                if not await self.participants(room):
                    return True
            except FAILURES as error:
                log.warning("a room at LiveKit could not be ended (%s)", type(error).__name__)
            await asyncio.sleep(0.2 * 3**number)
        return False

    async def _delete(self, room: str) -> None:
        try:
            await self.api.room.delete_room(api.DeleteRoomRequest(room=room))
        except api.ServerError as error:
            if error.code != "not_found":
                raise

    async def close(self) -> None:
        """Close the connections."""
        await self.api.aclose()
