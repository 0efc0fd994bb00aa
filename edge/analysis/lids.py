"""Tells blinks from open eyes by how far one person's eyes usually open. Pure.

Lids are low in a blink and also when somebody looks down; only a blink is over within half a second. So the
lids count as shut for a moment at most, and eyes that stay narrow are taken for what they are.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import median
from typing import Annotated

from shared.saving import AtMost

SHUT_SHARE = 0.8
"""Of the usual opening: the mesh draws shut lids at 0.60 to 0.78 of it (six people), open ones seldom below
0.85."""
LONGEST_BLINK_S = 0.7
"""Two looks at 3 Hz; a blink takes 0.1 to 0.4 s."""
REMEMBERED = 90
"""Looks that say what is usual: half a minute at 3 Hz."""
LEAST_REMEMBERED = 10


@dataclass(slots=True)
class LidsState:
    """How far the eyes have been open."""

    ratios: Annotated[deque[float], AtMost(REMEMBERED)] = field(
        default_factory=lambda: deque(maxlen=REMEMBERED)
    )
    low_s: float | None = None
    """Since when the lids have been low."""


class Lids:
    """Follows the opening of one person's eyes (`models.mesh.eye_aspect_ratio`)."""

    __slots__ = ("_state",)

    def __init__(self, state: LidsState | None = None) -> None:
        self._state = state or LidsState()

    def shut(self, at: float, ratio: float) -> bool:
        """Whether the eyes are in a blink at this time; no while it is not known what is usual."""
        own = self._state
        usual = median(own.ratios) if len(own.ratios) >= LEAST_REMEMBERED else None
        own.ratios.append(ratio)
        if usual is None or ratio >= SHUT_SHARE * usual:
            own.low_s = None
            return False
        if own.low_s is None:
            own.low_s = at
        return at - own.low_s <= LONGEST_BLINK_S
