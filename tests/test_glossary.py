"""Retired words of docs/glossary.md are used neither in prose nor in names, in the files that were gone through."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
GLOSSARY: Final = ROOT / "docs" / "glossary.md"

NOT_YET: Final = (
    "CHANGELOG.md",
    "core/api",
    "core/calls",
    "core/deliveries",
    "core/fleet",
    "core/suppressions",
    "dialler/leads",
    "dialler/scheduler",
    "docs/performance.md",
    "web/cli",
    "web/composition.py",
    "web/run",
)
"""Folders and files that still use retired words. Remove an entry once it is clean; never add one."""

MOST_NOT_YET: Final = 12
"""Lower it with each entry that is removed."""


OVERRIDDEN: Final = {"handleIncoming"}
"""Names that a library chose, of methods that we override."""


def retired(heading: str) -> dict[str, str]:
    """Each retired word of the table under `heading`, with the word to use instead."""
    section = GLOSSARY.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("| `")]
    return {word: instead.replace("`", "") for words, instead in rows for word in re.findall(r"`([^`]+)`", words)}


WORDS: Final = retired("Retired words")
NAMES: Final = retired("Retired names")


def prose_of(path: Path) -> str:
    """The prose of a file: of a page without its code, of a module its comments and the strings that have a blank in them."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        prose = re.sub(r"`[^`\n]+`|\]\([^)\n]+\)", "`", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))
    else:
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        prose = " ".join(
            token.string.lstrip("# ")
            for token in tokens
            if token.type in {tokenize.COMMENT, tokenize.STRING} and " " in token.string.strip()
        )
    return " ".join(prose.split()).casefold()


def words_in(prose: str) -> list[str]:
    """The retired words in a text, each with what to use instead."""
    return [f"{word!r}: use {instead}" for word, instead in WORDS.items() if re.search(rf"\b{re.escape(word)}\b", prose)]


def names_in(source: str) -> list[str]:
    """The retired words in names that a module defines, each with what to use instead."""
    defined: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                defined.add(name)
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                defined.add(name)
    defined -= OVERRIDDEN
    parts = {name: re.findall(r"[a-z0-9]+", re.sub(r"([A-Z])", r"_\1", name).lower()) for name in defined}
    return [f"{name}: use {instead}" for word, instead in NAMES.items() for name, of in sorted(parts.items()) if word in of]


def offences(path: Path) -> list[str]:
    found = words_in(prose_of(path))
    return found + (names_in(path.read_text(encoding="utf-8")) if path.suffix == ".py" else [])


def files() -> Iterator[Path]:
    for folder in ("core", "dialler", "web", "bench", "examples", "scripts"):
        yield from sorted((ROOT / folder).rglob("*.py"))
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("sample_campaigns/*/README.md")]
    yield from (page for page in sorted(pages) if page != GLOSSARY)


def is_under(path: Path, entry: str) -> bool:
    return path.relative_to(ROOT).is_relative_to(entry)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [path for path in files() if not any(is_under(path, entry) for entry in NOT_YET)], ids=name_of)
def test_retired_words_are_not_used(path: Path) -> None:
    assert offences(path) == []


@pytest.mark.parametrize("entry", NOT_YET)
def test_what_is_clean_leaves_the_list(entry: str) -> None:
    assert any(offences(path) for path in files() if is_under(path, entry)), f"{entry} uses no retired word: remove it from NOT_YET"


def test_the_list_only_shrinks() -> None:
    assert len(NOT_YET) == MOST_NOT_YET


def test_this_test_would_notice() -> None:
    assert words_in("everything but for this") == ["'but for': use except, without"]
    assert words_in("nothing but fortune") == []
    assert names_in("class SipIncoming: ...") == ["SipIncoming: use inbound"]
    assert names_in("from x import SipIncoming") == []
    assert len(WORDS) > 20
