"""The thread in which sippy lives. There is one in a process: its dispatcher is one for all."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from sippy import Network_server as _network_module
from sippy import SipMsg as _message_module
from sippy import SipRequest as _request_module
from sippy import SipTransactionManager as _transactions_module
from sippy import SipURL as _uri_module
from sippy import UacStateRinging as _ringing_module
from sippy import UacStateTrying as _trying_module
from sippy import Udp_server as _server_module
from sippy.Core import EventDispatcher as _dispatcher_module
from sippy.Core.EventDispatcher import ED2

from core.kernel.failures import without_values
from core.transports.sip.log_limit import LogLimiter
from core.transports.sip.stack.uris import install

__all__ = ["in_sip_thread", "in_sip_thread_sync", "start_sip_thread", "tell_unhandled"]

T = TypeVar("T")
log = logging.getLogger(__name__)

_lock = threading.Lock()
_started = False
_failures = LogLimiter(every=10.0)


def start_sip_thread() -> None:
    """Start the thread, if it does not run yet. It ends with the process."""
    global _started  # noqa: PLW0603 - sippy's dispatcher is one for the process
    with _lock:
        if _started:
            return
        _silence()
        install()
        ready = threading.Event()
        threading.Thread(target=_run, args=(ready,), name="sip-signalling", daemon=True).start()
        ready.wait()
        _started = True


def _run(ready: threading.Event) -> None:
    ED2.my_ident = threading.get_ident()
    ready.set()
    ED2.loop()


def in_sip_thread(function: Callable[..., object], *arguments: object) -> None:
    """Have a function called in the thread of signalling, soon."""
    ED2.callFromThread(function, *arguments)


def in_sip_thread_sync(function: Callable[..., T], *arguments: object) -> T:
    """Have a function called in the thread of signalling, and wait for what it returns or raises. Not from within it."""
    result: T = ED2.callFromThreadSync(function, *arguments)
    return result


def tell_unhandled(why: BaseException | str | None) -> None:
    """Say that a message could not be read or handled, without what it holds, and not more than once in ten seconds.

    Args:
        why: what failed, or what is wrong with it in words without personal data.
    """
    if (unsaid := _failures.admit(time.monotonic())) is not None:
        words = why if isinstance(why, str) else type(why).__name__
        log.warning("a SIP message could not be handled: %s; %d more were not logged", words, unsaid)
        log.debug("where it happened: %s", without_values(why) if isinstance(why, BaseException) else "as it was read")


def _silence() -> None:
    """What sippy prints when it is sent nonsense (tracebacks with whole messages, which hold numbers) becomes a line in the log,
    and not more than one in ten seconds."""

    def dump(*_: Any, **__: Any) -> None:
        tell_unhandled(sys.exc_info()[1])

    def keep_quiet(*_: object, **__: object) -> None:
        """What it prints of a message that it could read all the same."""

    for module in (_transactions_module, _server_module, _dispatcher_module, _network_module):
        module.dump_exception = dump
    for module in (_transactions_module, _trying_module, _ringing_module):
        module.print = dump
    for module in (_message_module, _request_module, _uri_module):
        module.print = keep_quiet
