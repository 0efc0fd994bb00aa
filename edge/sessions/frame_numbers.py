"""Frame numbers of one session that never name two frames. Pure.

They count within one peer. A page that connects again gets a new peer, and after a restart the node knows
nothing of the numbers before: without a step in both cases an alert's frame 12 and the one that
`verify-frame` asks for could be two different pictures.
"""

from __future__ import annotations

from typing import Final

MEANWHILE: Final = 600
"""Left to a peer that still receives while the next one connects: 10 s at 60 fps."""
PER_SECOND: Final = 1_000
"""Left to each second before a restart: many times what a camera sends, reconnections included."""


def first(elapsed_s: float) -> int:
    """The number before the first frame of a run that takes a session up after so long, 0 for a new one."""
    return int(elapsed_s * PER_SECOND)


def after(highest: int) -> int:
    """The number before the first frame of the peer that follows one which has come so far."""
    return highest + MEANWHILE
