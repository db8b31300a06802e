"""The sample CRM beside a process that pushes to it."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path

from web.composition import Whole
from web.run.push_checks import SAMPLE_CRM, SAMPLE_CRM_TOKEN
from web.sample_crm.process import SampleCrm

__all__ = ["sample_crm"]


@contextlib.contextmanager
def sample_crm(whole: Whole, file: Path) -> Iterator[SampleCrm]:
    """Run the sample CRM within the block: pushes to `sample-crm` reach it, and what arrives is written to `file`.

    Raises:
        SampleCrmFailed: it did not start.
    """
    token = whole.settings.environ.get(SAMPLE_CRM_TOKEN, "").strip() or secrets.token_urlsafe(24)  # the environment goes first
    with whole.db.write() as connection:
        whole.secrets.set(connection, SAMPLE_CRM_TOKEN, token, whole.wall())
    with SampleCrm(file, token) as crm:
        whole.client.alias(SAMPLE_CRM, crm.push_url, internal=True)
        yield crm
