"""what the sandbox taught and what real lines taught, apart"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from core.kernel.database import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_LINES = (
    "CASE WHEN source <> 'callee' THEN 'all' "
    "WHEN EXISTS (SELECT 1 FROM calls WHERE calls.call_id = suppressions.call_id AND calls.transport = 'sandbox') THEN 'sandbox' "
    "ELSE 'real' END"
)
_ON = "EXISTS (SELECT 1 FROM attempts JOIN calls ON calls.call_id = attempts.call_id WHERE attempts.campaign_id = campaigns.id AND "
_COLUMNS = ("number", "reason", "source", "call_id", "created_at")


def upgrade() -> None:
    """Go to this version."""
    if op.get_bind().dialect.name == "postgresql":
        op.add_column("suppressions", sa.Column("lines", sa.String(), nullable=True))
        op.execute(f"UPDATE suppressions SET lines = {_LINES}")  # noqa: S608 - our own constants
        op.alter_column("suppressions", "lines", nullable=False)
        op.drop_constraint("suppressions_pkey", "suppressions")
        op.create_primary_key("suppressions_pkey", "suppressions", ["number", "lines"])
        op.create_check_constraint("suppressions_lines", "suppressions", "lines IN ('sandbox', 'real', 'all')")
    else:  # SQLite cannot change a primary key
        kept = [column for column in _COLUMNS if column != "number"]
        op.create_table(
            "suppressions_new",
            sa.Column("number", sa.String(), nullable=False),
            sa.Column("lines", sa.String(), nullable=False),
            *_others(),
            sa.PrimaryKeyConstraint("number", "lines"),
            sa.CheckConstraint("lines IN ('sandbox', 'real', 'all')", name="suppressions_lines"),
        )
        rest = ", ".join(kept)
        op.execute(f"INSERT INTO suppressions_new (number, lines, {rest}) SELECT number, {_LINES}, {rest} FROM suppressions")  # noqa: S608
        _replace()
    with op.batch_alter_table("campaigns", schema=None) as batch_op:
        batch_op.add_column(sa.Column("lines", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("own_clock", sa.Boolean(), nullable=False, server_default=sa.false()))
    on_real, on_sandbox = f"{_ON}calls.transport <> 'sandbox')", f"{_ON}calls.transport = 'sandbox')"
    op.execute(f"UPDATE campaigns SET lines = CASE WHEN {on_real} THEN 'real' WHEN {on_sandbox} THEN 'sandbox' END")  # noqa: S608
    campaigns = sa.table("campaigns", sa.column("own_clock", sa.Boolean()), sa.column("clock_at", UtcDateTime()))
    op.execute(campaigns.update().where(campaigns.c.clock_at > datetime.now(UTC)).values(own_clock=True))


def downgrade() -> None:
    """Go back to the version before."""
    with op.batch_alter_table("campaigns", schema=None) as batch_op:
        batch_op.drop_column("own_clock")
        batch_op.drop_column("lines")
    # one entry a number: the one that holds for most
    op.execute("DELETE FROM suppressions WHERE lines = 'sandbox'")
    op.execute(
        "DELETE FROM suppressions WHERE lines = 'real' "
        "AND EXISTS (SELECT 1 FROM suppressions AS other WHERE other.number = suppressions.number AND other.lines = 'all')"
    )
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("suppressions_lines", "suppressions")
        op.drop_constraint("suppressions_pkey", "suppressions")
        op.drop_column("suppressions", "lines")
        op.create_primary_key("suppressions_pkey", "suppressions", ["number"])
    else:
        op.create_table("suppressions_new", sa.Column("number", sa.String(), nullable=False), *_others(), sa.PrimaryKeyConstraint("number"))
        columns = ", ".join(_COLUMNS)
        op.execute(f"INSERT INTO suppressions_new ({columns}) SELECT {columns} FROM suppressions")  # noqa: S608 - our own constants
        _replace()


def _others() -> list[sa.Column[object]]:
    return [
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    ]


def _replace() -> None:
    op.drop_table("suppressions")
    op.rename_table("suppressions_new", "suppressions")
    with op.batch_alter_table("suppressions", schema=None) as batch_op:
        batch_op.create_index("suppressions_created", ["created_at", "number"], unique=False)
