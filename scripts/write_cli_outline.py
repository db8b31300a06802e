"""Writes web/cli/outline.json from the commands: after every change of a command, an option or a help text."""

from __future__ import annotations

import json
import sys
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from web.cli.main import app
from web.cli.outline import FILE

_COMPLETED = {"campaign", "bot", "trunk"}
_TYPERS_OWN = {"install_completion", "show_completion"}


def outline() -> str:
    """The text of `outline.json` for the command line as it is."""
    found = _command(typer.main.get_command(app))
    document = {**found, "root": True, "params": [one for one in found["params"] if one["name"] not in _TYPERS_OWN]}
    return json.dumps(_filled(document), indent=1, ensure_ascii=False) + "\n"


def _filled(value: Any) -> Any:
    """Without what is empty."""
    if isinstance(value, dict):
        return {name: _filled(one) for name, one in value.items() if one not in (None, False, "", [], {})}
    return [_filled(one) for one in value] if isinstance(value, list) else value


def _command(command: Any) -> dict[str, Any]:
    found = {
        "name": command.name,
        "help": command.help,
        "hidden": command.hidden,
        "panel": command.rich_help_panel if isinstance(command.rich_help_panel, str) else None,
        "params": [_param(param) for param in command.params],
    }
    if not hasattr(command, "commands"):
        return found
    return {
        **found,
        "epilog": command.epilog,
        "no_args_is_help": command.no_args_is_help,
        "context_settings": command.context_settings,
        "commands": [_command(one) for one in command.commands.values()],
    }


def _param(param: Any) -> dict[str, Any]:
    argument = param.param_type_name == "argument"
    kind = getattr(param.type_descriptor, "annotation", None)
    kinds = get_args(kind) if get_origin(kind) not in {None, Literal} else (kind,)
    choices: list[str] = []
    for one in kinds:
        if isinstance(one, type) and issubclass(one, Enum):
            choices = [str(member.value) for member in one]
        elif get_origin(one) is Literal:
            choices = [str(value) for value in get_args(one)]
    what = (param.metavar or "").strip("[].").lower()
    return {
        "name": param.name,
        "argument": argument,
        "opts": param.opts,
        "secondary_opts": param.secondary_opts,
        "required": param.required,
        "flag": getattr(param, "is_flag", False),
        "count": getattr(param, "count", False),
        "several": param.multiple or param.nargs == -1,
        "path": Path in kinds,
        "choices": choices,
        "names": what if what in _COMPLETED else param.name if param.name in _COMPLETED else None,
        "metavar": param.metavar,
        "envvar": param.envvar if not argument else None,
        "help": param.help,
        "hidden": param.hidden,
    }


if __name__ == "__main__":
    FILE.write_text(outline(), encoding="utf-8")
