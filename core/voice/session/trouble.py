"""A speech provider's errors in words without call data or secrets. Pure."""

from __future__ import annotations

from livekit.agents import APIStatusError, APITimeoutError

from core.voice.errors import VoiceError

__all__ = ["refused", "status_of", "words_of"]

_REFUSED = frozenset({401, 402, 403})


def status_of(error: BaseException | None) -> int | None:
    """The HTTP status at the root of a failure, however the plugin has wrapped it."""
    for _ in range(10):
        if error is None:
            return None
        status = error.status_code if isinstance(error, APIStatusError) else getattr(error, "status", None)
        if isinstance(status, int) and 300 <= status < 600:
            return status
        error = error.__cause__ or error.__context__
    return None


def _timed_out(error: BaseException | None) -> bool:
    for _ in range(10):
        if error is None:
            return False
        if isinstance(error, APITimeoutError | TimeoutError) or type(error).__name__.endswith("Timeout"):
            return True
        error = error.__cause__ or error.__context__
    return False


def refused(error: BaseException | None) -> bool:
    """Whether the provider rejects our key: neither a retry nor another call would help."""
    return status_of(error) in _REFUSED


def words_of(what: str, provider: str, error: BaseException | None) -> str:
    """The error as a sentence.

    Args:
        what: `speech recognition` or `speech synthesis`.
        provider: its name in the bot's voice.
        error: the failure.
    """
    status = status_of(error)
    if status in _REFUSED:
        why = f"{provider} refuses the key (status {status}): check the key in the bot's voice, and the account it belongs to"
    elif status is not None:
        why = f"{provider} answered with status {status}"
    elif _timed_out(error):
        why = f"{provider} did not answer in time"
    elif error is not None and isinstance(error.__cause__, VoiceError):
        why = str(error.__cause__)  # our own exception: it names the provider
    else:
        why = f"the connection to {provider} failed"
    return f"{what} fails: {why}"
