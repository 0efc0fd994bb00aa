"""Tells blinks from open eyes by how far this person's eyes usually open. Pure.

Lids are low in a blink and also when a person looks down; only a blink is over within half a second. So lids
count as shut only for a short time, and eyes that stay narrow count as open.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import median
from typing import Annotated

from shared.saving import AtMost

SHUT_SHARE = 0.8
"""Lids below this share of the usual opening are low. The mesh shows shut lids at 0.60 to 0.78 of it (six
people), open ones rarely below 0.85."""
LONGEST_BLINK_S = 0.7
"""Two looks at 3 Hz; a blink takes 0.1 to 0.4 s."""
REMEMBERED = 90
"""Looks that determine the usual opening: half a minute at 3 Hz."""
LEAST_REMEMBERED = 10


@dataclass(slots=True)
class LidsState:
    """The last openings of the eyes."""

    ratios: Annotated[deque[float], AtMost(REMEMBERED)] = field(
        default_factory=lambda: deque(maxlen=REMEMBERED)
    )
    low_s: float | None = None
    """When the lids became low."""


class Lids:
    """Follows the opening of one person's eyes (`models.mesh.eye_aspect_ratio`)."""

    __slots__ = ("_state",)

    def __init__(self, state: LidsState | None = None) -> None:
        self._state = state or LidsState()

    def shut(self, at: float, ratio: float) -> bool:
        """Whether the eyes are in a blink at this time; False while the usual opening is unknown."""
        own = self._state
        usual = median(own.ratios) if len(own.ratios) >= LEAST_REMEMBERED else None
        own.ratios.append(ratio)
        if usual is None or ratio >= SHUT_SHARE * usual:
            own.low_s = None
            return False
        if own.low_s is None:
            own.low_s = at
        return at - own.low_s <= LONGEST_BLINK_S
