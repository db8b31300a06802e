"""The console in Hindi, as a visitor sees it who has chosen it in the account or asks for it in the browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dialler.leads.progress import Progress
from tests.web.console.support import Desk, text_of
from web.console.figures import Counted, Figures
from web.console.rights import Role


def test_the_account_offers_hindi_and_pages_are_in_it(console_on_sqlite: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    of = Figures.of

    async def many(self: Figures, campaign_id: str) -> Counted:
        counted = await of(self, campaign_id)
        return replace(counted, progress=Progress({"pending": 1_234_567}, 0, 0))

    monkeypatch.setattr(Figures, "of", many)

    async def test(desk: Desk) -> None:
        campaign = await desk.campaign(["+12025550111", "+12025550112"])
        manager = await desk.signed_in(Role.MANAGER)
        account = await manager.get("/account")
        assert re.search(r'<option value="hi_IN" lang="hi-IN">हिन्दी', account.text)
        saved = await manager.post("/account/profile", name="Asha", locale="hi_IN", time_zone="Asia/Kolkata")
        page = await manager.follow(saved)
        assert '<html lang="hi-IN"' in page.text
        assert "सहेजा गया।" in text_of(page)
        for path, word in (
            ("/", "कैंपेन"),
            ("/campaigns", "ड्राफ़्ट"),
            (f"/campaigns/{campaign}", "12,34,567"),
            (f"/campaigns/{campaign}/leads", "नई"),
            (f"/campaigns/{campaign}/why", "कैंपेन शुरू नहीं किया गया। इसे शुरू करें।"),
            (f"/reports/{campaign}/summary", "मुख्य आँकड़े"),
            ("/campaigns/new", "लीड फ़ाइल"),
        ):
            shown = await manager.get(path)
            assert '<html lang="hi-IN"' in shown.text, path
            assert word in text_of(shown), path
        assert "ऐसा कोई कैंपेन नहीं है" in text_of(await manager.get("/campaigns/none", 404))
        assert "मैनेजर के रूप में" in text_of(await manager.get("/admin/users", 403))

    console_on_sqlite(test)


def test_a_browser_that_asks_for_hindi_gets_the_sign_in_in_it(console_on_sqlite: Callable[..., Any]) -> None:
    async def test(desk: Desk) -> None:
        await desk.user("asha", Role.MANAGER)
        page = await desk.browser(**{"Accept-Language": "hi-IN,hi;q=0.9,en;q=0.5"}).get("/sign-in")
        assert '<html lang="hi-IN"' in page.text
        assert "साइन इन करें" in text_of(page)

    console_on_sqlite(test)
