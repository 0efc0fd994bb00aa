"""Words for people: what was seen, and what the candidate may want to do.

`explain` is for whoever reviews: one sentence with the values and their bounds, what was measured and never
what it means. `message` is for the candidate's page: gentle, without any score or threshold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edge.rules.findings import Finding, Phase, Value
from shared.events import EventType

Values = Mapping[str, Value]


def explain(finding: Finding) -> str:
    """One neutral sentence about a finding, with what was measured against which bound."""
    sentence = _SENTENCES[finding.event](finding.evidence)
    ongoing = finding.evidence.get("open_at_end") is True
    return f"{sentence} It still held when the session ended." if ongoing else sentence


def message(finding: Finding) -> str:
    """What the candidate reads; empty where there is nothing to tell."""
    raised, over = _MESSAGES.get(finding.event, ("", ""))
    return raised if finding.phase is Phase.RAISED else over


def _multiple_faces(e: Values) -> str:
    return (
        f"{_n(e, 'faces')} faces were in the picture together, seen over {_s(e, 'duration_seconds')} "
        f"(bound: more than one for {_s(e, 'hold_seconds')}; each at least {_n(e, 'min_face_px')} px with a "
        f"detector score of {_n(e, 'score_bound')} or more)."
    )


def _face_not_found(e: Values) -> str:
    return (
        f"No face was in the picture for {_s(e, 'duration_seconds')} (bound {_s(e, 'hold_seconds')}; "
        f"{_n(e, 'frames_looked_at')} frames looked at)."
    )


def _presence_loss(e: Values) -> str:
    return (
        f"The face filled {_percent(e, 'share_of_baseline')} of its usual area for "
        f"{_s(e, 'duration_seconds')} (bound: under {_percent(e, 'share_of_baseline_bound')} for "
        f"{_s(e, 'hold_seconds')})."
    )


def _face_mismatch(e: Values) -> str:
    return (
        f"{_n(e, 'consecutive_mismatches')} consecutive checks found less similarity to the enrolled face "
        f"than asked for (last {_n(e, 'current_similarity')}, threshold {_n(e, 'threshold')}; quality of the "
        f"picture {_n(e, 'frame_quality_score')})."
    )


def _identity_unverified(e: Values) -> str:
    gates = e.get("failed_gates")
    reason = f"the pictures failed: {gates}" if gates else "no check could be made"
    return (
        f"A face was in the picture and could not be verified for {_s(e, 'duration_seconds')} "
        f"(bound {_s(e, 'hold_seconds')}; {reason})."
    )


def _left_frame(e: Values) -> str:
    return (
        f"No shoulders and no face were in the picture for {_s(e, 'duration_seconds')} (bound "
        f"{_s(e, 'hold_seconds')}; {_n(e, 'visible_keypoints')} of 33 body points visible)."
    )


def _voice_detected(e: Values) -> str:
    return (
        f"{_s(e, 'speech_seconds')} of speech were heard within {_s(e, 'duration_seconds')} (bound "
        f"{_s(e, 'speech_seconds_bound')}; mean speech probability {_n(e, 'mean_probability')}, counted "
        f"above {_n(e, 'probability_bound')})."
    )


def _camera_blocked(e: Values) -> str:
    return (
        f"The camera's picture was black or one even surface for {_s(e, 'duration_seconds')} (bound "
        f"{_s(e, 'hold_seconds')}; mean brightness {_n(e, 'mean_luma')}, bound {_n(e, 'mean_luma_bound')}; "
        f"variance {_n(e, 'luma_variance')}, bound {_n(e, 'luma_variance_bound')})."
    )


def _no_frames(e: Values) -> str:
    return f"No picture arrived for {_s(e, 'duration_seconds')} (bound {_s(e, 'hold_seconds')})."


def _analysis_degraded(e: Values) -> str:
    tasks = e.get("failed_tasks")
    names = ", ".join(map(str, tasks)) if isinstance(tasks, list) else "unknown"
    return (
        f"Part of the analysis failed for {_s(e, 'duration_seconds')} (bound {_s(e, 'hold_seconds')}; "
        f"{names}); what it would have said is unknown."
    )


def _calibrated(e: Values) -> str:
    return (
        f"The usual size of the face is known: {_percent(e, 'baseline_share_of_frame')} of the picture, from "
        f"{_n(e, 'samples')} frames of the first {_s(e, 'baseline_seconds')}."
    )


def _always(sentence: str) -> Callable[[Values], str]:
    return lambda _: sentence


_SENTENCES: Mapping[EventType, Callable[[Values], str]] = {
    EventType.MULTIPLE_FACES: _multiple_faces,
    EventType.FACE_NOT_FOUND: _face_not_found,
    EventType.PRESENCE_LOSS: _presence_loss,
    EventType.FACE_MISMATCH: _face_mismatch,
    EventType.IDENTITY_UNVERIFIED: _identity_unverified,
    EventType.LEFT_FRAME: _left_frame,
    EventType.VOICE_DETECTED: _voice_detected,
    EventType.CAMERA_BLOCKED: _camera_blocked,
    EventType.STREAM_STALLED: _no_frames,
    EventType.CANDIDATE_OFFLINE: _no_frames,
    EventType.ANALYSIS_DEGRADED: _analysis_degraded,
    EventType.CALIBRATED: _calibrated,
    EventType.SESSION_STARTED: _always("The session started."),
    EventType.NOTICE_ACKNOWLEDGED: _always("The candidate acknowledged the notice."),
    EventType.ENROLLED: _always("The candidate enrolled."),
    EventType.SUBMITTED: _always("The candidate handed in."),
    EventType.SESSION_ENDED: _always("The session ended."),
}

_SEEN_AGAIN = "Thank you, we can see you again."
_MESSAGES: Mapping[EventType, tuple[str, str]] = {
    EventType.MULTIPLE_FACES: (
        "More than one person seems to be in the picture. Please make sure that you sit alone.",
        "Thank you, you are alone in the picture again.",
    ),
    EventType.FACE_NOT_FOUND: (
        "We cannot see your face. Please sit so that the camera sees you.",
        _SEEN_AGAIN,
    ),
    EventType.PRESENCE_LOSS: (
        "You look far away. Please sit as close to the camera as at the start.",
        "Thank you, you are close enough again.",
    ),
    EventType.FACE_MISMATCH: (
        "We could not confirm that it is you. Please look into the camera; somebody will have a look.",
        "Thank you, we could confirm that it is you.",
    ),
    EventType.IDENTITY_UNVERIFIED: (
        "We cannot make out your face well enough. More light helps; please face the camera.",
        "Thank you, we can make out your face again.",
    ),
    EventType.LEFT_FRAME: (
        "We cannot see you. Please sit so that the camera sees your head and shoulders.",
        _SEEN_AGAIN,
    ),
    EventType.VOICE_DETECTED: (
        "We hear talking. Please keep the room quiet.",
        "Thank you, the room is quiet again.",
    ),
    EventType.CAMERA_BLOCKED: (
        "The camera's picture is dark. Please check that nothing covers it.",
        "Thank you, the camera's picture is back.",
    ),
    EventType.STREAM_STALLED: (
        "Your picture has not reached us for a moment. Your exam goes on while we reconnect.",
        "Your picture is back.",
    ),
    EventType.CANDIDATE_OFFLINE: (
        "We have lost the connection. Your exam goes on; please check your network.",
        "The connection is back.",
    ),
    EventType.ANALYSIS_DEGRADED: (
        "Part of the analysis has a technical problem on our side. You need not do anything.",
        "The technical problem on our side is solved.",
    ),
}


def _n(values: Values, name: str) -> str:
    """A value as people write it."""
    value = values.get(name)
    if value is None:
        return "unknown"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _s(values: Values, name: str) -> str:
    """Seconds with a tenth."""
    value = values.get(name)
    return f"{value:.1f} s" if isinstance(value, int | float) else "an unknown time"


def _percent(values: Values, name: str) -> str:
    value = values.get(name)
    return f"{100 * value:.0f} %" if isinstance(value, int | float) else "an unknown share"
