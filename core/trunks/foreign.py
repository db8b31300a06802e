"""Options that a trunk's transport does not have: those of another transport, and what it cannot do at all. Each is told in words, for
what was asked for must not be left out in silence: a call that was to be encrypted would go out in the clear. Pure.
"""

from __future__ import annotations

import re
from typing import Final

from core.transports.livekit.settings import LiveKitSettings
from core.transports.sip.settings import NO_IPV6, NO_SRTP, NO_TLS, SipSettings

__all__ = ["foreign_option", "no_transport"]

_TRANSPORTS: Final = {"sip": "SIP", "livekit": "LiveKit"}
_FIELDS: Final = {
    "sip": frozenset(field.alias or name for name, field in SipSettings.model_fields.items()),
    "livekit": frozenset(field.alias or name for name, field in LiveKitSettings.model_fields.items()),
}
_LIVEKIT_ONLY: Final = frozenset({"trunk_id", "outbound_trunk_id", "inbound_trunk_id", "dispatch_rule_id"})
_SECURE_SOUND: Final = re.compile(
    r"s?rtp_?(?:encryption|mode|crypto)|srtp.*|(?:media_?)?encryption|secure_(?:media|rtp)|dtls.*|sdes.*|zrtp"
)
_SECURE_SIP: Final = re.compile(r"tls.*|sips|secure|ssl|use_tls|(?:sip_)?(?:transport|protocol|proto)")
_IPV6: Final = re.compile(r"(?:use_)?ipv?6")
_OFF: Final = frozenset({"", "false", "no", "off", "none", "0", "udp", "disable", "disabled", "optional: false"})


def no_transport(written: str) -> str:
    """What is wrong with what was written for the transport of a trunk, beside that there is none of that name; may be nothing."""
    match re.sub(r"[^a-z]", "", written.lower()):
        case "tls" | "sips" | "siptls" | "wss" | "tlsonly":
            return f"`transport` says what carries the calls. {NO_TLS}"
        case "tcp" | "siptcp" | "ws":
            return f"`transport` says what carries the calls. {NO_TLS}"
        case "udp" | "sipudp":
            return "`transport` says what carries the calls. A trunk of the transport sip goes by UDP anyhow: leave it out, or write sip."
    return ""


def foreign_option(transport: str, key: str, value: object) -> str | None:
    """Why a trunk cannot have an option; None: it has it, or nobody knows of such an option.

    Args:
        transport: what the trunk is of.
        key: the option.
        value: what it is set to.
    """
    if transport not in _FIELDS or key in _FIELDS[transport]:
        return None
    name = key.lower().replace("-", "_")
    if transport == "sip" and value is not None and str(value).lower() not in _OFF:
        for pattern, words in ((_SECURE_SOUND, NO_SRTP), (_SECURE_SIP, NO_TLS), (_IPV6, NO_IPV6)):
            if pattern.fullmatch(name):
                return words
    other = "livekit" if transport == "sip" else "sip"
    if name in _FIELDS[other] or (other == "livekit" and name in _LIVEKIT_ONLY):
        return f"it is an option of trunks of {_TRANSPORTS[other]}, and this one is of {_TRANSPORTS[transport]}: leave it out"
    return None
