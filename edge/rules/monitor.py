"""All rules of one session: takes observations and the time, returns findings.

The caller's obligations:

* One clock: `at` and `now` are seconds on the session clock; `at` of video is its capture time, `now` the
  time of the call. In a recording they are the same.
* Order: audio windows in order, analysed frames in order; the two may interleave. An observation that comes
too late is left out and counted in `late`.
* Every frame is reported when it arrives, analysed or not (an observation with its `frame_id` and nothing
  else): an analysis that takes long must not look like a stalled stream. The analysis may follow later.
* `tick(now)` is called when `deadline()` is reached, before newer observations; the deadline is read
  again after every call. A caller that is late says by how much, because frames that arrived meanwhile may be
  unread.
* `finish()` is called at the end, and no call follows; or when a pause begins, and `resume(now)` follows.

The same calls give the same findings, on a live stream, a recording or another node (`snapshot`, `restore`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace

from edge.rules import hearing, seeing
from edge.rules.bounded import Bounded, BoundedState
from edge.rules.episode import EpisodeState
from edge.rules.episodes import Episodes
from edge.rules.failures import LATE_S, Failures, FailuresState, any_done
from edge.rules.findings import Finding, Phase
from edge.rules.frame_rate import FrameRate, FrameRateState
from edge.rules.fusion import Fusion, FusionState
from edge.rules.hearing import Hearing
from edge.rules.seeing import Seeing, SeeingState
from edge.rules.settings import Settings
from edge.rules.speech import SpeechState
from edge.rules.stream import Stream, StreamState
from edge.rules.unjudged import Unjudged, UnjudgedState
from edge.rules.watched import Watched, WatchedState
from shared.events.types import EventType
from shared.observations import Observation
from shared.saving import Count, Json, Saved, restore, save
from shared.unwatched import Kind

OF_THE_MACHINES = (
    EventType.LOW_FRAME_RATE,
    EventType.ANALYSIS_DEGRADED,
    EventType.NOT_JUDGED,
    EventType.UNWATCHED,
)
HELD = (*seeing.EVENTS, *hearing.EVENTS, *OF_THE_MACHINES)
"""Events whose condition must last."""


@dataclass(slots=True)
class MonitorState:
    """The state of all rules of one session."""

    episodes: dict[EventType, EpisodeState]
    stream: StreamState = field(default_factory=StreamState)
    frame_rate: FrameRateState = field(default_factory=FrameRateState)
    seeing: SeeingState = field(default_factory=SeeingState)
    speech: SpeechState = field(default_factory=SpeechState)
    fusion: FusionState = field(default_factory=FusionState)
    failures: FailuresState = field(default_factory=FailuresState)
    unjudged: UnjudgedState = field(default_factory=UnjudgedState)
    watched: WatchedState = field(default_factory=WatchedState)
    bounded: BoundedState = field(default_factory=BoundedState)
    late: Count = 0
    video_s: float | None = None
    """Capture time of the last observation of video …"""
    audio_s: float | None = None
    """… and of sound."""


class Monitor:
    """Applies every rule of one session. Pure: no clock, no lock, no log."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._go_on(MonitorState(episodes=Episodes.begun(HELD, settings)))

    @property
    def late(self) -> int:
        """Observations left out because a newer one of their channel had arrived."""
        return self._state.late

    def observe(self, observation: Observation, now: float | None = None) -> list[Finding]:
        """Add one observation that arrives now. Returns the changes it makes, in order of judgement.

        `now`: None for a recording, where every observation arrives at its own time.
        """
        now = observation.at if now is None else now
        findings = self._heed(observation, now)
        unwatched = self._watched.judge(min(observation.at, now))
        if unwatched.value is not None:
            self._episodes.note(findings, EventType.UNWATCHED, observation, unwatched)
        return self._bounded.passed(findings, now)

    def expect(self, now: float) -> None:
        """Note that a page has connected and must send pictures: missing ones count from now on."""
        self._stream.expect(now)
        self._watched.expect(now)

    def tick(self, now: float, late_s: float = 0.0) -> list[Finding]:
        """Report what has become true by time alone. `late_s`: how long the call is overdue."""
        if late_s > LATE_S:
            self._stream.excuse(now)
            self._watched.late(late_s)
            self._failures.late(now, late_s)
        return self._bounded.passed(self._stream.tick(now), now)

    def happened(self, event: EventType, now: float) -> list[Finding]:
        """An event of one instant that no observation shows; empty when the exam does not ask for it."""
        if event not in self._settings.rules:
            return []
        both = [
            Finding(
                event=event,
                phase=phase,
                onset_s=now,
                raised_s=now,
                at_s=now,
                confidence=1.0,
                evidence={},
            )
            for phase in Phase
        ]
        return self._bounded.passed(both, now)

    def deadline(self) -> float | None:
        """When `tick` is next needed; None while only an observation can cause a change."""
        return self._stream.deadline()

    def unwatched(self, now: float) -> dict[Kind, float]:
        """Unwatched seconds so far, for each kind of look that was expected."""
        return self._watched.seconds(now)

    def finish(self, now: float) -> list[Finding]:
        """End every raised event at the end of the session, with its last known values."""
        ends = [self._seeing.finish(), self._hearing.finish()]
        ends.append(self._fusion.finish() if self._fusion is not None else None)
        known = [finding for finding in ends if finding is not None]
        self._watched.close(now)
        return self._bounded.finish([*self._stream.finish(now), *self._episodes.finish(), *known])

    def resume(self, now: float) -> None:
        """Go on after a pause. Its time does not count as waiting, and baselines stay."""
        self._pause(now)
        self._seeing.begin_again(now)

    def forget(self, events: Collection[EventType], now: float) -> None:
        """End these events without a finding, because their end was told elsewhere. What still holds begins
        now, and nothing counts twice."""
        self._episodes.forget(events, now)
        self._stream.forget(events, now)
        self._seeing.forget(events)
        self._hearing.forget(events)
        if self._fusion is not None and EventType.HIGH_CONFIDENCE_CHEATING in events:
            self._fusion.forget(now)
        self._bounded.forget(events)

    def holding(self) -> Mapping[EventType, float]:
        """Pending and raised conditions, each with its onset: their onset frames must be kept."""
        company_s = self._seeing.company_onset_s
        perhaps = {} if company_s is None else {EventType.MULTIPLE_FACES: company_s}
        holding = perhaps | self._stream.holding() | self._episodes.holding()
        more = {
            EventType.FACE_MISMATCH: self._seeing.mismatch_onset_s,
            EventType.VOICE_DETECTED: self._hearing.voice_onset_s,
            EventType.HIGH_CONFIDENCE_CHEATING: None if self._fusion is None else self._fusion.onset_s,
        }
        holding |= {event: onset_s for event, onset_s in more.items() if onset_s is not None}
        return holding | self._bounded.holding()

    def _heed(self, observation: Observation, now: float) -> list[Finding]:
        """Judge one observation by every rule that it concerns."""
        findings: list[Finding] = []
        if observation.frame_id is None:
            self._watched.hear(observation)
        else:
            findings = self._arrived(observation, now)
        if not observation.failed and not any_done(observation):
            return findings
        if not self._in_order(observation):
            self._state.late += 1
            return findings
        failing = self._failures.judge(observation)
        self._episodes.note(findings, EventType.ANALYSIS_DEGRADED, observation, failing)
        self._episodes.note(findings, EventType.NOT_JUDGED, observation, self._unjudged.judge(observation))
        if observation.frame_id is None:
            self._hearing.hear(observation, findings)
        else:
            self._seeing.look(observation, findings, stalled=self._stream.stalled)
        self._fuse(observation, findings)
        return findings

    def _arrived(self, observation: Observation, now: float) -> list[Finding]:
        """Note a frame that has just arrived, or one that arrived earlier and has now been analysed."""
        arrives = self._stream.is_new(observation.at)
        self._watched.see(observation, now, arrives=arrives, shows=self._seeing.shows(observation))
        if not arrives:
            return []
        findings = self._stream.frame(observation.at, now)
        rate = self._frame_rate.judge(now, damaged=observation.damaged)
        if rate.value is not None:
            # The rate is judged by arrival: a picture taken seconds ago arrives now.
            self._episodes.note(findings, EventType.LOW_FRAME_RATE, replace(observation, at=now), rate)
        return findings

    def _in_order(self, observation: Observation) -> bool:
        """Note the time of the observation's channel; False when a newer one was added."""
        own, video = self._state, observation.frame_id is not None
        last_s = own.video_s if video else own.audio_s
        if last_s is not None and observation.at <= last_s:
            return False
        if video:
            own.video_s = observation.at
        else:
            own.audio_s = observation.at
        return True

    def _fuse(self, observation: Observation, findings: list[Finding]) -> None:
        """Add the time in which the fusion's events hold, and the finding that this makes."""
        fusion = self._fusion
        if fusion is None:
            return
        for event in fusion.events:
            span = self._span(event, observation)
            if span is not None:
                fusion.note(event, *span)
        fused = fusion.see(observation.at)
        if fused is not None:
            findings.append(fused)

    def _span(self, event: EventType, observation: Observation) -> tuple[float, float] | None:
        """Start and end of the time that a term counts in this observation; None without any."""
        at = observation.at
        if event is EventType.FACE_MISMATCH:
            return (at, at) if self._seeing.mismatching(observation) else None
        if event is EventType.GAZE_OFF_SCREEN:
            return self._seeing.gaze_run
        if event is EventType.VOICE_DETECTED:
            return self._hearing.voice_span
        return self._episodes.span(event, at)

    def snapshot(self) -> Saved:
        """The whole state as JSON, a few kilobytes, for another node to continue."""
        return save(self._state)

    def restore(self, saved: Json, *, resumed_s: float | None = None) -> None:
        """Restore a snapshot made under the same settings.

        With `resumed_s` every wait pauses from the snapshot's last values until then: the time of a
        hand-over counts neither for nor against the candidate. Raises ValueError for an invalid snapshot;
        the monitor must not be used afterwards.
        """
        self._go_on(restore(MonitorState, saved))
        if resumed_s is not None:
            self._pause(resumed_s)

    def take_over(self, before: Monitor) -> None:
        """Take over the baselines of this session's earlier monitor. Call it before the first observation.

        Waits and counts start again, because the earlier monitor had other settings or did not watch for a
        while. A baseline starts again if its own settings have changed.
        """
        usual, seen = self._state.seeing, deepcopy(before._state.seeing)
        if self._settings.measured_alike(before._settings):
            usual.calibration = seen.calibration
        if self._settings.company == before._settings.company:
            usual.company = seen.company
        self._go_on(self._state)

    def _go_on(self, state: MonitorState) -> None:
        """Make the rules from the settings and a state; they share the state and update it."""
        settings = self._settings
        self._state = state
        self._episodes = Episodes(HELD, settings, state.episodes)
        self._stream = Stream(settings, state.stream)
        self._frame_rate = FrameRate(settings, state.frame_rate)
        self._seeing = Seeing(settings, self._episodes, state.seeing)
        self._hearing = Hearing(settings, self._episodes, state.speech)
        fuses = EventType.HIGH_CONFIDENCE_CHEATING in settings.rules
        self._fusion = Fusion(settings, state.fusion) if fuses else None
        self._failures = Failures(settings, state.failures)
        self._unjudged = Unjudged(state.unjudged)
        self._watched = Watched(settings, state.watched)
        self._bounded = Bounded(state.bounded)

    def _pause(self, until_s: float) -> None:
        self._episodes.pause(until_s)
        self._stream.pause(until_s)
        self._frame_rate.pause(until_s)
        self._seeing.pause(until_s)
        self._hearing.pause(until_s)
        self._watched.pause(until_s)
