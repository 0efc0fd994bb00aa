"""One session's pipeline without I/O: takes observations and the time, returns alerts.

Live sessions and recordings use the same `Watch`; its caller has the same obligations as that of
`edge.rules.monitor`. When a condition begins, a thumbnail of that frame is kept until the event ends or the
condition is dropped, so that an alert shows its onset and not a later moment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from edge.judging.alerts import AlertRevision, WatchedSession, write_alert
from edge.judging.camera import camera_findings
from edge.judging.inherited import Inherited
from edge.judging.policy_settings import monitor_settings
from edge.judging.thumbnails import thumbnail
from edge.rules.findings import Finding, Phase
from edge.rules.monitor import Monitor
from shared.alerts import Alert, alert_id
from shared.cameras import SHOWN_CHARS, Camera
from shared.errors import Corrupt
from shared.events.table import EVENTS
from shared.events.types import EventType
from shared.evidence import MAX_PICTURE_BYTES
from shared.excerpts import Excerpt
from shared.observations import Observation
from shared.saving import AtLeast, AtMost, Omit, Saved, restore, save
from shared.unwatched import Unwatched

JPEG_BEGINS = b"\xff\xd8"
MAX_CAMERAS = 4
"""The most remarks about cameras, because a page may send a new name any number of times."""
PICTURED = frozenset(event for event, row in EVENTS.items() if row.pictured)
"""Events with a picture as evidence."""


@dataclass(frozen=True, slots=True)
class KeptPicture:
    """The kept picture of a pending or raised condition."""

    onset_s: float
    jpeg: Annotated[bytes, AtMost(MAX_PICTURE_BYTES)]

    def __post_init__(self) -> None:
        if not self.jpeg.startswith(JPEG_BEGINS):
            raise ValueError("the snapshot's picture is not a JPEG")


@dataclass(slots=True)
class WatchState:
    """The state of a watch besides its rules."""

    level: Annotated[int, AtLeast(0), AtMost(4)]
    kept: dict[EventType, KeptPicture] = field(default_factory=dict)
    """By event, for events that have a picture."""
    cameras: Annotated[list[Annotated[str, AtMost(SHOWN_CHARS)]], AtMost(MAX_CAMERAS), Omit.AT_DEFAULT] = (
        field(default_factory=list)
    )
    """The labels of the cameras that were reported as possible programs."""

    def __post_init__(self) -> None:
        if not self.kept.keys() <= PICTURED:
            raise ValueError("the snapshot has pictures of events that have none")


class Watch:
    """Watches one session. Not thread-safe; every call takes well under a millisecond, 2 ms at an onset."""

    def __init__(self, session: WatchedSession, *, level: int) -> None:
        """`level`: the degradation level until an observation has its own."""
        self._session = session
        self._monitor = Monitor(monitor_settings(session.policy))
        self._state = WatchState(level)
        self._excerpt: Excerpt | None = None
        """The spoken words around a phrase, kept until the event ends; never in a snapshot."""
        self._inherited = Inherited()

    @property
    def late(self) -> int:
        """Observations ignored because a newer one of their channel had arrived."""
        return self._monitor.late

    def observe(
        self,
        observation: Observation,
        frame: NDArray[np.uint8] | None = None,
        excerpt: Excerpt | None = None,
        *,
        now: float | None = None,
    ) -> list[AlertRevision]:
        """Process one observation, with its BGR frame or spoken words if any; returns the resulting
        alerts. `now`: when it comes; None for a recording."""
        self._state.level = observation.level
        self._excerpt = excerpt or self._excerpt
        findings = self._monitor.observe(observation, now)
        holding = {event: at for event, at in self._monitor.holding().items() if event in PICTURED}
        self._keep_onset_frames(holding, frame)
        written = self._write(findings)
        self._state.kept = {event: kept for event, kept in self._state.kept.items() if event in holding}
        return written + self._still_told(observation.at)

    def inherit(self, open_ones: Iterable[Alert], over: Collection[UUID], now: float) -> list[AlertRevision]:
        """Note what the session's former node has told. Call it before the first observation.

        What it has told as over is over: if its condition still holds, it begins anew. Returns the ends of
        alerts that another one stands for.
        """
        ended = {
            event
            for event, onset_s in self._monitor.holding().items()
            if alert_id(self._session.session_id, event, onset_s) in over
        }
        self._monitor.forget(ended, now)
        return self._inherited.take(open_ones, over, now, self._session)

    def judge_camera(self, camera: Camera, now: float) -> list[AlertRevision]:
        """The remark that a camera may be a program, once for each label and only for the first
        `MAX_CAMERAS`."""
        told = self._state.cameras
        if camera.shown in told or len(told) >= MAX_CAMERAS:
            return []
        findings = camera_findings(camera, now)
        if not findings or not self._session.policy.rule(EventType.VIRTUAL_CAMERA_SUSPECTED).enabled:
            return []
        told.append(camera.shown)
        return self._write(findings)

    def expect(self, now: float) -> None:
        """A page has connected: from now on a missing picture is reported. Read `deadline()` again."""
        self._monitor.expect(now)

    def happened(self, event: EventType, now: float) -> list[AlertRevision]:
        """The alerts of an event that lasts for one instant and does not come from an observation."""
        return self._write(self._monitor.happened(event, now))

    def tick(self, now: float, late_s: float = 0.0) -> list[AlertRevision]:
        """The alerts that follow from the passing of time; due at `deadline()`, `late_s` before now."""
        return self._write(self._monitor.tick(now, late_s))

    def deadline(self) -> float | None:
        """When `tick` is next needed, on the session clock; None: not before another observation."""
        return self._monitor.deadline()

    def pause(self, now: float) -> list[AlertRevision]:
        """Watch nothing until `resume`: end every open event, and keep no picture or spoken word."""
        ended = self.finish(now)
        self._state.kept, self._excerpt = {}, None
        return ended

    def resume(self, now: float) -> None:
        """Continue after `pause`. Its time does not count as waiting."""
        self._monitor.resume(now)

    def unwatched(self, now: float) -> Unwatched:
        """Seconds in which nothing was looked at, by kind of look."""
        return self._monitor.unwatched(now)

    def finish(self, now: float) -> list[AlertRevision]:
        """End the session: every open event ends with its last known values."""
        ended = self._write(self._monitor.finish(now))
        return ended + self._inherited.finish(now, self._session)

    def _still_told(self, at: float) -> list[AlertRevision]:
        if not self._inherited:
            return []
        return self._inherited.look(at, self._monitor.holding().keys(), self._session)

    def _write(self, findings: list[Finding]) -> list[AlertRevision]:
        written = []
        for finding in findings:
            kept = self._state.kept.get(finding.event)
            shown = kept.jpeg if kept is not None and kept.onset_s == finding.onset_s else None
            revision = write_alert(self._session, finding, level=self._state.level, jpeg=shown)
            if finding.event is EventType.KEYWORD_SPOKEN:
                revision = replace(revision, excerpt=self._excerpt)
            written.append(revision)
        if any(each.event is EventType.KEYWORD_SPOKEN and each.phase is Phase.CLEARED for each in findings):
            self._excerpt = None
        return self._inherited.passed(written) if self._inherited else written

    def _keep_onset_frames(self, holding: Mapping[EventType, float], frame: NDArray[np.uint8] | None) -> None:
        """Keep a thumbnail for each condition that has just begun."""
        begun = [event for event, onset_s in holding.items() if not self._keeps(event, onset_s)]
        jpeg = thumbnail(frame) if frame is not None and begun else None
        for event in begun:
            self._state.kept.pop(event, None)
            if jpeg is not None:
                self._state.kept[event] = KeptPicture(holding[event], jpeg)

    def _keeps(self, event: EventType, onset_s: float) -> bool:
        kept = self._state.kept.get(event)
        return kept is not None and kept.onset_s == onset_s

    def take_over(self, before: Watch) -> None:
        """Continue with the baselines and reported cameras of this session's earlier watch; see
        `Monitor.take_over`."""
        self._state.cameras = [*before._state.cameras]
        self._monitor.take_over(before._monitor)
        self._inherited = before._inherited

    def snapshot(self) -> Saved:
        """The whole state as JSON: the monitor's few kilobytes and the kept pictures."""
        told = {"inherited": self._inherited.snapshot()} if self._inherited else {}
        return {"monitor": self._monitor.snapshot(), **told, **save(self._state)}

    def restore(self, saved: Saved, *, resumed_s: float | None = None) -> None:
        """Continue from the state of another watch of this session; see `Monitor.restore` for `resumed_s`.

        Raises `Corrupt` for anything that is not such a snapshot; then the watch must not be used.
        """
        own = {name: value for name, value in saved.items() if name not in ("monitor", "inherited")}
        try:
            self._monitor.restore(saved.get("monitor"), resumed_s=resumed_s)
            self._state = restore(WatchState, own)
            if "inherited" in saved:
                self._inherited.restore(saved["inherited"])
        except ValueError as error:
            raise Corrupt("the session's snapshot cannot be restored") from error
