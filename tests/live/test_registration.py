"""A trunk that registers: renewed in time, refused in several ways, with a registrar that goes and comes back; all on view."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from core.kernel.clock import utc_now
from core.transports.sip.standing import Registration
from core.trunks.reading import find_trunk
from tests.live.lab import lab, live, until
from tests.live.registrar import Register, sip_registrar
from tests.live.test_inbound_engine import ours
from web.composition import Whole

pytestmark = pytest.mark.needs("sippy")

SETTINGS: dict[str, Any] = {"register": True, "user": "account"}
ACCOUNT = {**SETTINGS, "password": "secret:LAB_PASSWORD"}
CHALLENGE = ("401 Unauthorized", 'WWW-Authenticate: Digest realm="lab", nonce="n1", algorithm=MD5, qop="auth"')


def granting(seconds: int) -> Any:
    """Challenges, then grants so many seconds whatever was asked for; 0 takes back."""

    def answer(register: Register) -> tuple[str, ...]:
        return ("200 OK", f"Expires: {min(seconds, register.expires)}") if register.authorised else CHALLENGE

    return answer


def standing(whole: Whole) -> Registration | None:
    with whole.db.read() as connection:
        return find_trunk(connection, "lab").registration


def shown(folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "DIALLER_DATA": str(folder), "PYTHONPATH": str(Path.cwd()), "COLUMNS": "300"}
    command = [sys.executable, "-m", "web.cli.main", "trunks", *arguments, "--database", f"sqlite:///{folder}/dialler.db"]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=60)
    return done.stdout


def test_it_is_renewed_before_it_runs_out_and_taken_back(tmp_path: Path) -> None:
    """The registrar grants three seconds where ten minutes were asked for."""
    with sip_registrar(granting(3)) as registrar:
        news: list[Registration] = []

        async def scenario() -> None:
            async with lab(registrar.port, password="lab-word", on_registration=lambda _, one: news.append(one), **SETTINGS) as here:
                await here.transport.listen("lab")
                await until(lambda: len(news) >= 3, "it is renewed twice", 30)
                assert all(one.state(one.at) == "registered" and not one.reason for one in news)

        live(scenario)
    granted = [one.at for one in registrar.log if one.authorised]
    assert {one.expires for one in registrar.log[:-2]} == {600}
    assert registrar.log[-1].expires == 0  # taken back
    assert news[-1].expires_at is None
    assert all(one.expires_at is not None and (one.expires_at - one.at).total_seconds() == 3 for one in news[:3])
    assert granted[1] - granted[0] > 2.0  # not at every moment, either
    assert all(later.at < before.expires_at for before, later in pairwise(news[:3]) if before.expires_at)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (("403 Forbidden",), "it answers 403 Forbidden"),
        (CHALLENGE, "it answers 401 Unauthorized"),
        (None, "it does not answer"),
    ],
)
def test_a_refusal_is_on_view_with_its_reason(tmp_path: Path, answer: tuple[str, ...] | None, reason: str) -> None:
    with sip_registrar(lambda _: answer) as registrar:

        async def scenario() -> None:
            async with ours(tmp_path, port=registrar.port, **ACCOUNT) as (whole, _):
                await until(lambda: standing(whole) is not None, "there is news", 30)
                found = standing(whole)
                assert found is not None
                assert (found.state(utc_now()), found.expires_at) == ("not_registered", None)
                assert found.reason.startswith(reason)
                assert reason in shown(tmp_path, "show", "lab")
                assert reason in shown(tmp_path, "list")

        live(scenario)


def test_a_wrong_password_is_sent_once() -> None:
    with sip_registrar(lambda _: CHALLENGE) as registrar:
        news: list[Registration] = []

        async def scenario() -> None:
            async with lab(registrar.port, password="wrong", on_registration=lambda _, one: news.append(one), **SETTINGS) as here:
                await here.transport.listen("lab")
                await until(lambda: bool(news), "it is refused", 30)

        live(scenario)
    assert [register.authorised for register in registrar.log] == [False, True]  # a carrier locks accounts that try again and again
    assert news[0].reason.startswith("it answers 401 Unauthorized. The password or the user is wrong")


def test_a_longer_time_is_asked_for_if_the_registrar_wants_that() -> None:
    def answer(register: Register) -> tuple[str, ...]:
        if register.expires in {0, 1800}:
            return ("200 OK", f"Expires: {register.expires}")
        return ("423 Interval Too Brief", "Min-Expires: 1800")

    with sip_registrar(answer) as registrar:
        news: list[Registration] = []

        async def scenario() -> None:
            async with lab(registrar.port, password="lab-word", on_registration=lambda _, one: news.append(one), **SETTINGS) as here:
                await here.transport.listen("lab")
                await until(lambda: bool(news), "it is registered", 30)

        live(scenario)
    assert [register.expires for register in registrar.log] == [600, 1800, 0]
    assert news[0].expires_at is not None
    assert (news[0].expires_at - news[0].at).total_seconds() == 1800


def test_the_registrar_goes_and_comes_back(tmp_path: Path) -> None:
    def four_seconds(register: Register) -> tuple[str, ...]:
        return ("200 OK", f"Expires: {min(4, register.expires)}")

    with sip_registrar(four_seconds) as registrar:

        async def scenario() -> None:
            def state() -> str:
                found = standing(whole)
                return "" if found is None else found.state(utc_now()) + ("!" if found.reason else "")

            async with ours(tmp_path, port=registrar.port, **ACCOUNT) as (whole, _):
                await until(lambda: state() == "registered", "it is registered", 60)
                # beside the loop, which renews it every three seconds meanwhile
                assert "registered until" in await asyncio.to_thread(shown, tmp_path, "show", "lab")
                registrar.answer = lambda _: None
                await until(lambda: state() in {"expired", "not_registered!"}, "it has run out", 40)
                registrar.answer = four_seconds
                await until(lambda: state() == "registered", "it is registered again", 60)
            assert state() == "not_registered!"  # taken back at the end

        live(scenario)
