"""Reads a YAML file with the line of every key, and all of its YAML errors.

Plain values are read as in YAML 1.2 (its core schema): only true and false are booleans, so the country NO stays a country and `on` a word,
and 10:30 stays a time of day instead of becoming 630.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from core.kernel.config_problems import ConfigProblem, KeyPath, key_text

__all__ = ["YamlDocument", "read_yaml", "read_yaml_text"]

_LARGEST = 1_000_000  # characters; a configuration is a page or two
_MOST_VALUES = 20_000  # aliases could expand a small file without end
_CORE = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    "float": (r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?|[-+]?\.[0-9]+", list("-+.0123456789")),
}
_QUOTES = 'Put a text with a colon, a # or braces in quotes: "Hello {{crm.name}}: ..."'


class _CoreLoader(yaml.SafeLoader):
    """Only composes nodes; the values are made here."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  (PyYAML's own attribute)


for _name, (_pattern, _first) in _CORE.items():
    _CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(f"(?:{_pattern})\\Z"), _first)


@dataclass
class YamlDocument:
    """A file: its data, the line of each key and item in it, and its YAML errors."""

    file: str
    data: dict[str, Any] = field(default_factory=dict)
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: list[ConfigProblem] = field(default_factory=list)
    readable: bool = True
    """False: it is not YAML, so there is nothing further to check."""

    def line_of(self, path: KeyPath) -> int | None:
        """The line of a path, or of the nearest key above it in the file."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path)

    def complain(self, path: KeyPath, problem: str, advice: str, line: int | None = None) -> None:
        """Add a problem."""
        self.problems.append(ConfigProblem(self.file, line or self.line_of(path), key_text(path), problem, advice))

    def _unreadable(self, problem: str, advice: str, line: int | None = None) -> YamlDocument:
        self.complain((), problem, advice, line)
        self.readable = False
        return self


def read_yaml(path: Path) -> YamlDocument:
    """Read a file. Never raises for its contents or its absence: see `problems`."""
    document = YamlDocument(str(path))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return document._unreadable("there is no such file", "Check the name and the folder.")
    except UnicodeDecodeError:
        return document._unreadable("it is not UTF-8 text", "Save it again with the encoding UTF-8.")
    except OSError as error:
        return document._unreadable(f"it cannot be read ({error.strerror})", "Check the file and its permissions.")
    return read_yaml_text(text, str(path))


def read_yaml_text(text: str, file: str) -> YamlDocument:
    """Read a text as `read_yaml` reads a file; `file` is its name for the problems."""
    document = YamlDocument(file)
    if len(text) > _LARGEST:
        return document._unreadable("it is far too long for a configuration", "Check that it is the right file.")
    try:
        root = yaml.compose(text, Loader=_CoreLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return document._unreadable(*_syntax(error), mark.line + 1 if mark else None)
    except yaml.YAMLError:
        return document._unreadable("it contains characters that no text has", "Save it again as plain text, UTF-8.")
    if root is None or (isinstance(root, ScalarNode) and root.value == ""):
        return document
    if not isinstance(root, MappingNode):
        return document._unreadable("it must hold `key: value` lines", "Begin with `name: ...`.", root.start_mark.line + 1)
    _Builder(document).fill(root)
    return document


def _syntax(error: yaml.MarkedYAMLError) -> tuple[str, str]:
    problem = error.problem or "it is not YAML"
    if "\\t" in problem:
        return "there is a tab where spaces are needed", "Indent with spaces."
    if "mapping values are not allowed" in problem:
        return "there is a colon where none can be", _QUOTES
    if "expected <block end>" in problem or "could not find expected" in problem:
        return f"the line does not fit the lines above ({problem})", f"Check the indentation. {_QUOTES}"
    return problem, _QUOTES


class _Builder:
    """Makes plain values of nodes, records their lines, and reports constructs that have no meaning here."""

    def __init__(self, document: YamlDocument) -> None:
        self._document, self._values = document, 0

    def fill(self, root: MappingNode) -> None:
        self._document.lines[()] = root.start_mark.line + 1
        self._document.data = self._mapping(root, (), ())

    def _value(self, node: Node, path: KeyPath, above: tuple[int, ...]) -> Any:
        self._values += 1
        if id(node) in above or self._values > _MOST_VALUES:
            if self._values <= _MOST_VALUES + 1:
                self._document.complain(path, "an alias (*) repeats too much", "Write the values out.", node.start_mark.line + 1)
            return None
        match node:
            case MappingNode():
                return self._mapping(node, path, (*above, id(node)))
            case SequenceNode():
                values = []
                for number, item in enumerate(node.value):
                    self._document.lines[(*path, number)] = item.start_mark.line + 1
                    values.append(self._value(item, (*path, number), (*above, id(node))))
                return values
            case _:
                return self._scalar(node, path)

    def _mapping(self, node: MappingNode, path: KeyPath, above: tuple[int, ...]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                self._document.complain(path, "braces begin a value", _QUOTES, line)
                continue
            key = str(key_node.value)
            if key in values:
                first = self._document.lines[(*path, key)]
                self._document.complain((*path, key), f"the key is repeated (first in line {first})", "Remove one.", line)
                continue
            self._document.lines[(*path, key)] = line
            values[key] = self._value(value_node, (*path, key), above)
        return values

    def _scalar(self, node: Node, path: KeyPath) -> Any:
        text = str(node.value)
        match node.tag.removeprefix("tag:yaml.org,2002:"):
            case "str":
                return text
            case "null":
                return None
            case "bool" if text.lower() in ("true", "false"):
                return text.lower() == "true"
            case "int" if re.fullmatch(_CORE["int"][0], text):
                return int(text)
            case "float" | "int" if re.fullmatch(_CORE["float"][0], text):
                return float(text)
            case _:
                self._document.complain(path, f"the tag {node.tag} has no meaning here", "Remove it.", node.start_mark.line + 1)
                return None
