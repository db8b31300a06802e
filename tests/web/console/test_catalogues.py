"""Every catalogue is complete, and its translations have the same values in them as the texts."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from web.console.i18n import FOLDER, Catalogue, languages, negotiated

ROOT = Path(__file__).parents[3]
CATALOGUES = sorted(FOLDER.glob("*/LC_MESSAGES/console.po"))
_VALUE = re.compile(r"%\((\w+)\)s")


def test_catalogues_have_the_texts_of_the_pages() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/console_catalogues.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"run python scripts/console_catalogues.py\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parents[1].name)
def test_every_text_is_translated_with_its_values(path: Path) -> None:
    with path.open("rb") as file:
        catalog = read_po(file)
    missing, wrong = [], []
    for message in catalog:
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, (list, tuple)) else [message.id]
        strings = message.string if isinstance(message.string, (list, tuple)) else [message.string]
        if message.fuzzy or not all(strings):
            missing.append(ids[0])
        known = {value for one in ids for value in _VALUE.findall(one)}
        wrong += [ids[0] for text in filter(None, strings) if set(_VALUE.findall(text)) - known]
    assert (missing, wrong) == ([], [])


def test_what_is_not_translated_is_english() -> None:
    catalogue = Catalogue("hi", {"Pause": "रोकें"}, {"%(n)s lead": ("%(n)s लीड", "%(n)s लीड")})
    assert [catalogue.one("Pause"), catalogue.one("Leads")] == ["रोकें", "Leads"]
    assert catalogue.many("%(n)s lead", "%(n)s leads", 2) == "%(n)s लीड"
    assert [catalogue.many("%(n)s row", "%(n)s rows", n) for n in (1, 2)] == ["%(n)s row", "%(n)s rows"]


@pytest.mark.parametrize(
    ("accept", "locale"),
    [
        ("en-IN,en;q=0.9", "en_IN"),
        ("xx-YY, en-US;q=0.5", "en_US"),
        ("", "en_GB"),
        ("*;q=x,;;", "en_GB"),
        ("en", "en_GB"),
        ("en-qq-zz-0", "en_GB"),
    ],
)
def test_the_browser_says_the_locale(accept: str, locale: str) -> None:
    assert "en" in languages()
    assert negotiated(accept) == locale
