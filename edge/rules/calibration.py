"""Measures what is usual for this candidate: the size of the face, the pose of the head, the gaze's centre.

The values are medians of the first stretch of time, so that a minority of unusual moments (leaning in, a look
aside, another person for a moment) does not move them. Samples are evenly spaced, at most `SAMPLES` at any
rate.

A candidate may look elsewhere for most of that stretch. Head and gaze are therefore used only when there were
enough looks, when they were close together, and when their centre is near the default; otherwise the default
is used, and CALIBRATED says so. When only the gaze's centre is too far off, the zone moves towards it as far
as allowed: a camera far below or beside the screen is more common than a person who looks the same way for
half a minute. The stretch is never extended for such looks. It is extended by time without the candidate's
face, such as a stalled stream, until `SAMPLES` are taken, because that time has no usual values.

Until the stretch is complete, gaze and head are judged by the defaults, and the face's size by the median so
far. How far a gaze is measured wrong depends on the person: a face that is held up may be read 20° too high.
So as long as the gaze's own centre is not known, the default zone is wider by the error that the measurement
may have: only a look that is outside even then is off the screen without doubt.

Likewise a head that is held as always may be read 15° too low. Until its own usual pitch is known, the usual
one is the lowest that the measurement may give for somebody at work; as soon as there are enough looks, and
close together, it is their median so far. It is never above the default then: the first seconds are too few
to make the rule stricter for anybody.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import Annotated

from edge.rules.conditions import face_share
from edge.rules.findings import Finding, Phase, Value
from edge.rules.settings import Settings, Zone
from shared.events.types import EventType
from shared.observations import FaceSeen, GazeSeen, HeadPose, Observation
from shared.saving import AtMost

SAMPLES = 80
MIN_SAMPLES = 10
"""With fewer, the face's baseline waits for more, and head and gaze keep their default."""
MAX_SPREAD_DEG = 10.0
"""Median distance to the median; a person who reads a screen stays below it."""
MAX_USUAL_PITCH_DEG = 25.0
"""A larger usual pitch of the head is not used."""
MEASURED = "measured"
MOVED = "moved up to the limit; the measured centre was further away"
TOO_FAR = "default; the measured centre was too far away"


@dataclass(slots=True)
class SamplesState:
    """Samples of one thing, each a row of one or two values."""

    last_s: float | None = None
    rows: Annotated[list[Annotated[tuple[float, ...], AtMost(2)]], AtMost(SAMPLES)] = field(
        default_factory=list
    )


@dataclass(slots=True)
class CalibrationState:
    """The samples of the stretch and, once it is complete, the usual values."""

    share: float | None = None
    """Face area ÷ frame area."""
    usual_pitch_deg: float | None = None
    """Usual pitch of the head; None: the default."""
    zone: Zone | None = None
    """Zone where the eyes may rest; None: the default."""
    first_s: float | None = None
    shares: SamplesState = field(default_factory=SamplesState)
    heads: SamplesState = field(default_factory=SamplesState)
    gazes: SamplesState = field(default_factory=SamplesState)


class Calibration:
    """Collects samples from the first frame with the candidate's face on. Once complete, the usual values in
    its state are fixed."""

    __slots__ = ("_gaze", "_head", "_settings", "_share", "_state")

    def __init__(self, settings: Settings, state: CalibrationState) -> None:
        """Raises ValueError for samples of a wrong width."""
        self._settings = settings
        self._state = state
        spacing_s = settings.baseline_s / SAMPLES
        self._share, self._head, self._gaze = (
            Samples(width, spacing_s, settings.max_gap_s, samples)
            for width, samples in ((1, state.shares), (2, state.heads), (2, state.gazes))
        )

    @property
    def usual_share(self) -> float | None:
        """The face's usual share of the frame, from the samples so far; None before there are enough."""
        if self._state.share is not None:
            return self._state.share
        return self._share.middle()[0] if self._share.count >= MIN_SAMPLES else None

    @property
    def usual_pitch_deg(self) -> float:
        """The head's usual pitch; the default before it is known."""
        return self._state.usual_pitch_deg or 0.0

    def usual_pitch_for(self, head: HeadPose) -> float:
        """The usual pitch to judge a pose by; the default one is lower by the pose's error."""
        if self._state.usual_pitch_deg is not None:
            return self._state.usual_pitch_deg
        lowest_deg = -head.pitch_error_deg
        if self._head.believed((0.0, 0.0), MAX_USUAL_PITCH_DEG) != MEASURED:
            return lowest_deg
        return min(0.0, max(lowest_deg, self._head.middle()[0]))

    @property
    def zone(self) -> Zone:
        """Where the eyes may rest; the default before it is known."""
        return self._state.zone or self._settings.gaze.zone

    def zone_for(self, gaze: GazeSeen) -> Zone:
        """The zone to judge a look by; the default one is wider by the look's error."""
        error_deg = gaze.pitch_error_deg, gaze.yaw_error_deg
        return self._state.zone or self._settings.gaze.zone.widened(*error_deg)

    def see(self, observation: Observation, face: FaceSeen | None) -> Finding | None:
        """Add an observation, with the candidate's face. Returns CALIBRATED when it completes the stretch."""
        own, share = self._state, face_share(observation, face)
        if own.share is not None or share is None:
            return None
        at = observation.at
        own.first_s = at if own.first_s is None else own.first_s + self._share.unseen_s(at)
        self._share.add(at, round(share, 6))
        if observation.head is not None:
            self._head.add(at, observation.head.pitch_deg, observation.head.yaw_deg)
        if observation.gaze is not None and not observation.gaze.eyes_closed:
            self._gaze.add(at, observation.gaze.pitch_deg, observation.gaze.yaw_deg)
        lasted = at - own.first_s >= self._settings.baseline_s and self._share.count >= MIN_SAMPLES
        if not lasted and self._share.count < SAMPLES:
            return None
        return self._complete(at)

    def _complete(self, at: float) -> Finding:
        own = self._state
        own.share = share = self._share.middle()[0]
        gaze, default = self._settings.gaze, self._settings.gaze.zone
        centre = ((default.min_pitch_deg + default.max_pitch_deg) / 2, 0.0)
        gaze_word = self._gaze.believed(centre, gaze.max_shift_deg)
        moved: tuple[float, ...] = centre
        if gaze_word == MEASURED:
            moved = self._gaze.middle()
        elif gaze_word == TOO_FAR:
            gaze_word, moved = MOVED, self._gaze.towards(centre, gaze.max_shift_deg)
        if gaze_word in (MEASURED, MOVED):
            own.zone = default.moved(moved[0] - centre[0], moved[1])
        head_word = self._head.believed((0.0, 0.0), MAX_USUAL_PITCH_DEG)
        own.usual_pitch_deg = self._head.middle()[0] if head_word == MEASURED else None
        evidence: dict[str, Value] = {
            "baseline_share_of_frame": round(share, 5),
            "samples": self._share.count,
            "baseline_seconds": self._settings.baseline_s,
            "gaze_zone": gaze_word,
            "gaze_centre_pitch_deg": round(moved[0], 1),
            "gaze_centre_yaw_deg": round(moved[1], 1),
            "head_baseline": head_word,
            "usual_pitch_deg": round(self.usual_pitch_deg, 1),
        }
        for samples in (self._share, self._head, self._gaze):
            samples.forget()
        return Finding(
            event=EventType.CALIBRATED,
            phase=Phase.RAISED,
            onset_s=at,
            raised_s=at,
            at_s=at,
            confidence=1.0,
            evidence=evidence,
        )


class Samples:
    """Evenly spaced samples of `width` values."""

    __slots__ = ("_max_gap_s", "_spacing_s", "_state", "_width")

    def __init__(self, width: int, spacing_s: float, max_gap_s: float, state: SamplesState) -> None:
        if any(len(row) != width for row in state.rows):
            raise ValueError(f"the snapshot's samples are not rows of {width}")
        self._width, self._spacing_s, self._max_gap_s = width, spacing_s, max_gap_s
        self._state = state

    @property
    def count(self) -> int:
        return len(self._state.rows)

    def unseen_s(self, at: float) -> float:
        """Seconds before `at` without a sample, if that is a gap and not the spacing."""
        passed_s = 0.0 if self._state.last_s is None else at - self._state.last_s
        return passed_s if passed_s > self._max_gap_s + self._spacing_s else 0.0

    def add(self, at: float, *values: float) -> None:
        own = self._state
        if len(own.rows) >= SAMPLES or (own.last_s is not None and at - own.last_s < self._spacing_s):
            return
        own.last_s = at
        places = 6 if self._width == 1 else 1
        own.rows.append(tuple(round(value, places) for value in values))

    def middle(self) -> tuple[float, ...]:
        """The median of each column."""
        return tuple(median(column) for column in self._columns())

    def believed(self, default: tuple[float, ...], reach_deg: float) -> str:
        """MEASURED, or why the default is used."""
        if self.count < MIN_SAMPLES:
            return "default; too few looks"
        middle = self.middle()
        spreads = (
            median(abs(value - centre) for value in column)
            for column, centre in zip(self._columns(), middle, strict=True)
        )
        if max(spreads) > MAX_SPREAD_DEG:
            return "default; the looks were too far apart"
        if any(abs(found - usual) > reach_deg for found, usual in zip(middle, default, strict=True)):
            return TOO_FAR
        return MEASURED

    def towards(self, default: tuple[float, ...], reach_deg: float) -> tuple[float, ...]:
        """The measured centre, limited to at most `reach_deg` from the default per column."""
        pairs = zip(self.middle(), default, strict=True)
        return tuple(usual + min(reach_deg, max(-reach_deg, found - usual)) for found, usual in pairs)

    def forget(self) -> None:
        self._state.rows.clear()

    def _columns(self) -> list[tuple[float, ...]]:
        return list(zip(*self._state.rows, strict=True))
