"""The wishes of the callee in a conversation: the last of each kind counts."""

from __future__ import annotations

from collections.abc import Callable

from core.conversation.brain import Action, DoNotCall, ScheduleCallback, Transfer, WantsPerson

__all__ = ["Wishes"]


class Wishes:
    """Keeps the wishes, each at once.

    Args:
        record: records an event of the call.
    """

    def __init__(self, record: Callable[..., None]) -> None:
        self._record = record
        self.callback: ScheduleCallback | None = None
        """The callback asked for."""
        self.do_not_call: DoNotCall | None = None
        """That no more calls are wanted."""
        self.person: WantsPerson | None = None
        """That a person is wanted."""

    def keep(self, action: Action) -> None:
        """Keep a wish; other actions are none."""
        match action:
            case ScheduleCallback(at, words):
                self.callback = action
                self._record("callback_requested", callback_at=at.isoformat() if at else None, words=words)
            case DoNotCall(words):
                self.do_not_call = action
                self._record("do_not_call_requested", words=words)
            case WantsPerson(words):
                self.person = action
                self._record("person_requested", words=words)
            case Transfer(reason=reason) if self.person is None:  # if it fails, a callee still here was promised a person
                self.person = WantsPerson(reason)
                self._record("person_requested", words=reason)
            case _:
                pass
