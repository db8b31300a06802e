"""`python -m web.sample_crm`: run the sample CRM until it is told to stop. Prints its URL first, as JSON on stdout."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from web.sample_crm.app import Faults, create_app
from web.sample_crm.ledger import Ledger
from web.serve.listening import listen

TOKEN_VARIABLE = "SAMPLE_CRM_TOKEN"  # noqa: S105 - a name, not a token


def main() -> int:
    """Run it. Returns the exit code: 0 after it was told to stop, 2 for wrong options."""
    options = _parser().parse_args()
    token = os.environ.get(TOKEN_VARIABLE, "")
    if not token:
        sys.stderr.write(f"set {TOKEN_VARIABLE} to the token that pushes must have\n")
        return 2
    listener = listen("127.0.0.1", options.port)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # the socket is already listening: a reader of this line can connect
        sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}", "pid": os.getpid()}) + "\n")
        sys.stdout.flush()
        yield

    app = create_app(Ledger(options.file), token, Faults(options.fail_first, options.down_until_file, options.latency), lifespan)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    if options.until_stdin_closes:
        threading.Thread(target=_stop_when_stdin_closes, args=(server,), daemon=True).start()
    asyncio.run(server.serve(sockets=[listener]))
    return 0


def _stop_when_stdin_closes(server: uvicorn.Server) -> None:
    """Stop when the process that started it ends, for whatever reason."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    server.should_exit = True


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m web.sample_crm", description="A small CRM that receives pushes, on this machine only.")
    parser.add_argument("--port", type=int, default=0, help="TCP port on 127.0.0.1; 0 picks a free one")
    parser.add_argument("--file", type=Path, required=True, help="JSONL file that arrivals are appended to")
    parser.add_argument("--fail-first", type=int, default=0, metavar="N", help="answer 503 to the first N pushes")
    parser.add_argument("--down-until-file", type=Path, metavar="PATH", help="answer 503 until this file exists")
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS", help="delay each answer by this many seconds")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end when standard input is closed")
    return parser


if __name__ == "__main__":
    sys.exit(main())
