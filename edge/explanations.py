"""Words for whoever reviews: one sentence with the values and their bounds, what was measured and never what
it means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edge.rules.findings import Finding, Value
from shared.events import EventType

Values = Mapping[str, Value]


def explain(finding: Finding) -> str:
    """One neutral sentence about a finding, with what was measured against which bound.

    Explains what a node finds and its milestones; events raised elsewhere are explained there.
    """
    sentence = _SENTENCES[finding.event](finding.evidence)
    if finding.together_with is not None:
        sentence += f" {_BESIDE[finding.together_with]}"
    ongoing = finding.evidence.get("open_at_end") is True
    return f"{sentence} It still held when watching ended." if ongoing else sentence


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


def _presentation_attack(e: Values) -> str:
    return (
        f"The liveness score averaged {_n(e, 'mean_liveness')} over {_n(e, 'checks')} checks (bound: under "
        f"{_n(e, 'mean_liveness_bound')} for {_s(e, 'hold_seconds')}); advisory: light moves it too."
    )


def _gaze_off_screen(e: Values) -> str:
    return (
        f"The gaze lay outside the zone of the screen for {_s(e, 'duration_seconds')} (bound "
        f"{_s(e, 'hold_seconds')}; last at pitch {_deg(e, 'gaze_pitch_deg')}, yaw {_deg(e, 'gaze_yaw_deg')}; "
        f"zone {_deg(e, 'zone_min_pitch_deg')} to {_deg(e, 'zone_max_pitch_deg')} and "
        f"{_deg(e, 'zone_min_yaw_deg')} to {_deg(e, 'zone_max_yaw_deg')})."
    )


def _frequent_distraction(e: Values) -> str:
    return (
        f"The gaze left the zone of the screen {_n(e, 'episodes')} times within {_s(e, 'window_seconds')} "
        f"(bound: more than {_n(e, 'episodes_bound')} times, each at least {_s(e, 'episode_seconds')})."
    )


def _head_down(e: Values) -> str:
    return (
        f"The head was {_deg(e, 'pitch_below_usual_deg')} lower than usual for {_s(e, 'duration_seconds')} "
        f"(bound {_deg(e, 'pitch_below_usual_deg_bound')} for {_s(e, 'hold_seconds')})."
    )


def _head_turned_away(e: Values) -> str:
    return (
        f"The head was turned {_deg(e, 'turned_deg')} to the side for {_s(e, 'duration_seconds')} (bound "
        f"{_deg(e, 'turned_deg_bound')} for {_s(e, 'hold_seconds')})."
    )


def _suspicious_movement(e: Values) -> str:
    return (
        f"The head turned quickly {_n(e, 'quick_turns')} times within {_s(e, 'window_seconds')} (bound "
        f"{_n(e, 'quick_turns_bound')} times above {_n(e, 'degrees_per_second_bound')} °/s; fastest "
        f"{_n(e, 'degrees_per_second')} °/s)."
    )


def _hand_near_ear(e: Values) -> str:
    return (
        f"A hand was {_n(e, 'hand_to_ear_head_widths')} head widths from an ear for "
        f"{_s(e, 'duration_seconds')} (bound {_n(e, 'hand_to_ear_head_widths_bound')} for "
        f"{_s(e, 'hold_seconds')})."
    )


def _multiple_persons(e: Values) -> str:
    return (
        f"{_n(e, 'persons')} persons were in the picture together, seen over {_s(e, 'duration_seconds')} "
        f"(bound: more than one for {_s(e, 'hold_seconds')})."
    )


def _object(kind: str) -> Callable[[Values], str]:
    def sentence(e: Values) -> str:
        return (
            f"{kind} was in the picture, seen over {_s(e, 'duration_seconds')} (bound "
            f"{_s(e, 'hold_seconds')}; detector score {_n(e, 'score')}, bound {_n(e, 'score_bound')})."
        )

    return sentence


def _multiple_speakers(e: Values) -> str:
    return (
        f"{_n(e, 'speakers')} voices were told apart in {_s(e, 'window_seconds')} of sound (bound: more than "
        "one)."
    )


def _audio_anomaly(e: Values) -> str:
    return (
        f"A sound of the kind “{_n(e, 'class')}” was heard for {_s(e, 'duration_seconds')} (bound "
        f"{_s(e, 'hold_seconds')}; score {_n(e, 'score')}, bound {_n(e, 'score_bound')})."
    )


def _keyword_spoken(e: Values) -> str:
    return f"A phrase of the exam's list was heard: “{_n(e, 'phrase')}” (score {_n(e, 'score')})."


def _together(e: Values) -> str:
    parts = e.get("parts")
    listed = "; ".join(map(str, parts)) if isinstance(parts, list) else "unknown"
    return f"Within {_s(e, 'window_seconds')} these came together: {listed}."


def _camera_frozen(e: Values) -> str:
    return (
        f"The camera's picture did not change for {_s(e, 'duration_seconds')} (bound "
        f"{_s(e, 'hold_seconds')}; where it changed most {_n(e, 'change')} levels, bound "
        f"{_n(e, 'change_bound')})."
    )


def _microphone_muted(e: Values) -> str:
    return (
        f"The microphone gave nothing but digital silence for {_s(e, 'duration_seconds')} (bound "
        f"{_s(e, 'hold_seconds')})."
    )


def _low_frame_rate(e: Values) -> str:
    return (
        f"Whole pictures came at {_n(e, 'frames_per_second')} per second over {_s(e, 'duration_seconds')} "
        f"(bound: under {_n(e, 'frames_per_second_bound')} for {_s(e, 'hold_seconds')}; "
        f"{_percent(e, 'damaged_share')} of those that came were damaged by losses on the way and not looked "
        "at)."
    )


def _calibrated(e: Values) -> str:
    return (
        f"The usual size of the face is known: {_percent(e, 'baseline_share_of_frame')} of the picture, from "
        f"{_n(e, 'samples')} frames of the first {_s(e, 'baseline_seconds')}. Gaze zone: "
        f"{_n(e, 'gaze_zone')}. Usual pose of the head: {_n(e, 'head_baseline')}."
    )


def _always(sentence: str) -> Callable[[Values], str]:
    return lambda _: sentence


_SENTENCES: Mapping[EventType, Callable[[Values], str]] = {
    EventType.MULTIPLE_FACES: _multiple_faces,
    EventType.FACE_NOT_FOUND: _face_not_found,
    EventType.PRESENCE_LOSS: _presence_loss,
    EventType.FACE_MISMATCH: _face_mismatch,
    EventType.IDENTITY_UNVERIFIED: _identity_unverified,
    EventType.PRESENTATION_ATTACK: _presentation_attack,
    EventType.GAZE_OFF_SCREEN: _gaze_off_screen,
    EventType.PROLONGED_LOOK_AWAY: _gaze_off_screen,
    EventType.FREQUENT_DISTRACTION: _frequent_distraction,
    EventType.HEAD_DOWN: _head_down,
    EventType.HEAD_TURNED_AWAY: _head_turned_away,
    EventType.SUSPICIOUS_MOVEMENT: _suspicious_movement,
    EventType.LEFT_FRAME: _left_frame,
    EventType.HAND_NEAR_EAR: _hand_near_ear,
    EventType.MULTIPLE_PERSONS: _multiple_persons,
    EventType.PHONE_VISIBLE: _object("A phone"),
    EventType.BOOK_VISIBLE: _object("A book"),
    EventType.VOICE_DETECTED: _voice_detected,
    EventType.MULTIPLE_SPEAKERS: _multiple_speakers,
    EventType.AUDIO_ANOMALY: _audio_anomaly,
    EventType.KEYWORD_SPOKEN: _keyword_spoken,
    EventType.HIGH_CONFIDENCE_CHEATING: _together,
    EventType.CAMERA_BLOCKED: _camera_blocked,
    EventType.CAMERA_FROZEN: _camera_frozen,
    EventType.MICROPHONE_MUTED: _microphone_muted,
    EventType.LOW_FRAME_RATE: _low_frame_rate,
    EventType.STREAM_STALLED: _no_frames,
    EventType.CANDIDATE_OFFLINE: _no_frames,
    EventType.ANALYSIS_DEGRADED: _analysis_degraded,
    EventType.CALIBRATED: _calibrated,
    EventType.SESSION_STARTED: _always("The session started."),
    EventType.NOTICE_ACKNOWLEDGED: _always("The candidate acknowledged the notice."),
    EventType.ENROLLED: _always("The candidate enrolled."),
    EventType.CHECKED: _always("The candidate passed the check before the exam."),
    EventType.SUBMITTED: _always("The candidate handed in."),
    EventType.SESSION_ENDED: _always("The session ended."),
}


_BESIDE: Mapping[EventType, str] = {
    EventType.GAZE_OFF_SCREEN: "The gaze was off the screen at the same time.",
    EventType.HEAD_TURNED_AWAY: "The head was turned away at the same time.",
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


def _deg(values: Values, name: str) -> str:
    value = values.get(name)
    return f"{value:.0f}°" if isinstance(value, int | float) else "an unknown angle"


def _percent(values: Values, name: str) -> str:
    value = values.get(name)
    return f"{100 * value:.0f} %" if isinstance(value, int | float) else "an unknown share"
