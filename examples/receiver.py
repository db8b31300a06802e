"""Receives call results: verifies the signature, stores each result once. docs/integration.md says how to start it."""

import os
import sqlite3
from contextlib import closing

from fastapi import FastAPI, HTTPException, Request
from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["WEBHOOK_SECRET"])  # whsec_..., the secret that the bot or the API key names
database = os.environ.get("RESULTS_FILE", "results.db")
app = FastAPI(title="Call results")

with closing(sqlite3.connect(database)) as db, db:
    db.execute("CREATE TABLE IF NOT EXISTS results (webhook_id TEXT PRIMARY KEY, session_id TEXT, body TEXT)")


@app.post("/call-results")
async def receive(request: Request) -> dict[str, bool]:
    """Store a result. Any 2xx means that it is stored; without one it is sent again for days."""
    body = await request.body()
    try:
        result = webhook.verify(body, request.headers)  # the right sender, unchanged, and at most five minutes old
    except WebhookVerificationError:
        raise HTTPException(401, "The signature is not ours.") from None
    with closing(sqlite3.connect(database)) as db, db:  # committed before we answer
        row = (request.headers["webhook-id"], result.get("session_id"), body.decode())
        stored = db.execute("INSERT OR IGNORE INTO results VALUES (?, ?, ?)", row).rowcount
    return {"first": stored == 1}  # the same webhook-id again is the same result, already stored
