"""Numbers of one person: what is said on one of them, and how often they may be called, counts for all.

Lead files with several numbers in a row fill the table; a number that is not in it is a person of its own. Numbers are E.164 without an
extension, as in `calls.phone`; numbers with one are left out, since many people share a switchboard.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

from sqlalchemy import Connection, Select, String, bindparam, delete, select, union_all
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, SQLModel

from core.kernel.numbers import split_key
from core.kernel.statements import table_of

__all__ = ["PersonNumber", "all_numbers", "forget_numbers", "link_numbers", "numbers_of_same_person"]

_BATCH: Final = 500


class PersonNumber(SQLModel, table=True):
    """A number of a person who has several. `person` is the same for all of them: the first one that was known."""

    __tablename__ = "person_numbers"

    phone: str = Field(primary_key=True)
    person: str = Field(index=True)


_persons = table_of(PersonNumber)


def link_numbers(connection: Connection, groups: Iterable[Sequence[str]]) -> None:
    """Note that the numbers of each group belong to one person. A number that is somebody's already stays theirs.

    Args:
        connection: a transaction that may write.
        groups: the keys of each person's numbers, the first one first.
    """
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    plain = ([phone for phone, extension in map(split_key, group) if extension is None] for group in groups)
    several = (group for group in plain if len(group) > 1)
    while batch := list(islice(several, _BATCH)):
        first = [group[0] for group in batch]
        known = {row.phone: row.person for row in connection.execute(select(_persons).where(_persons.c.phone.in_(first)))}
        rows = []
        for group in batch:
            person = known.get(group[0], group[0])
            for phone in group:
                known.setdefault(phone, person)
                rows.append({"phone": phone, "person": person})
        connection.execute(insert(_persons).on_conflict_do_nothing(), rows)


def numbers_of_same_person(phone: str = "phone") -> Select[tuple[str]]:
    """The number in the parameter `:phone`, and the other numbers of the person who has it, as a subquery."""
    given = bindparam(phone, type_=String())
    person = select(_persons.c.person).where(_persons.c.phone == given).scalar_subquery()
    return select(union_all(select(given.label("phone")), select(_persons.c.phone).where(_persons.c.person == person)).subquery().c.phone)


def all_numbers(connection: Connection, numbers: Iterable[str]) -> set[str]:
    """These numbers, and every other number of the people who have them.

    Args:
        connection: a transaction.
        numbers: keys; one with an extension has no others.
    """
    found = set(numbers)
    plain = [phone for phone, extension in map(split_key, found) if extension is None]
    for first in range(0, len(plain), _BATCH):
        people = select(_persons.c.person).where(_persons.c.phone.in_(plain[first : first + _BATCH]))
        found.update(connection.execute(select(_persons.c.phone).where(_persons.c.person.in_(people))).scalars())
    return found


def forget_numbers(connection: Connection, numbers: Iterable[str]) -> None:
    """Forget that these numbers (E.164) belong to one person."""
    plain = sorted(numbers)
    for first in range(0, len(plain), _BATCH):
        batch = plain[first : first + _BATCH]
        connection.execute(delete(_persons).where(_persons.c.phone.in_(batch) | _persons.c.person.in_(batch)))
