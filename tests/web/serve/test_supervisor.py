"""The supervisor of `dialler serve` goes on looking for campaigns whatever the database does."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from web.serve.supervisor import Supervisor


def test_it_looks_again_after_waits_that_grow(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    waits: list[float] = []

    class Unlucky(Supervisor):
        def look(self) -> None:
            if len(waits) < 7:
                raise OperationalError("SELECT 1", {}, Exception("database is locked"))

    async def no_wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 9:
            raise asyncio.CancelledError

    async def run() -> None:
        whole: Any = None
        with pytest.raises(asyncio.CancelledError):
            await Unlucky(whole).run()

    monkeypatch.setattr("web.serve.supervisor.asyncio.sleep", no_wait)
    with caplog.at_level(logging.WARNING):
        asyncio.run(run())
    assert waits == [1, 2, 4, 8, 16, 30, 30, 1, 1]
    assert caplog.text.count("the database does not answer") == 7
