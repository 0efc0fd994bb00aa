"""Sums up a session's observations in short windows, for the log of features. Pure.

It keeps nothing but sums of the present window. What is unknown in all looks of a window is unknown in its
vector; a window without any look has none. Sight and sound come a little later than they were taken, each by
its own time, so a window is closed when something of the second one after it has come.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from shared.features import MOST_VECTORS, WINDOW_S, FeatureVector
from shared.observations import Observation
from shared.unwatched import Kind

_SECONDS: Final = int(WINDOW_S)


@dataclass(slots=True)
class _Window:
    """The sums of one window."""

    number: int
    level: int = 0
    watched: dict[Kind, set[int]] = field(default_factory=lambda: {kind: set() for kind in Kind})
    """The whole seconds with a look, by its kind."""
    sums: dict[str, tuple[float, int]] = field(default_factory=dict)
    """By field: the sum of its values, and their number."""

    def add(self, observation: Observation) -> None:
        self.level = observation.level
        for kind in _kinds(observation):
            self.watched[kind].add(int(observation.at))
        for name, value in _measured(observation):
            total, count = self.sums.get(name, (0.0, 0))
            self.sums[name] = (total + value, count + 1)

    def vector(self) -> FeatureVector | None:
        if not any(self.watched.values()):
            return None
        shares = {kind: min(1.0, len(seconds) / _SECONDS) for kind, seconds in self.watched.items()}
        return FeatureVector(
            window=self.number,
            level=self.level,
            watched_face=shares[Kind.FACE],
            watched_body=shares[Kind.BODY],
            watched_sound=shares[Kind.SOUND],
            **{name: round(total / count, 3) for name, (total, count) in self.sums.items()},
        )


class FeatureLog:
    """Collects one session's vectors until there are enough for a message."""

    def __init__(self) -> None:
        self._open: dict[int, _Window] = {}
        self._closed = -1
        """The last window that is closed."""
        self._waiting: list[FeatureVector] = []

    def add(self, observation: Observation) -> tuple[FeatureVector, ...]:
        """Add an observation; returns the vectors of a message when there are enough, else none."""
        number = int(observation.at // WINDOW_S)
        self._close_before(number - 1)
        if number > self._closed:  # else it is too late: its window is closed
            self._open.setdefault(number, _Window(number)).add(observation)
        if len(self._waiting) < MOST_VECTORS:
            return ()
        taken, self._waiting = tuple(self._waiting[:MOST_VECTORS]), self._waiting[MOST_VECTORS:]
        return taken

    def flush(self) -> tuple[FeatureVector, ...]:
        """What has been collected so far, with the windows that are open; nothing is left, and they are
        closed."""
        self._close_before(max(self._open, default=self._closed) + 1)
        taken, self._waiting = tuple(self._waiting), []
        return taken

    def forget(self) -> None:
        """Drop everything, with the windows that are open."""
        self._closed = max(self._open, default=self._closed)
        self._open, self._waiting = {}, []

    def _close_before(self, number: int) -> None:
        for each in sorted(one for one in self._open if one < number):
            if (vector := self._open.pop(each).vector()) is not None:
                self._waiting.append(vector)
            self._closed = max(self._closed, each)


def _kinds(observation: Observation) -> Iterable[Kind]:
    if observation.faces is not None:
        yield Kind.FACE
    if observation.body is not None:
        yield Kind.BODY
    if observation.speech is not None:
        yield Kind.SOUND


def _measured(observation: Observation) -> Iterable[tuple[str, float]]:
    """The known values of one observation, by field of a vector."""
    if observation.faces is not None:
        yield "faces", float(len(observation.faces))
    if observation.identity is not None and observation.identity.similarity is not None:
        yield "similarity", observation.identity.similarity
    if (gaze := observation.gaze) is not None and not gaze.eyes_closed:
        yield "gaze_pitch_deg", gaze.pitch_deg
        yield "gaze_yaw_deg", gaze.yaw_deg
    if (head := observation.head) is not None:
        yield "head_pitch_deg", head.pitch_deg
        yield "head_yaw_deg", head.yaw_deg
        yield "head_roll_deg", head.roll_deg
    if observation.body is not None:
        yield "shoulders", float(observation.body.shoulders_visible)
    if observation.speech is not None and observation.speech.probabilities:
        heard = observation.speech.probabilities
        yield "speech", sum(heard) / len(heard)
