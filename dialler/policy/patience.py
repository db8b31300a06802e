"""How long to wait before something that failed is tried again, and when to give it up. Pure.

Nothing here is drawn at random: it paces one dispatcher, not a list of callees (`dialler.policy.retry` does that).
"""

from __future__ import annotations

from datetime import datetime, timedelta

__all__ = ["growing", "send_again_at"]

_FIRST, _LONGEST = timedelta(minutes=1), timedelta(hours=1)


def growing(failures: int, first: timedelta, longest: timedelta) -> timedelta:
    """The wait after so many failures in a row (from 1): `first`, doubled with each further one, at most `longest`."""
    doublings = max(failures, 1) - 1
    return longest if doublings > 40 else min(first * 2**doublings, longest)  # (asked first, or the product overflows)


def send_again_at(failed_dialouts: int, uncharged: int, max_uncharged: int, now: datetime) -> datetime | None:
    """When a dialout that the core has not received is sent again; None: never, the lead is given up.

    After the first failure at once, for it is most often the connection's; then after a wait that grows from a minute to
    an hour, so that one lead that the core always fails on does not keep the others from being dialled. Each failed dialout
    is a dial that could not ring, and all of a lead's together have the policy's cap.

    Args:
        failed_dialouts: dialouts of the attempt that failed so far; none if its process died before it was sent.
        uncharged: dials of the lead's earlier attempts that could not ring.
        max_uncharged: the policy's cap.
        now: the moment it is.
    """
    if failed_dialouts and uncharged + failed_dialouts >= max_uncharged:
        return None
    return now if failed_dialouts <= 1 else now + growing(failed_dialouts - 1, _FIRST, _LONGEST)
