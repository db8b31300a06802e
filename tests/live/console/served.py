"""Starts `dialler serve` in a process of its own, and says where its console is."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["ROOT", "SAMPLE", "Served", "serving"]

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "sample_campaigns" / "loan_reminder"
_PATIENCE = 90.0
_FIRST = re.compile(r"(http://\S+/console)(/\S*)")


@dataclass
class Served:
    """A running server: what it printed, and the address of its console."""

    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)
    base: str = ""
    first: str = ""

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait(30)


@contextlib.contextmanager
def serving(folder: Path, *arguments: str, port: int = 0) -> Iterator[Served]:
    """Serve until the end of the block. `folder` has the database and the outputs."""
    command = [sys.executable, "-m", "web.cli.entry"]
    command += ["serve", *arguments, "--out", str(folder / "out"), "--database", f"sqlite:///{folder}/console.db", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    served = Served(process)
    found = threading.Event()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            served.said.append(line.rstrip())
            text = "".join(served.said)  # a narrow terminal breaks the line within the address
            if not served.base and (match := _FIRST.search(line) or (_FIRST.search(text) if "console" in text else None)):
                served.base, served.first = match[1], match[1] + match[2]
                found.set()
        found.set()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        assert found.wait(_PATIENCE), "\n".join(served.said)
        assert served.base, "\n".join(served.said)
        yield served
    finally:
        for _ in range(2):  # the second signal ends the calls, too
            if process.poll() is None:
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(5)
        served.kill()
        reader.join(5)
        if process.stdout is not None:
            process.stdout.close()
