"""several numbers of a lead, and the number that an attempt dialled"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.kernel.database import JsonValue

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database to this version."""
    op.add_column("leads", sa.Column("numbers", JsonValue, nullable=True))
    op.add_column("leads", sa.Column("place", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("attempts", sa.Column("phone", sa.String(), nullable=True))
    op.create_table(
        "lead_numbers",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("lead_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("campaign_id", "phone"),
    )
    op.create_index("lead_numbers_lead", "lead_numbers", ["lead_id"])


def downgrade() -> None:
    """Go back to the version before."""
    op.drop_table("lead_numbers")
    op.drop_column("attempts", "phone")
    op.drop_column("leads", "place")
    op.drop_column("leads", "numbers")
