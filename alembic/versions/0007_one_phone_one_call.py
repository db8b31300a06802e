"""one phone has one call: the phone of a call, and for which call it is withdrawn"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_LIVE = sa.text("state IN ('placing', 'ringing', 'talking')")
_DIALLED = sa.text(f"{_LIVE.text} AND direction = 'outbound' AND transport NOT IN ('websocket', 'sandbox')")
_REHEARSED = sa.text(f"{_LIVE.text} AND direction = 'outbound' AND transport = 'sandbox'")


def upgrade() -> None:
    """Go to this version. Calls of before have no phone: none of them is live but those of a process that was not stopped."""
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.add_column(sa.Column("phone", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("withdrawn_for", sa.String(), nullable=True))
        batch_op.create_index("calls_phone_live", ["phone"], unique=False, sqlite_where=_LIVE, postgresql_where=_LIVE)
        batch_op.create_index("calls_dialled_phone", ["phone"], unique=True, sqlite_where=_DIALLED, postgresql_where=_DIALLED)
        batch_op.create_index("calls_rehearsed_phone", ["phone"], unique=True, sqlite_where=_REHEARSED, postgresql_where=_REHEARSED)


def downgrade() -> None:
    """Go back to the version before."""
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.drop_index("calls_rehearsed_phone")
        batch_op.drop_index("calls_dialled_phone")
        batch_op.drop_index("calls_phone_live")
        batch_op.drop_column("withdrawn_for")
        batch_op.drop_column("phone")
