"""what the rules decided for a call, and when a person talked in it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.kernel.database import JsonValue, UtcDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    op.add_column("calls", sa.Column("evidence", JsonValue, nullable=True))
    op.add_column("calls", sa.Column("talked_at", UtcDateTime(), nullable=True))
    op.create_index("calls_of_phone", "calls", ["phone", "created_at"])


def downgrade() -> None:
    """Go back to the version before."""
    op.drop_index("calls_of_phone", table_name="calls")
    op.drop_column("calls", "talked_at")
    op.drop_column("calls", "evidence")
