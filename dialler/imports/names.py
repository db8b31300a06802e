"""From header cells to the names that `{{crm.NAME}}` uses.

The rule: compatibility forms are unified (full-width letters and the like), letters become lower case, anything but letters, marks, digits
and underscores becomes `_`, runs of `_` become one, and `_` at the ends is removed. Letters of every script stay. A blank header becomes
`column_N` (N from 1). A name that is taken gets `_2`, `_3` ... in the order of the columns.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

__all__ = ["unique_names", "variable_name"]


def variable_name(header: str) -> str:
    """The name of a header cell by the rule above; empty if nothing is left.

    >>> variable_name(" Customer Name ")
    'customer_name'
    """
    text = unicodedata.normalize("NFKC", header).lower()
    # marks count as letters: without its vowel signs a Hindi word is another word
    kept = "".join(char if char == "_" or unicodedata.category(char)[0] in "LMN" else "_" for char in text)
    return re.sub("_+", "_", kept).strip("_")


def unique_names(headers: Sequence[str]) -> list[str]:
    """One name for each header cell, all different. Names from headers win over generated ones, earlier columns over later."""
    wanted = [variable_name(header) for header in headers]
    taken = {name for name in wanted if name}
    given: set[str] = set()
    names = []
    for position, name in enumerate(wanted, start=1):
        base = name or f"column_{position}"
        chosen, number = base, 2
        while chosen in given or (chosen in taken and chosen != name):
            chosen, number = f"{base}_{number}", number + 1
        given.add(chosen)
        names.append(chosen)
    return names
