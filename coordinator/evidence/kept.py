"""The state of an alert's picture. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PictureState(StrEnum):
    """Whether an alert's picture can be shown, and if not, why."""

    NONE = "none"
    """The alert has none."""
    KEPT = "kept"
    ERASED = "erased"
    """It was stored, but its key was destroyed."""
    MISSING = "missing"
    """The alert names one that never arrived: its node dropped it, or its key was destroyed before."""


@dataclass(frozen=True, slots=True)
class KeptEvidence:
    """A picture that arrived; `jpeg` is None if its key is destroyed."""

    jpeg: bytes | None

    @property
    def state(self) -> PictureState:
        return PictureState.ERASED if self.jpeg is None else PictureState.KEPT
