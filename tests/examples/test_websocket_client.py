"""The command line of the reference client."""

from __future__ import annotations

import pytest

from tests.examples.loading import example

pytest.importorskip("websockets", reason="the package websockets is not installed")


@pytest.mark.parametrize(
    "line",
    [
        "ws://HOST/ws/b customer_name=Asha amount=5 --record heard.wav",
        "ws://HOST/ws/b --record heard.wav customer_name=Asha amount=5",
        "--record heard.wav customer_name=Asha ws://HOST/ws/b amount=5",
    ],
)
def test_address_fields_and_options_come_in_any_order(line: str) -> None:
    _, given = example("websocket_client").given_on(line.split())
    assert (given.url, given.fields, given.record) == ("ws://HOST/ws/b", ["customer_name=Asha", "amount=5"], "heard.wav")


def test_without_an_address_it_is_the_one_of_make() -> None:
    _, given = example("websocket_client").given_on(["customer_name=Asha"])
    assert (given.url, given.fields) == ("ws://127.0.0.1:8080/ws/loan-reminder", ["customer_name=Asha"])


@pytest.mark.parametrize("line", ["ws://a/ws/b Asha", "ws://a/ws/b ws://c/ws/d"])
def test_what_is_neither_is_an_error(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        example("websocket_client").given_on(line.split())
    assert "NAME=VALUE" in capsys.readouterr().err
