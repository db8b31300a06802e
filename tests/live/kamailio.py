"""Kamailio as the carrier: a proxy that asks for a digest, keeps registrations, and passes calls on. One process a test, on loopback."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.live.parts import program
from tests.live.sipp import free_port

__all__ = ["PASSWORD", "USER", "Kamailio", "kamailio"]

USER, PASSWORD = "dialler", "s3cret of the trunk"

_CONFIG = """#!KAMAILIO
debug=1
log_stderror=yes
fork=yes
children=2
disable_tcp=yes
auto_aliases=no
listen=udp:127.0.0.1:{port}
mpath="{modules}"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
loadmodule "xlog.so"

modparam("auth", "qop", "auth")
modparam("auth", "nonce_expire", 300)
modparam("registrar", "max_expires", 3600)
modparam("registrar", "min_expires", 20)
modparam("xlog", "force_color", 0)

request_route {{
    xlog("L_ERR", "SEEN $rm $hdr(X-Attempt-Id) auth=$aU\\n");
    if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
    if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
    if (is_method("OPTIONS") && $rU == $null) {{ sl_send_reply("200", "OK"); exit; }}
    if (has_totag()) {{
        if (loose_route()) {{ t_relay(); exit; }}
        if (is_method("ACK")) {{ if (t_check_trans()) t_relay(); exit; }}
        sl_send_reply("404", "Not Here");
        exit;
    }}
    t_check_trans();
    if (src_port != {behind}) {{
        if (is_method("REGISTER")) {{
            if (!pv_www_authenticate("lab", "{password}", "0")) {{ www_challenge("lab", "1"); exit; }}
            if ($au != "{user}") {{ sl_send_reply("403", "Forbidden"); exit; }}
            save("location");
            exit;
        }}
        if (!pv_proxy_authenticate("lab", "{password}", "0")) {{ proxy_challenge("lab", "1"); exit; }}
        if ($au != "{user}") {{ sl_send_reply("403", "Forbidden"); exit; }}
        consume_credentials();
        record_route();
        $du = "sip:127.0.0.1:{behind}";
        t_relay();
        exit;
    }}
    record_route();
    if (is_method("INVITE")) {{
        $rU = "{user}";
        if (!lookup("location")) {{ sl_send_reply("404", "Not Found"); exit; }}
    }}
    t_relay();
    exit;
}}
"""


@dataclass
class Kamailio:
    """A running proxy: it listens at `port`, and what is behind it is at `behind`."""

    port: int
    behind: int
    log: Path

    def seen(self, method: str) -> list[str]:
        """The requests of a method that came, as it logged them."""
        return [line for line in self.log.read_text(errors="replace").splitlines() if f"SEEN {method} " in line]


@contextmanager
def kamailio(folder: Path) -> Iterator[Kamailio]:
    """A proxy that knows one user; it is ended with the block."""
    binary = program("kamailio")
    assert binary is not None
    modules = next(Path("/usr/lib").glob("*/kamailio/modules"), Path("/usr/lib/kamailio/modules"))
    port, behind = free_port(), free_port()
    place = folder / "kamailio"
    place.mkdir()
    config, log = place / "kamailio.cfg", place / "kamailio.log"
    config.write_text(_CONFIG.format(port=port, behind=behind, modules=modules, user=USER, password=PASSWORD))
    options = ["-DD", "-f", str(config), "-Y", str(place), "-P", str(place / "pid"), "-m", "32", "-M", "4"]
    with log.open("w") as output:
        process = subprocess.Popen([binary, *options], stdout=output, stderr=output, cwd=place)
    try:
        _await(port, process, log)
        yield Kamailio(port, behind, log)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until it answers."""
    ask = (
        f"OPTIONS sip:127.0.0.1:{port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{{own}};branch=z9hG4bKready\r\nFrom: <sip:a@b>;tag=1\r\n"
        f"To: <sip:127.0.0.1:{port}>\r\nCall-ID: ready\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 5\r\nContent-Length: 0\r\n\r\n"
    )
    deadline = time.monotonic() + 20
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        probe.settimeout(0.2)
        while time.monotonic() < deadline:
            assert process.poll() is None, f"kamailio ended:\n{log.read_text(errors='replace')[-3000:]}"
            probe.sendto(ask.format(own=probe.getsockname()[1]).encode(), ("127.0.0.1", port))
            try:
                if probe.recv(4096).startswith(b"SIP/2.0 200"):
                    return
            except OSError:
                continue
    raise AssertionError(f"kamailio does not answer:\n{log.read_text(errors='replace')[-3000:]}")
