"""Every catalogue is complete, and its translations have the same values in them as the texts."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from web.console.i18n import FOLDER, Catalogue, languages, negotiated, read_catalogue

ROOT = Path(__file__).parents[3]
CATALOGUES = sorted(FOLDER.glob("*/LC_MESSAGES/console.po"))
_VALUE = re.compile(r"%\((\w+)\)s")


def test_catalogues_have_the_texts_of_the_pages() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/console_catalogues.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"run python scripts/console_catalogues.py\n{done.stdout}{done.stderr}"


def faults(catalog: Catalog) -> dict[str, str]:
    """The texts of a catalogue that are not translated, or whose translation has other values in it; with what is wrong."""
    found = {}
    for message in catalog:
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, (list, tuple)) else (message.id,)
        strings = message.string if isinstance(message.string, (list, tuple)) else (message.string,)
        if message.fuzzy or len(strings) < len(ids) or not all(strings):
            found[ids[0]] = "is not translated"
        elif any(sorted(_VALUE.findall(str(text))) != sorted(_VALUE.findall(one)) for one, text in zip(ids, strings, strict=False)):
            found[ids[0]] = "has other values in its translation"
    return found


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parents[1].name)
def test_every_text_is_translated_with_its_values(path: Path) -> None:
    with path.open("rb") as file:
        assert faults(read_po(file, locale=path.parents[1].name)) == {}


def test_a_text_without_a_whole_translation_is_named() -> None:
    catalog = Catalog(locale="hi")
    catalog.add("Pause", "रोकें")
    catalog.add("A new text", "")
    catalog.add("%(n)s of %(all)s", "%(all)s में से")
    catalog.add(("%(n)s lead", "%(n)s leads"), ("%(n)s लीड", ""))
    catalog.add("Resume", "फिर शुरू करें", flags=["fuzzy"])
    assert faults(catalog) == {
        "A new text": "is not translated",
        "%(n)s of %(all)s": "has other values in its translation",
        "%(n)s lead": "is not translated",
        "Resume": "is not translated",
    }


def test_hindi_is_there_and_written_in_its_letters() -> None:
    """A translation that is English is a translation that was forgotten; `Excel (XLSX)` is a name."""
    with (FOLDER / "hi" / "LC_MESSAGES" / "console.po").open("rb") as file:
        catalog = read_po(file, locale="hi")
    latin = [message.id for message in catalog if message.id and not re.search("[\u0900-\u097f]", "".join(message.string or ""))]
    assert latin == ["Excel (XLSX)"]


def test_what_is_not_translated_is_english() -> None:
    catalogue = Catalogue("hi", {"Pause": "रोकें"}, {"%(n)s lead": ("%(n)s लीड", "%(n)s लीड")})
    assert [catalogue.one("Pause"), catalogue.one("Leads")] == ["रोकें", "Leads"]
    assert catalogue.many("%(n)s lead", "%(n)s leads", 2) == "%(n)s लीड"
    assert [catalogue.many("%(n)s row", "%(n)s rows", n) for n in (1, 2)] == ["%(n)s row", "%(n)s rows"]


def test_a_language_may_have_other_plural_forms_than_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Polish has three; the header of its catalogue says which number takes which."""
    catalog = Catalog(locale="pl")
    catalog.add(("%(n)s call", "%(n)s calls"), ("%(n)s rozmowa", "%(n)s rozmowy", "%(n)s rozmów"))
    path = tmp_path / "pl" / "LC_MESSAGES" / "console.po"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_po(file, catalog)
    monkeypatch.setattr("web.console.i18n.FOLDER", tmp_path)
    found = read_catalogue("pl")
    assert [found.many("%(n)s call", "%(n)s calls", n) for n in (1, 2, 5, 22)] == [
        *("%(n)s rozmowa", "%(n)s rozmowy", "%(n)s rozmów", "%(n)s rozmowy"),
    ]


@pytest.mark.parametrize(
    ("accept", "locale"),
    [
        ("en-IN,en;q=0.9", "en_IN"),
        ("xx-YY, en-US;q=0.5", "en_US"),
        ("", "en_GB"),
        ("*;q=x,;;", "en_GB"),
        ("en", "en_GB"),
        ("hi", "hi_IN"),
        ("hi-IN,en;q=0.5", "hi_IN"),
        ("en-qq-zz-0", "en_GB"),
    ],
)
def test_the_browser_says_the_locale(accept: str, locale: str) -> None:
    assert "en" in languages()
    assert negotiated(accept) == locale
