"""`dialler run FOLDER`: a whole campaign, from its folder to its results."""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import select
from sqlalchemy.exc import OperationalError, ProgrammingError

from core.access.tables import Secret
from core.kernel.database import Database
from core.kernel.lines import REAL, SANDBOX, Lines
from core.kernel.statements import table_of
from core.kernel.words import counted
from core.kernel.yaml_document import read_yaml
from core.transports.sandbox import SandboxSettings
from core.transports.sip.signalling import OwnFault
from core.trunks.errors import TrunkError
from core.trunks.reading import BUILT_IN
from dialler.campaigns.owner import AlreadyRunning
from dialler.scheduler.runner import LeaseLost
from web.cli.common import (
    AllowInternalOption,
    JsonOption,
    allow_list,
    parse_speed,
    parse_start,
    sqlite_file,
)
from web.cli.databases import database_option, of_run, push_options, refuse_to_begin_anew
from web.cli.errors import CANNOT, UNUSABLE, CliError
from web.cli.output import console, emit_line, say
from web.cli.run_report import print_report
from web.cli.run_trunk import over_trunk
from web.run.folder import CampaignFolder, UnusableFolder, read_folder
from web.run.reporters import JsonReporter, LiveReporter, Reporter
from web.run.session import run_folder
from web.run.summary import RunSummary
from web.sample_crm.process import SampleCrmFailed
from web.settings import Settings, data_folder_of

__all__ = [
    "FolderArgument",
    "MovedOption",
    "OutOption",
    "SandboxOption",
    "SeatsOption",
    "SeedOption",
    "StartOption",
    "VoiceOption",
    "database_option",
    "known_secrets",
    "prepare",
    "push_options",
    "read_or_fail",
    "read_sandbox",
    "run",
]

_secrets = table_of(Secret)

FolderArgument = Annotated[
    Path,
    typer.Argument(
        metavar="FOLDER",
        help="The folder of the campaign: leads.csv (or .xlsx, .xls, .ods), campaign.yaml and bot.yaml.",
        show_default=False,
    ),
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="DIR", help="Where the results go. Default: out/FOLDER-NAME.", show_default=False),
]
StartOption = Annotated[
    str | None,
    typer.Option(
        "--start",
        metavar="MOMENT",
        help="When the campaign's clock begins: 2026-03-04T10:00 (in the bot's time zone) or with an offset. Default: now.",
        show_default=False,
    ),
]
MovedOption = Annotated[
    bool, typer.Option("--moved", help="The campaign of this name, which was run from another folder, belongs to this one from now on.")
]
SeedOption = Annotated[int | None, typer.Option("--seed", help="With --start: everything happens again exactly as the last time.")]
SeatsOption = Annotated[int, typer.Option("--seats", min=1, max=10_000, help="How many calls this machine holds at once.")]
SandboxOption = Annotated[
    Path | None,
    typer.Option("--sandbox", metavar="FILE", help="A YAML file that changes how the sandbox's callees behave (docs/sandbox.md)."),
]
TrunkOption = Annotated[
    str | None,
    typer.Option(
        "--trunk", metavar="NAME", help="Place real calls over this trunk; trunks.yaml in the folder may hold it.", show_default=False
    ),
]
VoiceOption = Annotated[
    str | None,
    typer.Option("--voice", metavar="NAME", help="The voice of real calls, and of WebSocket calls (docs/voice.md).", show_default=False),
]


def run(
    folder: FolderArgument,
    out: OutOption = None,
    database: Annotated[
        str | None,
        typer.Option(
            "--database",
            "-d",
            envvar="DIALLER_DATABASE",
            metavar="URL",
            help="Where the campaign is kept: sqlite:///FILE or postgresql://... Default: out/dialler.db, which the runs of this "
            "directory share, and with it one suppression list; with --seed or --start, one of its own in the output folder.",
            show_default=False,
        ),
    ] = None,
    speed: Annotated[
        str | None,
        typer.Option(
            metavar="FACTOR",
            help="How fast the sandbox's clock runs: 1 is real time, 60 is a minute a second, max waits for nothing at all. "
            "A factor that the machine cannot keep up with makes the clock slower, not the calls worse. Default: max; 1 with --trunk.",
            show_default=False,
        ),
    ] = None,
    start: StartOption = None,
    seed: SeedOption = None,
    seats: SeatsOption = 50,
    allow_internal: AllowInternalOption = None,
    sandbox: SandboxOption = None,
    trunk: TrunkOption = None,
    voice: VoiceOption = None,
    moved: MovedOption = False,
    as_json: JsonOption = False,
) -> None:
    """Run a campaign until no lead can be dialled any more, and write what came of it into a folder.

    Calls are placed on the built-in sandbox phone network, where no real phone rings, unless --trunk names a line.
    Run it again on the same output folder after an interruption, and it continues where it stopped.

    Ends with 0: done and delivered; 1: stopped before the end; 2: the input cannot be used, every problem is listed;
    3: done, but some results have not reached the CRM; 4: the callees' own log disagrees with our records.
    """
    campaign, settings, out = prepare(
        folder, out, database, parse_speed(speed or ("max" if trunk is None else "1")), start, seed, seats, allow_internal, sandbox,
        as_json=as_json, lines=SANDBOX if trunk in {None, BUILT_IN} else REAL,
    )  # fmt: skip
    # without --trunk it is the sandbox, whatever trunk of the database is the default one
    settings = over_trunk(settings, campaign, trunk, voice) if trunk is not None else replace(settings, trunk=BUILT_IN)
    reporter: Reporter = JsonReporter() if as_json else LiveReporter(console())
    if not as_json:
        say(
            f"SANDBOX: {campaign.campaign.name}. No real phone rings."
            if trunk is None
            else f"{campaign.campaign.name}, over the trunk {trunk}.",
        )
        if trunk is None and not (seed is None and start is None) and not database:
            say(f"An experiment (--start, --seed): its database is {out / 'dialler.db'}, and it shares no suppressions.")
    for warning in campaign.warnings:
        reporter.say(f"Note: {warning}")

    def begun(name: str) -> None:
        if not as_json:
            reporter.say(f"To steer it: `dialler campaigns pause|resume|stop {shlex.quote(name)} {database_option(settings)}`.")
            if name != campaign.campaign.name:
                reporter.say("That is its rehearsal: on real lines the campaign has leads of its own.")

    summary = _run(campaign, settings, out, reporter, begun, moved=moved)
    if as_json:
        emit_line({"event": "summary", **summary.as_dict()})
    else:
        print_report(summary, out, database_option(settings), push_options(settings))
    raise typer.Exit(summary.exit_code)


def prepare(
    folder: Path,
    out: Path | None,
    database: str | None,
    speed: float | None,
    start: str | None,
    seed: int | None,
    seats: int,
    allow_internal: list[str] | None,
    sandbox: Path | None,
    *,
    as_json: bool,
    lines: Lines,
) -> tuple[CampaignFolder, Settings, Path]:
    """The folder, checked; the settings of the process; the output folder, made.

    Raises:
        CliError: with every problem of the folder and of the sandbox's file.
    """
    out = out or default_out(folder)
    experiment = lines == SANDBOX and (seed is not None or start is not None)
    url = of_run(database, out, experiment=experiment)
    allow = allow_list(allow_internal)
    overrides, problems = read_sandbox(sandbox)
    campaign = read_or_fail(folder, lambda: read_folder(folder, allow, known_secrets(url), with_trunks=False), problems, as_json=as_json)
    moment = parse_start(start, campaign.bot.time_zone)
    if not experiment and not (database or "").strip():
        refuse_to_begin_anew(url, folder, out, campaign.campaign.name, lines)
    out.mkdir(parents=True, exist_ok=True)
    if (file := sqlite_file(url)) is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    settings = Settings(
        database_url=url,
        data_folder=data_folder_of(url, os.environ),
        network_log=out / "network.jsonl",
        speed=speed,
        start=moment,
        seed=seed,
        seats=seats,
        allow_internal=allow,
        sandbox=overrides,
    )
    return campaign, settings, out


def read_or_fail(folder: Path, read: Callable[[], CampaignFolder], others: list[str], *, as_json: bool) -> CampaignFolder:
    """The folder, or every problem of it and the `others` in one list.

    Raises:
        CliError: there are problems.
    """
    problems = others
    try:
        campaign = read()
        if not problems:
            return campaign
    except UnusableFolder as error:
        problems = [*error.problems, *others]
    if as_json:
        emit_line({"event": "problems", "problems": problems, "exit_code": UNUSABLE})
    raise CliError(
        f"{folder} cannot be run: {counted(len(problems), 'problem')}.",
        *(f"{number}. {problem}" for number, problem in enumerate(problems, 1)),
    )


def _run(
    campaign: CampaignFolder, settings: Settings, out: Path, reporter: Reporter, begun: Callable[[str], None], *, moved: bool
) -> RunSummary:
    try:
        return asyncio.run(run_folder(campaign, settings, out, reporter, moved=moved, on_begin=begun))
    except OwnFault as error:  # of this machine or of the trunk's record: nothing was dialled
        raise CliError(f"{str(error)[:1].upper()}{str(error)[1:]}.", code=CANNOT) from None
    except AlreadyRunning as error:
        raise CliError(str(error), code=CANNOT) from None
    except TrunkError as error:
        raise CliError(str(error)) from None
    except (LeaseLost, SampleCrmFailed) as error:
        raise CliError(f"Stopped: {error}.", code=CANNOT) from None
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise CliError("Stopped before the end. Run the same command again to continue.", code=CANNOT) from None


def read_sandbox(file: Path | None) -> tuple[Mapping[str, Any], list[str]]:
    """The sandbox settings in a YAML file, and what is wrong with them."""
    if file is None:
        return {}, []
    document = read_yaml(file)
    problems = [str(problem) for problem in document.problems]
    try:
        SandboxSettings.from_mapping(document.data)
    except ValueError as error:
        problems.append(f"{file}: {error}.")
    return document.data, problems


def default_out(folder: Path) -> Path:
    """Where the results of a folder go if nothing else is said."""
    return Path("out") / folder.resolve().name


def known_secrets(url: str) -> Callable[[str], bool]:
    """Whether a secret is set, in the environment or in the database, which is only looked at when asked for, and not changed."""

    def is_set(name: str) -> bool:
        if os.environ.get(name, "").strip():
            return True
        file = sqlite_file(url)
        if file is not None and not file.exists():
            return False
        db = Database(url)
        try:
            with db.read() as connection:
                return connection.execute(select(_secrets.c.name).where(_secrets.c.name == name)).first() is not None
        except (OperationalError, ProgrammingError):  # no tables yet
            return False
        finally:
            db.close()

    return is_set
