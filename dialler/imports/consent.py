"""Decides from a row's own cells whether its person may be called: columns such as `Do Not Call`, and the rules of campaign.yaml. Pure.

`suppress_if` and `require` name columns and values. A column that clearly says who must not be called (`opt_out`), or who may be
(`consent`), is obeyed without a rule, and so is a status that says `do not call`; in doubt nobody is called.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dialler.imports.consent_words import Meaning, header_meaning, says_not_to_call, squeezed, value_meaning
from dialler.imports.errors import LeadFileError, Problem
from dialler.imports.options import ColumnValues, ImportOptions
from dialler.imports.phone_column import named_columns
from dialler.imports.values import clean_value, strip_invisible

__all__ = ["Barred", "Consent", "ConsentColumn", "find_consent"]

_SHOWN_VALUES = 6
_ADVICE = (
    "Leave the row out, or correct the cell. To read the column otherwise, see `suppress_if` and `obey_opt_outs` (docs/lead-files.md)."
)


@dataclass(frozen=True)
class ConsentColumn:
    """A column that says who may be called.

    Attributes:
        position: from 1.
        header: as it stands.
        meaning: what its header says.
        use: `suppress_if` or `require`: a rule of campaign.yaml; `obeyed`: by itself; `shown`: it is not used.
        values: the values in the first rows.
    """

    position: int
    header: str
    meaning: Meaning | None
    use: str
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        values = f" ({', '.join(self.values)})" if self.values else ""
        match self.use:
            case "suppress_if":
                return f"{self.header!r}{values} says who is not called, by `suppress_if`."
            case "require":
                return f"{self.header!r}{values} says who may be called, by `require`."
            case "obeyed" if self.meaning == "status":
                return f"{self.header!r}{values} is obeyed where it says do not call, or opted out. For other values see `suppress_if`."
            case "obeyed":
                who = "must not be called" if self.meaning == "opt_out" else "may be called"
                return f"{self.header!r}{values} says who {who}: it is obeyed."
        return f"{self.header!r}{values} is not obeyed. If it says who may be called, name it in `suppress_if` or `require`."


@dataclass(frozen=True, slots=True)
class Barred:
    """A row whose person is not to be called. `marks`: the number is not to be called for any other row's sake either."""

    column: str
    value: str
    problem: Problem
    marks: bool


@dataclass(frozen=True)
class Consent:
    """The columns and rules of one file."""

    columns: tuple[ConsentColumn, ...] = ()
    suppress_if: tuple[tuple[int, frozenset[str]], ...] = ()
    """Column (from 0) and the values, squeezed; none for whatever means yes or out."""
    require: tuple[tuple[int, frozenset[str]], ...] = ()

    @property
    def decides(self) -> bool:
        """Whether any row can be barred."""
        return any(column.use != "shown" for column in self.columns)

    def barred(self, cells: Sequence[str]) -> Barred | None:
        """Why the person of a row is not to be called, marks of the number first; None if nothing says so."""
        for position, values in self.suppress_if:
            value = _at(cells, position)
            if squeezed(value) in values if values else value_meaning(value) in {"yes", "out"}:
                return self._barred(position, value, "campaign.yaml says not to call anyone with this value (`suppress_if`).", marks=True)
        for column in self.columns:
            if column.use == "obeyed":
                value = _at(cells, column.position - 1)
                said = value_meaning(value) if value else "blank"
                if column.meaning == "opt_out" and said in {"yes", "out", "unclear"}:
                    doubt = " What it says is not clear; in doubt nobody is called." if said == "unclear" else ""
                    return self._barred(column.position - 1, value, f"The file says not to call this person.{doubt}", marks=True)
                refused = column.meaning == "consent" and said in {"no", "out"}
                if refused or (column.meaning == "status" and says_not_to_call(value)):
                    return self._barred(column.position - 1, value, "The file says not to call this person.", marks=True)
        for position, values in self.require:
            value = _at(cells, position)
            if not (squeezed(value) in values if values else value_meaning(value) in {"yes", "in"}):
                reason = "campaign.yaml requires another value here (`require`)." if value else "It is blank, and `require` wants a value."
                return self._barred(position, value, reason, marks=False)
        return None

    def _barred(self, position: int, value: str, reason: str, *, marks: bool) -> Barred:
        header = next((column.header for column in self.columns if column.position == position + 1), "")
        return Barred(header or f"column {position + 1}", value, Problem(reason, _ADVICE), marks)


def find_consent(headers: Sequence[str], rows: Sequence[Sequence[str]], taken: frozenset[int], options: ImportOptions) -> Consent:
    """The columns of a file that say who may be called, and how each is used.

    Args:
        headers: the headers.
        rows: the cells of the first rows.
        taken: columns (from 0) that hold a number or a part of one.
        options: with the rules of campaign.yaml.

    Raises:
        LeadFileError: a rule names a column that the file does not have.
    """
    suppress_if = [_rule(headers, rule, "suppress_if") for rule in options.suppress_if]
    require = [_rule(headers, rule, "require") for rule in options.require]
    ruled = {**{position: "require" for position, _ in require}, **{position: "suppress_if" for position, _ in suppress_if}}
    columns = []
    for position, header in enumerate(headers):
        meaning = None if position in taken else header_meaning(header)
        use = ruled.get(position)
        if use is None and meaning is None:
            continue
        if use is None:
            use = "obeyed" if options.obey_opt_outs and meaning != "other" else "shown"
        columns.append(ConsentColumn(position + 1, header, meaning, use, _values(rows, position)))
    return Consent(tuple(columns), tuple(suppress_if), tuple(require))


def _rule(headers: Sequence[str], rule: ColumnValues, key: str) -> tuple[int, frozenset[str]]:
    found = named_columns(headers, rule.column)
    if not found:
        raise LeadFileError(
            f"There is no column {rule.column!r}, which campaign.yaml names in `{key}`: nobody is called without it.",
            "Write the header of a column, or its number from 1.",
            [f"headers: {', '.join(headers)}"],
        )
    return found[0], frozenset(map(squeezed, rule.values))


def _at(cells: Sequence[str], position: int) -> str:
    return clean_value(cells[position]).text if position < len(cells) else ""


def _values(rows: Sequence[Sequence[str]], position: int) -> tuple[str, ...]:
    """The first different values; of many, none."""
    found: dict[str, None] = {}
    for cells in rows:
        if position < len(cells) and (text := strip_invisible(cells[position])):
            found[text[:40]] = None
            if len(found) > _SHOWN_VALUES:
                return ()
    return tuple(found)
