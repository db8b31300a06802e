"""The entry point of the `dialler` command: what help, the version and completion need is shown without loading the program."""

from __future__ import annotations

import os
import sys

__all__ = ["main"]

_FRONT = frozenset({"--help", "-h", "--version", "--show-completion", "--install-completion"})


def main() -> None:
    """Run the command line."""
    if "_DIALLER_COMPLETE" in os.environ or _FRONT.issuperset(sys.argv[1:]):
        from web.cli.outline import outline_app  # noqa: PLC0415

        outline_app()(prog_name="dialler")
    else:
        from web.cli.main import main as run  # noqa: PLC0415

        run()


if __name__ == "__main__":
    main()
