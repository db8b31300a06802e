"""What is wrong with a `trunks.yaml` is told all at once, with its line, the trunk and the field."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.kernel.config_problems import ConfigError
from core.kernel.database import Database
from core.kernel.yaml_document import YamlDocument, read_yaml_text
from core.trunks.documents import apply_trunks
from core.trunks.files import check_trunks, named_secrets
from core.trunks.reading import all_trunks

NOW = datetime(2026, 3, 4, 10, tzinfo=UTC)
BAD = """\
trunks:
  - name: carrier
    host: sip.carrier.example
    port: 70000
    number: "+12025550101"
    user: account
    lab: true
    numbers: ["+12025550101", 7, {nmber: "+12025550102"}]
  - name: cloud
    transport: livekit
    url: wss://project.livekit.example
    api_key: key
    addres: sip.carrier.example
    api_secret: open
    numbers: ["+12025550103", "2025550104", "+1 202 555 0101"]
  - name: Third
    host: sip.third.example
    transport: smoke
    chanels: 3
  - just a text
"""


def checked(text: str) -> YamlDocument:
    document = read_yaml_text(text, "trunks.yaml")
    check_trunks(document)
    return document


def test_every_problem_at_once_with_its_line_trunk_and_field() -> None:
    lines = [str(problem) for problem in ConfigError(checked(BAD).problems).problems]
    expected = [
        "trunks.yaml:4: trunk 'carrier': port: it must be at most 65535. Its UDP port.",
        "trunks.yaml:5: trunk 'carrier': number: there is no such key. Did you mean numbers?",
        "trunks.yaml:6: trunk 'carrier': user and password belong together",
        "trunks.yaml:7: trunk 'carrier': a lab trunk must be on this machine",
        "trunks.yaml:8: trunk 'carrier': numbers[2]: it must be a number in quotes",
        "trunks.yaml:8: trunk 'carrier': numbers[3].nmber: there is no such key. Did you mean number?",
        "trunks.yaml:8: trunk 'carrier': numbers[3].number: it is missing",
        "trunks.yaml:9: trunk 'cloud': address: it is missing",
        "trunks.yaml:13: trunk 'cloud': addres: there is no such key. Did you mean address?",
        "trunks.yaml:14: trunk 'cloud': api_secret: it must be a reference to a stored secret: secret:NAME",
        "trunks.yaml:15: trunk 'cloud': numbers[2]: it has no country code",
        "trunks.yaml:15: trunk 'cloud': numbers[3]: +12025550101 is in the file already (in line 8, trunk 'carrier')",
        "trunks.yaml:16: trunk 'Third': name: it does not have the right form. What the trunk is called",
        "trunks.yaml:18: trunk 'Third': transport: it must be 'sip', 'livekit' or 'sandbox'",
        "trunks.yaml:20: trunk 4: it must be a group of keys",
    ]
    for wanted in expected:
        assert any(line.startswith(wanted) for line in lines), (wanted, lines)
    assert len(lines) == len(expected), lines


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("trunk: []\n", "trunk: there is no such key"),
        ("trunks: none\n", "trunks: it must hold a list"),
        ("trunks:\n  - {name: a, host: h}\n  - {name: a, host: i}\n", "name: a is in the file already (in line 2, trunk 'a')"),
        ("trunks:\n  - {name: a, host: h, is_default: true}\n  - {name: b, host: i, is_default: true}\n", "another trunk is the default"),
        ("trunks:\n  - {name: a, host: h, rtp_first: 4000, rtp_last: 3000}\n", "rtp_last must be above rtp_first"),
        ("trunks:\n  - {name: a, host: h, transport: tls}\n", "transport: `transport` says what carries the calls. A trunk of the"),
        ("trunks:\n  - {name: a, host: h, srtp: mandatory}\n", "srtp: A trunk of the transport sip sends sound as plain RTP only"),
        ("trunks:\n  - {name: a, host: h, tls: true}\n", "tls: A trunk of the transport sip speaks SIP over UDP only"),
        ("trunks:\n  - {name: a, host: '[2001:db8::1]'}\n", "host: A trunk of the transport sip speaks IPv4 only"),
        ("trunks:\n  - {name: a, host: 'sips:h'}\n", "host: A trunk of the transport sip speaks SIP over UDP only"),
        ("trunks:\n  - {name: a, host: h, url: 'wss://x'}\n", "url: it is an option of trunks of LiveKit"),
        ("trunks:\n  - {name: a, transport: livekit, codecs: [PCMA]}\n", "codecs: it is an option of trunks of SIP"),
    ],
)
def test_what_cannot_be(text: str, problem: str) -> None:
    found = [str(one) for one in checked(text).problems if problem in str(one)]
    assert len(found) == 1, checked(text).problems


def test_what_only_the_database_knows_is_told_of_every_trunk_and_nothing_is_kept(database: Database) -> None:
    text = "trunks:\n"
    for name, number in (("a", "+12025550101"), ("b", "+12025550102")):
        text += f'  - name: {name}\n    host: sip.example.com\n    numbers: [{{number: "{number}", bot_id: nobody}}]\n'
    with pytest.raises(ConfigError) as error, database.write() as connection:
        apply_trunks(connection, read_yaml_text(text, "trunks.yaml"), NOW)
    assert len(error.value.problems) == 2
    assert "trunk 'b': bot_id: there is no bot 'nobody'" in str(error.value)
    with database.read() as connection:
        assert all_trunks(connection) == []


def test_the_secrets_that_are_named() -> None:
    good = "trunks:\n  - {name: a, host: h, user: u, password: 'secret:CARRIER'}\n"
    assert (checked(good).problems, list(named_secrets(checked(good)))) == ([], [(0, "password", "CARRIER")])
