"""`dialler trunks`: numbers that are put and changed, and mistakes told in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.web.cli.conftest import BOT, Dialler, json_of

NUMBER = "+12025550101"
CARRIER = ("trunks", "add", "carrier", "--host", "sip.carrier.example", "--number", NUMBER)


def with_bot(dialler: Dialler, tmp_path: Path) -> None:
    file = tmp_path / "reception.yaml"
    file.write_text(BOT.replace("name: Reminder", "name: Reception"), encoding="utf-8")
    dialler("bots", "add", file)


def test_a_number_of_the_trunk_is_changed_and_one_of_another_is_not(dialler: Dialler, tmp_path: Path) -> None:
    dialler(*CARRIER)
    with_bot(dialler, tmp_path)
    said = dialler("trunks", "number", "carrier", NUMBER, "--bot", "reception", "--label", "desk").stdout
    assert "calls to it reach the bot reception" in said
    dialler("trunks", "number", "carrier", "+12025550102")
    assert "it is the caller ID that is shown" in dialler("trunks", "number", "carrier", "+12025550102", "--default").stdout
    trunk = json_of(dialler("trunks", "show", "carrier", "--json"))
    assert trunk["default_number"] == "+12025550102"
    assert trunk["numbers"][0] == {"number": NUMBER, "bot_id": "reception", "label": "desk"}
    dialler("trunks", "number", "carrier", NUMBER, "--bot", "")
    kept = json_of(dialler("trunks", "show", "carrier", "--json"))["numbers"][0]
    assert (kept["bot_id"], kept["label"]) == (None, "desk")

    dialler("trunks", "add", "other", "--host", "sip.other.example")
    refused = dialler("trunks", "number", "other", NUMBER, code=2).stderr
    assert "'carrier'" in refused
    assert "'other'" in refused


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--port", "70000"), "Error: --port: it must be at most 65535."),
        (("--lab",), "Error: A lab trunk must be on this machine"),
        (("--cps", "0"), "Error: --cps: it must be at least 0.001"),
        (("--codec", "G729"), "Error: --codec: it must be"),
        (("--sip-transport", "tls"), "Error: --sip-transport: A trunk of the transport sip speaks SIP over UDP only"),
        (("--media-encryption", "require"), "Error: --media-encryption: A trunk of the transport sip sends sound as plain RTP only"),
        (("--api-key", "k"), "Error: --api-key: it is an option of trunks of LiveKit, and this one is of SIP"),
        (("--url", "wss://x"), "Error: --url: it is an option of trunks of LiveKit"),
        (("--host", "2001:db8::1"), "Error: --host: A trunk of the transport sip speaks IPv4 only"),
        (("--host", "sips:carrier.example"), "Error: --host: A trunk of the transport sip speaks SIP over UDP only"),
        (("--transport", "tls"), "Error: --transport must be sip or livekit, not 'tls'. `transport` says what carries the calls."),
        (("--transport", "livekit", "--codec", "PCMA"), "Error: --codec: it is an option of trunks of SIP"),
        (("--transport", "livekit", "--rtp-ports", "30000-30010"), "Error: --rtp-ports: it is an option of trunks of SIP"),
        (("--transport", "livekit", "--register"), "Error: --register: it is an option of trunks of SIP"),
    ],
)
def test_mistakes_are_told_by_the_option(dialler: Dialler, words: tuple[str, ...], said: str) -> None:
    assert said in dialler(*CARRIER, *words, code=2).stderr


def test_a_file_tells_every_mistake_and_makes_no_database(dialler: Dialler, tmp_path: Path) -> None:
    file = tmp_path / "trunks.yaml"
    file.write_text("trunks:\n  - name: carrier\n    host: h\n    port: 70000\n    chanels: 3\n", encoding="utf-8")
    error = dialler("trunks", "apply", file, "-d", "calls.db", code=2).stderr
    assert "trunks.yaml:4: trunk 'carrier': port: it must be at most 65535" in error
    assert "trunks.yaml:5: trunk 'carrier': chanels: there is no such key. Did you mean channels?" in error
    assert not (tmp_path / "calls.db").exists()


def test_a_name_that_is_not_known_comes_with_those_that_are(dialler: Dialler, tmp_path: Path) -> None:
    dialler(*CARRIER)
    assert "There is no trunk 'nope'. There are: carrier." in dialler("trunks", "show", "nope", code=2).stderr
    assert "Did you mean 'carrier'?" in dialler("trunks", "number", "carier", NUMBER, code=2).stderr
    nobody = ("trunks", "number", "carrier", NUMBER, "--bot")
    assert "Error: --bot: there is no bot 'nobody'. No bot is kept yet" in dialler(*nobody, "nobody", code=2).stderr
    with_bot(dialler, tmp_path)
    assert "Did you mean 'reception'?" in dialler(*nobody, "receptoin", code=2).stderr
    assert "There are: reception." in dialler(*nobody, "nobody", code=2).stderr


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("+12025550142", "reserved for fiction"),
        ("+442079460958", "reserved for fiction"),
        ("reception", "'reception' cannot be called"),
        ("2079460000", "country code"),
        ("112", "emergency"),
    ],
)
def test_the_number_of_a_test_call_is_judged_before_anything_is_sent(dialler: Dialler, number: str, said: str) -> None:
    dialler(*CARRIER)
    assert said in dialler("trunks", "check", "carrier", "--call", number, code=2).stderr


def test_who_asked_not_to_be_called_gets_no_test_call(dialler: Dialler) -> None:
    dialler("trunks", "add", "lab", "--host", "127.0.0.1", "--local-address", "127.0.0.1", "--lab")
    dialler("suppressions", "add", "+12025550142")
    assert "suppression list" in dialler("trunks", "check", "lab", "--call", "+12025550142", code=2).stderr
