"""Analyses a recording with the perception and rules of a live stream, as fast as the machine can.

A recording has no wall clock: its session begins at 1970-01-01T00:00:00Z, so an alert's times read as times
in the recording, and the same recording gives the same alerts byte for byte.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid5

from edge.analysis.ears import asked_to_hear, unheard
from edge.analysis.examination import Frame
from edge.analysis.eyes import asked_to_see, unseen
from edge.analysis.networks import Networks
from edge.analysis.perception import Perception
from edge.judging.alerts import AlertRevision, WatchedSession
from edge.judging.watch import Watch
from edge.media.frames import AudioWindow, VideoFrame
from edge.media.recording import Recording
from edge.media.tracks import Tracks
from shared.alerts import Alert, Shown
from shared.events.looks import Look
from shared.observations import Observation
from shared.policy.schema import Policy
from shared.unwatched import Unwatched, rounded

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
NODE_ID = UUID("00000000-0000-8000-8000-000000000000")
"""The id for a machine that analyses a recording; not a node of a fleet."""
_RECORDINGS = UUID("7f0d1d0e-8f6e-5d0c-9a57-2c1f4f7a6b11")

Noted = tuple[Observation, Frame | None]
"""An observation with its pixels."""
Keep = Callable[[Observation], None]
Report = Callable[[float], None]


def session_id_of(name: str) -> UUID:
    """The session id of a recording; equal for equal names."""
    return uuid5(_RECORDINGS, name)


def recorded_session(name: str, policy: Policy, networks: Networks) -> WatchedSession:
    """The session data in a recording's alerts."""
    title = name.encode("utf-8", "replace").decode().replace("\x00", "")[:200] or "recording"
    return WatchedSession(
        session_id=session_id_of(name),
        exam_session_id=title,
        candidate_id="recording",
        exam_id="analysis",
        policy=policy,
        started_utc=BEGINNING,
        node_id=NODE_ID,
        region="offline",
        models=networks.labels,
        device=lambda: networks.device,
    )


@dataclass(slots=True)
class Analysis:
    """The results of one recording."""

    duration_s: float = 0.0
    """Time at which its last picture or sound ends."""
    frames: int = 0
    analysed_frames: int = 0
    wall_s: float = 0.0
    """From the first picture read to the last alert, without opening the networks."""
    heard: bool = False
    tracks: Tracks = field(default_factory=Tracks)
    """How much of the recording could be read."""
    unwatched_s: Unwatched = field(default_factory=dict)
    """Seconds in which nothing was looked at or heard, by kind."""
    revisions: dict[UUID, AlertRevision] = field(default_factory=dict)
    """The last revision of every alert, in order of raising."""
    jpegs: dict[UUID, bytes] = field(default_factory=dict)
    """Pictures by alert, for alerts that have one; it comes with an alert's first revision."""

    @property
    def realtime_factor(self) -> float:
        """How many times faster than real time."""
        return self.duration_s / self.wall_s if self.wall_s > 0 else 0.0

    @property
    def alerts(self) -> list[Alert]:
        return [each.alert for each in self.revisions.values()]

    @property
    def shown(self) -> list[Shown]:
        """The alerts with their pictures."""
        return [Shown(alert, self.jpegs.get(alert.event_id)) for alert in self.alerts]


async def analyse(
    recording: Recording, perception: Perception, watch: Watch, *, keep: Keep, report: Report
) -> Analysis:
    """Analyse a recording from beginning to end.

    `keep` gets every observation in order, `report` the time reached. Raises `Rejected` when the recording
    cannot be decoded.
    """
    analysis = Analysis()
    started = time.perf_counter()
    for media in recording.media(analysis.tracks):
        now = media.at_s if isinstance(media, VideoFrame) else media.ends_at_s
        if isinstance(media, VideoFrame):
            noted = await _look(media, perception, analysis, sound=analysis.tracks.sound.frames > 0)
        else:
            noted = await _listen(media, perception, analysis)
        for observation, frame in noted:
            _keep(analysis, _ticks(watch, now))
            _keep(analysis, watch.observe(observation, frame))
            keep(observation)
        analysis.duration_s = max(analysis.duration_s, now)
        report(now)
    _keep(analysis, _ticks(watch, analysis.duration_s))
    _keep(analysis, watch.finish(analysis.duration_s))
    analysis.unwatched_s = rounded(watch.unwatched(analysis.duration_s))
    analysis.wall_s = time.perf_counter() - started
    return analysis


async def _look(frame: VideoFrame, perception: Perception, analysis: Analysis, *, sound: bool) -> list[Noted]:
    """Observe a picture, and report missing sound if `sound` ended before the pictures."""
    analysis.frames += 1
    seen = await perception.look(frame)
    analysis.analysed_frames += seen.frame is not None
    missed = perception.miss_sound(frame) if sound else None
    return [(seen.observation, seen.frame)] + ([] if missed is None else [(missed, None)])


async def _listen(window: AudioWindow, perception: Perception, analysis: Analysis) -> list[Noted]:
    analysis.heard = True
    heard = await perception.listen(window)
    return [] if heard is None else [(heard.observation, None)]


def unavailable(
    analysis: Analysis,
    recording: Recording,
    networks: Networks,
    policy: Policy,
    *,
    level: int,
    enrolled: bool,
) -> dict[str, str]:
    """Needed looks that this analysis cannot do, each with the reason."""
    reasons = unseen(networks.missing, policy, level) | unheard(networks.missing, policy)
    if not enrolled and policy.features.face_verification:
        reasons.setdefault(Look.IDENTITY, "nobody is enrolled: give pictures with --enroll")
    if policy.features.audio_monitoring and not analysis.heard:
        lost = analysis.tracks.sound.undecodable
        why = "the recording's sound cannot be decoded" if lost else "the recording has no sound"
        reasons |= dict.fromkeys(asked_to_hear(policy), why)
    if not recording.has_video:
        reasons |= dict.fromkeys(asked_to_see(policy), "the recording has no pictures")
    return {look.value: reason for look, reason in sorted(reasons.items())}


def _ticks(watch: Watch, now: float) -> list[AlertRevision]:
    """Alerts that became due by time alone until `now`."""
    revisions: list[AlertRevision] = []
    deadline_s = watch.deadline()
    while deadline_s is not None and deadline_s <= now:
        revisions += watch.tick(deadline_s)
        deadline_s = watch.deadline()
    return revisions


def _keep(analysis: Analysis, revisions: list[AlertRevision]) -> None:
    for each in revisions:
        analysis.revisions[each.alert.event_id] = each
        for picture in each.pictures:
            analysis.jpegs[each.alert.event_id] = picture.jpeg
