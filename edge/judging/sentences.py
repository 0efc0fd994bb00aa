"""What is said of each event to whoever reviews: what was measured against which bound, never what it means.

Evidence stands in braces by its name: `{faces}` as it is, `{hold_seconds:s}` in seconds, `{turned_deg:deg}`
in degrees, `{share_of_baseline:percent}`, lists by `commas` or `semicolons`, and by `gates` the reason why
nothing was checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from shared.events.types import EventType

_GAZE_OFF_SCREEN: Final = (
    "The gaze lay outside the zone of the screen for {duration_seconds:s} (bound {hold_seconds:s}; last at "
    "pitch {gaze_pitch_deg:deg}, yaw {gaze_yaw_deg:deg}; zone {zone_min_pitch_deg:deg} to "
    "{zone_max_pitch_deg:deg} and {zone_min_yaw_deg:deg} to {zone_max_yaw_deg:deg})."
)
_NO_PICTURE: Final = "No picture arrived for {duration_seconds:s} (bound {hold_seconds:s})."
_IN_THE_PICTURE: Final = (
    "was in the picture, seen over {duration_seconds:s} (bound {hold_seconds:s}; detector score {score}, "
    "bound {score_bound})."
)

SENTENCES: Final[Mapping[EventType, str]] = {
    EventType.MULTIPLE_FACES: (
        "{faces} faces were in the picture together, seen over {duration_seconds:s} (bound: more than one "
        "for {hold_seconds:s}; each at least {min_face_px} px with a detector score of {score_bound} or "
        "more)."
    ),
    EventType.FACE_NOT_FOUND: (
        "No face was in the picture for {duration_seconds:s} (bound {hold_seconds:s}; {frames_looked_at} "
        "frames looked at)."
    ),
    EventType.PRESENCE_LOSS: (
        "The face filled {share_of_baseline:percent} of its usual area for {duration_seconds:s} (bound: "
        "under {share_of_baseline_bound:percent} for {hold_seconds:s})."
    ),
    EventType.FACE_MISMATCH: (
        "{consecutive_mismatches} consecutive checks found less similarity to the enrolled face than asked "
        "for (last {current_similarity}, threshold {threshold}; quality of the picture "
        "{frame_quality_score})."
    ),
    EventType.IDENTITY_UNVERIFIED: (
        "A face was in the picture and could not be verified for {duration_seconds:s} (bound "
        "{hold_seconds:s}; {failed_gates:gates})."
    ),
    EventType.PRESENTATION_ATTACK: (
        "The liveness score averaged {mean_liveness} over {checks} checks (bound: under "
        "{mean_liveness_bound} for {hold_seconds:s}); advisory: light moves it too."
    ),
    EventType.GAZE_OFF_SCREEN: _GAZE_OFF_SCREEN,
    EventType.PROLONGED_LOOK_AWAY: _GAZE_OFF_SCREEN,
    EventType.FREQUENT_DISTRACTION: (
        "The gaze left the zone of the screen {episodes} times within {window_seconds:s} (bound: more than "
        "{episodes_bound} times, each at least {episode_seconds:s})."
    ),
    EventType.HEAD_DOWN: (
        "The head was {pitch_below_usual_deg:deg} lower than usual for {duration_seconds:s} (bound "
        "{pitch_below_usual_deg_bound:deg} for {hold_seconds:s})."
    ),
    EventType.HEAD_TURNED_AWAY: (
        "The head was turned {turned_deg:deg} to the side for {duration_seconds:s} (bound "
        "{turned_deg_bound:deg} for {hold_seconds:s})."
    ),
    EventType.SUSPICIOUS_MOVEMENT: (
        "The head turned quickly {quick_turns} times within {window_seconds:s} (bound {quick_turns_bound} "
        "times above {degrees_per_second_bound} °/s; fastest {degrees_per_second} °/s)."
    ),
    EventType.LEFT_FRAME: (
        "No shoulders and no face were in the picture for {duration_seconds:s} (bound {hold_seconds:s}; "
        "{visible_keypoints} of 33 body points visible)."
    ),
    EventType.HAND_NEAR_EAR: (
        "A hand was {hand_to_ear_head_widths} head widths from an ear for {duration_seconds:s} (bound "
        "{hand_to_ear_head_widths_bound} for {hold_seconds:s})."
    ),
    EventType.MULTIPLE_PERSONS: (
        "{persons} persons were in the picture together, seen over {duration_seconds:s} (bound: more than "
        "one for {hold_seconds:s})."
    ),
    EventType.PHONE_VISIBLE: "A phone " + _IN_THE_PICTURE,
    EventType.BOOK_VISIBLE: "A book " + _IN_THE_PICTURE,
    EventType.VOICE_DETECTED: (
        "{speech_seconds:s} of speech were heard within {duration_seconds:s} (bound "
        "{speech_seconds_bound:s}; mean speech probability {mean_probability}, counted above "
        "{probability_bound})."
    ),
    EventType.MULTIPLE_SPEAKERS: (
        "{speakers} voices were told apart in {window_seconds:s} of sound (bound: more than one)."
    ),
    EventType.AUDIO_ANOMALY: (
        "A sound of the kind “{class}” was heard for {duration_seconds:s} (bound {hold_seconds:s}; score "
        "{score}, bound {score_bound})."
    ),
    EventType.KEYWORD_SPOKEN: "A phrase of the exam's list was heard: “{phrase}” (score {score}).",
    EventType.HIGH_CONFIDENCE_CHEATING: "Within {window_seconds:s} these came together: {parts:semicolons}.",
    EventType.CAMERA_BLOCKED: (
        "The camera's picture was black or one even surface for {duration_seconds:s} (bound "
        "{hold_seconds:s}; mean brightness {mean_luma}, bound {mean_luma_bound}; variance {luma_variance}, "
        "bound {luma_variance_bound})."
    ),
    EventType.CAMERA_FROZEN: (
        "The camera's picture did not change for {duration_seconds:s} (bound {hold_seconds:s}; where it "
        "changed most {change} levels, bound {change_bound})."
    ),
    EventType.MICROPHONE_MUTED: (
        "The microphone gave nothing but digital silence for {duration_seconds:s} (bound {hold_seconds:s})."
    ),
    EventType.LOW_FRAME_RATE: (
        "Whole pictures came at {frames_per_second} per second over {duration_seconds:s} (bound: under "
        "{frames_per_second_bound} for {hold_seconds:s}; {damaged_share:percent} of those that came were "
        "damaged by losses on the way and not looked at)."
    ),
    EventType.STREAM_STALLED: _NO_PICTURE,
    EventType.CANDIDATE_OFFLINE: _NO_PICTURE,
    EventType.ANALYSIS_DEGRADED: (
        "Part of the analysis failed for {duration_seconds:s} (bound {hold_seconds:s}; "
        "{failed_tasks:commas}); what it would have said is unknown."
    ),
    EventType.NODE_FAILOVER: "Watching moved to another node, with a gap of {duration_seconds:s} between.",
    EventType.CLOCK_SKEW: (
        "The clocks of node and coordinator differed by {skew_seconds:s} (bound {skew_seconds_bound:s})."
    ),
    EventType.ALERT_GAP: "{missing} reports of the node are missing and were asked for again.",
    EventType.VIRTUAL_CAMERA_SUSPECTED: (
        "The camera names itself “{device}”, as programs do that make pictures; advisory: many are harmless."
    ),
    EventType.CALIBRATED: (
        "The usual size of the face is known: {baseline_share_of_frame:percent} of the picture, from "
        "{samples} frames of the first {baseline_seconds:s}. Gaze zone: {gaze_zone}. Usual pose of the head: "
        "{head_baseline}."
    ),
    EventType.SESSION_STARTED: "The session started.",
    EventType.NOTICE_ACKNOWLEDGED: "The candidate acknowledged the notice.",
    EventType.ENROLLED: "The candidate enrolled.",
    EventType.CHECKED: "The candidate passed the check before the exam.",
    EventType.SUBMITTED: "The candidate handed in.",
    EventType.SESSION_ENDED: "The session ended.",
    EventType.PROCTOR_MESSAGE: "A proctor wrote to the candidate.",
    EventType.PROCTOR_PAUSE: "A proctor paused the session.",
    EventType.PROCTOR_RESUME: "A proctor let the session go on.",
    EventType.PROCTOR_EXTRA_TIME: "A proctor gave extra time.",
    EventType.PROCTOR_FLAG: "A proctor marked this moment.",
    EventType.PROCTOR_TERMINATE: "A proctor ended the session.",
}
"""Of every event there is."""
