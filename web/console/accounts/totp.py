"""Two-step sign-in: codes of an authenticator app (TOTP, RFC 6238), each of which works once."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import pyotp
import segno
from markupsafe import Markup

__all__ = ["code_fits", "new_secret", "qr_of"]

_STEP: Final = 30
_EITHER_SIDE: Final = 1
"""Steps by which the clock of a phone may be wrong."""


def new_secret() -> str:
    """A new secret, in base32."""
    return pyotp.random_base32()


def code_fits(secret: str, code: str, now: datetime, last_step: int | None) -> int | None:
    """The time step that a code belongs to; None if it does not fit, or is of a step that was used already. Pure."""
    if len(code) != 6 or not (code.isascii() and code.isdigit()):
        return None
    totp, current = pyotp.TOTP(secret), int(now.timestamp()) // _STEP
    for step in range(current - _EITHER_SIDE, current + _EITHER_SIDE + 1):
        if (last_step is None or step > last_step) and pyotp.utils.strings_equal(totp.generate_otp(step), code):
            return step
    return None


def qr_of(secret: str, login: str) -> Markup:
    """The QR code that an app reads, as SVG."""
    address = pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name="Dialler")
    drawn = segno.make(address, error="m").svg_inline(scale=5, border=2, dark="#10141d", light="#ffffff", omitsize=False)
    return Markup(drawn)  # noqa: S704 - made here, of our own text
