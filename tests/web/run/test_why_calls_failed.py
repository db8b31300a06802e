"""Why calls failed, read off the results, on both databases."""

from __future__ import annotations

from typing import Any

from core.kernel.database import Database
from core.kernel.ids import Ids
from dialler.leads.claims import claim
from dialler.leads.export import lead_columns, lead_rows
from dialler.leads.results import receive_result
from tests.conftest import START
from tests.support import CAMPAIGN, TOKEN, add_leads, make_campaign, result_of
from web.run.outputs import advice_on, why_calls_failed

WRONG: dict[str, Any] = {
    "disconnected_by": "error", "end_reason": "trunk_failure", "phone_rang": False, "fault": "trunk", "sip_status": 401,
    "sip_reason": "Unauthorized", "disposition": "ERROR",
}  # fmt: skip
BUSY: dict[str, Any] = {
    **WRONG,
    "disconnected_by": "rejected",
    "end_reason": "busy",
    "phone_rang": True,
    "fault": "callee",
    "sip_status": 486,
}


def test_the_most_frequent_ones_first_with_what_to_do(database: Database) -> None:
    make_campaign(database, START, max_attempts=2)
    add_leads(database, START, *(f"+120255501{n:02d}" for n in range(10, 13)))
    with database.write() as connection:
        taken = claim(connection, Ids(1), CAMPAIGN, TOKEN, 3, START)
    for one, result in zip(taken, (WRONG, WRONG, {**BUSY, "sip_reason": "Busy Here"}), strict=True):
        with database.write() as connection:
            receive_result(connection, Ids(1), result_of(one.attempt_id, **result), START)
    with database.read() as connection:
        assert why_calls_failed(connection, CAMPAIGN) == [(401, "Unauthorized", "trunk", 2), (486, "Busy Here", "callee", 1)]
        column = lead_columns([]).index("why_failed")
        cells = [row[column] for row in lead_rows(connection, CAMPAIGN, [], advice_on)]
    said = "401 Unauthorized. The password or the user is wrong. Check both with the carrier; store the password again."
    assert cells == [said, said, "486 Busy Here."]


def test_texts_that_differ_in_a_number_only_are_one(database: Database) -> None:
    make_campaign(database, START, max_attempts=2)
    add_leads(database, START, *(f"+120255501{n:02d}" for n in range(10, 15)))
    with database.write() as connection:
        taken = claim(connection, Ids(1), CAMPAIGN, TOKEN, 5, START)
    said = ["+12025550110 not available", "+12025550111 not available", "12025550112 not available", "Unauthorized", "Unauthorized"]
    for one, reason in zip(taken, said, strict=True):
        with database.write() as connection:
            receive_result(connection, Ids(1), result_of(one.attempt_id, **{**WRONG, "sip_reason": reason}), START)
    with database.read() as connection:
        assert why_calls_failed(connection, CAMPAIGN) == [(401, "(number) not available", "trunk", 3), (401, "Unauthorized", "trunk", 2)]
