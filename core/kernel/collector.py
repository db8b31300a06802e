"""The garbage collector, which holds every thread while it looks through all there is."""

from __future__ import annotations

import gc

__all__ = ["keep_what_is_loaded"]


def keep_what_is_loaded() -> None:
    """Take everything that exists by now for lasting: modules, models, settings. To be called once, when a process is set up.

    With a speech library loaded, a full collection takes 0.1 to 0.3 s, in which no sound leaves; without what is kept here it
    takes a tenth.
    """
    gc.collect()
    gc.freeze()
