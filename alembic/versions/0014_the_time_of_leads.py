"""before and after which time a lead may be dialled"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.kernel.database import JsonValue, UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_EXPIRING = sa.text("expires_at IS NOT NULL AND due_at IS NOT NULL")


def upgrade() -> None:
    """Go to this version."""
    op.add_column("leads", sa.Column("not_before", UtcDateTime(), nullable=True))
    op.add_column("leads", sa.Column("expires_at", UtcDateTime(), nullable=True))
    op.create_index(
        "leads_expiring", "leads", ["campaign_id", "expires_at"], unique=False, sqlite_where=_EXPIRING, postgresql_where=_EXPIRING
    )
    op.add_column("campaigns", sa.Column("lead_times", JsonValue, nullable=True))


def downgrade() -> None:
    """Go back to the version before; leads that expired count as ones that could never be dialled."""
    op.execute("UPDATE leads SET state = 'window_closed' WHERE state = 'expired'")
    op.drop_column("campaigns", "lead_times")
    op.drop_index("leads_expiring", table_name="leads")
    op.drop_column("leads", "expires_at")
    op.drop_column("leads", "not_before")
