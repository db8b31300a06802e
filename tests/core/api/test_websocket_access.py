"""Who may open a WebSocket call: tokens, keys, open bots, web pages, and who fails again and again. On both databases, in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from sqlalchemy import Connection

from core.access.keys import revoke
from core.access.sockets import make_token, revoke_token, set_open
from core.access.strangers import Strangers, neighbourhood
from core.api.socket_calls import is_foreign_page
from core.transports.websocket.transport import Limits
from tests.core.api.sockets import TALKER, Dialler, with_sockets
from tests.statements import each_statement

HELLO = {"event": 1}
ADMITTED, UNKNOWN, NO_TOKEN, TOO_MANY, FOREIGN = 4400, 4404, 4401, 4429, 4403
"""How a connection ends whose first message is wrong: 4400 says that it was let in so far."""


async def _code(dialler: Dialler, shown: str = "", how: str = "bearer", **more: Any) -> int | None:
    headers = {"bearer": {"Authorization": f"Bearer {shown}"}, "header": {"X-API-Key": shown}, "query": {}, "none": {}}[how]
    query = f"token={shown}" if how == "query" else ""
    code, _ = await dialler.ends(HELLO, headers={**headers, **more.pop("headers", {})}, query=query, **more)
    return code


def test_a_token_is_shown_in_a_header_or_in_the_query(with_each_core: Callable[..., Any]) -> None:
    async def test(dialler: Dialler) -> None:
        token = dialler.token
        assert [await _code(dialler, token, how) for how in ("bearer", "header", "query", "none")] == [ADMITTED] * 3 + [NO_TOKEN]
        dialler.bot("other")
        assert [await _code(dialler, token, bot=bot) for bot in ("other", "nobody", "a%00b")] == [NO_TOKEN] * 3
        for wrong in (token[:-1], token + "x", token.upper(), "", "dw_", "é" * 5, "x" * 5000):
            assert await _code(dialler, wrong, "query") == NO_TOKEN
        assert dialler.results() == []

    with_each_core(with_sockets(test))


def test_a_token_is_rotated_and_revoked(with_each_core: Callable[..., Any]) -> None:
    async def test(dialler: Dialler) -> None:
        clock, db, first = dialler.core.clock, dialler.core.db, dialler.token

        def rotate(hours: float) -> str:
            with db.write() as connection:
                return make_token(connection, TALKER, clock.now(), timedelta(hours=hours))

        second = rotate(0.05)
        assert [await _code(dialler, token) for token in (first, second)] == [ADMITTED, ADMITTED]
        await clock.sleep(180)
        assert [await _code(dialler, token) for token in (first, second)] == [NO_TOKEN, ADMITTED]
        third = rotate(0)
        assert [await _code(dialler, token) for token in (second, third)] == [NO_TOKEN, ADMITTED]
        fourth = rotate(24)
        with db.write() as connection:
            assert revoke_token(connection, TALKER)
            assert not revoke_token(connection, TALKER)
        assert [await _code(dialler, token) for token in (third, fourth)] == [NO_TOKEN, NO_TOKEN]

    with_each_core(with_sockets(test))


def test_a_call_in_progress_outlives_its_token(with_core: Callable[..., Any]) -> None:
    async def test(dialler: Dialler) -> None:
        async with dialler.line() as line:
            line.shake_hands()
            await line.quiet(1)
            with dialler.core.db.write() as connection:
                revoke_token(connection, TALKER)
            await line.quiet(2)
            assert line.code is None

    with_core(with_sockets(test, opening_message="word " * 40))


def test_api_keys(with_each_core: Callable[..., Any]) -> None:
    async def test(dialler: Dialler) -> None:
        def key(**more: Any) -> str:
            return str(dialler.core.key(**more)["X-API-Key"])

        ours, others, admin, agent = key(bots=(TALKER,)), key(bots=("other",)), key(role="admin"), key(role="agent")
        assert [await _code(dialler, one, "header") for one in (ours, others, admin, agent)] == [ADMITTED, NO_TOKEN, ADMITTED, NO_TOKEN]
        assert [await _code(dialler, ours, how) for how in ("bearer", "query")] == [ADMITTED, NO_TOKEN]
        assert await _code(dialler, admin, "header", bot="nobody") == UNKNOWN
        slow = key(requests_per_minute=2)
        assert [await _code(dialler, slow, "header") for _ in range(3)] == [ADMITTED, ADMITTED, TOO_MANY]
        # the one that is valid counts, wherever it stands
        assert await _code(dialler, ours, headers={"X-API-Key": "dk_wrong"}) == ADMITTED
        gone = key(key_id="gone")
        with dialler.core.db.write() as connection:
            revoke(connection, "gone", dialler.core.clock.now())
        assert await _code(dialler, gone, "header") == NO_TOKEN

    with_each_core(with_sockets(test))


def test_the_result_of_a_call_goes_to_the_results_url_of_its_key(with_each_core: Callable[..., Any]) -> None:
    async def test(dialler: Dialler) -> None:
        key = dialler.core.key(results_url="https://backend.example.com/results")
        async with dialler.line(headers=key) as line:
            line.shake_hands()
            await line.quiet(1)
        assert [body["disconnected_by"] for _, body in dialler.pushed()] == ["customer"]

    with_each_core(with_sockets(test))


def test_an_open_bot_is_open_to_programs_and_not_to_pages_of_other_sites(with_each_core: Callable[..., Any]) -> None:
    async def test(dialler: Dialler) -> None:
        with dialler.core.db.write() as connection:
            set_open(connection, TALKER, is_open=True)
        assert await _code(dialler, how="none") == ADMITTED
        assert await _code(dialler, "dw_wrong") == ADMITTED
        for origin, code in (("http://core", ADMITTED), ("https://evil.example.com", FOREIGN), ("null", FOREIGN)):
            assert await _code(dialler, how="none", headers={"Origin": origin}) == code
        assert await _code(dialler, dialler.token, headers={"Origin": "https://evil.example.com"}) == ADMITTED
        with dialler.core.db.write() as connection:
            set_open(connection, TALKER, is_open=False)
        assert await _code(dialler, how="none") == NO_TOKEN

    with_each_core(with_sockets(test))


@pytest.mark.parametrize(
    ("origin", "host", "foreign"),
    [
        (None, "a.example", False),
        ("https://a.example", "a.example", False),
        ("https://A.example:443", "a.example", False),
        ("http://a.example:8080", "a.example:8080", False),
        ("http://a.example:80", "a.example", False),
        ("http://a.example:8080", "a.example", True),
        ("https://b.example", "a.example", True),
        ("https://a.example.evil", "a.example", True),
        ("null", "a.example", True),
        ("", "a.example", True),
        ("https://b.example", None, True),
    ],
)
def test_pages_of_other_sites(origin: str | None, host: str | None, foreign: bool) -> None:
    assert is_foreign_page(origin, host) is foreign


def test_who_fails_again_and_again_is_not_looked_at(with_each_core: Callable[..., Any]) -> None:
    async def test(dialler: Dialler) -> None:
        clock = dialler.core.clock
        attempts = [await _code(dialler, "dw_wrong") for _ in range(40)]
        refused = attempts.index(TOO_MANY)
        assert 30 <= refused <= 34, "thirty, and one every two seconds"
        assert set(attempts[:refused]) == {NO_TOKEN}
        dialler.transport.strangers.failed("192.0.2.1", TALKER, clock.now().timestamp())
        assert await _code(dialler, dialler.token) == TOO_MANY
        assert await _code(dialler, dialler.token, client="192.0.2.2") == ADMITTED, "others are not kept out"
        dialler.bot("other")
        assert await _code(dialler, "dw_wrong", bot="other") == NO_TOKEN, "nor is the same client at another bot"
        await clock.sleep(5)
        assert await _code(dialler, dialler.token) == ADMITTED

    with_each_core(with_sockets(test))


def test_strangers_are_judged_without_a_transaction_that_may_write(with_core: Callable[..., Any]) -> None:
    async def test(dialler: Dialler) -> None:
        statements: list[str] = []
        connections: list[bool] = []
        take = dialler.core.db._take

        def noting_take(write: bool, quick: bool) -> Connection:
            connections.append(write)
            return take(write, quick)

        with (
            each_statement(dialler.core.db, lambda statement, _: statements.append(statement)),
            mock.patch.object(dialler.core.db, "_take", noting_take),
        ):
            assert await _code(dialler, "dw_wrong") == NO_TOKEN
            assert await _code(dialler, "dk_wrong", "header") == NO_TOKEN
        assert {statement.split()[0] for statement in statements} == {"SELECT"}
        assert set(connections) == {False}, "not a transaction that may write"

    with_core(with_sockets(test))


def test_strangers_are_forgotten_and_an_ipv6_network_is_one_client() -> None:
    assert neighbourhood("2001:db8:0:1::5") == neighbourhood("2001:db8:0:1:9::1") != neighbourhood("2001:db8:0:2::5")
    assert (neighbourhood("192.0.2.7"), neighbourhood("")) == ("192.0.2.7", "")
    strangers = Strangers()
    for _ in range(30):
        strangers.failed("192.0.2.1", "bot", 0.0)
    assert strangers.are_turned_away("192.0.2.1", "bot", 1.0)
    assert not strangers.are_turned_away("192.0.2.1", "bot", 2.0)
    assert strangers.are_turned_away("192.0.2.1", "bot", -5.0), "a clock that jumps back lets nobody in"
    for number in range(10_001):
        strangers.failed(f"host-{number}", "bot", 0.0)
    assert len(strangers._throttles) == 10_000


def test_no_more_handshakes_at_once_than_the_limit(with_core: Callable[..., Any]) -> None:
    async def test(dialler: Dialler) -> None:
        async with dialler.line(), dialler.line() as second:
            await dialler.core.clock.sleep(1)
            assert await _code(dialler, dialler.token) == 1013
            second.shake_hands()
            await second.quiet(1)
            assert await _code(dialler, dialler.token) == ADMITTED

    with_core(with_sockets(test, limits=Limits(handshakes=2)))
