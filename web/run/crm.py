"""The sample CRM beside a process that pushes to it."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path

from core.access.secrets import SecretMissing
from core.bots.sample_crm import SAMPLE_CRM, SAMPLE_CRM_TOKEN
from core.kernel.secrets import CannotDecrypt
from web.composition import Whole
from web.sample_crm.process import SampleCrm

__all__ = ["sample_crm"]


@contextlib.contextmanager
def sample_crm(whole: Whole, file: Path) -> Iterator[SampleCrm]:
    """Run the sample CRM within the block: pushes to `sample-crm` reach it, and what arrives is written to `file`.

    Raises:
        SampleCrmFailed: it did not start.
    """
    with SampleCrm(file, _token(whole)) as crm:
        whole.client.alias(SAMPLE_CRM, crm.push_url, internal=True)
        yield crm


def _token(whole: Whole) -> str:
    """The token of this installation's sample CRM; made at the first start, and kept: another process may push with it now."""
    with whole.db.write() as connection:
        try:
            return whole.secrets.resolve(connection, f"secret:{SAMPLE_CRM_TOKEN}").get_secret_value()
        except (SecretMissing, CannotDecrypt):
            token = secrets.token_urlsafe(24)
            whole.secrets.set(connection, SAMPLE_CRM_TOKEN, token, whole.wall())
            return token
