"""The process that computes one report: reads an order from standard input, writes the file, and ends.

pandas is imported here and not in the process that asks: reports of a large campaign must not slow its calls. The order comes by
standard input, because the URL of the database may have a password in it.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

__all__ = ["CANNOT", "main"]

_NICER = 10
CANNOT = 3
"""Exit code: the report cannot be made as asked; standard output says why, as JSON."""


def main() -> int:
    """Carry out the order: `database`, `spec`, `format`, `excel`, `out`."""
    with contextlib.suppress(OSError):
        os.nice(_NICER)
    order: dict[str, Any] = json.load(sys.stdin)
    from core.kernel.database import Database  # noqa: PLC0415 - after `nice`: the imports are a good part of the work
    from dialler.reports.files import write_report  # noqa: PLC0415
    from dialler.reports.making import make_report  # noqa: PLC0415
    from dialler.reports.spec import BadSpec, ReportSpec  # noqa: PLC0415
    from web.reports.elsewhere import Records  # noqa: PLC0415

    db = Database(order["database"])
    try:
        report = make_report(db, ReportSpec.from_dict(order["spec"]), Records(db))
        write_report(report, Path(order["out"]), order["format"], excel=order["excel"])
    except BadSpec as error:
        sys.stdout.write(json.dumps({"parameter": error.parameter, "problem": error.problem}))
        return CANNOT
    finally:
        db.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
