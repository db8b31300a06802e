"""sipp as the other side: scenarios written step by step, one process a scenario, on loopback."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Sipp", "free_port", "hang_up_by_us", "invite", "pause", "receive", "request", "respond", "run_sipp", "sdp"]

_BOUND = 180  # seconds that a scenario may take: on a busy machine a process of ours needs half a minute to start


def free_port() -> int:
    """A UDP port of loopback that is free now; even."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port % 2 == 0:
            return port


def sdp(port: int, codec: str = "0", extra: str = "", address: str = "127.0.0.1") -> str:
    """A session description."""
    lines = ["v=0", f"o=- 42 1 IN IP4 {address}", "s=-", f"c=IN IP4 {address}", "t=0 0", f"m=audio {port} RTP/AVP {codec} 101"]
    return "\n".join([*lines, "a=rtpmap:101 telephone-event/8000", *([extra] if extra else [])])


def receive(method: str, *, actions: str = "") -> str:
    """Wait for a request."""
    return f'<recv request="{method}">{actions}</recv>'


def invite(*, actions: str = "") -> list[str]:
    """Wait for the INVITE; keep what later requests of ours need."""
    keep = (
        '<action><ereg regexp=".*" search_in="hdr" header="From:" assign_to="1"/>'
        '<ereg regexp="sip:[^>;]*" search_in="hdr" header="Contact:" assign_to="2"/>'
        f"{actions}</action>"
    )
    return [receive("INVITE", actions=keep)]


def respond(status: int, phrase: str, *headers: str, body: str | None = None, retransmit: bool = False) -> str:
    """Answer the request that came last."""
    tag = "" if status == 100 else ";tag=[call_number]"
    lines = [
        f"SIP/2.0 {status} {phrase}",
        "[last_Via:]",
        "[last_From:]",
        f"[last_To:]{tag}",
        "[last_Call-ID:]",
        "[last_CSeq:]",
        "Contact: <sip:callee@[local_ip]:[local_port];transport=UDP>",
        *headers,
    ]
    return _send(lines, body, retransmit=retransmit)


def respond_in_dialog(status: int, phrase: str, *headers: str, body: str | None = None) -> str:
    """Answer a request within the call: its To has our tag already."""
    lines = [f"SIP/2.0 {status} {phrase}", "[last_Via:]", "[last_From:]", "[last_To:]", "[last_Call-ID:]", "[last_CSeq:]"]
    return _send([*lines, "Contact: <sip:callee@[local_ip]:[local_port]>", *headers], body)


def request(method: str, cseq: int, *headers: str, body: str | None = None) -> str:
    """Send a request within the call, as its callee."""
    lines = [
        f"{method} [$2] SIP/2.0",
        "Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]",
        "From: <sip:callee@[local_ip]:[local_port]>;tag=[call_number]",
        "To:[$1]",
        "Call-ID: [call_id]",
        f"CSeq: {cseq} {method}",
        "Contact: <sip:callee@[local_ip]:[local_port]>",
        "Max-Forwards: 70",
        *headers,
    ]
    return _send(lines, body, retransmit=True)


def pause(seconds: float) -> str:
    """Do nothing for so long."""
    return f'<pause milliseconds="{round(seconds * 1000)}"/>'


def hang_up_by_us() -> list[str]:
    """Wait for the caller's BYE and answer it."""
    return [receive("BYE"), respond_in_dialog(200, "OK")]


def _send(lines: Sequence[str], body: str | None, *, retransmit: bool = False) -> str:
    kind = ["Content-Type: application/sdp"] if body is not None and not any(line.startswith("Content-Type") for line in lines) else []
    text = "\n".join([*lines, *kind, "Content-Length: [len]", "", *([body] if body is not None else [])])
    return f"<send{' retrans=' + chr(34) + '500' + chr(34) if retransmit else ''}><![CDATA[\n{text}\n\n]]></send>"


class SippDidNotStart(AssertionError):
    """It ended, or does not listen."""


@dataclass
class Sipp:
    """A running sipp."""

    port: int
    process: subprocess.Popen[str]
    log: Path

    def finished(self, seconds: float = 15.0) -> None:
        """Fail unless the scenario has gone to its end within so many seconds."""
        code = self.process.wait(seconds)
        assert code == 0, f"sipp ended with {code}:\n{self.log.read_text() if self.log.exists() else self.process.stderr}"


@contextmanager
def run_sipp(
    folder: Path,
    steps: Sequence[str],
    *options: str,
    port: int | None = None,
    towards: str | None = None,
    calls: int = 1,
    seconds: int = _BOUND,
) -> Iterator[Sipp]:
    """Run a scenario; it is ended with the block at the latest.

    Args:
        folder: for its files.
        steps: the scenario.
        options: more of the command line.
        port: the port that it listens at; a free one if None.
        towards: HOST:PORT that it calls, if it is the caller.
        calls: how many calls the scenario is run for.
        seconds: how long it may take.
    """
    port = port or free_port()
    scenario, log = folder / f"scenario-{port}.xml", folder / f"errors-{port}.log"
    variables = sorted(set(re.findall(r'assign_to="([0-9]+)"', "".join(steps))))
    ignored = [f'<Reference variables="{",".join(variables)}"/>'] if variables else []  # sipp wants each to be used
    scenario.write_text('<?xml version="1.0"?>\n<scenario name="test">\n' + "\n".join([*steps, *ignored]) + "\n</scenario>\n")
    binary = shutil.which("sipp")
    assert binary is not None

    def start() -> subprocess.Popen[str]:
        command = [
            binary, *([towards] if towards else []), "-sf", str(scenario), "-i", "127.0.0.1", "-p", str(port), "-mi", "127.0.0.1",
            "-mp", str(free_port()), "-ci", "127.0.0.1", "-cp", str(free_port()), "-m", str(calls), "-nostdin", "-timeout", f"{seconds}s",
            "-timeout_error", "-trace_err", "-error_file", str(log), *options,
        ]  # fmt: skip
        started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=folder)
        try:
            _await_port(port, started)
        except BaseException:
            _end(started)
            raise
        return started

    try:
        process = start()
    except SippDidNotStart as error:
        if "Unable to bind" not in str(error):
            raise
        process = start()  # somebody took one of its ports between the look and the start
    try:
        yield Sipp(port, process, log)
    finally:
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:  # it has calls, and waits for them
            process.kill()
            process.wait(5)
    if process.stderr is not None:
        process.stderr.close()


def _await_port(port: int, process: subprocess.Popen[str]) -> None:
    """Wait until somebody is bound to the port."""
    for _ in range(200):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return
        try:
            process.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
        raise SippDidNotStart(f"sipp did not start: {process.stderr.read() if process.stderr else ''}")
    raise SippDidNotStart("sipp did not start to listen")
