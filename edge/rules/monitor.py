"""One session's deciding core: observations and the time in, findings out.

The caller's obligations:

* One clock: `at` and `now` are seconds on the session clock; for video its capture time.
* Order: audio windows in order, analysed frames in order; the two may interleave as they come. What comes
  too late is left out and counted in `late`.
* Every frame is reported when it arrives, analysed or not (an observation with its `frame_id` and nothing
  else): an analysis that takes long must not look like a stalled stream. The analysis may follow later.
* `tick(now)` is called when `deadline()` is reached, before anything newer is observed; the deadline is asked
  for again after every call.
* `finish()` is called once, at the end; nothing is given afterwards.

The same calls give the same findings, on a live stream, a recording or another node (`snapshot`, `restore`).
"""

from __future__ import annotations

from collections.abc import Mapping

from edge.rules import conditions
from edge.rules.baseline import Baseline
from edge.rules.episode import Episode
from edge.rules.failures import Failures, tasks_done
from edge.rules.findings import Finding, Judgement
from edge.rules.identity import Mismatch, Unverified
from edge.rules.settings import Settings
from edge.rules.snapshots import Saved, flag, integer, number, optional_number, part
from edge.rules.speech import Speech
from edge.rules.stream import Stream
from shared.events import EventType
from shared.observations import Observation

SNAPSHOT_VERSION = 1

HELD = (
    EventType.CAMERA_BLOCKED,
    EventType.FACE_NOT_FOUND,
    EventType.MULTIPLE_FACES,
    EventType.PRESENCE_LOSS,
    EventType.LEFT_FRAME,
    EventType.IDENTITY_UNVERIFIED,
    EventType.ANALYSIS_DEGRADED,
)
"""Events whose condition must last, in the order they are judged."""


class Monitor:
    """Applies every rule of one session. Pure: no clock, no lock, no log."""

    def __init__(self, settings: Settings) -> None:
        self.late = 0
        """Observations left out because a newer one of their channel had come."""
        self._settings = settings
        rules = settings.rules
        self._episodes = {
            event: Episode(event, rules[event], settings.max_gap_s) for event in HELD if event in rules
        }
        self._stream = Stream(settings)
        self._baseline = Baseline(settings.baseline_s)
        self._mismatch = Mismatch(settings) if EventType.FACE_MISMATCH in rules else None
        self._speech = Speech(settings) if EventType.VOICE_DETECTED in rules else None
        self._unverified = Unverified()
        self._failures = Failures()
        self._video_s: float | None = None
        self._audio_s: float | None = None
        self._dark = False
        self._face_s: float | None = None
        """Last time a face was seen."""
        self._pose_s: float | None = None
        """Last time shoulders were seen."""

    def observe(self, observation: Observation) -> list[Finding]:
        """Take one observation; answers what it changed, in order of judgement."""
        findings = [] if observation.frame_id is None else self._stream.frame(observation.at)
        worked = tasks_done(observation)
        if not worked and not observation.failed:
            return findings
        if not self._in_order(observation):
            self.late += 1
            return findings
        self._note(
            findings, EventType.ANALYSIS_DEGRADED, observation, self._failures.judge(observation, worked)
        )
        if observation.speech is not None and self._speech is not None:
            findings += self._speech.see(observation)
        if observation.frame_id is not None:
            self._look(observation, findings)
        return findings

    def tick(self, now: float) -> list[Finding]:
        """What has become true by time alone."""
        return self._stream.tick(now)

    def deadline(self) -> float | None:
        """When `tick` is next needed; None while only an observation can change anything."""
        return self._stream.deadline()

    def finish(self, now: float) -> list[Finding]:
        """The session is over: every raised event ends with what was last known of it."""
        ends = [episode.finish() for episode in self._episodes.values()]
        ends.append(self._mismatch.finish() if self._mismatch else None)
        ends.append(self._speech.finish() if self._speech else None)
        return [*self._stream.finish(now), *(finding for finding in ends if finding is not None)]

    def holding(self) -> Mapping[EventType, float]:
        """Conditions pending or raised, each with its onset: whose onset frame is worth keeping."""
        holding = self._stream.holding()
        for event, episode in self._episodes.items():
            if episode.onset_s is not None:
                holding[event] = episode.onset_s
        if self._mismatch is not None and self._mismatch.onset_s is not None:
            holding[EventType.FACE_MISMATCH] = self._mismatch.onset_s
        if self._speech is not None and self._speech.onset_s is not None:
            holding[EventType.VOICE_DETECTED] = self._speech.onset_s
        return holding

    def _in_order(self, observation: Observation) -> bool:
        """Note the time of the observation's channel; False when a newer one has been taken."""
        video = observation.frame_id is not None
        last_s = self._video_s if video else self._audio_s
        if last_s is not None and observation.at <= last_s:
            return False
        if video:
            self._video_s = observation.at
        else:
            self._audio_s = observation.at
        return True

    def _look(self, observation: Observation, findings: list[Finding]) -> None:
        """Judge what an analysed frame shows."""
        settings = self._settings
        if observation.picture is not None:
            blocked = conditions.camera_blocked(observation, settings)
            self._dark = bool(blocked.value)
            self._note(findings, EventType.CAMERA_BLOCKED, observation, blocked)
        if self._blind():
            return
        self._look_at_face(observation, findings)
        self._look_at_body(observation, findings)

    def _look_at_face(self, observation: Observation, findings: list[Finding]) -> None:
        settings = self._settings
        if observation.faces:
            self._face_s = observation.at
        calibrated = self._baseline.see(observation)
        if calibrated is not None:
            findings.append(calibrated)
        judged = {EventType.FACE_NOT_FOUND: conditions.face_not_found(observation)}
        if EventType.MULTIPLE_FACES in settings.rules:
            judged[EventType.MULTIPLE_FACES] = conditions.multiple_faces(observation, settings)
        if EventType.PRESENCE_LOSS in settings.rules:
            judged[EventType.PRESENCE_LOSS] = conditions.presence_loss(
                observation, settings, self._baseline.share
            )
        judged[EventType.IDENTITY_UNVERIFIED] = self._unverified.judge(observation)
        for event, judgement in judged.items():
            self._note(findings, event, observation, judgement)
        mismatch = self._mismatch.see(observation) if self._mismatch is not None else None
        if mismatch is not None:
            findings.append(mismatch)

    def _look_at_body(self, observation: Observation, findings: list[Finding]) -> None:
        face_in_view = (
            bool(observation.faces)
            if observation.faces is not None
            else self._face_s is not None and observation.at - self._face_s <= self._settings.max_gap_s
        )
        judgement = conditions.left_frame(
            observation, face_in_view=face_in_view, last_seen_pose_s=self._pose_s
        )
        self._note(findings, EventType.LEFT_FRAME, observation, judgement)
        if observation.body is not None and observation.body.shoulders_visible:
            self._pose_s = observation.at

    def _blind(self) -> bool:
        """Whether face and body are unknown: a black picture, a blocked camera or a stalled stream."""
        blocked = self._episodes.get(EventType.CAMERA_BLOCKED)
        return self._dark or (blocked is not None and blocked.raised) or self._stream.stalled

    def _note(
        self, findings: list[Finding], event: EventType, observation: Observation, judgement: Judgement
    ) -> None:
        episode = self._episodes.get(event)
        finding = episode.see(observation, judgement) if episode is not None else None
        if finding is not None:
            findings.append(finding)

    def snapshot(self) -> Saved:
        """The whole state as JSON, a few kilobytes: what another node needs to go on."""
        return {
            "version": SNAPSHOT_VERSION,
            "episodes": {event.value: episode.snapshot() for event, episode in self._episodes.items()},
            "stream": self._stream.snapshot(),
            "baseline": self._baseline.snapshot(),
            "mismatch": self._mismatch.snapshot() if self._mismatch is not None else None,
            "speech": self._speech.snapshot() if self._speech is not None else None,
            "unverified": self._unverified.snapshot(),
            "failures": self._failures.snapshot(),
            "late": self.late,
            "video_s": self._video_s,
            "audio_s": self._audio_s,
            "dark": self._dark,
            "face_s": self._face_s,
            "pose_s": self._pose_s,
        }

    def restore(self, saved: Saved, *, resumed_s: float | None = None) -> None:
        """Take over a snapshot made under the same settings.

        With `resumed_s` every wait pauses from the snapshot's last values until then: the time of a
        hand-over, in which nobody looked, counts neither for nor against the candidate. Raises ValueError for
        anything that is not such a snapshot; the monitor is then not to be used.
        """
        if number(saved, "version") != SNAPSHOT_VERSION:
            raise ValueError(f"a snapshot of version {saved.get('version')} cannot be taken over")
        episodes = part(saved, "episodes")
        for event, episode in self._episodes.items():
            episode.restore(part(episodes, event.value))
        self._stream.restore(part(saved, "stream"))
        self._baseline.restore(part(saved, "baseline"))
        if self._mismatch is not None:
            self._mismatch.restore(part(saved, "mismatch"))
        if self._speech is not None:
            self._speech.restore(part(saved, "speech"))
        self._unverified.restore(part(saved, "unverified"))
        self._failures.restore(part(saved, "failures"))
        self.late = integer(saved, "late")
        self._video_s = optional_number(saved, "video_s")
        self._audio_s = optional_number(saved, "audio_s")
        self._dark = flag(saved, "dark")
        self._face_s = optional_number(saved, "face_s")
        self._pose_s = optional_number(saved, "pose_s")
        if resumed_s is not None:
            self._pause(resumed_s)

    def _pause(self, until_s: float) -> None:
        for episode in self._episodes.values():
            episode.pause(until_s)
        self._stream.pause(until_s)
        if self._speech is not None:
            self._speech.pause(until_s)
