"""Write a migration for what has changed in the models: `.venv/bin/python scripts/new_migration.py "what and why"`.

Compares the models with an empty database brought to the newest migration. Read what it wrote before you commit it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # this checkout, not the one that is installed

from core.kernel.database import Database  # noqa: E402
from web.migrate import alembic_config, upgrade  # noqa: E402


def main() -> None:
    """Write the migration."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{folder}/empty.db")
        upgrade(db)
        with db.write() as connection:
            config = alembic_config(connection)
            number = len(list((ROOT / "web/migrations/versions").glob("[0-9]*.py"))) + 1
            command.revision(config, sys.argv[1], autogenerate=True, rev_id=f"{number:04d}")
        db.close()


if __name__ == "__main__":
    main()
