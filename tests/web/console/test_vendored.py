"""The vendored browser files are what the manifest says; nothing is loaded from elsewhere; everything is in an installed package."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from web.console.application import CSP
from web.console.pages import ROOT

VENDOR = ROOT / "static" / "vendor"
MANIFEST = json.loads((VENDOR / "manifest.json").read_text(encoding="utf-8"))


def test_every_vendored_file_is_in_the_manifest_with_its_hash() -> None:
    listed = {path: digest for entry in MANIFEST for path, digest in entry["files"].items()}
    found = {file.relative_to(VENDOR).as_posix() for file in VENDOR.rglob("*") if file.is_file()} - {"manifest.json"}
    assert found == set(listed)
    for path, digest in listed.items():
        assert digest == f"sha384-{base64.b64encode(hashlib.sha384((VENDOR / path).read_bytes()).digest()).decode()}", path


@pytest.mark.parametrize("entry", MANIFEST, ids=lambda entry: entry["name"])
def test_the_manifest_says_where_a_package_comes_from(entry: dict[str, object]) -> None:
    assert set(entry) == {"name", "version", "licence", "integrity", "files"}
    assert re.fullmatch(r"\d+\.\d+\.\d+", str(entry["version"]))
    assert entry["licence"] in {"MIT", "0BSD"}
    assert re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", str(entry["integrity"]))
    assert any(path.endswith("/LICENSE") for path in entry["files"])  # type: ignore[attr-defined]


def own_files() -> list[Path]:
    """Templates, styles and scripts of our own."""
    return [file for kind in ("html", "css", "js", "svg") for file in ROOT.rglob(f"*.{kind}") if VENDOR not in file.parents]


@pytest.mark.parametrize("file", own_files(), ids=lambda file: str(file.relative_to(ROOT)))
def test_our_files_load_nothing_from_elsewhere_and_nothing_inline(file: Path) -> None:
    text = file.read_text(encoding="utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?://|//cdn|@import", text), "a foreign address"
    if file.suffix == ".html":
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), "an inline script"
        assert not re.search(r"<style\b|\sstyle=", text), "an inline style"
        assert not re.search(r"\son[a-z]+=|\shx-on", text), "an inline handler"
        assert "|safe" not in text, "text that is not escaped"
        for form in re.findall(r"<form\b[^>]*method=\"post\".*?</form>", text, re.DOTALL):
            assert "ui.token()" in form or "token()" in form or "/sign-in'" in form or "/first/" in form or "/invitation/" in form, form


def test_the_policy_is_strict() -> None:
    assert CSP.startswith("default-src 'self';")
    assert "unsafe" not in CSP
    assert "http" not in CSP
    assert "*" not in CSP
