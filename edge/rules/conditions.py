"""Judges one observation for each condition: yes, no or unknown, with the compared values.

Unknown is never yes: a value that was not measured, could not be measured or failed judges nothing. While the
camera is blocked or the stream is stalled, callers first remove face, body and identity from an observation.
"""

from __future__ import annotations

from edge.rules.company import Present
from edge.rules.findings import NO, UNKNOWN, Evidence, Judgement
from edge.rules.settings import Settings
from shared.events.types import EventType
from shared.observations import FaceSeen, Observation

NO_FACE_CONFIDENCE = 0.8
"""Detectors give no score when they find nothing. A body seen or not seen changes this by BODY_WEIGHT."""
BODY_WEIGHT = 0.15
NECK_FACES = 0.4
"""Distance from chin to shoulders, in heights of a face's box."""


def camera_blocked(observation: Observation, settings: Settings) -> Judgement:
    """The picture is black, or one uniform surface."""
    picture = observation.picture
    if picture is None:
        return UNKNOWN
    bound = settings.blocked_mean_luma
    blocked = picture.mean_luma < bound or picture.luma_variance < settings.blocked_luma_variance
    if not blocked:
        return NO
    evidence: Evidence = {
        "mean_luma": round(picture.mean_luma, 1),
        "mean_luma_bound": bound,
        "luma_variance": round(picture.luma_variance, 1),
        "luma_variance_bound": settings.blocked_luma_variance,
    }
    return Judgement(True, 1.0, evidence)


def face_not_found(observation: Observation) -> Judgement:
    """Faces were looked for and none was found."""
    if observation.faces is None:
        return UNKNOWN
    if observation.faces:
        return NO
    confidence = NO_FACE_CONFIDENCE
    if observation.body is not None:
        confidence += -BODY_WEIGHT if observation.body.shoulders_visible else BODY_WEIGHT
    return Judgement(True, confidence, {"faces": 0})


def multiple_faces(present: Present, settings: Settings) -> Judgement:
    """More than one person's face is in view; unknown while it depends on faces that have not moved yet."""
    faces = present.people
    if len(faces) < 2:
        return NO if len(faces) + len(present.undecided) < 2 else UNKNOWN
    evidence: Evidence = {
        "faces": len(faces),
        "scores": [round(face.score, 3) for face in faces[:8]],
        "score_bound": settings.company.min_score,
        "min_face_px": settings.company.min_face_px,
    }
    return Judgement(True, faces[1].score, evidence, present.since_s)


def presence_loss(
    observation: Observation, own: FaceSeen | None, settings: Settings, baseline: float | None
) -> Judgement:
    """The candidate's face is much smaller than at the start; `baseline` is its usual share of the frame."""
    share = face_share(observation, own)
    if own is None or share is None or baseline is None:
        return UNKNOWN
    bound = settings.threshold(EventType.PRESENCE_LOSS)
    if share >= bound * baseline:
        return NO
    evidence: Evidence = {
        "face_share_of_frame": round(share, 5),
        "baseline_share_of_frame": round(baseline, 5),
        "share_of_baseline": round(share / baseline, 3),
        "share_of_baseline_bound": bound,
    }
    return Judgement(True, own.score, evidence)


def left_frame(observation: Observation, last_seen_pose_s: float | None) -> Judgement:
    """No shoulders are in the picture, with or without a face.

    A person so close to the camera that the picture ends above the shoulders has not left.
    """
    body = observation.body
    if body is None:
        return UNKNOWN
    if body.shoulders_visible or _shoulders_below(observation):
        return NO
    evidence: Evidence = {
        "visible_keypoints": body.visible_keypoints,
        "presence": round(body.presence, 3),
        "last_seen_pose": last_seen_pose_s,
    }
    sure = max(body.presence, 1.0 - body.presence)
    return Judgement(True, sure, evidence)


def _shoulders_below(observation: Observation) -> bool:
    """Whether the largest face's shoulders are below the picture's lower edge."""
    height_px = observation.frame_height_px
    if not observation.faces or not height_px:
        return False
    box = max((face.box for face in observation.faces), key=lambda box: box.area_px2)
    return box.y_px + box.height_px * (1.0 + NECK_FACES) > height_px


def face_share(observation: Observation, face: FaceSeen | None) -> float | None:
    """A face's area as a share of the frame; None when either is unknown."""
    width_px, height_px = observation.frame_width_px, observation.frame_height_px
    if face is None or not width_px or not height_px:
        return None
    return face.box.area_px2 / (width_px * height_px)
