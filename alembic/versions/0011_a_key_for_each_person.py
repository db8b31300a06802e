"""a key for each person, so that what is kept about them can be forgotten"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.kernel.database import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    op.create_table(
        "person_keys",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("sealed", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("tag"),
    )


def downgrade() -> None:
    """Go back to the version before."""
    op.drop_table("person_keys")
