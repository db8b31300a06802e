"""As much of LiveKit's psrpc over redis as a SIP service needs: serve requests, and ask.

The messages are those of psrpc's internal.proto and of protocol's rpc/sip.proto and rpc/io.proto at the pinned server version, only with
the fields that are used here: protobuf skips the others.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import redis.asyncio as redis
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from livekit.protocol.sip import SIPStatus, SIPStatusCode

__all__ = ["Messages", "Psrpc", "SipError"]

_TYPES: dict[str, Any] = {"string": 9, "bytes": 12, "int64": 3, "float": 2, "bool": 8}
_FIELDS: dict[str, str] = {
    "Envelope": "type_url:string=1 value:bytes=2 channel:string=3",
    "Request": "request_id:string=1 client_id:string=2 sent_at:int64=3 expiry:int64=4 raw_request:bytes=8",
    "ClaimRequest": "request_id:string=1 server_id:string=2 affinity:float=3",
    "ClaimResponse": "request_id:string=1 server_id:string=2",
    "Response": "request_id:string=1 server_id:string=2 sent_at:int64=3 error:string=5 code:string=6 raw_response:bytes=7 "
    "error_details:any=8",
    "CreateRequest": "sip_call_id:string=13 sip_trunk_id:string=19 address:string=2 number:string=3 call_to:string=4 username:string=5 "
    "room_name:string=7 participant_identity:string=8 ringing_timeout:duration=23 max_call_duration:duration=24 "
    "wait_until_answered:bool=29 headers:map=21 participant_attributes:map=17 ws_url:string=10",
    "CreateResponse": "participant_id:string=1 participant_identity:string=2 sip_call_id:string=3",
    "TransferRequest": "sip_call_id:string=1 transfer_to:string=2",
    "Empty": "",
    "DispatchRequest": "sip_call_id:string=8 calling_number:string=2 called_number:string=3 src_address:string=4 called_host:string=7 "
    "calling_host:string=11 no_pin:bool=6 sip_trunk_id:string=10",
    "DispatchResponse": "room_name:string=1 participant_identity:string=2 participant_attributes:map=11 sip_trunk_id:string=9 "
    "sip_dispatch_rule_id:string=10",
}


_REPEATED: Any = 3


def _build() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="stand_in.proto", package="stand_in", syntax="proto3")
    file.dependency.extend(["google/protobuf/any.proto", "google/protobuf/duration.proto"])
    for name, written in _FIELDS.items():
        message = file.message_type.add(name=name)
        for one in written.split():
            field, _, rest = one.partition(":")
            kind, _, number = rest.partition("=")
            added = message.field.add(name=field, number=int(number), label=1, type=_TYPES.get(kind, 11))
            if kind == "any":
                added.label, added.type_name = _REPEATED, ".google.protobuf.Any"
            elif kind == "duration":
                added.type_name = ".google.protobuf.Duration"
            elif kind == "map":
                entry = "".join(word.capitalize() for word in field.split("_")) + "Entry"
                added.label, added.type_name = _REPEATED, f".stand_in.{name}.{entry}"
                nested = message.nested_type.add(name=entry)
                nested.options.map_entry = True
                nested.field.add(name="key", number=1, label=1, type=9)
                nested.field.add(name="value", number=2, label=1, type=9)
    pool = descriptor_pool.Default()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"stand_in.{name}")) for name in _FIELDS}


Messages = _build()


class SipError(Exception):
    """How a request fails: the Twirp code, and the SIP status behind it, if there is one."""

    def __init__(self, code: str, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.code, self.status = code, status


Handler = Callable[[bytes], Awaitable[Any]]


class Psrpc:
    """A node on the bus."""

    def __init__(self, url: str) -> None:
        self._redis = redis.from_url(url)
        self._pubsub = self._redis.pubsub()
        self.id = f"NS_{uuid.uuid4().hex[:12]}"
        self._handlers: dict[str, Handler] = {}
        self._claims: dict[str, asyncio.Future[str]] = {}
        self._answers: dict[str, asyncio.Future[Any]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, channel: str, handler: Handler) -> None:
        """Answer requests on a channel: `SERVICE|METHOD` and, with a topic, `SERVICE|METHOD|TOPIC`."""
        self._handlers[f"{channel}|REQ"] = handler
        await self._pubsub.subscribe(f"{channel}|REQ", f"{channel}|RCLAIM")

    async def run(self) -> None:
        """Work, until cancelled."""
        async for message in self._pubsub.listen():
            if message["type"] != "message":
                continue
            channel, body = message["channel"].decode(), Messages["Envelope"].FromString(message["data"]).value
            if channel in self._handlers:
                self._spawn(self._answer(channel, Messages["Request"].FromString(body)))
            elif channel.endswith("|RCLAIM"):
                claim = Messages["ClaimResponse"].FromString(body)
                self._settle(self._claims, claim.request_id, claim.server_id)
            elif channel.endswith("|CLAIM"):
                await self._grant(channel, Messages["ClaimRequest"].FromString(body))
            elif channel.endswith("|RES"):
                answer = Messages["Response"].FromString(body)
                self._settle(self._answers, answer.request_id, answer)

    async def ask(self, service: str, method: str, request: Any, answer: str, seconds: float = 5.0) -> Any:
        """Ask whoever serves it."""
        await self._pubsub.subscribe(f"{service}|{self.id}|CLAIM", f"{service}|{self.id}|RES")
        number, now = f"RQ_{uuid.uuid4().hex[:12]}", time.time_ns()
        waiting = self._answers[number] = asyncio.get_running_loop().create_future()
        self._asked = f"{service}|{method}"
        wanted = Messages["Request"](
            request_id=number, client_id=self.id, sent_at=now, expiry=now + int(seconds * 1e9), raw_request=request.SerializeToString()
        )
        await self._publish(f"{service}|{method}|REQ", "Request", wanted)
        found = await asyncio.wait_for(waiting, seconds)
        if found.error:
            raise SipError(found.code, found.error)
        return Messages[answer].FromString(found.raw_response)

    async def close(self) -> None:
        """Leave."""
        for task in self._tasks:
            task.cancel()
        await self._pubsub.aclose()
        await self._redis.aclose()

    async def _grant(self, channel: str, claim: Any) -> None:
        if claim.request_id in self._answers:
            granted = Messages["ClaimResponse"](request_id=claim.request_id, server_id=claim.server_id)
            await self._publish(f"{self._asked}|RCLAIM", "ClaimResponse", granted)

    async def _answer(self, channel: str, request: Any) -> None:
        service = channel.partition("|")[0]
        claimed = self._claims[request.request_id] = asyncio.get_running_loop().create_future()
        offer = Messages["ClaimRequest"](request_id=request.request_id, server_id=self.id, affinity=1.0)
        await self._publish(f"{service}|{request.client_id}|CLAIM", "ClaimRequest", offer)
        if await asyncio.wait_for(claimed, max(0.1, request.expiry / 1e9 - time.time())) != self.id:
            return
        response = Messages["Response"](request_id=request.request_id, server_id=self.id)
        try:
            response.raw_response = (await self._handlers[channel](request.raw_request)).SerializeToString()
        except SipError as error:
            response.error, response.code = str(error), error.code
            if error.status:
                response.error_details.add().Pack(SIPStatus(code=SIPStatusCode.Name(error.status), status=str(error)))
        except Exception as error:
            response.error, response.code = repr(error), "internal"
        response.sent_at = time.time_ns()
        await self._publish(f"{service}|{request.client_id}|RES", "Response", response)

    async def _publish(self, channel: str, kind: str, message: Any) -> None:
        envelope = Messages["Envelope"](type_url=f"type.googleapis.com/internal.{kind}", value=message.SerializeToString())
        await self._redis.publish(channel, envelope.SerializeToString())

    @staticmethod
    def _settle(waiting: dict[str, asyncio.Future[Any]], number: str, value: Any) -> None:
        future = waiting.pop(number, None)
        if future is not None and not future.done():
            future.set_result(value)

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
