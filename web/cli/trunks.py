"""`dialler trunks`: the lines that calls go out on: made, changed, checked."""

from __future__ import annotations

import asyncio
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from core.calls.gates import check_test_number
from core.contracts.transport import PlaceOrder
from core.kernel.clock import RealClock, utc_now
from core.kernel.words import counted
from core.kernel.yaml_config import ConfigError
from core.kernel.yaml_document import read_yaml
from core.transports.installed import MISSING_SIP, has_sippy
from core.trunks.documents import apply_trunks
from core.trunks.files import check_trunks
from core.trunks.foreign import no_transport
from core.trunks.lines import line_of
from core.trunks.livekit_admin import livekit_checked, livekit_removed, livekit_synced
from core.trunks.numbers import put_number
from core.trunks.passwords import seal_password
from core.trunks.reading import LIVEKIT, SIP, NumberRecord, TrunkRecord, all_trunks, find_trunk
from core.trunks.records import add_trunk, remove_trunk, reset_trunk
from web.cli.common import DatabaseOption, JsonOption, open_database, secret_store
from web.cli.errors import CANNOT, CliError
from web.cli.output import emit_json, say, show_rows
from web.cli.trunk_options import headers_of, in_words, refuse_foreign, sentence, sip_settings
from web.cli.trunk_words import listed, plain_value, registration_of, state_of, tell_report, tell_trunk

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Trunks: the lines that calls go out on, with their channels and rates.")

_COLUMNS = {
    "name": "Trunk",
    "transport": "Kind",
    "channels": "Channels",
    "calls_per_second": "Calls a second",
    "default_number": "Caller ID",
    "is_default": "Default",
    "numbers": "Numbers",
    "state": "State",
}
NameArgument = Annotated[str, typer.Argument(metavar="TRUNK", help="Its name.", show_default=False)]


@app.command("list")
def list_(database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """List the trunks. The one called sandbox rings no real phone."""
    with open_database(database) as db, db.read() as connection:
        rows = [listed(trunk) for trunk in all_trunks(connection)]
    show_rows(rows, _COLUMNS, as_json=as_json, empty="There is no trunk yet: the sandbox's is made at the first run.")


@app.command()
def show(name: NameArgument, database: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Show a trunk: its limits, its numbers, how it is reached, and whether it is rested."""
    with in_words(), open_database(database) as db, db.read() as connection:
        trunk = find_trunk(connection, name)
    settings = [f"{key}: {plain_value(value)}" for key, value in (trunk.sip or trunk.livekit or {}).items()]
    rate = "1 call" if trunk.calls_per_second == 1 else f"{trunk.calls_per_second:g} calls"
    tell_trunk(
        trunk, as_json,
        f"{trunk.name} ({trunk.transport}): {counted(trunk.channels, 'channel')}, {rate} a second.",
        f"State: {state_of(trunk)}.",
        *([f"Registration: {registration_of(trunk)}."] if registration_of(trunk) else []),
        *(f"{one.number}{' (shown)' if one.number == trunk.default_number else ''}: bot {one.bot_id or 'none'}" for one in trunk.numbers),
        *settings,
    )  # fmt: skip


@app.command()
def reset(name: NameArgument, database: DatabaseOption = None) -> None:
    """End a trunk's rest: its failures are forgotten, and calls go out on it at once."""
    with in_words(), open_database(database) as db, db.write() as connection:
        reset_trunk(connection, name)
    say(f"The trunk {name} rests no longer.")


@app.command()
def add(
    name: NameArgument,
    transport: Annotated[str, typer.Option(help="What carries its calls: sip, or livekit.")] = SIP,
    host: Annotated[str | None, typer.Option(help="The carrier's SIP server: a name or an IP address.", show_default=False)] = None,
    port: Annotated[int | None, typer.Option(help="Its port: for SIP from here, UDP. Default: 5060.", show_default=False)] = None,
    url: Annotated[str | None, typer.Option(help="livekit: the server, wss://HOST.", show_default=False)] = None,
    api_key: Annotated[str | None, typer.Option(help="livekit: the API key. Its secret is asked for.", show_default=False)] = None,
    api_secret: Annotated[
        str | None, typer.Option(help="livekit: a stored secret in place of a typed one: secret:NAME.", show_default=False)
    ] = None,
    sip_transport: Annotated[str | None, typer.Option(help="livekit: what SIP goes by: auto, udp, tcp or tls.", show_default=False)] = None,
    media_encryption: Annotated[
        str | None, typer.Option(help="livekit: SRTP with the carrier: disable, allow or require.", show_default=False)
    ] = None,
    user: Annotated[str | None, typer.Option(help="The user, if there is a password: it is asked for.", show_default=False)] = None,
    password: Annotated[
        str | None, typer.Option(help="A stored secret in place of a typed password: secret:NAME.", show_default=False)
    ] = None,
    number: Annotated[
        list[str] | None, typer.Option("--number", help="A caller ID of yours (E.164). Can be given several times.", show_default=False)
    ] = None,
    channels: Annotated[int, typer.Option(help="Most calls at once.")] = 10,
    calls_per_second: Annotated[float, typer.Option("--cps", help="Most new calls a second.")] = 1.0,
    from_domain: Annotated[str | None, typer.Option(help="The domain behind the caller ID.", show_default=False)] = None,
    codec: Annotated[list[str] | None, typer.Option("--codec", help="PCMU or PCMA, in order of preference.", show_default=False)] = None,
    local_address: Annotated[str | None, typer.Option(help="The address of this machine that is used.", show_default=False)] = None,
    local_port: Annotated[int | None, typer.Option(help="The local UDP port for SIP. Default: any.", show_default=False)] = None,
    advertised_address: Annotated[
        str | None, typer.Option(help="Your address as the carrier sees it, behind a NAT.", show_default=False)
    ] = None,
    rtp_ports: Annotated[str | None, typer.Option(help="The UDP ports for sound: 30000-39999.", show_default=False)] = None,
    accept_from: Annotated[
        list[str] | None, typer.Option(help="An address or network beside the host that SIP comes from.", show_default=False)
    ] = None,
    number_prefix: Annotated[
        str | None, typer.Option(help="What stands before the digits of a callee. Default: +.", show_default=False)
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option("--header", help="A header of every INVITE: 'Name: value'.", show_default=False)
    ] = None,
    media_timeout: Annotated[
        int | None, typer.Option(help="Seconds without any sound after which a call is ended; 0: never. Default: 60.", show_default=False)
    ] = None,
    inbound_per_second: Annotated[
        float | None,
        typer.Option(help="New calls that the carrier may bring in a second. Default: the calls per second, 5 to 50.", show_default=False),
    ] = None,
    register: Annotated[bool, typer.Option("--register", help="Register, so that inbound calls find you.")] = False,
    lab: Annotated[bool, typer.Option("--lab", help="A test line on this machine: fictional numbers may be dialled.")] = False,
    default: Annotated[bool, typer.Option("--default", help="Calls without a caller ID go out on it.")] = False,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a trunk. A password is asked for, or read from standard input; it is stored encrypted."""
    if host is None:
        raise CliError("--host is missing: the carrier's SIP server.")
    refuse_foreign(
        transport,
        {
            "url": url, "api_key": api_key, "api_secret": api_secret, "sip_transport": sip_transport, "media_encryption": media_encryption,
            "from_domain": from_domain, "codecs": codec, "local_address": local_address, "local_port": local_port,
            "advertised_address": advertised_address, "rtp_first": rtp_ports, "number_prefix": number_prefix,
            "media_timeout": media_timeout, "inbound_per_second": inbound_per_second, "register": register or None,
        },
    )  # fmt: skip
    if user is not None and password is None:
        password = typer.prompt(f"Password of {user}", hide_input=True)
    if transport == LIVEKIT:
        if api_key is not None and api_secret is None:
            api_secret = typer.prompt("API secret of LiveKit", hide_input=True)
        given: dict[str, Any] = {
            "url": url, "api_key": api_key, "api_secret": api_secret, "address": host if port is None else f"{host}:{port}", "user": user,
            "password": password, "sip_transport": sip_transport, "media_encryption": media_encryption, "accept_from": accept_from,
            "headers": headers_of(header), "lab": lab,
        }  # fmt: skip
    elif transport == SIP:
        given = sip_settings(
            rtp_ports, host=host, port=port, user=user, password=password, from_domain=from_domain, codecs=codec,
            local_address=local_address, local_port=local_port, advertised_address=advertised_address, accept_from=accept_from,
            number_prefix=number_prefix, headers=headers_of(header), media_timeout=media_timeout,
            inbound_per_second=inbound_per_second, register=register, lab=lab,
        )  # fmt: skip
    else:
        raise CliError(sentence(f"--transport must be sip or livekit, not {transport!r}. {no_transport(transport)}".rstrip()))
    settings = {key: value for key, value in given.items() if value is not None and value != []}
    with in_words(), open_database(database, create=True) as db:
        secrets, now = secret_store(db), utc_now()
        with db.write() as connection:
            for field in ("password", "api_secret"):
                if field in settings:
                    settings[field] = seal_password(secrets, connection, name, settings[field], now, field.upper())
            trunk = add_trunk(
                connection, name, transport=transport, channels=channels, calls_per_second=calls_per_second,
                numbers=[NumberRecord(one) for one in number or []], is_default=default, now=now,
                sip=settings if transport == SIP else None, livekit=settings if transport == LIVEKIT else None,
            )  # fmt: skip
    tell_trunk(trunk, as_json, f"The trunk {name} is made. Try it: `dialler trunks check {name}`.")


@app.command()
def remove(name: NameArgument, database: DatabaseOption = None) -> None:
    """Remove a trunk and its numbers, and what was made for it at LiveKit. Calls in progress on it go on."""
    with in_words(), open_database(database) as db:
        with db.read() as connection:
            transport = find_trunk(connection, name).transport
        told = asyncio.run(livekit_removed(db, secret_store(db), name)) if transport == LIVEKIT else ()
        with db.write() as connection:
            remove_trunk(connection, name)
    say(*told, f"The trunk {name} is removed.")


@app.command()
def sync(
    name: Annotated[str | None, typer.Argument(metavar="[TRUNK]", help="Only this one.", show_default=False)] = None,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring the trunks at LiveKit in step with the records here. Ends with 1 if that cannot be done for one of them."""
    with in_words(), open_database(database) as db:
        reports = asyncio.run(livekit_synced(db, secret_store(db), name))
    if as_json:
        emit_json([{"trunk": one.trunk, "works": one.works, "sentences": list(one.sentences)} for one in reports])
    else:
        told = [f"{one.trunk}: {sentence}" for one in reports for sentence in one.sentences]
        say(*(told or ["There is no trunk of LiveKit."]))
    raise typer.Exit(0 if all(one.works for one in reports) else CANNOT)


@app.command()
def number(
    name: NameArgument,
    number: Annotated[str, typer.Argument(help="The number (E.164).")],
    bot: Annotated[str | None, typer.Option(help="The bot that an inbound call to it reaches; '' for none.", show_default=False)] = None,
    label: Annotated[str | None, typer.Option(help="A remark.", show_default=False)] = None,
    default: Annotated[bool, typer.Option("--default", help="Calls that name no caller ID show it.")] = False,
    database: DatabaseOption = None,
) -> None:
    """Put a number of yours on a trunk, as caller ID and for inbound calls; or change one that is on it already.

    What is left out stays as it is.
    """
    with in_words(), open_database(database) as db, db.write() as connection:
        put, new = put_number(connection, name, number, bot_id=bot, label=label, shown=default)
        shown = find_trunk(connection, name).default_number == put.number
    reaches = f"calls to it reach the bot {put.bot_id}" if put.bot_id else "no bot answers calls to it"
    what = f"{put.number} is on the trunk {name}" if new else f"{put.number} of the trunk {name} is changed"
    say(f"{what}: {reaches}{'; it is the caller ID that is shown' if shown else ''}.")


@app.command()
def apply(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="trunks.yaml: docs/real-calls.md has an example.")],
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the trunks of a file, or change them to be as it says."""
    document = read_yaml(file)
    check_trunks(document)
    if document.problems:  # before a database is made
        raise ConfigError(document.problems)
    with in_words(), open_database(database, create=True) as db, db.write() as connection:
        trunks = apply_trunks(connection, document, utc_now())
    if as_json:
        emit_json([{**asdict(trunk), "health": trunk.health.record()} for trunk in trunks])
    else:
        say(*(f"The trunk {trunk.name} is as the file says." for trunk in trunks))


@app.command()
def check(
    name: NameArgument,
    call: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="Also call this number; a person who answers hears nothing.", show_default=False)
    ] = None,
    ring_seconds: Annotated[int, typer.Option(min=1, max=120, help="How long the test call may ring.")] = 20,
    database: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask a trunk whether it is there, and say in words what is wrong. Ends with 1 if it does not work."""
    with in_words(), open_database(database) as db:
        with db.read() as connection:
            record = find_trunk(connection, name)
            call = _test_number(connection, record, call)
        if record.transport == LIVEKIT:
            tell_report(name, asyncio.run(livekit_checked(db, secret_store(db), name, call, ring_seconds)), as_json)
    if not has_sippy():
        raise CliError(f"{MISSING_SIP}.", code=CANNOT)
    from core.transports.sip.check import check_trunk  # noqa: PLC0415 - the extra may be missing
    from core.transports.sip.stack.signalling import SippySignalling  # noqa: PLC0415
    from core.transports.sip.transport import SipTransport  # noqa: PLC0415
    from core.voice.leg import VoiceLeg  # noqa: PLC0415
    from core.voice.tones import TonesVoice  # noqa: PLC0415

    with in_words(), open_database(database) as db, db.read() as connection:
        line = line_of(connection, secret_store(db), name)
        caller = find_trunk(connection, name).default_number
    order = PlaceOrder(f"check-{os.getpid()}", f"check-{os.getpid()}", call, caller, name) if call else None

    async def run() -> Any:
        clock, signalling = RealClock(), SippySignalling()
        voice = TonesVoice()
        transport = SipTransport(
            clock, signalling, line_of=lambda _: line, speech=lambda order: lambda leg: VoiceLeg(leg, voice, clock, call_id=order.call_id)
        )
        try:
            return await check_trunk(line, signalling, clock, transport, order, float(ring_seconds))
        finally:
            await transport.close()

    tell_report(name, asyncio.run(run()), as_json)


def _test_number(connection: Connection, trunk: TrunkRecord, written: str | None) -> str | None:
    """The number of the test call, judged before anything is sent."""
    if written is None:
        return None
    try:
        return check_test_number(connection, written, lab=bool((trunk.sip or trunk.livekit or {}).get("lab")))
    except ValueError as error:
        raise CliError(f"{written!r} cannot be called: {error}.") from None
