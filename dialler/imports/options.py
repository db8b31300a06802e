"""How a campaign's lead file is to be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["ImportOptions"]


@dataclass(frozen=True)
class ImportOptions:
    """Settings that cannot be detected in a lead file, or were detected wrongly. Each has a default.

    Args:
        default_region: country (ISO 3166, two capitals) of numbers written nationally; None: they are rejected.
        phone_column: header, variable name or number (from 1) of the column of numbers; None: detected.
        country_column: header, variable name or number of the column with the country of each number; False: there is none; None: detected.
        area_code_column: likewise for area codes.
        encoding: as Python names it (`cp1251`); None: detected.
        delimiter: a character, or comma, semicolon, tab, pipe; None: detected.
        max_variable_length: longest value in characters; rows with a longer one are rejected.
    """

    default_region: str | None = None
    phone_column: str | None = None
    country_column: str | Literal[False] | None = None
    area_code_column: str | Literal[False] | None = None
    encoding: str | None = None
    delimiter: str | None = None
    max_variable_length: int = 4000
