"""One session's pipeline without I/O: observations and the time in, alerts out.

Live sessions and recordings are watched by the same `Watch`; the obligations of `edge.rules.monitor` are its
caller's too. When a condition begins, a thumbnail of that frame is kept until its event is over or it comes
to nothing, so that an alert shows what it is about and not what came after.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from edge.judging.alerts import AlertRevision, WatchedSession, write_alert
from edge.judging.policy_settings import monitor_settings
from edge.judging.thumbnails import thumbnail
from edge.rules.findings import Finding, Phase
from edge.rules.monitor import Monitor
from shared.errors import Corrupt
from shared.events.table import EVENTS
from shared.events.types import EventType
from shared.evidence import MAX_PICTURE_BYTES
from shared.excerpts import Excerpt
from shared.observations import Observation
from shared.saving import AtLeast, AtMost, Saved, restore, save

JPEG_BEGINS = b"\xff\xd8"
PICTURED = frozenset(event for event, row in EVENTS.items() if row.pictured)
"""Events a picture is evidence of. Others carry none: technical trouble needs no picture of a person."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The picture of a condition that is pending or raised."""

    onset_s: float
    jpeg: Annotated[bytes, AtMost(MAX_PICTURE_BYTES)]

    def __post_init__(self) -> None:
        if not self.jpeg.startswith(JPEG_BEGINS):
            raise ValueError("the snapshot's picture is not a JPEG")


@dataclass(slots=True)
class WatchState:
    """What a watch remembers besides its rules."""

    level: Annotated[int, AtLeast(0), AtMost(4)]
    kept: dict[EventType, Kept] = field(default_factory=dict)
    """By event, of those that have a picture."""

    def __post_init__(self) -> None:
        if not self.kept.keys() <= PICTURED:
            raise ValueError("the snapshot keeps pictures of what has none")


class Watch:
    """Watches one session. Not thread-safe; every call takes well under a millisecond, 2 ms at an onset."""

    def __init__(self, session: WatchedSession, *, level: int) -> None:
        """`level`: of degradation, until an observation says its own."""
        self._session = session
        self._monitor = Monitor(monitor_settings(session.policy))
        self._state = WatchState(level)
        self._excerpt: Excerpt | None = None
        """What was said around a phrase, until its event is over; never in a snapshot."""

    @property
    def late(self) -> int:
        """Observations left out because a newer one of their channel had come."""
        return self._monitor.late

    def observe(
        self,
        observation: Observation,
        frame: NDArray[np.uint8] | None = None,
        excerpt: Excerpt | None = None,
    ) -> list[AlertRevision]:
        """Take one observation, with its BGR frame or what was said where there is such; answers the alerts
        it makes."""
        self._state.level = observation.level
        self._excerpt = excerpt or self._excerpt
        findings = self._monitor.observe(observation)
        holding = {event: at for event, at in self._monitor.holding().items() if event in PICTURED}
        self._keep_onset_frames(holding, frame)
        written = self._write(findings)
        self._state.kept = {event: kept for event, kept in self._state.kept.items() if event in holding}
        return written

    def expect(self, now: float) -> None:
        """A page has connected: from now on it is said when no picture comes. Ask for `deadline()` again."""
        self._monitor.expect(now)

    def tick(self, now: float) -> list[AlertRevision]:
        """What has become true by time alone; due at `deadline()`."""
        return self._write(self._monitor.tick(now))

    def deadline(self) -> float | None:
        """When `tick` is next needed, on the session clock; None: not before another observation."""
        return self._monitor.deadline()

    def pause(self, now: float) -> list[AlertRevision]:
        """Nothing is watched until `resume`: every open event ends, and no picture or spoken word is kept."""
        ended = self.finish(now)
        self._state.kept, self._excerpt = {}, None
        return ended

    def resume(self, now: float) -> None:
        """Go on after `pause`; its time counts for no wait."""
        self._monitor.resume(now)

    def finish(self, now: float) -> list[AlertRevision]:
        """The session is over: every event still open ends with what was last known of it."""
        return self._write(self._monitor.finish(now))

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
        return written

    def _keep_onset_frames(self, holding: Mapping[EventType, float], frame: NDArray[np.uint8] | None) -> None:
        """Keep a thumbnail for each condition that has just begun."""
        begun = [event for event, onset_s in holding.items() if not self._keeps(event, onset_s)]
        jpeg = thumbnail(frame) if frame is not None and begun else None
        for event in begun:
            self._state.kept.pop(event, None)
            if jpeg is not None:
                self._state.kept[event] = Kept(holding[event], jpeg)

    def _keeps(self, event: EventType, onset_s: float) -> bool:
        kept = self._state.kept.get(event)
        return kept is not None and kept.onset_s == onset_s

    def snapshot(self) -> Saved:
        """The whole state as JSON: the monitor's few kilobytes and the pictures kept."""
        return {"monitor": self._monitor.snapshot(), **save(self._state)}

    def restore(self, saved: Saved, *, resumed_s: float | None = None) -> None:
        """Go on where another watch of this session stopped; see `Monitor.restore` for `resumed_s`.

        Raises `Corrupt` for anything that is not such a snapshot; the watch is then not to be used.
        """
        own = {name: value for name, value in saved.items() if name != "monitor"}
        try:
            self._monitor.restore(saved.get("monitor"), resumed_s=resumed_s)
            self._state = restore(WatchState, own)
        except ValueError as error:
            raise Corrupt("the session's snapshot cannot be taken over") from error
