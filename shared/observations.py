"""Perception's result for one instant: frozen values, no arrays, plain Python only.

`None` always means *unknown*: not analysed now, not possible, or the network failed. It is never "no".
Angles follow one convention, in the unmirrored camera picture: pitch + up, yaw + towards the
candidate's left, roll + towards the candidate's left shoulder; degrees. Times are seconds on the session
clock, which starts at zero with the session's media and is the same for live streams and recordings.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in the picture, from its upper left corner; pixels, possibly fractions."""

    x_px: float
    y_px: float
    width_px: float
    height_px: float

    @property
    def area_px2(self) -> float:
        return self.width_px * self.height_px


@dataclass(frozen=True, slots=True)
class FaceSeen:
    """One face found in the frame."""

    box: Box
    score: float
    """The detector's confidence, 0…1."""


LIKENESS = "likeness"
"""Named as a failed check where a recogniser cannot tell the candidate from somebody like them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityCheck:
    """One attempt to verify the candidate's identity (1 Hz)."""

    recogniser: str
    """`name@version`; similarities of different recognisers are never compared."""
    embedding_id: str
    """The template used."""
    similarity: float | None
    """Calibrated, 0…1 (0.50 median stranger, 0.75 operating point, 0.85 median same person); None when the
    frame did not pass the verification gate: such a check is neither match nor mismatch."""
    quality: float
    """Quality of the face picture, 0…1."""
    failed_gates: tuple[str, ...] = ()
    """Names of the verification gate's failed checks, or LIKENESS where the recogniser cannot decide; empty
    when there is a similarity."""


@dataclass(frozen=True, slots=True)
class HeadPose:
    pitch_deg: float
    yaw_deg: float
    roll_deg: float
    doubt_deg: float = 0.0
    """Difference of two measurements of the pose, ≥ 0; a smaller change is not a turn of the head."""
    pitch_error_deg: float = 0.0
    """How far off such a measurement may be for a person whose own usual pitch is not measured, ≥ 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GazeSeen:
    """The direction of the eyes, relative to the camera."""

    pitch_deg: float
    yaw_deg: float
    eyes_closed: bool = False
    """A blink: the direction is then invalid."""
    pitch_error_deg: float = 0.0
    yaw_error_deg: float = 0.0
    """How far off such a measurement may be for a person whose own centre is not measured, ≥ 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonsSeen:
    """How many people are in the picture, by body or object detection."""

    count: int
    score: float
    """Score of the least certain of them, 0…1; 1 without persons."""
    boxes: tuple[Box, ...] = ()
    """Their places; empty where these are unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSeen:
    """One object found in the frame."""

    kind: str
    """`phone`, `book`, `laptop`."""
    score: float
    """The detector's confidence, 0…1."""
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class HandsSeen:
    """The place of the hands."""

    to_ear_head_widths: float | None
    """Smallest distance between a wrist or hand and an ear, in widths of the head. None: no hand is in the
    picture, or those are at mouth or chin (a known value, not unknown)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BodySeen:
    """The upper body in the frame."""

    shoulders_visible: bool
    visible_keypoints: int
    """Of the network's 33 points, those with visibility ≥0.5."""
    presence: float
    """The landmark network's own presence flag, 0…1; below its gate no keypoint counts as visible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSeen:
    """Statistics of the whole frame's luma plane."""

    mean_luma: float
    """0 black … 255 white."""
    luma_variance: float
    """Of luma values, squared levels."""
    change: float | None
    """Mean absolute luma difference to the previously analysed frame in the sixteenth of the picture's width
    where it is largest, levels; None for the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechHeard:
    """Voice activity in one audio window that ends at the observation's time."""

    duration_s: float
    """Length of the window (0.512 s)."""
    probabilities: tuple[float, ...]
    """Speech probability of each equal part of the window, in order."""
    lost_share: float
    """Share of the window's audio that never arrived, 0…1; lost parts prove nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakersHeard:
    """The number of voices in a stretch of speech."""

    count: int
    window_s: float
    """Length of the sound analysed, which ends at the observation's time."""
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundHeard:
    """One kind of sound in the window."""

    kind: str
    """`typing`, `phone_ringing`, `door`, `whispering` (shared.policy.terms.Sound)."""
    score: float
    """0…1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhraseHeard:
    """A recognised phrase of the policy's list. No other spoken words are kept."""

    phrase: str
    score: float
    """0…1."""


@dataclass(frozen=True, slots=True)
class NotJudged:
    """A look that was made and says nothing, because the picture does not show enough."""

    task: str
    """Named like the task in `failed`."""
    reason: str
    """A few words: `the picture has no colour`, `eyes hidden`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """All results for one instant; looks that were not due are None.

    An observation with only a `frame_id` means: a frame arrived and was not analysed, because no look was
    due or because it is damaged.
    """

    at: float
    """Capture time on the session clock, seconds; for audio the end of the window."""
    level: int
    """Degradation level 0…4 in force."""
    frame_id: int | None = None
    """Running number of the video frame; None for audio."""
    frame_width_px: int | None = None
    frame_height_px: int | None = None
    damaged: bool = False
    """A loss may have left traces in the frame, old content or smears; it is not analysed."""
    picture: PictureSeen | None = None
    faces: tuple[FaceSeen, ...] | None = None
    own_face: int | None = None
    """Place in `faces` of the face that identity, head, gaze and liveness are of."""
    alike_faces: tuple[int, ...] = ()
    """Places in `faces` of others that match the enrolled face as well, such as a mirror image."""
    identity: IdentityCheck | None = None
    head: HeadPose | None = None
    gaze: GazeSeen | None = None
    liveness: float | None = None
    """Score that the candidate's face is a living one, 0…1; advisory. None also where it cannot be judged."""
    body: BodySeen | None = None
    hands: HandsSeen | None = None
    persons: PersonsSeen | None = None
    objects: tuple[ObjectSeen, ...] | None = None
    speech: SpeechHeard | None = None
    speakers: SpeakersHeard | None = None
    sounds: tuple[SoundHeard, ...] | None = None
    phrases: tuple[PhraseHeard, ...] | None = None
    microphone_silent: bool | None = None
    """Whether the track is muted or the window has only digital silence."""
    failed: tuple[str, ...] = ()
    """Tasks that were due and could not be done (a network failed); their values are None."""
    not_judged: tuple[NotJudged, ...] = ()
    """Looks that were due and made and say nothing, with the reason; their values are None."""
