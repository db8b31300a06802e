"""Two processes on one PostgreSQL share the calls of one deployment: each holds its own, and one that drains takes no more."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests import postgres
from tests.live.livekit.deployment import Deployment
from tests.live.livekit.lab import CALLER
from tests.live.livekit.served import Installation, Served, until
from tests.web.run.invariants import Records, opened

pytestmark = pytest.mark.needs("livekit-server", "redis-server", "livekit", "redis")


@pytest.fixture
def database_url(postgres_template: str) -> Iterator[str]:
    url = postgres.make_database(postgres_template)
    yield url
    postgres.drop_database(url)


def worker_of(installation: Installation, served: Served) -> str:
    """The id of a process's worker."""
    workers = served.admin("GET", "/api/v1/workers").json()["workers"]
    return str(next(worker["id"] for worker in workers if worker["pid"] == served.process.pid))


def holders(installation: Installation) -> dict[str, str]:
    with opened(installation.url) as connection:
        return {call.call_id: call.worker_id for call in Records(connection).calls}


def answered_at_least(deployment: Deployment, count: int) -> bool:
    return len(deployment.events("inbound answered")) >= count


def test_one_drains_while_calls_are_up(deployment: Deployment, tmp_path: Path, database_url: str) -> None:
    installation = Installation(tmp_path, deployment, database_url)
    with installation.serve() as one, installation.serve("--calls-only", "--seats", "3") as other:
        first, second = worker_of(installation, one), worker_of(installation, other)
        here, there = one.call("00"), other.call("01")
        for served, call in ((one, here), (other, there)):
            served.is_in(call, "talking")
        assert holders(installation) == {here: first, there: second}
        fleet = one.admin("GET", "/health/fleet").json()
        assert {worker["id"]: worker["calls"] for worker in fleet["workers"]} == {first: 1, second: 1}

        drained = installation.dialler("workers", "drain", first)
        assert drained.returncode == 0, drained.stderr
        refused = one.dial("05")
        assert (refused.status_code, refused.json()["reason"]) == (503, "no_capacity")
        answered = len(deployment.events("inbound answered"))
        for number in (1, 2):  # the two seats that the other one has left
            deployment.call_us("+12025550177", CALLER)
            wanted = answered + number
            until(partial(answered_at_least, deployment, wanted), f"call {number} is answered")
        inbound = {call: worker for call, worker in holders(installation).items() if call not in {here, there}}
        assert set(inbound.values()) == {second}
        assert one.read(here)["state"] == "talking"
        one.process.terminate()  # stops once its calls are over
        until(lambda: "being finished" in one.log.read_text(), "it has taken the signal")
        assert one.read(here)["state"] == "talking"
        one.cancel(here)
        assert one.is_gone(30) == 0
        result = other.is_in(here, "done")["result"]
        assert (result["disconnected_by"], result["end_reason"]) == ("bot", "cancelled")
        assert other.read(there)["state"] == "talking"
        for call in inbound:
            other.is_in(call, "done")
        assert other.is_in(other.call("05"), "done")["result"]["disconnected_by"] == "customer"
