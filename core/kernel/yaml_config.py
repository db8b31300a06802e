"""Reads a YAML file into a pydantic model; reports every problem at once, each with its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from core.kernel.config_problems import ConfigError, ConfigProblem, problems_of
from core.kernel.yaml_document import YamlDocument, read_yaml

__all__ = ["ConfigError", "ConfigProblem", "check_document", "load_yaml_model"]

M = TypeVar("M", bound=BaseModel)


def load_yaml_model(path: Path, model: type[M]) -> M:
    """The model that the file describes.

    Raises:
        ConfigError: the file cannot be read or used; lists every problem.
    """
    document = read_yaml(path)
    made = check_document(document, model)
    if made is None or document.problems:
        raise ConfigError(document.problems)
    return made


def check_document(document: YamlDocument, model: type[M]) -> M | None:
    """The model that a document describes; None, and problems added to the document, if it does not describe one.

    Values are read strictly: a number is not a text, a text not a number.
    """
    if not document.readable:
        return None
    try:
        return model.model_validate_json(json.dumps(document.data), strict=True)
    except ValidationError as error:
        known = {problem.key for problem in document.problems if problem.key}
        found = problems_of(error, model, document.file, document.line_of)
        document.problems += [problem for problem in found if problem.key not in known]
        return None
