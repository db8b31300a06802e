"""The lint that keeps the packages apart knows every package of the core: a new one is not left out."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_dialler_may_use_the_kernel_and_nothing_else_of_the_core() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    (forbidden,) = [set(contract["forbidden_modules"]) for contract in contracts if contract["type"] == "forbidden"]
    packages = {path.parent.name for path in (ROOT / "core").glob("*/__init__.py")}
    modules = {path.stem for path in (ROOT / "core").glob("*.py")} - {"__init__"}
    assert forbidden == {f"core.{name}" for name in (packages | modules) - {"kernel"}}
