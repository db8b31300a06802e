"""A run over a trunk: what is looked at before anything is dialled."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from sqlalchemy import Connection

from core.access.secrets import SecretStore
from core.kernel.clock import utc_now
from core.kernel.yaml_document import read_yaml
from core.transports.installed import MISSING_LIVEKIT, MISSING_SIP, has_livekit, has_sippy
from core.transports.livekit.line import LiveKitUnavailable
from core.transports.sip.signalling import SipUnavailable
from core.trunks.documents import apply_trunks
from core.trunks.errors import TrunkError
from core.trunks.lines import line_of, livekit_line_of
from core.trunks.reading import LIVEKIT, find_trunk
from core.trunks.store import choose_trunk
from core.voice.checks import prewarm, uses_offline, voice_problems
from core.voice.errors import VoiceUnavailable
from core.voice.voices import check_voice, wanted_voice
from web.cli.common import open_database, secret_store
from web.cli.errors import CANNOT, CliError
from web.run.folder import CampaignFolder
from web.settings import Settings

__all__ = ["over_trunk"]


def over_trunk(settings: Settings, campaign: CampaignFolder, trunk: str, voice: str | None) -> Settings:
    """The settings of a run over a trunk, looked at before anything is dialled.

    Raises:
        CliError: it cannot be: the extra is missing, the clock is not the real one, there is no voice or no such trunk.
    """
    if not settings.in_real_time:
        raise CliError("Calls over a trunk take place in real time: leave --speed and --start out.")
    trunks = read_yaml(file) if (file := campaign.path / "trunks.yaml").is_file() else None
    settings = replace(settings, trunk=trunk, voice=voice)
    try:
        with open_database(settings.database_url, create=True) as db:
            secrets = secret_store(db)
            with db.write() as connection:
                if trunks is not None:
                    apply_trunks(connection, trunks, utc_now())
                lab = _is_lab(connection, secrets, trunk)
                numbers = [number.number for number in find_trunk(connection, trunk).numbers]
                caller = choose_trunk(connection, campaign.bot.caller_id, campaign.bot.default_region, trunk)
            wanted, reveal = wanted_voice(campaign.bot.voice, voice), secrets.resolver(db)
            if problems := asyncio.run(voice_problems(wanted, settings.allow_internal, reveal)):
                where = "bot.yaml" if voice is None else f"--voice {voice}"
                raise CliError(*(f"{where}: {problem}." for problem in problems))
            asyncio.run(check_voice(wanted, lab=lab, allow=settings.allow_internal, reveal=reveal))
            if wanted.stt is not None and wanted.stt.provider != "tones":
                prewarm(offline=uses_offline(wanted))
    except (TrunkError, SipUnavailable, LiveKitUnavailable, VoiceUnavailable) as error:
        raise CliError(f"{str(error)[:1].upper()}{str(error)[1:].rstrip('.')}.") from None
    if caller is None or caller.name != trunk:
        raise CliError(f"The bot's caller_id is not a number of the trunk {trunk}.", f"Its numbers: {', '.join(numbers) or 'none'}.")
    return settings


def _is_lab(connection: Connection, secrets: SecretStore, trunk: str) -> bool:
    """Whether a trunk ends on this machine; looks whether it can be used."""
    if find_trunk(connection, trunk).transport == LIVEKIT:
        if not has_livekit():
            raise CliError(f"{MISSING_LIVEKIT}.", code=CANNOT)
        return livekit_line_of(connection, secrets, trunk).settings.lab
    if not has_sippy():
        raise CliError(f"{MISSING_SIP}.", code=CANNOT)
    return line_of(connection, secrets, trunk).settings.lab
