"""What is usual for this candidate: the size of the face, the pose of the head, the middle of the gaze.

Medians of the first stretch, so that a minority of odd moments (leaning in, a look aside, a glimpse of
somebody else) does not move them. Samples are taken at even spacing, at most `SAMPLES`, whatever the cadence.

A candidate may look elsewhere for most of that stretch. Head and gaze are therefore believed only when there
were enough looks, when these lay close together, and when their middle lies near the default; otherwise the
default holds, and CALIBRATED says so. Where only the middle of the gaze lies too far off, the zone moves as
far towards it as it may: a camera far below or beside the screen is more common than somebody who looks the
same way for half a minute. The stretch is never prolonged for them; it is for time in which nobody was seen
alone, such as a stalled stream, until `SAMPLES` are taken: seconds that nobody watched say nothing of usual.
"""

from __future__ import annotations

from statistics import median

from edge.rules.conditions import face_share
from edge.rules.findings import Finding, Phase, Value
from edge.rules.settings import Settings, Zone
from edge.rules.snapshots import Json, Saved, numbers, optional_number, part
from shared.events.types import EventType
from shared.observations import Observation

SAMPLES = 80
MIN_SAMPLES = 10
"""Fewer say nothing: the face's baseline then waits for more, head and gaze keep their default."""
MAX_SPREAD_DEG = 10.0
"""Median distance to the median; somebody who reads a screen stays below it."""
MAX_USUAL_PITCH_DEG = 25.0
"""A head usually held further up or down than this is not believed."""
MEASURED = "measured"
MOVED = "moved as far as it may, the middle lay further off"
TOO_FAR = "default, the middle lay too far off"


class Calibration:
    """Collects from the first frame with exactly one face on; complete once, then fixed."""

    __slots__ = ("_first_s", "_gaze", "_head", "_settings", "_share", "share", "usual_pitch_deg", "zone")

    def __init__(self, settings: Settings) -> None:
        self.share: float | None = None
        """Face area ÷ frame area, once complete."""
        self.usual_pitch_deg: float | None = None
        """Of the head, once complete."""
        self.zone: Zone | None = None
        """Where eyes may rest, once complete."""
        self._settings = settings
        self._first_s: float | None = None
        spacing_s = settings.baseline_s / SAMPLES
        self._share, self._head, self._gaze = (
            Samples(columns, spacing_s, settings.max_gap_s) for columns in (1, 2, 2)
        )

    def see(self, observation: Observation) -> Finding | None:
        """Take one observation; answers CALIBRATED when it completes the stretch."""
        if self.share is not None or observation.faces is None or len(observation.faces) != 1:
            return None
        share = face_share(observation)
        if share is None:
            return None
        at = observation.at
        self._first_s = at if self._first_s is None else self._first_s + self._share.unseen_s(at)
        self._share.add(at, round(share, 6))
        if observation.head is not None:
            self._head.add(at, observation.head.pitch_deg, observation.head.yaw_deg)
        if observation.gaze is not None and not observation.gaze.eyes_closed:
            self._gaze.add(at, observation.gaze.pitch_deg, observation.gaze.yaw_deg)
        lasted = at - self._first_s >= self._settings.baseline_s and self._share.count >= MIN_SAMPLES
        if not lasted and self._share.count < SAMPLES:
            return None
        return self._complete(at)

    def _complete(self, at: float) -> Finding:
        self.share = self._share.middle()[0]
        gaze, default = self._settings.gaze, self._settings.gaze.zone
        centre = ((default.min_pitch_deg + default.max_pitch_deg) / 2, 0.0)
        gaze_word = self._gaze.believed(centre, gaze.max_shift_deg)
        moved: tuple[float, ...] = centre
        if gaze_word == MEASURED:
            moved = self._gaze.middle()
        elif gaze_word == TOO_FAR:
            gaze_word, moved = MOVED, self._gaze.towards(centre, gaze.max_shift_deg)
        self.zone = default.moved(moved[0] - centre[0], moved[1])
        head_word = self._head.believed((0.0, 0.0), MAX_USUAL_PITCH_DEG)
        self.usual_pitch_deg = self._head.middle()[0] if head_word == MEASURED else 0.0
        evidence: dict[str, Value] = {
            "baseline_share_of_frame": round(self.share, 5),
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

    def snapshot(self) -> Saved:
        zone = self.zone
        return {
            "share": self.share,
            "usual_pitch_deg": self.usual_pitch_deg,
            "zone": None
            if zone is None
            else [zone.min_pitch_deg, zone.max_pitch_deg, zone.min_yaw_deg, zone.max_yaw_deg],
            "first_s": self._first_s,
            "samples": {
                "share": self._share.snapshot(),
                "head": self._head.snapshot(),
                "gaze": self._gaze.snapshot(),
            },
        }

    def restore(self, saved: Saved) -> None:
        """Take over what `snapshot` gave. Raises ValueError for anything else."""
        self.share = optional_number(saved, "share")
        self.usual_pitch_deg = optional_number(saved, "usual_pitch_deg")
        self.zone = None if saved.get("zone") is None else _zone(numbers(saved, "zone", 4))
        self._first_s = optional_number(saved, "first_s")
        samples = part(saved, "samples")
        self._share.restore(part(samples, "share"))
        self._head.restore(part(samples, "head"))
        self._gaze.restore(part(samples, "gaze"))


class Samples:
    """Values taken at even spacing, one or more columns wide."""

    __slots__ = ("_columns", "_last_s", "_max_gap_s", "_spacing_s")

    def __init__(self, columns: int, spacing_s: float, max_gap_s: float) -> None:
        self._columns: tuple[list[float], ...] = tuple([] for _ in range(columns))
        self._spacing_s, self._max_gap_s = spacing_s, max_gap_s
        self._last_s: float | None = None

    @property
    def count(self) -> int:
        return len(self._columns[0])

    def unseen_s(self, at: float) -> float:
        """How long before `at` nothing was taken, where that is a gap and not the spacing."""
        passed_s = 0.0 if self._last_s is None else at - self._last_s
        return passed_s if passed_s > self._max_gap_s + self._spacing_s else 0.0

    def add(self, at: float, *values: float) -> None:
        if self.count >= SAMPLES or (self._last_s is not None and at - self._last_s < self._spacing_s):
            return
        self._last_s = at
        for column, value in zip(self._columns, values, strict=True):
            column.append(round(value, 6) if len(self._columns) == 1 else round(value, 1))

    def middle(self) -> tuple[float, ...]:
        """The median of each column."""
        return tuple(median(column) for column in self._columns)

    def believed(self, default: tuple[float, ...], reach_deg: float) -> str:
        """MEASURED, or why the default holds."""
        if self.count < MIN_SAMPLES:
            return "default, too few looks"
        middle = self.middle()
        spreads = (
            median(abs(value - centre) for value in column)
            for column, centre in zip(self._columns, middle, strict=True)
        )
        if max(spreads) > MAX_SPREAD_DEG:
            return "default, the looks lay far apart"
        if any(abs(found - usual) > reach_deg for found, usual in zip(middle, default, strict=True)):
            return TOO_FAR
        return MEASURED

    def towards(self, default: tuple[float, ...], reach_deg: float) -> tuple[float, ...]:
        """The middle, or what lies between it and the default no further than `reach_deg` per column."""
        pairs = zip(self.middle(), default, strict=True)
        return tuple(usual + min(reach_deg, max(-reach_deg, found - usual)) for found, usual in pairs)

    def forget(self) -> None:
        for column in self._columns:
            column.clear()

    def snapshot(self) -> Saved:
        columns: list[Json] = [[*column] for column in self._columns]
        return {"last_s": self._last_s, **{f"column{number}": each for number, each in enumerate(columns)}}

    def restore(self, saved: Saved) -> None:
        """Take over what `snapshot` gave. Raises ValueError for anything else."""
        self._last_s = optional_number(saved, "last_s")
        for number, column in enumerate(self._columns):
            column[:] = numbers(saved, f"column{number}", SAMPLES)


def _zone(bounds: list[float]) -> Zone:
    if len(bounds) != 4:
        raise ValueError("the snapshot's zone is not made of four bounds")
    return Zone(
        min_pitch_deg=bounds[0], max_pitch_deg=bounds[1], min_yaw_deg=bounds[2], max_yaw_deg=bounds[3]
    )
