"""Adds up short sentences, each too short for VOICE_DETECTED by itself, over the last seconds.

The window moves with time and has 32 parts; a part that is not wholly within the window no longer counts.
Lost sound adds nothing and takes nothing away.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Annotated

from edge.rules.hold import EPSILON_S
from edge.rules.settings import Settings
from shared.saving import AtMost

PARTS = 32
MAX_PARTS = 40


@dataclass(slots=True)
class MutteringState:
    """Parts with speech: start, seconds of speech, and probability × seconds."""

    parts: Annotated[deque[tuple[float, float, float]], AtMost(MAX_PARTS)] = field(
        default_factory=lambda: deque(maxlen=MAX_PARTS)
    )


class Muttering:
    """Adds up the speech of the last seconds."""

    __slots__ = ("_part_s", "_state", "bound_s", "window_s")

    def __init__(self, settings: Settings, state: MutteringState) -> None:
        self.bound_s, self.window_s = settings.speech_share_s, settings.speech_window_s
        self._part_s = settings.speech_window_s / PARTS
        self._state = state

    def add(self, from_s: float, spoken_s: float, probability: float) -> tuple[float, float, float] | None:
        """Add speech. Returns start, seconds and probability × seconds of all speech in the window; None
        while that does not exceed the bound."""
        parts = self._state.parts
        if self.bound_s is None:
            return None
        if parts and from_s - parts[-1][0] < self._part_s:
            begins_s, before_s, weight = parts.pop()
            parts.append((begins_s, before_s + spoken_s, weight + probability * spoken_s))
        else:
            parts.append((from_s, spoken_s, probability * spoken_s))
        # A recorded part may be longer than the window.
        while len(parts) > 1 and from_s + spoken_s - parts[0][0] > self.window_s + EPSILON_S:
            parts.popleft()
        total_s = sum(part_s for _, part_s, _ in parts)
        if total_s <= self.bound_s + EPSILON_S:
            return None
        return parts[0][0], total_s, sum(weight for _, _, weight in parts)

    def forget(self) -> None:
        """Start from zero: speech that has raised an event does not count again."""
        self._state.parts.clear()

    def pause(self, away_s: float) -> None:
        """Do not count the last `away_s` seconds."""
        parts = self._state.parts
        moved = [(begins_s + away_s, spoken_s, weight) for begins_s, spoken_s, weight in parts]
        parts.clear()
        parts.extend(moved)
