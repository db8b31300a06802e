"""How a campaign's lead file is to be read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from dialler.imports.times import NO_LIMITS, TimeOptions

__all__ = ["ColumnValues", "ImportOptions"]


@dataclass(frozen=True)
class ColumnValues:
    """A column (header, variable name or number from 1) and some of its values; none means: whatever says yes."""

    column: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class ImportOptions:
    """Settings that cannot be detected in a lead file, or were detected wrongly. Each has a default.

    Args:
        default_region: country (ISO 3166, two capitals) of numbers written nationally; None: they are rejected.
        phone_column: header, variable name or number (from 1) of the column of numbers; None: detected.
        phone_columns: likewise, the columns of a person's numbers in the order in which they are tried; none: one number for each row.
        country_column: header, variable name or number of the column with the country of each number; False: there is none; None: detected.
        area_code_column: likewise for area codes.
        suppress_if: anyone who has one of the values in the column is not called, nor is the number for another row's sake.
        require: only rows that have one of the values in the column are imported.
        obey_opt_outs: obey columns that clearly say who must not be called, without a rule.
        encoding: as Python names it (`cp1251`); None: detected.
        delimiter: a character, or comma, semicolon, tab, pipe; None: detected.
        times: before and after which times leads may be dialled.
        sheet: name or number (from 1) of the sheet of a workbook; None: the only visible one with rows.
        max_variable_length: longest value in characters; rows with a longer one are rejected.
    """

    default_region: str | None = None
    phone_column: str | None = None
    phone_columns: tuple[str, ...] = ()
    country_column: str | Literal[False] | None = None
    area_code_column: str | Literal[False] | None = None
    suppress_if: tuple[ColumnValues, ...] = ()
    require: tuple[ColumnValues, ...] = ()
    obey_opt_outs: bool = True
    encoding: str | None = None
    delimiter: str | None = None
    times: TimeOptions = NO_LIMITS
    sheet: str | None = None
    max_variable_length: int = 4000

    def as_json(self) -> dict[str, Any]:
        """The settings as plain JSON values."""
        values: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return values
