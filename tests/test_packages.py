"""The map of the house is true: each package's docstring names the modules in it, and no others."""

from __future__ import annotations

import ast
import fnmatch
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = sorted(file.parent for package in ("core", "dialler", "web") for file in (ROOT / package).rglob("__init__.py"))
_LISTED = re.compile(r"^((?:[a-z_0-9*]+/?(?:, )?)+)  +\S", re.MULTILINE)


def modules_of(package: Path) -> set[str]:
    """The names of a package's own modules and packages."""
    files = {file.stem for file in package.glob("*.py") if not file.stem.startswith("__")}
    return files | {folder.parent.name for folder in package.glob("*/__init__.py")}


def listed_in(docstring: str) -> set[str]:
    """The names in a docstring's list: `name, other/   what they do`, one or more a line."""
    return {name.strip(" /") for match in _LISTED.finditer(docstring) for name in match[1].split(",")}


def named_in(docstring: str) -> set[str]:
    """The names that the sentences of a docstring have in backticks."""
    return set(re.findall(r"`([a-z_0-9]+)`", docstring))


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: str(package.relative_to(ROOT)))
def test_each_package_lists_its_modules(package: Path) -> None:
    docstring = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8"))) or ""
    assert docstring, "a package says in its docstring what it is for"
    modules, listed = modules_of(package), listed_in(docstring)
    missing = sorted(name for name in modules - named_in(docstring) if not any(fnmatch.fnmatch(name, pattern) for pattern in listed))
    gone = sorted(pattern for pattern in listed if not fnmatch.filter(modules, pattern))
    assert (missing, gone) == ([], []), f"{package.relative_to(ROOT)}/__init__.py: add {missing}, remove {gone}"


def test_this_test_would_notice() -> None:
    assert listed_in("What it is.\n\nkinds, encoding   what the file is\nrules/            the brain\nphone_*   more\n") == {
        "kinds",
        "encoding",
        "rules",
        "phone_*",
    }
    assert not listed_in("Words  of a sentence.\n\nSomething else, one blank only\n")
