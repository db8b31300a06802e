"""`dialler serve`: the HTTP API, kept up, and every running campaign dialled."""

from __future__ import annotations

import asyncio
import dataclasses
import ipaddress
import os
import socket
from pathlib import Path
from typing import Annotated

import typer

from core.access.sockets import SocketAccess, access_to
from core.bots.store import all_bots
from core.kernel.config_problems import ConfigError
from core.kernel.lines import REAL, SANDBOX
from core.transports.installed import MISSING_SIP, has_sippy
from core.trunks.reading import BUILT_IN, SIP
from core.trunks.store import every_trunk
from core.voice.checks import prewarm, problems_of_bots, uses_offline
from core.voice.errors import VoiceUnavailable
from core.voice.voices import check_voice, wanted_voice
from dialler.campaigns.owner import AlreadyRunning
from web.cli.common import (
    AllowInternalOption,
    DatabaseOption,
    allow_list,
    database_url,
    open_database,
    parse_speed,
    parse_start,
    secret_store,
    sqlite_file,
)
from web.cli.errors import CANNOT, CliError
from web.cli.output import console, say
from web.cli.run import (
    MovedOption,
    OutOption,
    SandboxOption,
    SeatsOption,
    SeedOption,
    StartOption,
    VoiceOption,
    database_option,
    prepare,
    push_options,
    read_sandbox,
)
from web.cli.run_report import print_report
from web.reports.schedule import Schedules, load_schedules
from web.run.folder import CampaignFolder
from web.run.reporters import LiveReporter
from web.sample_crm.process import SampleCrmFailed
from web.serve.listening import listen
from web.serve.server import serve_until_stopped
from web.settings import Settings, data_folder_of

__all__ = ["serve"]


def serve(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[FOLDER]", help="A campaign's folder to import and start first.", show_default=False)
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on. Only this machine can reach the default.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="TCP port to listen on; 0 takes a free one.")] = 8080,
    out: OutOption = None,
    database: DatabaseOption = None,
    speed: Annotated[
        str, typer.Option(metavar="FACTOR", help="How fast the sandbox's clock runs: 1 is real time, 60 a minute a second.")
    ] = "1",
    start: StartOption = None,
    seed: SeedOption = None,
    seats: SeatsOption = 50,
    allow_internal: AllowInternalOption = None,
    sandbox: SandboxOption = None,
    real_calls: Annotated[
        bool,
        typer.Option(
            "--real-calls",
            envvar="DIALLER_REAL_CALLS",
            help="Place and answer calls over the trunks of the database: real phones ring. Else there is only the sandbox.",
        ),
    ] = False,
    voice: VoiceOption = None,
    calls_only: Annotated[
        bool, typer.Option("--calls-only", help="Dial for no campaign: hold calls to you and calls of the API, beside other processes.")
    ] = False,
    moved: MovedOption = False,
    reports: Annotated[
        Path | None,
        typer.Option(
            "--reports",
            envvar="DIALLER_REPORTS",
            metavar="FILE",
            help="Send the reports of this file when they are due: to a folder, or by mail (docs/reports.md).",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Keep the HTTP API up until Ctrl-C, and dial for every campaign that is running.

    With FOLDER, that campaign is imported and started first, and its results are kept in the output folder as those of
    `dialler run` are. Calls are placed on the built-in sandbox phone network, where no real phone rings, unless
    --real-calls opens the trunks: calls that name no caller ID go out on the default one.
    """
    factor = parse_speed(speed)
    if factor is None:
        raise CliError(
            "--speed max is for `dialler run` only: its clock jumps to the next thing to do, and an API is asked in real time.",
            "Give a factor, such as --speed 60.",
        )
    if calls_only and folder is not None:
        raise CliError("--calls-only dials for no campaign: leave the folder out, or the option.")
    schedules = _schedules(reports)
    campaign: CampaignFolder | None = None
    if folder is not None:
        campaign, settings, out = prepare(
            folder, out, database, factor, start, seed, seats, allow_internal, sandbox, as_json=False, lines=REAL if real_calls else SANDBOX
        )
    else:
        url = database_url(database)
        file = sqlite_file(url)
        out = out or (file.parent if file is not None else Path())
        out.mkdir(parents=True, exist_ok=True)
        overrides, problems = read_sandbox(sandbox)
        if problems:
            raise CliError(*problems)
        with open_database(database, create=True):
            pass
        settings = Settings(
            database_url=url,
            data_folder=data_folder_of(url, os.environ),
            network_log=out / "network.jsonl",
            speed=factor,
            start=parse_start(start, "UTC"),
            seed=seed,
            seats=seats,
            allow_internal=allow_list(allow_internal),
            sandbox=overrides,
        )
    kind = "SANDBOX: no real phone rings."
    settings = dataclasses.replace(settings, real_calls=real_calls, voice=voice)
    if real_calls:
        kind = _check_real_calls(settings)
    if settings.speed == 1.0 and settings.start is None:
        _check_voices(settings, campaign)
    listener = _listen(host, port)
    address = _address(host, listener.getsockname()[1])
    settings = dataclasses.replace(settings, public_base_url=address)
    say(f"{kind} Ctrl-C ends it.")
    if not _is_loopback(host):
        say("It can be reached from other machines. Put TLS in front of it, and make keys with `dialler keys create`.")
    try:
        asyncio.run(
            serve_until_stopped(
                settings,
                listener,
                campaign,
                out,
                LiveReporter(console()),
                lambda summary: print_report(summary, out, database_option(settings), push_options(settings)),
                moved=moved,
                calls_only=calls_only,
                schedules=schedules,
            )
        )
    except (AlreadyRunning, SampleCrmFailed) as error:
        raise CliError(str(error), code=CANNOT) from None
    finally:
        listener.close()


def _schedules(file: Path | None) -> Schedules | None:
    """The schedules of a file.

    Raises:
        CliError: with every problem in it.
    """
    if file is None:
        return None
    try:
        return load_schedules(file)
    except ConfigError as error:
        raise CliError(*map(str, error.problems)) from None


def _check_real_calls(settings: Settings) -> str:
    """What to tell of the trunks that are opened.

    Raises:
        CliError: real calls cannot be: the extra is missing, the clock is not the real one, or the voice cannot be had.
    """
    if not settings.in_real_time:
        raise CliError("Real calls take place in real time: leave --speed and --start out.")
    with open_database(settings.database_url, create=True) as db:
        with db.read() as connection:
            trunks = [trunk for trunk in every_trunk(connection) if trunk.name != BUILT_IN]
            default = next(iter(every_trunk(connection)), None)
        if not has_sippy() and any(trunk.transport == SIP for trunk in trunks):
            raise CliError(f"{MISSING_SIP}.", code=CANNOT)
        if settings.voice is not None:  # else each bot has its own: see `_check_voices`
            lab, reveal = bool(trunks) and all(trunk.lab for trunk in trunks), secret_store(db).resolver(db)
            try:
                asyncio.run(check_voice(wanted_voice(None, settings.voice), lab=lab, allow=settings.allow_internal, reveal=reveal))
            except VoiceUnavailable as error:
                raise CliError(f"{str(error)[:1].upper()}{str(error)[1:].rstrip('.')}.") from None
    names = ", ".join(trunk.name for trunk in trunks) or "none yet"
    return f"REAL CALLS over these trunks: {names}. The default one is {default.name if default else BUILT_IN}."


def _check_voices(settings: Settings, campaign: CampaignFolder | None) -> None:
    """Look at the voices of the bots that calls with sound can reach, and load what they need before the event loop runs.

    Raises:
        CliError: with every problem, by bot and field.
    """
    with open_database(settings.database_url, create=True) as db:
        with db.read() as connection:
            bots = {
                f"the bot {bot.config.id}": bot.config
                for bot in all_bots(connection)
                if settings.real_calls or _can_be_opened(access_to(connection, bot.config.id))
            }
        if campaign is not None and settings.real_calls:
            bots = {**{name: bot for name, bot in bots.items() if bot.id != campaign.bot.id}, "bot.yaml": campaign.bot}
        if settings.voice is None:
            voices = {name: bot.voice for name, bot in bots.items()}
            found = asyncio.run(problems_of_bots(voices, settings.allow_internal, secret_store(db).resolver(db)))
            if found:
                raise CliError(*found)
    if settings.voice != "tones" and (bots or settings.real_calls):
        prewarm(offline=settings.voice == "offline" or any(uses_offline(bot.voice) for bot in bots.values()))


def _can_be_opened(access: SocketAccess) -> bool:
    return access.is_open or access.prefix is not None


def _listen(host: str, port: int) -> socket.socket:
    try:
        return listen(host, port)
    except OSError as error:
        raise CliError(
            f"Nothing can listen on {host} port {port}: {error.strerror or error}.", "Choose another with --port.", code=CANNOT
        ) from None


def _address(host: str, port: int) -> str:
    """The URL of what listens there, for somebody on this machine."""
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - it is what the operator gave
    return f"http://[{here}]:{port}" if ":" in here else f"http://{here}:{port}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
