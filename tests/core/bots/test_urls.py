"""URLs that no request can ever go to are refused when a bot comes in; those that may not be reached here are warned of."""

from __future__ import annotations

import pytest

from core.bots.config import BotConfig
from core.bots.loading import bot_complaints, url_complaint
from core.bots.reachable import unreachable
from core.outgoing.guard import AllowList


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://crm.example.com/x?y=z", None),
        ("http://crm.internal:8443", None),
        ("https://crm_1.example.com./", None),
        ("https://[2001:db8::1]:8080/", None),
        ("https://büro.example/", None),
        ("HTTPS://CRM.EXAMPLE.COM", None),
        ("ftp://crm.example.com", "http or https"),
        ("crm.example.com/x", "http or https"),
        ("https:///x", "http or https"),
        ("https://[::1", "http or https"),
        ("https://crm.example.com:0/", "port does not exist"),
        ("https://crm.example.com:70000/", "port does not exist"),
        ("https://crm.example.com:https/", "port does not exist"),
        ("https://crm..example.com/", "no host can be called"),
        ("https://-crm.example.com/", "no host can be called"),
        ("https://crm example.com/", "no host can be called"),
        (f"https://{'x' * 64}.example.com/", "no host can be called"),
        ("https://10.0.0/", "no host can be called"),
        ("https://300.1.1.1/", "no host can be called"),
        ("https://user:pw@crm.example.com/", "a credential"),
    ],
)
def test_urls(url: str, said: str | None) -> None:
    found = url_complaint(url)
    assert (found is None) if said is None else (found is not None and said in found[0] and len(found[1]) > 10)
    if said is not None:
        for key in ("prefetch", "results_webhook", "post_call_push"):
            assert [place for place, *_ in bot_complaints({key: {"url": url}})] == [(key, "url")], key


def test_internal_addresses_that_nobody_has_listed() -> None:
    bot = BotConfig.model_validate(
        {
            "name": "x",
            "prefetch": {"url": "http://169.254.169.254/{{crm.id}}"},
            "post_call_push": {"url": "http://localhost:9000/x"},
            "results_webhook": {"url": "https://[::1]/x"},
            "brain": {"kind": "llm", "base_url": "http://10.0.0.5:8000/v1", "model": "m"},
            "voice": {"stt": {"provider": "openai", "base_url": "http://127.0.0.1:9001"}, "tts": {"provider": "openai"}},
        }
    )
    places = dict(unreachable(bot, AllowList()))
    assert places == {
        "prefetch.url": "169.254.169.254:80",
        "post_call_push.url": "localhost:9000",
        "results_webhook.url": "[::1]:443",
        "brain.base_url": "10.0.0.5:8000",
        "voice.stt.base_url": "127.0.0.1:9001",
    }
    assert "post_call_push.url" not in dict(unreachable(bot, AllowList.parse("localhost:9000")))
    assert dict(unreachable(bot, AllowList.parse(",".join(places.values())))) == {}
    assert unreachable(BotConfig(name="x", post_call_push={"url": "sample-crm"}), AllowList()) == []
