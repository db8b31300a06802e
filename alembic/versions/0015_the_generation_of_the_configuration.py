"""changes of the configuration are counted

Keys, bots, trunks and caller IDs: a trigger counts each change, so that processes may remember them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_KEYS = (
    "name, role, key_hash, bots, results_url, results_secret, expires_at, revoked_at, previous_hash, previous_until, requests_per_minute"
)
_TRUNKS = "name, transport, channels, calls_per_second, default_number, is_default, settings"
_COUNTED = {"api_keys": _KEYS, "bots": "", "trunks": _TRUNKS, "caller_ids": ""}
"""Tables, and the columns that count; none: all."""

_SQLITE = """
CREATE TRIGGER {name} AFTER {event} ON {table} BEGIN
    INSERT INTO config_generations (name, generation) VALUES ('{table}', 1) ON CONFLICT (name) DO UPDATE SET generation = generation + 1;
END
"""


def upgrade() -> None:
    """Go to this version."""
    op.create_table(
        "config_generations",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    postgresql = op.get_bind().dialect.name == "postgresql"
    if postgresql:
        op.execute(
            "CREATE FUNCTION count_config_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "INSERT INTO config_generations (name, generation) VALUES (TG_TABLE_NAME, 1) "
            "ON CONFLICT (name) DO UPDATE SET generation = config_generations.generation + 1; RETURN NULL; END $$"
        )
    for table, columns in _COUNTED.items():
        for event in ("INSERT", "DELETE", f"UPDATE OF {columns}" if columns else "UPDATE"):
            name = f"count_{table}_{event.split()[0].lower()}"
            if postgresql:
                op.execute(f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION count_config_change()")
            else:
                op.execute(_SQLITE.format(name=name, event=event, table=table))


def downgrade() -> None:
    """Go back to the version before."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    for table in _COUNTED:
        for event in ("insert", "delete", "update"):
            op.execute(f"DROP TRIGGER count_{table}_{event}" + (f" ON {table}" if postgresql else ""))
    if postgresql:
        op.execute("DROP FUNCTION count_config_change()")
    op.drop_table("config_generations")
