"""A CRM for tests, in a thread: it writes down what it is sent, and is down when it is told to be."""

from __future__ import annotations

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Receiver"]


class Receiver:
    """The CRM, up from `with` on. Its port stays the same, so that it can be down and come back.

    `fail_first` pushes are answered with `down_status` before any is taken; all are while `down`.
    """

    def __init__(self, fail_first: int = 0, down: bool = False) -> None:
        self.fail_first, self.down, self.down_status = fail_first, down, 503
        self.taken: list[tuple[str, dict[str, Any]]] = []
        self.refused = 0
        self._lock = threading.Lock()
        crm = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) < length:
                    return  # the sender died
                self.send_response(crm.receive(self.headers["webhook-id"], json.loads(body)))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def receive(self, webhook_id: str, body: dict[str, Any]) -> int:
        """Take a push, or refuse it. Returns the status."""
        with self._lock:
            if self.down or self.fail_first > 0:
                self.fail_first -= 1
                self.refused += 1
                return self.down_status
            self.taken.append((webhook_id, body))
            return 200

    @property
    def ids(self) -> Counter[str]:
        """How often each webhook-id was taken."""
        return Counter(webhook_id for webhook_id, _ in list(self.taken))

    @property
    def address(self) -> str:
        """`host:port`, as an allow list has it."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def bot(self) -> dict[str, Any]:
        """What a bot needs to push here."""
        mapper = {"LOAN": "{{crm.loan_number}}", "DISPOSITION": "{{result.disposition}}", "CALL": "{{call.call_id}}"}
        return {"post_call_push": {"url": f"http://{self.address}/call-result", "key_mapper": mapper}}

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
