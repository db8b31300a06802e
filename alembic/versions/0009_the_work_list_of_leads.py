"""the work list of leads whose callee asked for a person"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.kernel.database import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NOT_DONE = sa.text("state <> 'done'")


def upgrade() -> None:
    """Go to this version."""
    op.create_table(
        "lead_handoffs",
        sa.Column("id", _BIG, sa.Identity(always=False), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("lead_id", _BIG, nullable=False),
        sa.Column("attempt_id", sa.String(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=True),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("wanted_at", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("claimed_by", sa.String(), nullable=True),
        sa.Column("claimed_at", UtcDateTime(), nullable=True),
        sa.Column("done_by", sa.String(), nullable=True),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'claimed', 'done')", name="lead_handoffs_state"),
        sa.CheckConstraint("state <> 'claimed' OR claimed_by IS NOT NULL", name="lead_handoffs_claimed_by_somebody"),
        sa.CheckConstraint("(state = 'done') = (done_at IS NOT NULL)", name="lead_handoffs_done_has_time"),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"]),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("lead_handoffs", schema=None) as batch_op:
        batch_op.create_index("lead_handoffs_lead", ["lead_id"], unique=False)
        batch_op.create_index("lead_handoffs_open", ["lead_id"], unique=True, sqlite_where=_NOT_DONE, postgresql_where=_NOT_DONE)
        batch_op.create_index("lead_handoffs_campaign", ["campaign_id", "state", "id"], unique=False)


def downgrade() -> None:
    """Go back to the version before."""
    op.drop_table("lead_handoffs")
