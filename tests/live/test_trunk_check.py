"""What `dialler trunks check` says of everything that can be wrong, in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.contracts.transport import PlaceOrder
from core.kernel.clock import RealClock
from core.transports.check_call import CheckReport
from tests.live.lab import CALLEE, CALLER, lab, live
from tests.live.sip_peer import SipPeer, sip_peer
from tests.live.sipp import sdp
from tests.live.test_campaign import dialler

pytestmark = pytest.mark.needs("sippy")

DIGEST = 'WWW-Authenticate: Digest realm="carrier", nonce="abc", algorithm=MD5, qop="auth"'


async def answers(peer: SipPeer, method: str, status: int, phrase: str, *headers: str, body: str = "") -> None:
    """Answer the next request of that method so, and what follows it if it is challenged."""
    request = await peer.request(method)
    peer.respond(request, status, phrase, *headers, body=body)


def checked(*plan: tuple[str, int, str, tuple[str, ...]], call: bool = False, body: str = "", **settings: Any) -> CheckReport:
    """The report on a trunk that answers so, in this order."""
    found: list[CheckReport] = []

    async def scenario() -> None:
        import asyncio

        from core.transports.sip.check import check_trunk

        async with sip_peer() as peer, lab(peer.port, **settings) as here:

            async def serve() -> None:
                for method, status, phrase, headers in plan:
                    await answers(peer, method, status, phrase, *headers, body=body if method == "INVITE" else "")

            served = asyncio.create_task(serve())
            order = PlaceOrder("check", "check", CALLEE, CALLER, "lab", {}) if call else None
            transport = here.transport
            found.append(await check_trunk(here.line, transport._signalling, RealClock(), transport, order, 20.0))
            await served

    live(scenario)
    return found[0]


@pytest.mark.parametrize(
    ("status", "phrase", "works", "words"),
    [
        (200, "OK", True, "answers 200 OK"),
        (403, "Forbidden", False, "have your address and the destination country allowed"),
        (402, "Payment Required", False, "no credit"),
        (405, "Method Not Allowed", True, "a test call tells more"),
        (503, "Service Unavailable", False, "overloaded or down"),
        (500, "Oh dear", False, "The carrier failed"),
    ],
)
def test_what_options_tell(status: int, phrase: str, works: bool, words: str) -> None:
    report = checked(("OPTIONS", status, phrase, ()))
    assert report.works is works
    assert f"answers {status} {phrase}" in report.sentences[0]
    assert words in " ".join(report.sentences)


def test_a_password_is_wanted_and_there_is_none() -> None:
    report = checked(("OPTIONS", 401, "Unauthorized", (DIGEST,)))
    assert not report.works
    assert "asks for a user and password, and there is no password in its settings" in report.sentences[-1]


def test_a_password_that_is_wrong() -> None:
    report = checked(*[("OPTIONS", 401, "Unauthorized", (DIGEST,))] * 2, user="account", password="wrong")
    assert not report.works
    assert "The password or the user is wrong." in " ".join(report.sentences)


def test_a_digest_that_we_do_not_have() -> None:
    unknown = 'WWW-Authenticate: Digest realm="carrier", nonce="abc", algorithm=TIGER-192'
    report = checked(("OPTIONS", 401, "Unauthorized", (unknown,)), user="account", password="right")
    assert not report.works
    assert "digest that we do not have: TIGER-192" in " ".join(report.sentences)
    assert "wrong" not in " ".join(report.sentences)


@pytest.mark.parametrize(("status", "phrase", "words"), [(403, "Forbidden", "account"), (423, "Interval Too Brief", "423")])
def test_a_registration_that_is_refused(status: int, phrase: str, words: str) -> None:
    plan = [("OPTIONS", 200, "OK", ())]
    settings: dict[str, Any] = {"user": "account", "password": "right", "register": True}
    report = checked(*plan, ("REGISTER", status, phrase, ()), ("REGISTER", status, phrase, ()), **settings)
    assert not report.works
    assert f"The registration is refused: {status} {phrase}." in " ".join(report.sentences)
    assert words in " ".join(report.sentences)


@pytest.mark.parametrize(
    ("status", "phrase", "headers", "words"),
    [
        (403, "Forbidden", (), "Use a caller ID that the carrier has given you"),
        (480, "Temporarily Unavailable", ("Reason: Q.850;cause=34",), "no circuit"),
        (503, "Service Unavailable", ('Reason: SIP;cause=503;text="Channel limit reached"',), "Channel limit reached"),
        (488, "Not Acceptable Here", (), "No codec in common"),
        (404, "Not Found", (), "number_prefix"),
        (999, "What", (), "Ask it why"),
    ],
)
def test_what_a_test_call_tells(status: int, phrase: str, headers: tuple[str, ...], words: str) -> None:
    report = checked(("OPTIONS", 200, "OK", ()), ("INVITE", status, phrase, headers), call=True)
    assert not report.works
    said = " ".join(report.sentences)
    assert f"The test call failed: {status}" in said
    assert words in said


@pytest.mark.parametrize(("status", "phrase", "words"), [(486, "Busy Here", "The callee is busy"), (603, "Decline", "The callee declined")])
def test_a_callee_who_is_busy_proves_that_the_trunk_works(status: int, phrase: str, words: str) -> None:
    report = checked(("OPTIONS", 200, "OK", ()), ("INVITE", status, phrase, ()), call=True)
    assert report.works
    assert f"{words}: {status} {phrase}." in report.sentences


def test_answered_with_a_codec_that_we_do_not_have() -> None:
    plan = [("OPTIONS", 200, "OK", ()), ("INVITE", 200, "OK", ()), ("BYE", 200, "OK", ())]
    report = checked(*plan, call=True, body=sdp(40000, codec="18"))
    assert not report.works
    assert "sound that we do not have" in " ".join(report.sentences)
    assert "PCMU and PCMA" in " ".join(report.sentences)


def test_as_a_user_types_it(tmp_path: Path) -> None:
    """A name that is not known, a number reserved for fiction on a trunk that is no lab, a number that is none, no such trunk."""
    made = dialler(tmp_path, "trunks", "add", "carrier", "--host", "sip.carrier.invalid", "--number", "+12025550101")
    assert made.returncode == 0, made.stderr
    unknown = dialler(tmp_path, "trunks", "check", "carrier")
    assert unknown.returncode == 1
    assert "the host 'sip.carrier.invalid' of the trunk 'carrier' is not known" in unknown.stdout + unknown.stderr
    fictional = dialler(tmp_path, "trunks", "check", "carrier", "--call", CALLEE)
    assert fictional.returncode == 2
    assert "reserved for fiction" in fictional.stderr
    nonsense = dialler(tmp_path, "trunks", "check", "carrier", "--call", "reception")
    assert nonsense.returncode == 2
    assert "reception" in nonsense.stderr
    nobody = dialler(tmp_path, "trunks", "check", "elsewhere")
    assert nobody.returncode == 2
    assert "There is no trunk 'elsewhere'" in nobody.stderr
