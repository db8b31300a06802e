"""what a call is for stands with it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    op.add_column("calls", sa.Column("purpose", sa.String(), nullable=True))


def downgrade() -> None:
    """Go back to the version before."""
    op.drop_column("calls", "purpose")
