"""named lists of numbers that must not be dialled"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.kernel.database import UtcDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_ACTIVE = sa.text("active")


def upgrade() -> None:
    """Go to this version."""
    op.create_table(
        "suppression_lists",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("listed_on", sa.String(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("suppression_lists_name", "suppression_lists", ["name"], unique=True, sqlite_where=_ACTIVE, postgresql_where=_ACTIVE)
    op.create_table(
        "suppression_entries",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["list_id"], ["suppression_lists.id"]),
        sa.PrimaryKeyConstraint("number", "list_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("suppression_entries_list", "suppression_entries", ["list_id", "number"], unique=False)


def downgrade() -> None:
    """Go back to the version before."""
    op.drop_table("suppression_entries")
    op.drop_table("suppression_lists")
