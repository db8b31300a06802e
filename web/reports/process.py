"""Has reports computed in processes of their own, niced, a few at a time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row

from dialler.reports.maker import ReportFailed
from dialler.reports.spec import BadSpec, ReportSpec
from web.reports.child import CANNOT
from web.reports.zones import zone_of_campaign

__all__ = ["ReportProcesses"]

log = logging.getLogger(__name__)

_AT_ONCE = 2
_SECONDS = 600
_SAID = 2000
"""Most characters of what a failed process said that are logged."""


class ReportProcesses:
    """Starts a process for each report.

    Args:
        database_url: the database that they read.
        seconds: how long one may take.
    """

    def __init__(self, database_url: str, *, seconds: float = _SECONDS) -> None:
        self._database_url, self._seconds = database_url, seconds
        self._room = asyncio.Semaphore(_AT_ONCE)

    def zone_of(self, connection: Connection, campaign: Row[Any]) -> str:
        """The time zone of a campaign's reports unless another is asked for."""
        return zone_of_campaign(connection, campaign)

    @contextlib.asynccontextmanager
    async def made(self, spec: ReportSpec, kind: str, *, excel: bool = False) -> AsyncIterator[Path]:
        """The file of a report; it is deleted at the end of the block.

        Raises:
            BadSpec: it cannot be made as asked.
            ReportFailed: it could not be made.
        """
        with tempfile.TemporaryDirectory(prefix="dialler-report-") as folder:
            out = Path(folder) / f"report.{kind}"
            order = {"database": self._database_url, "spec": spec.as_dict(), "format": kind, "excel": excel, "out": str(out)}
            async with self._room:
                await self._run(order, spec)
            yield out

    async def _run(self, order: dict[str, Any], spec: ReportSpec) -> None:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "web.reports.child"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
        try:
            async with asyncio.timeout(self._seconds):
                said, errors = await child.communicate(json.dumps(order).encode())
        except TimeoutError:
            raise ReportFailed(f"The report took longer than {self._seconds:.0f} seconds. Ask for a shorter period.") from None
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        if child.returncode == CANNOT:
            raise BadSpec(**json.loads(said))
        if child.returncode:
            log.error("the report %s of campaign %s failed: %s", spec.name, spec.campaign_id, errors.decode(errors="replace")[-_SAID:])
            raise ReportFailed("The report could not be made; the log of the server says why.")
