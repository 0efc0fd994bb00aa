"""Judges analysed frames: camera, face, identity, head and gaze, body, people and objects.

While the picture is black, frozen or stalled, face and body are unknown. A head turned away and a gaze off
the screen at the same time are one thing: only the one raised first is reported, and it names the other.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from edge.rules import conditions, head, objects
from edge.rules.calibration import Calibration, CalibrationState
from edge.rules.company import Company, CompanyState, Present
from edge.rules.episodes import Episodes
from edge.rules.findings import NO, Finding, Judgement
from edge.rules.frozen import Frozen
from edge.rules.gaze import Gaze, GazeState
from edge.rules.hands import Hands
from edge.rules.identity import Mismatch, MismatchState, Unverified, UnverifiedState, is_mismatch
from edge.rules.liveness import Liveness, LivenessState
from edge.rules.recent_looks import RecentLooksState
from edge.rules.settings import Settings
from shared.events.types import EventType
from shared.observations import Observation

EVENTS = (
    EventType.CAMERA_BLOCKED,
    EventType.CAMERA_FROZEN,
    EventType.FACE_NOT_FOUND,
    EventType.MULTIPLE_FACES,
    EventType.PICTURE_IN_VIEW,
    EventType.PRESENCE_LOSS,
    EventType.IDENTITY_UNVERIFIED,
    EventType.PRESENTATION_ATTACK,
    EventType.HEAD_TURNED_AWAY,
    EventType.GAZE_OFF_SCREEN,
    EventType.PROLONGED_LOOK_AWAY,
    EventType.FREQUENT_DISTRACTION,
    EventType.HEAD_DOWN,
    EventType.SUSPICIOUS_MOVEMENT,
    EventType.LEFT_FRAME,
    EventType.HAND_NEAR_EAR,
    EventType.MULTIPLE_PERSONS,
    EventType.PHONE_VISIBLE,
    EventType.BOOK_VISIBLE,
)
"""Video events whose condition must last, in the order in which they are judged."""

OF_A_FACE = (
    EventType.HEAD_TURNED_AWAY,
    EventType.GAZE_OFF_SCREEN,
    EventType.PROLONGED_LOOK_AWAY,
    EventType.HEAD_DOWN,
)
"""Events that need a face. A raised one ends when no face is left, because a missing face is an event of its
own. A pending one stays undecided when the face is lost for a moment, which is common for turned faces."""


NOBODY_KNOWN = Present(own=None, faces=(), counted=(), people=(), undecided=(), pictures=())
"""Used when faces were not looked for."""


@dataclass(slots=True)
class SeeingState:
    """The state of the video rules."""

    frozen: RecentLooksState = field(default_factory=RecentLooksState)
    hands: RecentLooksState = field(default_factory=RecentLooksState)
    calibration: CalibrationState = field(default_factory=CalibrationState)
    company: CompanyState = field(default_factory=CompanyState)
    mismatch: MismatchState = field(default_factory=MismatchState)
    unverified: UnverifiedState = field(default_factory=UnverifiedState)
    gaze: GazeState = field(default_factory=GazeState)
    liveness: LivenessState = field(default_factory=LivenessState)
    movement: head.MovementState = field(default_factory=head.MovementState)
    dark: bool = False
    """Whether the last picture was black or uniform: it hides everything at once, before any hold."""
    blind: bool = False
    """Whether the picture shows nothing: black, covered or frozen."""
    unseen: bool = False
    """Whether the last look saw nothing, also because of a stall."""
    faces_s: float | None = None
    """Last time faces were looked for."""
    pose_s: float | None = None
    """Last time shoulders were seen."""


class Seeing:
    """Judges analysed frames. The monitor owns the episodes."""

    def __init__(self, settings: Settings, episodes: Episodes, state: SeeingState) -> None:
        rules = settings.rules
        self._settings = settings
        self._episodes = episodes
        self._state = state
        self._frozen = Frozen(settings, state.frozen)
        self._hands = Hands(settings, state.hands)
        self._calibration = Calibration(settings, state.calibration)
        self._company = Company(settings.company, state.company)
        self._mismatch = Mismatch(settings, state.mismatch) if EventType.FACE_MISMATCH in rules else None
        self._unverified = Unverified(state.unverified)
        self._gaze = Gaze(settings, state.gaze)
        liveness, movement = EventType.PRESENTATION_ATTACK in rules, EventType.SUSPICIOUS_MOVEMENT in rules
        self._liveness = Liveness(settings, state.liveness) if liveness else None
        self._movement = head.Movement(settings, state.movement) if movement else None

    @property
    def mismatch_onset_s(self) -> float | None:
        """Time of the first mismatch counted now; None without one."""
        return None if self._mismatch is None else self._mismatch.onset_s

    @property
    def gaze_run(self) -> tuple[float, float] | None:
        """Start and end of the current run of looks off the screen."""
        return self._gaze.run

    @property
    def company_onset_s(self) -> float | None:
        """Start of the time with perhaps more than one face; None with at most one."""
        asked = EventType.MULTIPLE_FACES in self._settings.rules
        return self._company.more_than_one_since_s(self._state.faces_s) if asked else None

    def mismatching(self, observation: Observation) -> bool:
        """Whether the observation just judged has a check that FACE_MISMATCH counts."""
        return (
            observation.identity is not None
            and self._mismatch is not None
            and not self._state.unseen
            and is_mismatch(observation.identity, self._settings)
        )

    def shows(self, observation: Observation) -> bool:
        """Whether a frame shows anything: it is not black, and no camera is blocked or frozen."""
        blocked, raised = conditions.camera_blocked(observation, self._settings).value, self._episodes.raised
        dark = self._state.dark if blocked is None else blocked
        return not (dark or raised(EventType.CAMERA_BLOCKED) or raised(EventType.CAMERA_FROZEN))

    def look(self, observation: Observation, findings: list[Finding], *, stalled: bool) -> None:
        """Judge a frame; changes are appended to `findings`."""
        if observation.picture is not None:
            blocked = conditions.camera_blocked(observation, self._settings)
            self._state.dark = bool(blocked.value)
            note = self._episodes.note
            note(findings, EventType.CAMERA_BLOCKED, observation, blocked)
            if EventType.CAMERA_FROZEN in self._episodes and not self._state.dark:
                frozen = self._frozen.judge(observation)
                note(findings, EventType.CAMERA_FROZEN, observation, frozen)
            self._state.blind = not self.shows(observation)
        self._state.unseen = stalled or self._state.blind
        if self._state.unseen:
            return
        present = self._present(observation)
        if present is not None:
            if present.changed and self._movement is not None:
                self._movement.begin_anew()
            observation = of_people(observation, present)
            self._look_at_faces(observation, present, findings)
        self._look_at_identity(observation, findings)
        self._look_at_direction(observation, findings)
        self._look_at_body(observation, findings)
        self._look_at_things(observation, present or NOBODY_KNOWN, findings)

    def _present(self, observation: Observation) -> Present | None:
        """The frame's faces, sorted by what they are; None if faces were not looked for."""
        faces, place = observation.faces, observation.own_face
        if faces is None:
            return None
        self._state.faces_s = observation.at
        own = faces[place] if place is not None and place < len(faces) else None
        alike = [faces[place] for place in observation.alike_faces if place < len(faces)]
        return self._company.see(observation.at, faces, own, alike)

    def _look_at_faces(self, observation: Observation, present: Present, findings: list[Finding]) -> None:
        settings, note = self._settings, self._episodes.note
        calibrated = self._calibration.see(observation, present.own)
        if calibrated is not None:
            findings.append(calibrated)
        note(findings, EventType.FACE_NOT_FOUND, observation, conditions.face_not_found(observation))
        note(findings, EventType.MULTIPLE_FACES, observation, conditions.multiple_faces(present, settings))
        raised = self._episodes.raised(EventType.PICTURE_IN_VIEW)
        picture = self._company.picture_in_view(observation.at, raised=raised)
        note(findings, EventType.PICTURE_IN_VIEW, observation, picture)
        if EventType.PRESENCE_LOSS in settings.rules:
            usual = self._calibration.usual_share
            loss = conditions.presence_loss(observation, present.own, settings, usual)
            note(findings, EventType.PRESENCE_LOSS, observation, loss)

    def _look_at_identity(self, observation: Observation, findings: list[Finding]) -> None:
        note = self._episodes.note
        note(findings, EventType.IDENTITY_UNVERIFIED, observation, self._unverified.judge(observation))
        mismatch = self._mismatch.see(observation) if self._mismatch is not None else None
        if mismatch is not None:
            findings.append(mismatch)
        if observation.liveness is not None and self._liveness is not None:
            note(findings, EventType.PRESENTATION_ATTACK, observation, self._liveness.judge(observation))

    def _look_at_direction(self, observation: Observation, findings: list[Finding]) -> None:
        """Judge head and gaze; report them once when they coincide."""
        if observation.faces is not None and not observation.faces:
            for event in OF_A_FACE:
                if self._episodes.raised(event):
                    self._episodes.note(findings, event, observation, NO)
            return
        settings, episodes = self._settings, self._episodes
        turned_event, off_event = EventType.HEAD_TURNED_AWAY, EventType.GAZE_OFF_SCREEN
        if observation.head is not None and turned_event in settings.rules:
            turned = head.head_turned_away(observation, settings)
            self._note_one_of(findings, observation, (turned_event, off_event), turned)
        if observation.gaze is not None:
            off, often = self._gaze.see(observation, self._calibration.zone_for(observation.gaze))
            self._note_one_of(findings, observation, (off_event, turned_event), off)
            episodes.note(findings, EventType.PROLONGED_LOOK_AWAY, observation, off)
            episodes.note(findings, EventType.FREQUENT_DISTRACTION, observation, often)
        if observation.head is not None:
            if EventType.HEAD_DOWN in settings.rules:
                usual_deg = self._calibration.usual_pitch_for(observation.head)
                down = head.head_down(observation, settings, usual_deg)
                episodes.note(findings, EventType.HEAD_DOWN, observation, down)
            if self._movement is not None:
                moved = self._movement.judge(observation)
                episodes.note(findings, EventType.SUSPICIOUS_MOVEMENT, observation, moved)

    def _note_one_of(
        self,
        findings: list[Finding],
        observation: Observation,
        events: tuple[EventType, EventType],
        judgement: Judgement,
    ) -> None:
        """Add a judgement of the first event, whose twin is the second.

        A muted or disabled event is neither reported nor combined with its twin.
        """
        event, twin = events
        episodes = self._episodes
        if event not in episodes:
            return
        if judgement.value and episodes.raised(twin) and not episodes.raised(event):
            episodes.join(twin, event)
            judgement = NO
        beside = twin if judgement.value and episodes.onset_s(twin) is not None else None
        episodes.note(findings, event, observation, judgement, beside)

    def _look_at_body(self, observation: Observation, findings: list[Finding]) -> None:
        note = self._episodes.note
        if observation.body is not None:
            left = conditions.left_frame(observation, self._state.pose_s)
            note(findings, EventType.LEFT_FRAME, observation, left)
            if observation.body.shoulders_visible:
                self._state.pose_s = observation.at
        if observation.hands is not None and EventType.HAND_NEAR_EAR in self._settings.rules:
            note(findings, EventType.HAND_NEAR_EAR, observation, self._hands.judge(observation))

    def _look_at_things(self, observation: Observation, present: Present, findings: list[Finding]) -> None:
        note = self._episodes.note
        if observation.persons is not None:
            several = objects.multiple_persons(observation, present)
            note(findings, EventType.MULTIPLE_PERSONS, observation, several)
        if observation.objects is None:
            return
        for event in objects.KINDS:
            if event in self._settings.rules:
                note(findings, event, observation, objects.object_visible(observation, event, self._settings))

    def pause(self, until_s: float) -> None:
        """Do not count the time until `until_s` as waiting."""
        self._company.pause(until_s)
        if self._mismatch is not None:
            self._mismatch.pause(until_s)

    def begin_again(self, at: float) -> None:
        """Count people seen before as present from `at` on only."""
        self._company.begin_again(at)

    def forget(self, events: Collection[EventType]) -> None:
        """Count again nothing that these events were made of."""
        if self._mismatch is not None and EventType.FACE_MISMATCH in events:
            self._mismatch.forget()
        if EventType.FREQUENT_DISTRACTION in events:
            self._state.gaze.episodes.clear()
        if EventType.SUSPICIOUS_MOVEMENT in events:
            self._state.movement.turns.clear()

    def finish(self) -> Finding | None:
        """End the mismatch, if raised, at the end of the session."""
        return None if self._mismatch is None else self._mismatch.finish()


def of_people(observation: Observation, present: Present) -> Observation:
    """The observation without the faces of pictures, and without results about faces other than the
    candidate's."""
    faces, place = observation.faces or (), observation.own_face
    if present.faces != faces:
        observation = replace(observation, faces=present.faces, own_face=None)
    alone = faces[0] if len(faces) == 1 else None
    looked_at = faces[place] if place is not None and place < len(faces) else alone
    if looked_at is None or looked_at == present.own:
        return observation
    return replace(observation, identity=None, head=None, gaze=None, liveness=None)
