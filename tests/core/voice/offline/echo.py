"""A speech process without speech: it sends back each word; `fail` and `die` do what they say."""

from __future__ import annotations

import sys

from core.voice.offline.wire import Kind, read_message, write_message

if __name__ == "__main__":
    answers = sys.stdout.buffer
    write_message(answers, Kind.READY)
    while (request := read_message(sys.stdin.buffer)) is not None:
        text = request[1].decode()
        if text == "die":
            sys.exit(1)
        if text == "fail":
            write_message(answers, Kind.FAILED, b"cannot say that")
            continue
        for word in text.split():
            write_message(answers, Kind.TEXT, word.encode())
        write_message(answers, Kind.END)
