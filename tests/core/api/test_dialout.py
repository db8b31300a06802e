"""Dialout as the integration guide has it: request, answer, each status."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from core.access.keys import list_keys, revoke
from core.kernel.statements import table_of
from core.suppressions import store as suppressions
from core.trunks.tables import Trunk
from tests.core.api.support import BOT, PAYS, START, STORY, Core, fields_of, problem_of, talkers

WithCore = Callable[..., Any]

DIALOUT = "/api/v1/sip/dialout"


def test_the_guides_request_gets_the_guides_answer(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        body = {
            "bot_id": BOT,
            "to_number": PAYS,
            "from_number": "+12025550100",
            "variables": {"customer_name": "Rahul Sharma", "loan_number": "LN123456", "amount_due": "15000", "due_date": "2026-05-01"},
        }
        response = await core.http.post(DIALOUT, json=body)
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/json"
        answer = response.json()
        assert answer == {"status": "ok", "call_id": answer["call_id"]}
        await core.over()
        call = await core.call(answer["call_id"])
        assert call["result"]["session_id"] == answer["call_id"]
        assert (call["to_number"], call["from_number"]) == (PAYS, "+12025550100")
        assert "Rahul" in str(call["result"]["variables"])

    with_each_core(test)


def test_from_number_and_variables_may_be_left_out_and_unknown_fields_are_ignored(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        for more in ({}, {"from_number": None, "variables": None}, {"from_number": ""}, {"priority": 7, "nested": {"a": [float(1)]}}):
            call = await core.call(await core.placed(PAYS, **more))
            assert call["from_number"] == "+12025550100"
            await core.over()

    with_core(test)


def test_without_a_valid_key_it_is_401_whatever_the_body(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        revoked, expired = core.key(key_id="old"), core.key(expires_at=START)
        with core.db.write() as connection:
            assert revoke(connection, "old", START)
        answers = []
        for key in ({"X-API-Key": ""}, {"X-API-Key": "dk_wrong"}, revoked, expired, {"X-API-Key": "k" * 5000}):
            for body in (b'{"bot_id": "loan-reminder", "to_number": "+12025550100"}', b"{not json", b""):
                response = await core.http.post(DIALOUT, content=body, headers=key)
                assert response.status_code == 401
                assert response.headers["www-authenticate"] == "ApiKey"
                answers.append(response.content)
        del core.http.headers["X-API-Key"]
        answers.append((await core.http.post(DIALOUT, json={"bot_id": BOT, "to_number": PAYS})).content)
        assert len(set(answers)) == 1, "which of them it is must not be told"
        problem_of(response)
        assert core.count_calls() == 0

    with_core(test)


def test_a_key_that_was_used_has_its_use_noted(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        await core.dial(PAYS)
        with core.db.read() as connection:
            assert [key.last_used_at for key in list_keys(connection)] == [START]

    with_core(test)


def test_a_bot_out_of_scope_answers_as_one_that_does_not_exist(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot("secret-bot")
        scoped = core.key(bots=[BOT])
        bodies: list[dict[str, Any]] = [
            {"to_number": PAYS},
            {"to_number": "nonsense", "variables": 5},
            {},
            {"to_number": PAYS, "from_number": "+12025550199"},
        ]
        for body in bodies:
            there = await core.http.post(DIALOUT, json={"bot_id": "secret-bot", **body}, headers=scoped)
            nowhere = await core.http.post(DIALOUT, json={"bot_id": "absent-bot", **body}, headers=scoped)
            assert there.status_code == nowhere.status_code == 404
            assert there.content.replace(b"secret-bot", b"absent-bot") == nowhere.content
            assert {k: v for k, v in there.headers.items() if k != "date"} == {k: v for k, v in nowhere.headers.items() if k != "date"}
        problem_of(there)
        ours = await core.http.post(DIALOUT, json={"bot_id": BOT, "to_number": PAYS}, headers=scoped)
        assert ours.status_code == 200

    with_core(test)


def test_422_names_every_bad_field_at_once(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot("indian", default_region="IN")
        with core.db.write() as connection:
            suppressions.add(connection, "+12025550198", reason="asked", source="callee", now=START)
        cases: list[tuple[dict[str, Any], dict[str, str]]] = [
            ({}, {"bot_id": "missing", "to_number": "missing"}),
            ({"bot_id": None, "to_number": None}, {"bot_id": "missing", "to_number": "missing"}),
            ({"bot_id": " ", "to_number": ""}, {"bot_id": "missing", "to_number": "missing"}),
            (
                {"bot_id": 7, "to_number": 12025550100, "from_number": [], "variables": "x"},
                {"bot_id": "not_text", "to_number": "not_text", "from_number": "not_text", "variables": "not_an_object"},
            ),
            (
                {"bot_id": BOT, "to_number": "+1202555", "from_number": "+12025550177", "variables": []},
                {"to_number": "not_dialable", "from_number": "unknown_caller_id", "variables": "not_an_object"},
            ),
            (
                {"bot_id": BOT, "to_number": "+12025550198", "from_number": "nobody"},
                {"to_number": "suppressed", "from_number": "unknown_caller_id"},
            ),
            (
                {"to_number": "+12025550198", "variables": True},
                {"bot_id": "missing", "to_number": "suppressed", "variables": "not_an_object"},
            ),
            ({"to_number": "020 7946 0123"}, {"bot_id": "missing"}),
            ({"bot_id": "indian", "to_number": "112"}, {"to_number": "not_dialable"}),
            ({"bot_id": BOT, "to_number": "+1 900 555 0123"}, {"to_number": "not_dialable"}),
            ({"bot_id": BOT, "to_number": "202 555 0100"}, {"to_number": "not_dialable"}),
            ({"bot_id": BOT, "to_number": "9.19877E+11"}, {"to_number": "not_dialable"}),
            ({"bot_id": BOT, "to_number": "1" * 65}, {"to_number": "too_long"}),
            ({"bot_id": BOT, "to_number": PAYS, "variables": {"a": "b\x00"}}, {"variables": "not_text"}),
            ({"bot_id": "b\x00", "to_number": PAYS}, {"bot_id": "not_text"}),
        ]
        for body, wanted in cases:
            response = await core.http.post(DIALOUT, json=body)
            assert fields_of(response) == wanted, body
            detail = problem_of(response)["detail"]
            assert all(f"{field}: " in detail for field in wanted)
        assert core.count_calls() == 0

    with_core(test)


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("+1 900 555 0123", "premium"),
        ("112", "emergency"),
        ("+91 98765", "too short"),
        ("+12025550100, +12025550101", "more than one"),
        ("call me", "no number"),
    ],
)
def test_a_refused_number_says_why_and_does_not_repeat_it(with_core: WithCore, number: str, why: str) -> None:
    async def test(core: Core) -> None:
        core.bot(default_region="IN")
        response = await core.dial(number)
        assert fields_of(response) == {"to_number": "not_dialable"}
        assert why in response.json()["detail"]
        assert number not in response.text

    with_core(test)


def test_premium_numbers_are_dialled_only_if_allowed(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.engine.allow_premium = True
        assert (await core.dial("+1 900 555 0123")).status_code == 200

    with_core(test)


def test_a_number_of_thousands_of_digits_is_refused_in_words(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        response = await core.http.post(DIALOUT, content=b'{"bot_id": "reminder", "to_number": ' + b"9" * 5000 + b"}")
        assert set(fields_of(response)) == {"body"}
        assert "put it in quotation marks" in response.json()["detail"]
        assert "sys." not in response.json()["detail"]

    with_core(test)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"{",
        b"{'bot_id': 1}",
        b'{"bot_id": NaN}',
        b"\xff\xfe\x00",
        b'\x80{"a": 1}',
        b"[]",
        b'"text"',
        b"null",
        b"5",
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_a_body_that_is_no_json_object_is_422(with_core: WithCore, body: bytes) -> None:
    async def test(core: Core) -> None:
        response = await core.http.post(DIALOUT, content=body)
        assert set(fields_of(response)) == {"body"}

    with_core(test)


@pytest.mark.parametrize(
    "variables",
    [
        '{"a": 1e999}',
        '{"a": "\\u0000"}',
        '{"a": ["\\ud800"]}',
        '{"\\udfff": 1}',
        '{"a":' * 40 + "1" + "}" * 40,
    ],
)
def test_variables_that_no_database_could_keep_are_named(with_core: WithCore, variables: str) -> None:
    async def test(core: Core) -> None:
        body = f'{{"bot_id": "{BOT}", "to_number": "{PAYS}", "variables": {variables}}}'
        assert fields_of(await core.http.post(DIALOUT, content=body)) == {"variables": "not_text"}

    with_core(test)


def test_odd_but_proper_variables_are_kept_as_they_are(with_each_core: WithCore) -> None:
    async def test(core: Core) -> None:
        variables = {"": "", "न": "😀", "deep": [{"a": [1, 2.5, None, True]}], "big": 10**300, "x" * 300: -0.0, "\u2028": "\x01\x7f"}
        call_id = await core.placed(STORY, variables=variables)
        await core.http.post(f"/api/v1/calls/{call_id}/cancel")
        await core.over()
        assert (await core.call(call_id))["result"]["variables"] == variables

    with_each_core(test)


def test_a_body_of_megabytes_is_413(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        response = await core.dial(PAYS, variables={"a": "x" * 1_000_000})
        assert response.status_code == 413
        problem_of(response)

    with_core(test)


def test_the_body_may_come_without_its_content_type(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        body = f'\ufeff{{"bot_id": "{BOT}", "to_number": "{PAYS}"}}'.encode()
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert (await core.http.post(DIALOUT, content=body, headers=form)).status_code == 200

    with_core(test)


def test_national_numbers_are_of_the_bots_region(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot("british", default_region="GB")
        response = await core.http.post(DIALOUT, json={"bot_id": "british", "to_number": "020 7946 0100"})
        assert (await core.call(response.json()["call_id"]))["to_number"] == "+442079460100"
        response = await core.http.post(DIALOUT, json={"bot_id": "british", "to_number": PAYS})
        assert response.status_code == 200

    with_core(test)


def test_a_real_transport_refuses_numbers_of_fiction(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.engine.transports["sandbox"].real = True
        for number in (PAYS, "+99912345678", "+442079460100"):
            assert fields_of(await core.dial(number)) == {"to_number": "fictional"}
        assert core.count_calls() == 0

    with_core(test)


def test_a_callee_with_an_extension_is_suppressed_by_the_number(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        await core.placed("+12025550112 ext 7")  # demands never to be called again
        await core.over()
        for number in ("+12025550112", "+12025550112 ext 7", "+12025550112 x8"):
            assert fields_of(await core.dial(number)) == {"to_number": "suppressed"}

    with_core(test)


def reason_of(response: Any) -> tuple[str, str | None]:
    """Why a 503 was given, and its Retry-After."""
    assert response.status_code == 503, response.text
    body = problem_of(response)
    assert ("retry_at" in body) == ("Retry-After" in response.headers)
    return body["reason"], response.headers.get("Retry-After")


def test_503_no_capacity(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        await core.placed(STORY)
        reason, seconds = reason_of(await core.dial(PAYS))
        assert reason == "no_capacity"
        assert int(seconds or 0) >= 1
        await core.over()
        assert (await core.dial(PAYS)).status_code == 200

    with_core(test, seats=1)


def test_503_outside_active_hours_gives_the_moment_it_could_work(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot(active_hours={"start": "12:30", "end": "13:00"}, time_zone="UTC")
        await core.clock.sleep(0.25)
        response = await core.dial(PAYS)
        assert reason_of(response) == ("outside_active_hours", str(2 * 3600 + 30 * 60))  # rounded up
        assert datetime.fromisoformat(response.json()["retry_at"]) == START.replace(hour=12, minute=30)
        assert response.json()["opens_at"] == response.json()["retry_at"] == "2026-03-04T12:30:00Z"
        await core.clock.sleep(int(response.headers["Retry-After"]))
        assert (await core.dial(PAYS)).status_code == 200

    with_core(test)


def test_503_outside_permitted_hours_of_the_callee(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot(permitted_hours={"enabled": True, "start": "09:00", "end": "20:00"}, active_hours={"start": "15:00", "end": "16:00"})
        await core.clock.sleep_until(datetime(2026, 3, 4, 15, 30, tzinfo=UTC))  # 07:30 in California, 10:30 in Washington
        assert (await core.dial(PAYS)).status_code == 200
        response = await core.dial("+14155550100")
        reason, _ = reason_of(response)
        assert reason == "outside_permitted_hours"
        assert "retry_at" not in response.json(), "the bot's hours and the callee's never meet"
        core.bot(permitted_hours={"enabled": True, "start": "07:45", "end": "20:00"}, active_hours={"start": "15:00", "end": "16:00"})
        response = await core.dial("+14155550100")
        assert reason_of(response) == ("outside_permitted_hours", "900")

    with_core(test)


def test_an_area_code_with_two_clocks_waits_for_both_and_says_so(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot(permitted_hours={"enabled": True})
        await core.clock.sleep_until(datetime(2026, 3, 4, 13, 30, tzinfo=UTC))  # 07:30 in Chicago, 08:30 in New York
        assert (await core.dial("+12125550101")).status_code == 200
        for number in ("+12705550101", "+13645550101"):
            body = problem_of(await core.dial(number))
            assert (body["reason"], body["retry_at"]) == ("outside_permitted_hours", "2026-03-04T14:00:00Z")
            assert f"area code {number[2:5]} lies in America/Chicago and America/New_York" in body["detail"]
        await core.clock.sleep_until(datetime(2026, 3, 4, 14, 0, tzinfo=UTC))
        assert (await core.dial("+12705550101")).status_code == 200

    with_core(test)


def test_a_closed_bot_says_when_it_opens_and_when_this_callee_could_be_called(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot(permitted_hours={"enabled": True, "start": "09:00", "end": "20:00"}, active_hours={"start": "12:00", "end": "23:00"})
        body = problem_of(await core.dial("+14155550100"))
        assert body["reason"] == "outside_active_hours"
        assert datetime.fromisoformat(body["opens_at"]) == START.replace(hour=12)
        assert datetime.fromisoformat(body["retry_at"]) == START.replace(hour=17), "nine in California"

    with_core(test)


def test_a_bot_that_never_opens_has_no_retry_after(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot(active_hours={"start": "09:00", "end": "09:30", "days": "mon", "exceptions": []}, time_zone="Mars/Olympus")
        assert reason_of(await core.dial(PAYS)) == ("outside_active_hours", None), "an unknown time zone fails closed"

    with_core(test)


def test_503_trunk_unavailable(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        first, second, third = talkers(3)
        await core.placed(first)
        await core.placed(second)
        assert reason_of(await core.dial(third)) == ("trunk_unavailable", "5")  # its channels are taken
        core.engine.transports.clear()
        assert reason_of(await core.dial(third)) == ("trunk_unavailable", None)

    with_core(test, channels=2)


def test_a_slow_trunk_says_when_it_has_a_place(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        first, second = talkers(2)
        await core.placed(first)
        response = await core.dial(second)
        assert reason_of(response) == ("trunk_unavailable", "18")  # one call in 20 s, and 3 s are waited for it
        await core.clock.sleep(18)
        before = core.clock.now()
        call = await core.call(await core.placed(second))
        assert timedelta(seconds=1) < core.clock.now() - before < timedelta(seconds=3), "it waits for its turn"
        await core.clock.sleep(1)
        assert (await core.call(call["call_id"]))["state"] != "done"

    with_core(test, calls_per_second=0.05)


def test_calls_leave_no_faster_than_the_trunk_takes_them(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        answers = await core.together(*(core.dial(phone) for phone in talkers(40)))
        assert {answer.status_code for answer in answers} == {200}
        await core.over()
        for answer in answers:
            assert (await core.call(answer.json()["call_id"]))["result"]["end_reason"] != "trunk_refused"

    with_core(test, calls_per_second=16)


def test_nobody_is_dialled_after_closing_though_the_call_waited_for_its_turn(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot(active_hours={"start": "10:00", "end": "10:01"})
        await core.clock.sleep(58.5)
        first, second = await core.together(*(core.dial(phone) for phone in talkers(2)))
        await core.clock.sleep(0.1)
        assert (first.status_code, second.status_code) == (200, 200)
        await core.over()
        results = [(await core.call(answer.json()["call_id"]))["result"] for answer in (first, second)]
        late = next(result for result in results if result["disconnected_by"] == "outside_hours")
        assert (late["phone_rang"], late["end_reason"]) == (False, "outside_active_hours")
        assert len({result["disconnected_by"] for result in results}) == 2

    with_core(test, calls_per_second=0.5, seats=5)


def test_what_a_callee_of_the_sandbox_said_does_not_count_on_real_lines(with_each_core: WithCore) -> None:
    never_again = "+12025550112"

    def entries(core: Core) -> set[tuple[str, str]]:
        with core.db.read() as connection:
            return {(entry.number, entry.lines) for entry in suppressions.list_suppressions(connection)}

    async def test(core: Core) -> None:
        with core.db.write() as connection:  # a test line may dial numbers of fiction
            connection.execute(update(table_of(Trunk)).values(settings={"sip": {"lab": True}}))
        line = core.engine.transports["sandbox"]
        await core.placed(never_again)
        await core.over()
        assert entries(core) == {(never_again, "sandbox")}
        assert fields_of(await core.dial(never_again)) == {"to_number": "suppressed"}
        line.real = True
        await core.placed(never_again)
        await core.over()
        assert entries(core) == {(never_again, "sandbox"), (never_again, "real")}
        assert fields_of(await core.dial(never_again)) == {"to_number": "suppressed"}
        with core.db.write() as connection:
            suppressions.remove(connection, never_again)
            suppressions.add(connection, never_again, reason="", source="callee", now=START, lines="real")
        line.real = False
        assert fields_of(await core.dial(never_again)) == {"to_number": "suppressed"}, "a real wish holds in a rehearsal"

    with_each_core(test)


def test_the_purpose_is_the_dialouts_else_the_bots(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        one, two, three = talkers(3)
        core.bot("says-nothing", purpose=None)
        assert (await core.call(await core.placed(one, bot_id="says-nothing")))["purpose"] is None
        assert (await core.call(await core.placed(two, purpose="survey", promised_callback=True)))["purpose"] == "survey"
        core.bot("collects", purpose="collection")
        assert (await core.call(await core.placed(three, bot_id="collects")))["purpose"] == "collection"
        await core.over()

    with_core(test)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("purpose", "sales", "unknown_purpose"),
        ("purpose", 7, "unknown_purpose"),
        ("promised_callback", "yes", "not_a_boolean"),
        ("calling_window", "9 to 5", "not_hours"),
        ("calling_window", {"start": "09:00"}, "not_hours"),
        ("calling_window", {"time_zone": "UTC", "start": "soon"}, "not_hours"),
    ],
)
def test_a_purpose_that_is_none_is_refused(with_core: WithCore, field: str, value: object, code: str) -> None:
    async def test(core: Core) -> None:
        response = await core.http.post(DIALOUT, json={"bot_id": BOT, "to_number": PAYS, field: value})
        assert (response.status_code, response.json()["errors"][0]["code"]) == (422, code)

    with_core(test)


def test_a_bots_holidays_are_those_of_the_callees_part(with_core: WithCore) -> None:
    async def test(core: Core) -> None:
        core.bot("keeps", active_hours={"holidays": "GB"})
        for number, expected in (("+442079460117", 503), ("+447700900117", 503), ("+441314960117", 200)):
            response = await core.http.post(DIALOUT, json={"bot_id": "keeps", "to_number": number})
            assert response.status_code == expected, number
            if expected == 503:
                assert response.json()["reason"] == "outside_permitted_hours"
                assert response.json()["retry_at"].startswith("2026-04-07T0")
        await core.over()

    with_core(test, start=datetime(2026, 4, 6, 10, tzinfo=UTC))
