"""A trunk of LiveKit as this process uses it."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import SecretStr

from core.transports.livekit.settings import LiveKitSettings

__all__ = ["LiveKitLine", "LiveKitUnavailable"]


class LiveKitUnavailable(Exception):
    """A trunk of LiveKit cannot be used."""


@dataclass(frozen=True)
class LiveKitLine:
    """A trunk as its record has it, with its secrets; `outbound_trunk_id` is what LiveKit calls it."""

    name: str
    settings: LiveKitSettings
    channels: int
    calls_per_second: float
    api_secret: SecretStr
    password: SecretStr | None = None
    numbers: tuple[str, ...] = ()
    outbound_trunk_id: str | None = None

    @property
    def account(self) -> tuple[str, str, str]:
        """The server and our account there: what trunks of one account share."""
        return self.settings.url, self.settings.api_key, self.api_secret.get_secret_value()
