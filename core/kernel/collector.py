"""The garbage collector, which stops every thread while it scans all objects."""

from __future__ import annotations

import gc

__all__ = ["keep_what_is_loaded"]


def keep_what_is_loaded() -> None:
    """Exempt every object that exists now from collection: modules, models, settings. Call it once, when a process is set up.

    With a speech library loaded, a full collection takes 0.1 to 0.3 s, during which no sound is sent; with this call it takes a tenth.
    """
    gc.collect()
    gc.freeze()
