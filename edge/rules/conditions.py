"""Judges one observation for each condition: yes, no or unknown, with the compared values.

Unknown is never yes: a value that was not measured, could not be measured or failed judges nothing. While the
camera is blocked or the stream is stalled, callers first remove face, body and identity from an observation.
"""

from __future__ import annotations

from collections.abc import Iterable

from edge.rules.findings import NO, UNKNOWN, Evidence, Judgement
from edge.rules.settings import Settings
from shared.events.types import EventType
from shared.observations import Box, FaceSeen, Observation

SAME_FACE_OVERLAP = 0.5
"""Two boxes that overlap by more than half of the smaller one are one face found twice."""
NO_FACE_CONFIDENCE = 0.8
"""Detectors give no score when they find nothing. A body seen or not seen changes this by BODY_WEIGHT."""
BODY_WEIGHT = 0.15
NECK_FACES = 0.4
"""From chin to shoulders, in heights of a face's box."""


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


def multiple_faces(observation: Observation, settings: Settings) -> Judgement:
    """More than one face is large and certain enough; one face found twice counts once."""
    if observation.faces is None:
        return UNKNOWN
    if len(observation.faces) < 2:
        return NO
    bound = settings.threshold(EventType.MULTIPLE_FACES)
    faces = distinct_faces(
        face
        for face in observation.faces
        if face.score >= bound and smaller_side_px(face) >= settings.min_face_px
    )
    if len(faces) < 2:
        return NO
    evidence: Evidence = {
        "faces": len(faces),
        "scores": [round(face.score, 3) for face in faces[:8]],
        "score_bound": bound,
        "min_face_px": settings.min_face_px,
    }
    return Judgement(True, faces[1].score, evidence)


def presence_loss(observation: Observation, settings: Settings, baseline: float | None) -> Judgement:
    """The face is much smaller than at the start; `baseline` is its usual share of the frame."""
    share = face_share(observation)
    if share is None or baseline is None or not observation.faces:
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
    return Judgement(True, max(face.score for face in observation.faces), evidence)


def left_frame(observation: Observation, last_seen_pose_s: float | None) -> Judgement:
    """No shoulders are in the picture, whatever faces are.

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
    """Whether the largest face's shoulders lie below the picture's lower edge."""
    height_px = observation.frame_height_px
    if not observation.faces or not height_px:
        return False
    box = max((face.box for face in observation.faces), key=lambda box: box.area_px2)
    return box.y_px + box.height_px * (1.0 + NECK_FACES) > height_px


def face_share(observation: Observation) -> float | None:
    """Area of the largest face as a share of the frame; None when not looked for or not found."""
    width_px, height_px = observation.frame_width_px, observation.frame_height_px
    if not observation.faces or not width_px or not height_px:
        return None
    return max(face.box.area_px2 for face in observation.faces) / (width_px * height_px)


def smaller_side_px(face: FaceSeen) -> float:
    """The shorter side of a face's box."""
    return min(face.box.width_px, face.box.height_px)


def distinct_faces(faces: Iterable[FaceSeen]) -> list[FaceSeen]:
    """Faces without duplicates, the most certain first."""
    kept: list[FaceSeen] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if all(_common_share(face.box, other.box) <= SAME_FACE_OVERLAP for other in kept):
            kept.append(face)
    return kept


def _common_share(box: Box, other: Box) -> float:
    """Intersection as a share of the smaller box."""
    width_px = min(box.x_px + box.width_px, other.x_px + other.width_px) - max(box.x_px, other.x_px)
    height_px = min(box.y_px + box.height_px, other.y_px + other.height_px) - max(box.y_px, other.y_px)
    smaller_px2 = min(box.area_px2, other.area_px2)
    if width_px <= 0 or height_px <= 0 or smaller_px2 <= 0:
        return 0.0
    return width_px * height_px / smaller_px2
