"""A real S3-speaking server on loopback, which refuses wrong signatures: its own process, for as long as the tests need it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from core.storage.s3 import S3Settings

BUCKET = "recordings-test"
_ACCESS, _SECRET = "AKIATEST", "not-a-real-secret"


@contextlib.contextmanager
def s3_server(folder: Path) -> Iterator[S3Settings]:
    """Run the server within the block, with one empty bucket in it."""
    (folder / BUCKET).mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        environ = {**os.environ, "NANIO_ACCESS_KEY": _ACCESS, "NANIO_SECRET_KEY": _SECRET, "NANIO_DATA_DIR": str(folder)}
        # it is handed a socket that listens already: whoever connects waits until it is up, nobody has to ask again
        command = ["-m", "uvicorn", "--factory", "nanio.app:build_app", "--fd", str(listener.fileno()), "--log-level", "error"]
        process = subprocess.Popen([sys.executable, *command], env=environ, pass_fds=[listener.fileno()])
        try:
            yield S3Settings(BUCKET, endpoint=f"http://127.0.0.1:{port}", access_key_id=_ACCESS, secret_access_key=_SECRET)
        finally:
            process.terminate()
            process.wait(10)
