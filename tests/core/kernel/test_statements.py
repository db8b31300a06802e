"""Hot statements do what SQLAlchemy's own execution does: the same values in, the same values out, the same errors."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Boolean, Column, Float, Integer, MetaData, String, Table, bindparam, delete, insert, literal, select, update
from sqlalchemy.exc import IntegrityError, NoResultFound, OperationalError, ProgrammingError

from core.kernel.database import Database, JsonValue, UtcDateTime
from core.kernel.statements import Bulk, Insert, Statement, one_of, table_of
from core.suppressions.tables import Suppression

things = Table(
    "things",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("at", UtcDateTime()),
    Column("facts", JsonValue),
    Column("share", Float),
    Column("open", Boolean),
)
ADD = Statement(insert(things), columns=["id", "name", "at", "facts", "share", "open"])
BY_ID = Statement(select(things).where(things.c.id == bindparam("wanted")))
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
ROW = {"id": 1, "name": "one", "at": NOON, "facts": None, "share": 1.5, "open": False}


@pytest.fixture
def db(database: Database) -> Iterator[Database]:
    things.metadata.create_all(database.engine)
    yield database
    things.metadata.drop_all(database.engine)


@pytest.mark.parametrize("facts", [None, {"a": [1, 2.5, "é", None, True]}, [], "text"])
@pytest.mark.parametrize("at", [None, NOON, NOON.astimezone(timezone(timedelta(hours=5, minutes=30))), NOON + timedelta(microseconds=1)])
def test_values_come_back_as_sqlalchemy_gives_them(db: Database, facts: object, at: datetime | None) -> None:
    with db.write() as connection:
        ADD.run(connection, id=1, name="one", at=at, facts=facts, share=0.25, open=True)
        connection.execute(insert(things).values(id=2, name="two", at=at, facts=facts, share=0.25, open=True))
        for wanted in (1, 2):
            ours = BY_ID.run(connection, wanted=wanted).one()
            theirs = connection.execute(select(things).where(things.c.id == wanted)).one()
            assert tuple(ours) == tuple(theirs)
            assert (ours.at, ours.facts, ours.share, ours.open) == (at, facts, 0.25, True)


def test_rows_are_named_and_counted(db: Database) -> None:
    change = Statement(update(things).where(things.c.id <= bindparam("last")).values(name=things.c.name + bindparam("tail", type_=String)))
    remove = Statement(delete(things).where(things.c.id == bindparam("wanted")).returning(things.c.name))
    with db.write() as connection:
        for number in (1, 2, 3):
            ADD.run(connection, id=number, name=f"n{number}", at=None, facts=None, share=None, open=None)
        assert change.run(connection, last=2, tail="x").rowcount == 2
        assert remove.run(connection, wanted=1).scalars() == ["n1x"]
        assert remove.run(connection, wanted=1).first() is None
        assert BY_ID.run(connection, wanted=9).scalar() is None
        with pytest.raises(NoResultFound):
            BY_ID.run(connection, wanted=9).one()


def test_constants_of_the_statement_stand_and_can_be_given(db: Database) -> None:
    found = Statement(select(literal(1).label("one"), things.c.name).where(things.c.name == "here", things.c.id == bindparam("number", 7)))
    with db.write() as connection:
        ADD.run(connection, id=7, name="here", at=None, facts=None, share=None, open=None)
        assert tuple(found.run(connection).one()) == (1, "here")
        assert found.run(connection, number=8).first() is None


def test_errors_are_those_of_sqlalchemy(db: Database) -> None:
    with db.write() as connection:
        ADD.run(connection, id=1, name="secret value", at=None, facts=None, share=None, open=None)
    with db.read() as connection, pytest.raises(IntegrityError) as caught:
        ADD.run(connection, id=2, name="secret value", at=None, facts=None, share=None, open=None)
    assert "secret value" not in str(caught.value).partition("[SQL")[2]  # parameters are hidden, as everywhere
    with db.read() as connection:
        assert BY_ID.run(connection, wanted=2).first() is None
    gone = Statement(select(Table("no_such_table", MetaData(), Column("id", Integer))))
    with pytest.raises((OperationalError, ProgrammingError)), db.read() as connection:
        gone.run(connection)


def test_a_parameter_too_many_or_too_few_is_refused(db: Database) -> None:
    with db.write() as connection:
        with pytest.raises(TypeError, match="wanted"):
            BY_ID.run(connection)
        with pytest.raises(TypeError, match="other"):
            BY_ID.run(connection, wanted=1, other=2)
        with pytest.raises(ValueError, match="time zone"):
            ADD.run(connection, id=1, name="one", at=NOON.replace(tzinfo=None), facts=None, share=None, open=None)


def test_an_in_over_constants(db: Database) -> None:
    some = Statement(select(things.c.id).where(one_of(things.c.name, ("n1", "n3")), things.c.id == bindparam("number")))
    with db.write() as connection:
        for number in (1, 2, 3):
            ADD.run(connection, id=number, name=f"n{number}", at=None, facts=None, share=None, open=None)
        assert [some.run(connection, number=number).scalars() for number in (1, 2, 3)] == [[1], [], [3]]
        with pytest.raises(ValueError, match="cannot be compiled ahead"):
            Statement(select(things.c.id).where(things.c.id.in_([1, 3]))).run(connection)
    with pytest.raises(ValueError, match="our own"):
        one_of(things.c.name, ["it's"])


def test_a_default_made_in_python_is_refused(db: Database) -> None:
    table = Table("defaults", MetaData(), Column("id", Integer, primary_key=True), Column("name", String, default=lambda: "made"))
    with db.read() as connection, pytest.raises(ValueError, match="cannot be compiled ahead"):
        Statement(insert(table), columns=["id"]).run(connection, id=1)


def test_it_runs_in_the_transaction_it_is_handed(db: Database) -> None:
    with contextlib.suppress(RuntimeError), db.write() as connection:
        ADD.run(connection, id=1, name="one", at=None, facts=None, share=None, open=None)
        raise RuntimeError
    with db.read() as connection:
        assert list(BY_ID.run(connection, wanted=1)) == []


def test_many_at_once(db: Database) -> None:
    with db.write() as connection:
        ADD.run_many(connection, [])
        ADD.run_many(
            connection,
            ({"id": number, "name": str(number), "at": NOON, "facts": {"n": number}, "share": 1.5, "open": False} for number in range(3)),
        )
        assert [BY_ID.run(connection, wanted=number).one().facts for number in range(3)] == [{"n": 0}, {"n": 1}, {"n": 2}]
    with db.read() as connection, pytest.raises(IntegrityError):
        ADD.run_many(
            connection, [{"id": number, "name": "same", "at": None, "facts": None, "share": None, "open": None} for number in (7, 8)]
        )


def test_the_table_of_a_model() -> None:
    assert table_of(Suppression).name == "suppressions"


def test_several_rows_are_inserted_by_one_statement(db: Database) -> None:
    add = Insert(things, ("id", "name", "at", "facts", "share", "open"))
    rows = [{**ROW, "id": number, "name": f"n{number}", "facts": {"n": number}} for number in range(1, 71)]
    with db.write() as connection:
        add.run(connection, [])
        add.run(connection, rows[:1])
        add.run(connection, rows[1:])
        found = connection.execute(select(things).order_by(things.c.id)).all()
        assert [row._asdict() for row in found] == rows
        with pytest.raises(TypeError, match="name_0"):
            add.run(connection, [{"id": 99}])


def test_many_rows_are_changed_by_one_statement(db: Database) -> None:
    rename = Bulk(
        {"id": things.c.id, "name": things.c.name, "at": things.c.at},
        lambda given: (
            update(things)
            .where(things.c.id == given.c.id, things.c.share == 1.5)
            .values(name=given.c.name, at=given.c.at)
            .returning(things.c.id)
        ),
    )
    with db.write() as connection:
        rows = [{**ROW, "id": number, "name": f"n{number}", "share": 1.5 if number != 7 else 2.5} for number in range(1, 71)]
        Insert(things, ("id", "name", "at", "facts", "share", "open")).run(connection, rows)
        assert rename.run(connection, []) == []
        changed = rename.run(connection, ({"id": number, "name": f"m{number}", "at": NOON} for number in range(1, 71)))
        assert sorted(row.id for row in changed) == [number for number in range(1, 71) if number != 7]
        found = connection.execute(select(things.c.id, things.c.name, things.c.at).order_by(things.c.id)).all()
        assert [(row.name, row.at) for row in found if row.id != 7] == [(f"m{row.id}", NOON) for row in found if row.id != 7]
        with pytest.raises(TypeError, match="at_0"):
            rename.run(connection, [{"id": 1, "name": "one"}])
