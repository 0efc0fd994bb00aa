"""Makes frame numbers that are unique in one session. Pure.

Each peer counts its own frames. A page that reconnects gets a new peer, and after a restart the node does not
know the earlier numbers. Without a step in both cases, frame 12 of an alert and frame 12 of a `verify-frame`
request could be two different pictures.
"""

from __future__ import annotations

from typing import Final

MEANWHILE: Final = 600
"""Numbers reserved for a peer that still receives while the next one connects: 10 s at 60 fps."""
PER_SECOND: Final = 1_000
"""Numbers reserved per second before a restart: far more than a camera sends, reconnections included."""


def first(elapsed_s: float) -> int:
    """The number before the first frame when a run continues a session this old; 0 for a new session."""
    return int(elapsed_s * PER_SECOND)


def after(highest: int) -> int:
    """The number before the first frame of the next peer, from the last number of this one."""
    return highest + MEANWHILE
