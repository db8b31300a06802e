"""the result of an attempt stands with it

Results of calls that belong to no attempt were kept without a use; they go.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.kernel.database import JsonValue, UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    op.add_column("attempts", sa.Column("result", JsonValue, nullable=True))
    op.execute(
        "UPDATE attempts SET result = (SELECT payload FROM received_results AS r WHERE r.attempt_id = attempts.id"
        " ORDER BY r.received_at, r.session_id LIMIT 1)"
    )
    with op.batch_alter_table("received_results", schema=None) as batch_op:
        batch_op.drop_index("ix_received_results_attempt_id")
    op.drop_table("received_results")


def downgrade() -> None:
    """Go back to the version before."""
    op.create_table(
        "received_results",
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("attempt_id", sa.String(), nullable=True),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("payload", JsonValue, nullable=False),
        sa.PrimaryKeyConstraint("session_id"),
    )
    with op.batch_alter_table("received_results", schema=None) as batch_op:
        batch_op.create_index("ix_received_results_attempt_id", ["attempt_id"], unique=False)
    op.execute(
        "INSERT INTO received_results (session_id, attempt_id, received_at, payload)"
        " SELECT call_id, id, ended_at, result FROM attempts WHERE result IS NOT NULL AND call_id IS NOT NULL AND ended_at IS NOT NULL"
    )
    op.drop_column("attempts", "result")
