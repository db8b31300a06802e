"""The page about the transport has every setting and every status that the product knows."""

from __future__ import annotations

from pathlib import Path

from core.transports.sip.advice import ADVICE
from core.transports.sip.settings import SipSettings

PAGE = (Path(__file__).parents[4] / "docs" / "transport-sip.md").read_text()


def test_every_status() -> None:
    for status, (meant, what_to_do) in ADVICE.items():
        assert f"| {status} | {meant} | {what_to_do} |" in PAGE


def test_every_setting() -> None:
    for name, field in SipSettings.model_fields.items():
        assert f"`{field.alias or name}`" in PAGE
