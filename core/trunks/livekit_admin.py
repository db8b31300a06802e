"""What an admin does about trunks of LiveKit: in step, checked, removed. For the command line."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

from livekit import api

from core.access.secrets import SecretStore
from core.contracts.transport import PlaceOrder
from core.kernel.clock import RealClock, utc_now
from core.kernel.database import Database
from core.transports.check_call import CheckReport, place_check_call
from core.transports.installed import MISSING_LIVEKIT, has_livekit
from core.transports.livekit.keeping import InStep, bring_in_step, drift_of, failure_in_words, take_away
from core.transports.livekit.leftovers import Kept, kept_at, take_leftovers_away
from core.transports.livekit.line import LiveKitLine, LiveKitUnavailable
from core.transports.livekit.naming import room_prefix
from core.transports.livekit.server import FAILURES, LiveKitServer
from core.transports.livekit.store import Standing, forget_standing, installation_name, keep_standing, standings
from core.trunks.lines import livekit_line_of, livekit_lines, unusable_beside
from core.trunks.reading import LIVEKIT, all_trunks, find_trunk

__all__ = ["LiveKitReport", "livekit_checked", "livekit_removed", "livekit_synced"]


@dataclass(frozen=True)
class LiveKitReport:
    """Whether all went well for a trunk, and what was seen, in sentences."""

    trunk: str
    works: bool
    sentences: tuple[str, ...]


async def livekit_synced(db: Database, secrets: SecretStore, only: str | None) -> list[LiveKitReport]:
    """Bring every trunk of LiveKit, or the one of that name, in step.

    Raises:
        core.trunks.errors.UnknownTrunk: there is none of that name.
    """
    with db.read() as connection:
        wanted = [find_trunk(connection, only)] if only else all_trunks(connection)
    names = [record.name for record in wanted if record.transport == LIVEKIT]
    reports = [await _synced(db, secrets, name) for name in names]
    if only is None:
        reports += await _without_leftovers(db, secrets)
    return reports


async def _without_leftovers(db: Database, secrets: SecretStore) -> list[LiveKitReport]:
    """Remove the objects that deleted trunks left at the servers of the others. Servers that do not answer are reported."""

    def kept(url: str) -> Kept:
        with db.read() as connection:
            lines, known = livekit_lines(connection, secrets), standings(connection)
            unusable = unusable_beside(connection, lines)
        return kept_at(url, lines, unusable, known)

    with db.write() as connection:
        installation, lines = installation_name(connection), livekit_lines(connection, secrets)
    reports = []
    for line in {line.account: line for line in lines}.values():
        with contextlib.suppress(*FAILURES):
            async with _server(line) as server:
                for name in await take_leftovers_away(server, installation, functools.partial(kept, server.url)):
                    said = f"what was made for it at {line.settings.url} is deleted, for it is on record there no more."
                    reports.append(LiveKitReport(name, True, (said,)))
    return reports


async def livekit_checked(db: Database, secrets: SecretStore, name: str, call: str | None, ring_seconds: int) -> LiveKitReport:
    """Look whether the server takes our key, and whether the trunk is there as the record says; place a test call if asked.

    Raises:
        LiveKitUnavailable: the trunk cannot be used as its record is.
    """
    line, installation = _read(db, secrets, name)
    async with _server(line) as server:
        try:
            rooms = await server.rooms(room_prefix(installation))
            wrong = await drift_of(server, installation, line)
        except FAILURES as error:
            return LiveKitReport(name, False, (f"{failure_in_words(error)}.", _what_to_check(error, server.url)))
    said = [f"LiveKit at {line.settings.url} takes the key; {len(rooms)} of our rooms are open."]
    if wrong:
        advice = f"`dialler trunks sync {name}` brings it in step."
        return LiveKitReport(name, False, (*said, *(f"{one[:1].upper()}{one[1:]}." for one in wrong), advice))
    said.append("Its trunks and its dispatch rule are as the record says.")
    if call is None:
        said.append("Whether a SIP service and the carrier take calls, only a test call tells (--call NUMBER).")
        return LiveKitReport(name, True, tuple(said))
    called = await _call(line, installation, call, ring_seconds)
    return LiveKitReport(name, called.works, (*said, *called.sentences))


def _what_to_check(error: BaseException, url: str) -> str:
    if isinstance(error, api.ServerError) and error.status == 401:
        return f"Check api_key and api_secret: they must be those of {url}."
    if isinstance(error, api.ServerError):
        return f"Look at the server's log; the url is {url}."
    return f"Check url, which is {url}, and that the server runs and can be reached from here."


async def livekit_removed(db: Database, secrets: SecretStore, name: str) -> tuple[str, ...]:
    """Delete what was made for a trunk at LiveKit; returns what to say of it. What LiveKit does not do now stays there."""
    told: tuple[str, ...] = ()
    with db.read() as connection:
        standing = standings(connection).get(name)
    made = standing and (standing.outbound_trunk_id or standing.inbound_trunk_id or standing.dispatch_rule_id)
    stays = "What was made for it at LiveKit stays there" if made else "Nothing is known to be at LiveKit for it, which could not be asked"
    try:
        line, installation = _read(db, secrets, name)
        async with _server(line) as server:
            await take_away(server, installation, name)
    except LiveKitUnavailable as error:
        told = (f"{stays}: {error}.",)
    except FAILURES as error:
        told = (f"{stays}: {failure_in_words(error)}.",)
    with db.write() as connection:
        forget_standing(connection, name)
    return told


async def _synced(db: Database, secrets: SecretStore, name: str) -> LiveKitReport:
    kept: InStep | None = None
    try:
        line, installation = _read(db, secrets, name)
        async with _server(line) as server:
            kept = await bring_in_step(server, installation, line)
    except LiveKitUnavailable as unusable:
        return LiveKitReport(name, False, (f"{unusable}.",))
    except FAILURES as failed:
        return LiveKitReport(name, False, (f"{failure_in_words(failed)}.",))
    with db.write() as connection:
        keep_standing(
            connection,
            Standing(name, kept.outbound_trunk_id, kept.inbound_trunk_id, kept.dispatch_rule_id, kept.error, utc_now()),
        )
    said = tuple(f"{done}." for done in kept.done) or ("in step.",)
    return LiveKitReport(name, kept.error is None, (*said, *([f"{kept.error}."] if kept.error else [])))


async def _call(line: LiveKitLine, installation: str, number: str, ring_seconds: int) -> CheckReport:
    if not has_livekit():
        return CheckReport(False, (f"No test call: {MISSING_LIVEKIT}.",))
    from core.transports.livekit.transport import LiveKitTransport  # noqa: PLC0415 - the extra may be missing
    from core.voice.leg import VoiceLeg  # noqa: PLC0415
    from core.voice.tones import TonesVoice  # noqa: PLC0415

    clock, voice = RealClock(), TonesVoice()
    name = f"check-{os.getpid()}"
    transport = LiveKitTransport(
        clock, installation, lambda _: line, lambda order: lambda leg: VoiceLeg(leg, voice, clock, call_id=order.call_id)
    )
    order = PlaceOrder(name, name, number, next(iter(line.numbers), None), line.name)
    try:
        return await place_check_call(transport, clock, order, float(ring_seconds))
    except LiveKitUnavailable as error:
        return CheckReport(False, (f"{error}.",))
    finally:
        await transport.close()


def _read(db: Database, secrets: SecretStore, name: str) -> tuple[LiveKitLine, str]:
    with db.write() as connection:
        return livekit_line_of(connection, secrets, name), installation_name(connection)


@contextlib.asynccontextmanager
async def _server(line: LiveKitLine) -> AsyncIterator[LiveKitServer]:
    server = LiveKitServer(line.settings.url, line.settings.api_key, line.api_secret)
    try:
        yield server
    finally:
        await server.close()
