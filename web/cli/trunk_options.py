"""Options of `dialler trunks`: read, and what is wrong with them told by their names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from core.transports.livekit.line import LiveKitUnavailable
from core.transports.sip.signalling import SipUnavailable
from core.trunks.errors import BadTrunk, TrunkError
from core.trunks.foreign import foreign_option
from core.trunks.reading import LIVEKIT, SIP
from web.cli.errors import CliError

__all__ = ["headers_of", "in_words", "refuse_foreign", "sentence", "sip_settings"]


def sip_settings(rtp_ports: str | None, **given: Any) -> dict[str, Any]:
    """The settings of a trunk of SIP, as its record has them."""
    first, last = _ports(rtp_ports)
    return {**given, "rtp_first": first, "rtp_last": last}


def refuse_foreign(transport: str, given: dict[str, Any]) -> None:
    """Refuse options that the trunk's transport does not have.

    Raises:
        CliError: the first of them.
    """
    for field, value in given.items():
        if value not in (None, []) and (why := foreign_option(transport, field, value)) is not None:
            raise CliError(sentence(f"{_option(field)}: {why}"))


def headers_of(written: list[str] | None) -> dict[str, str] | None:
    """Headers that were given as `Name: value`; None if there are none."""
    if not written:
        return None
    found = {}
    for line in written:
        name, colon, value = line.partition(":")
        if not colon:
            raise CliError(f"--header must be like 'Name: value', not {line!r}.")
        found[name.strip()] = value.strip()
    return found


def _ports(written: str | None) -> tuple[int | None, int | None]:
    if written is None:
        return None, None
    first, _, last = written.partition("-")
    if not (first.isascii() and first.isdigit() and last.isascii() and last.isdigit()):
        raise CliError(f"--rtp-ports must be like 30000-39999, not {written!r}.")
    return int(first), int(last)


@contextmanager
def in_words() -> Iterator[None]:
    """Tell what is wrong with a trunk by the option that sets it."""
    try:
        yield
    except BadTrunk as error:
        option = _option(error.field)
        raise CliError(sentence(f"{option}: {error.detail}" if option else error.detail)) from None
    except (TrunkError, SipUnavailable, LiveKitUnavailable) as error:
        raise CliError(sentence(str(error))) from None


def sentence(text: str) -> str:
    """A text as a whole sentence."""
    return f"{text[:1].upper()}{text[1:]}" if text.endswith((".", "?")) else f"{text[:1].upper()}{text[1:]}."


_OPTIONS = {
    "bot_id": "--bot", "calls_per_second": "--cps", "codecs": "--codec", "headers": "--header", "rtp_first": "--rtp-ports",
    "rtp_last": "--rtp-ports", "address": "--host", "name": "TRUNK", "number": "The number", "is_default": "--default",
}  # fmt: skip
"""Fields that an option of another name sets."""


def _option(field: str) -> str:
    """The option that sets a field of a trunk; nothing if it is the trunk's settings as a whole that are meant."""
    key = field.removeprefix(f"{SIP}.").removeprefix(f"{LIVEKIT}.").partition(".")[0]
    return "" if field in {SIP, LIVEKIT} else _OPTIONS.get(key, f"--{key.replace('_', '-')}")
