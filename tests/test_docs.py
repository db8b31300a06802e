"""The pages are true: links lead somewhere, commands exist, and what the code knows by name is described."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest
import typer.main

from core.bots.config import BotConfig
from core.calls.states import STATES as CALL_STATES
from core.contracts.call_result import CallResult, DisconnectedBy
from core.conversation.ending import EndReason
from core.transports.sandbox import CATALOGUE
from dialler.campaigns.config import CampaignConfig
from dialler.campaigns.states import TRANSITIONS as CAMPAIGN_TRANSITIONS
from dialler.leads.states import STATES as LEAD_STATES
from dialler.policy.outcomes import Outcome
from web.cli.main import app
from web.schema import metadata

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("sample_campaigns/*/README.md")])
COMMANDS: Any = typer.main.get_command(app)

_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|<img[^>]*\ssrc=\"([^\"]+)\"")
_PLACEHOLDER = re.compile(r"[A-Z][A-Z0-9_=-]*|\.\.\.|\"[^\"]*\"")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def read(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as they are made on GitHub."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for match in _LINK.finditer(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        target = match[1] or match[2]
        if re.match(r"https?:|mailto:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), f"{name_of(page)} links to {target}, which is not there"
        assert not anchor or anchor in anchors(there), f"{name_of(page)} links to {target}: there is no such heading"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_that_are_named_exist(page: Path) -> None:
    spans = _SPAN.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))
    paths = [
        span.rstrip("/") for span in spans if re.fullmatch(r"(core|dialler|web|tests|scripts|bench|docs|sample_campaigns)/[\w./-]+", span)
    ]
    assert [path for path in paths if not (ROOT / path).exists()] == []


def command_lines(text: str) -> Iterator[str]:
    """What stands in code, in fences, indented or within a line, and begins with `dialler`."""
    fenced = "\n".join("    " + line for block in _FENCE.findall(text) for line in block.splitlines())
    for match in re.finditer(r"^ {4,}(?:\$ |.*/bin/)?(dialler .+)$", f"{_FENCE.sub('', text)}\n{fenced}", re.MULTILINE):
        yield match[1]
    for span in _SPAN.findall(_FENCE.sub("", text)):
        if span.startswith("dialler "):
            yield span


def written_out(line: str) -> Iterator[list[str]]:
    """The words of a command, once for each choice in `pause|resume`; what a shell does with it is cut off."""
    words = shlex.split(re.split(r"\s(?:>>?|<|\||&&|#)\s", line)[0], posix=False)
    yield from (list(choice) for choice in product(*(word.split("|") if re.fullmatch(r"[\w|-]+", word) else [word] for word in words)))


def complaint(words: list[str]) -> str | None:
    """What is wrong with a command line; None if it can be typed."""
    command, options = COMMANDS, set(COMMANDS_OPTIONS)
    for word in words[1:]:
        if word.startswith("-"):
            if word.split("=")[0] not in options and not re.fullmatch(r"-v+", word):
                return f"{command.name} has no option {word}"
        elif _PLACEHOLDER.fullmatch(word):
            if hasattr(command, "commands"):
                return None
        elif hasattr(command, "commands"):
            if word not in command.commands:
                return f"{command.name} has no command {word}"
            command = command.commands[word]
            options |= options_of(command)
    return None


def options_of(command: Any) -> set[str]:
    names = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts) if name.startswith("-")}
    return names | {"--help", "-h"}


COMMANDS_OPTIONS = options_of(COMMANDS) | {"--install-completion", "--show-completion"}


def leaves(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from leaves(command, (*path, name))
        else:
            yield (*path, name), command


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_can_be_typed(page: Path) -> None:
    problems = [
        f"{line}: {problem}"
        for line in command_lines(page.read_text(encoding="utf-8"))
        for words in written_out(line)
        if (problem := complaint(words)) is not None
    ]
    assert not problems, "\n".join(problems)


def test_this_test_would_notice() -> None:
    assert complaint(["dialler", "rn", "FOLDER"])
    assert complaint(["dialler", "run", "FOLDER", "--sped", "max"])
    assert complaint(["dialler", "campaigns", "halt"])
    assert complaint(["dialler", "run", "out/spring", "--speed", "max"]) is None
    assert list(written_out("dialler campaigns pause|stop NAME | less")) == [
        ["dialler", "campaigns", "pause", "NAME"],
        ["dialler", "campaigns", "stop", "NAME"],
    ]
    page = "see `dialler run X`\ndialler is not meant here\n\n    dialler check Y > z\n\n```\n$ dialler serve\n```\n"
    assert list(command_lines(page)) == ["dialler check Y > z", "dialler serve", "dialler run X"]


def test_every_command_is_described_and_explains_itself() -> None:
    lines = read("cli.md").splitlines()
    for path, command in leaves(COMMANDS):
        assert command.help, f"{' '.join(path)} has no help"
        pattern = rf"(`|## dialler )({path[0]} )?{path[-1]}\b"
        found = any((len(path) == 1 or f"`{path[0]} " in line) and re.search(pattern, line) for line in lines)
        assert found, f"docs/cli.md says nothing of `dialler {' '.join(path)}`"


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in PAGES:
        for target in re.findall(r"(?:`| {4}|\$ )make ([a-z]+)", page.read_text(encoding="utf-8")):
            assert target in targets, f"{name_of(page)} names `make {target}`"


def test_every_page_is_in_the_index() -> None:
    index = read("README.md")
    assert [page.name for page in DOCS.glob("*.md") if page.name != "README.md" and f"({page.name})" not in index] == []


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = sorted(int(page.name[:4]) for page in (DOCS / "decisions").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_environment_variables_are_described() -> None:
    code = "".join(file.read_text(encoding="utf-8") for package in ("core", "dialler", "web") for file in (ROOT / package).rglob("*.py"))
    used = set(re.findall(r"\bDIALLER_[A-Z0-9_]*[A-Z0-9]\b", code))
    assert {name for name in used if f"`{name}`" not in read("operations.md")} == set()


def literal_end_reasons() -> set[str]:
    """The second argument of every `Ending("...", "...")` in the code, and those of conversations."""
    code = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "core" / "calls").glob("*.py"))
    return {*re.findall(r"Ending\(\"\w+\", \"(\w+)\"", code), *get_args(EndReason)}


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("results.md", CallResult.model_fields),
        ("results.md", get_args(DisconnectedBy)),
        ("results.md", literal_end_reasons()),
        ("bot-yaml.md", BotConfig.model_fields),
        ("campaign-yaml.md", CampaignConfig.model_fields),
        ("retry-policy.md", [outcome.value for outcome in Outcome]),
        ("database.md", metadata.tables),
        ("sandbox.md", [entry.outcome for entry in CATALOGUE]),
    ],
    ids=["fields", "disconnected_by", "end_reason", "bot keys", "campaign keys", "outcomes", "tables", "catalogue"],
)
def test_what_the_code_names_is_described(page: str, names: Any) -> None:
    text = read(page)
    assert [name for name in names if f"`{name}`" not in text] == []


def test_every_state_is_drawn() -> None:
    text = read("state-machines.md")
    states = {*LEAD_STATES, *CALL_STATES, *CAMPAIGN_TRANSITIONS.values()}
    assert [state for state in sorted(states) if not re.search(rf"\b{state}\b", text)] == []
