"""What stands in for LiveKit's SIP service: a process that the real server hands calls to over redis.

    python -m tests.live.livekit.sip_service REDIS_URL WS_URL KEY SECRET LOG

It writes what happens as JSON lines to LOG, and takes commands as JSON lines from standard input: {"from": ..., "to": ...} is an inbound
call. Real SIP, RTP, codecs, and REFER are not in it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import uuid
from pathlib import Path
from typing import Any

from tests.live.livekit.phone import BEHAVIOURS, Behaviour, Phone
from tests.live.livekit.psrpc import Messages, Psrpc, SipError

__all__: list[str] = []


class _Service:
    def __init__(self, redis_url: str, ws: str, key: str, secret: str, log: Path) -> None:
        self._bus = Psrpc(redis_url)
        self._ws, self._key, self._secret, self._log = ws, key, secret, log.open("a", buffering=1)
        self._phones: dict[str, Phone] = {}

    def note(self, event: str, **what: Any) -> None:
        """Write a line."""
        self._log.write(json.dumps({"event": event, "at": time.time(), **what}) + "\n")

    async def run(self) -> None:
        """Work until the process ends."""
        await self._bus.serve("SIPInternal|CreateSIPParticipant", self._create)
        working = asyncio.ensure_future(self._bus.run())
        self.note("ready")
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            await self._inbound(json.loads(line))
        working.cancel()

    async def _create(self, raw: bytes) -> Any:
        wanted = Messages["CreateRequest"].FromString(raw)
        behaviour = BEHAVIOURS.get(wanted.call_to[-2:], Behaviour())
        limits = [one.seconds + one.nanos / 1e9 for one in (wanted.ringing_timeout, wanted.max_call_duration)]
        self.note(
            "dialled", room=wanted.room_name, to=wanted.call_to, caller=wanted.number, address=wanted.address,
            headers=dict(wanted.headers), trunk=wanted.sip_trunk_id, user=wanted.username, limits=limits,
        )  # fmt: skip
        phone = self._phone(wanted.sip_call_id, behaviour)
        await self._bus.serve(f"SIPInternal|TransferSIPParticipant|{wanted.sip_call_id}", self._transfer)
        attributes = {**dict(wanted.participant_attributes), "sip.phoneNumber": wanted.call_to}
        sid = await phone.join(wanted.room_name, wanted.participant_identity, wanted.sip_call_id, attributes)
        phone.behave(limits[0] or 30.0, limits[1] or 86_400.0)
        if wanted.wait_until_answered:
            await asyncio.shield(phone.answered)
        return Messages["CreateResponse"](
            participant_id=sid, participant_identity=wanted.participant_identity, sip_call_id=wanted.sip_call_id
        )

    async def _transfer(self, raw: bytes) -> Any:
        wanted = Messages["TransferRequest"].FromString(raw)
        phone = self._phones[wanted.sip_call_id]
        self.note("transfer", to=wanted.transfer_to)
        if "86" in wanted.transfer_to[-2:]:
            raise SipError("resource_exhausted", "Busy Here", 486)
        if "77" not in wanted.transfer_to[-2:]:  # one that is taken, and then nothing comes of it
            phone.spawn(self._later(phone))
        return Messages["Empty"]()

    async def _later(self, phone: Phone) -> None:
        await asyncio.sleep(0.3)
        await phone.room.disconnect()

    async def _inbound(self, command: dict[str, str]) -> None:
        call_id = f"SCL_{uuid.uuid4().hex[:12]}"
        wanted = Messages["DispatchRequest"](
            sip_call_id=call_id, calling_number=command["from"], called_number=command["to"], src_address="127.0.0.1",
            called_host="127.0.0.1", calling_host="127.0.0.1", sip_trunk_id=command.get("trunk", ""),
        )  # fmt: skip
        try:
            found = await self._bus.ask("IOInfo", "EvaluateSIPDispatchRules", wanted, "DispatchResponse")
        except (SipError, TimeoutError) as error:
            self.note("refused", why=str(error) or type(error).__name__)
            return
        phone = self._phone(call_id, Behaviour())
        attributes = dict(found.participant_attributes)
        attributes.update({"sip.phoneNumber": command["from"], "sip.trunkPhoneNumber": command["to"], "sip.trunkID": found.sip_trunk_id})
        await phone.join(found.room_name, found.participant_identity, call_id, attributes)
        self.note("inbound", room=found.room_name, trunk=found.sip_trunk_id)
        phone.spawn(self._ring(phone, found.room_name))

    async def _ring(self, phone: Phone, room: str) -> None:
        answered = await phone.inbound(15.0)
        self.note("inbound answered" if answered else "inbound unanswered", room=room)
        if answered:
            await asyncio.sleep(6.0)
        await phone.leave()
        self.note("inbound over", room=room)

    def _phone(self, call_id: str, behaviour: Behaviour) -> Phone:
        phone = self._phones[call_id] = Phone(self._ws, self._key, self._secret, self.note, behaviour)
        return phone


if __name__ == "__main__":
    redis_url_, ws_, key_, secret_, log_ = sys.argv[1:]
    asyncio.run(_Service(redis_url_, ws_, key_, secret_, Path(log_)).run())
