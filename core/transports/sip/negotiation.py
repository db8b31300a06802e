"""Our side of the offers and answers of one call. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from core.transports.sip.codec_names import Codec
from core.transports.sip.sdp import Media, Stream, accept_answer, answer, offer, parse_sdp, write_sdp

__all__ = ["Negotiation"]


class Negotiation:
    """What we say of our sound, and what was agreed.

    Args:
        address: where the other side sends to.
        port: to which port.
        codecs: what we have, in order of preference.
        session_id: names the session in every description.
    """

    def __init__(self, address: str, port: int, codecs: Sequence[Codec], session_id: int) -> None:
        self._address, self._port, self._codecs, self._session_id = address, port, tuple(codecs), session_id
        self._version = 1
        self._said: Media | None = None

    def offer(self) -> str:
        """Our offer."""
        return self._say(offer(self._address, self._port, self._codecs))

    def accept(self, their_answer: str) -> Stream:
        """What their answer to our offer agrees.

        Raises:
            SdpError: it cannot be used.
        """
        return accept_answer(parse_sdp(their_answer), self._codecs)

    def answer(self, their_offer: str) -> tuple[str, Stream]:
        """Our answer to their offer, and what it agrees.

        Raises:
            SdpError: it cannot be used.
        """
        ours, stream = answer(parse_sdp(their_offer), self._address, self._port, self._codecs)
        return self._say(ours), stream

    def _say(self, media: Media) -> str:
        if self._said is not None and media != self._said:
            self._version += 1
        self._said = media
        return write_sdp(media, self._session_id, self._version)
