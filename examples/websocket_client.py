"""A dialler's side of one WebSocket call: speaks a WAV file (or two tones) to a bot and records what it hears.

    pip install websockets
    python websocket_client.py ws://127.0.0.1:8080/ws/loan-reminder --token dw_... --say hello.wav --record heard.wav customer_name=Asha

Without arguments it calls the bot of `make websocket`. Ctrl-C hangs up. It ends with 0 if the call ended well (close code 1000).
docs/transport-websocket.md has every message.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import math
import struct
import sys
import time
import wave
from collections.abc import AsyncIterator
from typing import Any

import websockets

RATE, CHUNK = 8000, 320  # samples a second; bytes of 20 ms: 16-bit, mono


class Call:
    """One call. `heard` is the sound to play to the customer so far, `events` the other messages received."""

    def __init__(self, socket: websockets.ClientConnection, stream_id: str) -> None:
        self.socket, self.stream_id = socket, stream_id
        self.heard = bytearray()
        self.events: list[dict[str, Any]] = []

    async def send(self, event: str, **fields: Any) -> None:
        """Send one message."""
        await self.socket.send(json.dumps({"event": event, **fields}))

    async def shake_hands(self, caller_id: str, did: str, direction: str, fields: dict[str, Any]) -> None:
        """The three messages that begin a call; `fields` become {{call.*}} of the bot's texts."""
        await self.send("connected", callerId=caller_id, did=did, callDirection=direction, streamId=self.stream_id, **fields)
        await self.send("start", streamId=self.stream_id, mediaFormat={"encoding": "LINEAR", "sampleRate": RATE, "channels": 1})
        await self.send("answer")

    async def speak(self, sound: bytes) -> None:
        """Send what the customer says, then silence for as long as the call lasts: 20 ms of sound every 20 ms."""
        due = time.monotonic()
        while True:
            chunk, sound = sound[:CHUNK].ljust(CHUNK, b"\0"), sound[CHUNK:]
            await self.send("media", payload=base64.b64encode(chunk).decode())
            due += 0.02
            await asyncio.sleep(max(due - time.monotonic(), 0))

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        """Receive what the bot's side sends, until it closes the connection."""
        async for text in self.socket:
            message = json.loads(text)
            if message["event"] == "reverse-media":
                self.heard += base64.b64decode(message["payload"])
            else:  # reverse-media-stop: discard the sound you have not played yet; reverse-hangup-call; reverse-call-transfer
                self.events.append(message)
            yield message


async def run(url: str, token: str | None, sound: bytes, record: str | None, who: dict[str, str], fields: dict[str, str]) -> int:
    """Run one call to its end and print its events, each with its second; returns the close code of the connection."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with websockets.connect(url, additional_headers=headers, compression=None) as socket:
        call, speaking, began, chunks = Call(socket, f"example-{time.time_ns()}"), None, time.monotonic(), 0

        def say(what: str) -> None:
            print(f"{time.monotonic() - began:6.2f} s  {what}", flush=True)

        try:
            await call.shake_hands(who["caller_id"], who["did"], who["direction"], fields)
            say(f"sent connected (callerId {who['caller_id']}, did {who['did']}, {who['direction']}), start, answer")
            speaking = asyncio.create_task(call.speak(sound))
            async for message in call.messages():
                if message["event"] != "reverse-media":
                    say(json.dumps(message))
                elif chunks == 0:
                    say("the bot speaks: the first reverse-media came")
                chunks += message["event"] == "reverse-media"
        except websockets.ConnectionClosed:
            pass  # its code and reason say why
        except asyncio.CancelledError:  # Ctrl-C
            await call.send("hangup-call", disconnectedBy="customer")
            say("sent hangup-call")
            async for _ in call.messages():
                pass
        finally:
            if speaking is not None:
                speaking.cancel()
        say(f"closed with {socket.close_code}: {socket.close_reason or 'no reason given'}")
    print(f"The bot spoke for {chunks * 0.02:.1f} s, in {chunks} chunks of 20 ms.")
    if record:
        with wave.open(record, "wb") as file:
            file.setparams((1, 2, RATE, 0, "NONE", ""))
            file.writeframes(bytes(call.heard))
        print(f"What was heard is in {record}.")
    return socket.close_code or 1006


def tones(seconds: float = 1.5) -> bytes:
    """Two simultaneous tones, after two seconds of silence."""
    times = [n / RATE for n in range(round(seconds * RATE))]
    both = [round(6000 * math.sin(2 * math.pi * 500 * t) + 4000 * math.sin(2 * math.pi * 750 * t)) for t in times]
    return bytes(2 * 2 * RATE) + struct.pack(f"<{len(both)}h", *both)


def given_on(command_line: list[str] | None = None) -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    """The parser, and the parsed arguments: the URL and the fields in any order, with options anywhere."""
    parser = argparse.ArgumentParser(description="Open one WebSocket call to a bot.")
    parser.add_argument("url", nargs="?", default="ws://127.0.0.1:8080/ws/loan-reminder", help="ws://HOST/ws/BOT or wss://HOST/ws/BOT")
    parser.add_argument("fields", nargs="*", metavar="NAME=VALUE", help="fields of `connected`: {{call.NAME}} in the bot's texts")
    parser.add_argument("--token", help="the bot's token, or an API key that may use the bot")
    parser.add_argument("--say", metavar="WAV", help="what the customer says: 8,000 Hz, 16 bits, mono; two tones if left out")
    parser.add_argument("--record", metavar="WAV", help="where to keep what the bot says")
    parser.add_argument("--caller-id", default="+12025550142", help="the customer's number")
    parser.add_argument("--did", default="+12025550101", help="the number that was called, or called from")
    parser.add_argument("--direction", default="incoming", choices=["incoming", "outgoing"])
    given = parser.parse_intermixed_args(command_line)
    words = [given.url, *given.fields]
    urls = [word for word in words if word.startswith(("ws://", "wss://"))]
    given.fields = [word for word in words if word not in urls]
    given.url = urls[0] if urls else parser.get_default("url")
    if wrong := [field for field in given.fields if "=" not in field] + urls[1:]:
        parser.error(f"{wrong[0]}: a field is written NAME=VALUE, and the one address ws://HOST/ws/BOT")
    return parser, given


def main() -> None:
    """Read the command line and call."""
    parser, given = given_on()
    sound = tones()
    if given.say:
        with wave.open(given.say, "rb") as file:
            if (file.getframerate(), file.getsampwidth(), file.getnchannels()) != (RATE, 2, 1):
                parser.error("--say needs a WAV of 8,000 Hz, 16 bits, mono")
            sound = file.readframes(file.getnframes())
    who = {"caller_id": given.caller_id, "did": given.did, "direction": given.direction}
    fields = dict(field.partition("=")[::2] for field in given.fields)
    try:
        code = asyncio.run(run(given.url, given.token, sound, given.record, who, fields))
    except (OSError, websockets.InvalidHandshake, websockets.InvalidURI) as error:
        sys.exit(f"No call to {given.url} could be opened: {error}. Does the server run, and is this its address?")
    sys.exit(0 if code == 1000 else 1)


if __name__ == "__main__":
    main()
