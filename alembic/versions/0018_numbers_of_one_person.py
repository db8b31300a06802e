"""numbers of one person, for all campaigns"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    op.create_table(
        "person_numbers",
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("phone"),
    )
    op.create_index(op.f("ix_person_numbers_person"), "person_numbers", ["person"])


def downgrade() -> None:
    """Go back to the version before."""
    op.drop_table("person_numbers")
