"""which agent of the desk a user of the console is"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database to this version."""
    op.create_table(
        "console_desk_agents",
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["desk_agents.id"]),
        sa.ForeignKeyConstraint(["user_id"], ["console_users.id"]),
        sa.PrimaryKeyConstraint("user_id"),
        sa.UniqueConstraint("agent_id"),
    )


def downgrade() -> None:
    """Go back to the version before."""
    op.drop_table("console_desk_agents")
