"""Who is in the picture: faces, and whose they are."""

from __future__ import annotations

from typing import Final

from shared.events.row import DefaultRule, EventRow, Gap, Side, Threshold, Words
from shared.events.types import Action, EventClass, EventType, Feature

ROWS: Final = (
    EventRow(
        event=EventType.MULTIPLE_FACES,
        event_class=EventClass.CONDUCT,
        rule=DefaultRule(hold_s=3, clear_s=2, severity=0.7, action=Action.ESCALATE),
        threshold=Threshold(
            default=0.5, unit="detector score", low=0, high=1, at_low_sensitivity=0.6, at_high_sensitivity=0.4
        ),
        needs="faces",
        pictured=True,
        words=Words(
            title="More than one face",
            sentence=(
                "{faces} faces were in the picture together, seen over {duration_seconds:s} (bound: more "
                "than one for {hold_seconds:s}; each at least {min_face_px} px with a detector score of "
                "{score_bound} or more)."
            ),
            raised="More than one person seems to be in the picture. Please make sure that you sit alone.",
            cleared="Thank you, you are alone in the picture again.",
        ),
    ),
    EventRow(
        event=EventType.PICTURE_IN_VIEW,
        event_class=EventClass.TECHNICAL,
        rule=DefaultRule(hold_s=20, clear_s=10),
        needs="faces",
        pictured=True,
        words=Words(
            title="Picture or screen in view",
            sentence=(
                "{pictures} of the faces in the picture did not move for {still_seconds_bound:s}, as in a "
                "poster, a photograph or a still screen, or moved only with the candidate, as in a mirror "
                "({mirror_images}); advisory: they count as nobody while they stay so."
            ),
            raised=(
                "A face that does not move is in your picture, as on a poster or a screen. You need not do "
                "anything."
            ),
            cleared="It is out of the picture again.",
        ),
    ),
    EventRow(
        event=EventType.FACE_NOT_FOUND,
        event_class=EventClass.CONDUCT,
        rule=DefaultRule(hold_s=5, clear_s=1, severity=0.5, action=Action.WARNING),
        needs="faces",
        pictured=True,
        words=Words(
            title="No face in the picture",
            sentence=(
                "No face was in the picture for {duration_seconds:s} (bound {hold_seconds:s}; "
                "{frames_looked_at} frames looked at)."
            ),
            raised="We cannot see your face. Please sit so that the camera sees you.",
            cleared="Thank you, we can see you again.",
        ),
    ),
    EventRow(
        event=EventType.PRESENCE_LOSS,
        event_class=EventClass.CONDUCT,
        rule=DefaultRule(hold_s=3, clear_s=2, severity=0.4, action=Action.WARNING),
        threshold=Threshold(
            default=0.2,
            unit="share of the baseline's relative face area",
            low=0,
            high=1,
            side=Side.BELOW,
            at_low_sensitivity=0.15,
            at_high_sensitivity=0.25,
        ),
        needs="faces",
        pictured=True,
        words=Words(
            title="Face much smaller than before",
            sentence=(
                "The face filled {share_of_baseline:percent} of its usual area for {duration_seconds:s} "
                "(bound: under {share_of_baseline_bound:percent} for {hold_seconds:s})."
            ),
            raised="You look far away. Please sit as close to the camera as at the start.",
            cleared="Thank you, you are close enough again.",
        ),
    ),
    EventRow(
        event=EventType.FACE_MISMATCH,
        event_class=EventClass.IDENTITY,
        rule=DefaultRule(severity=0.9, action=Action.ESCALATE),
        threshold=Threshold(default=0.75, unit="similarity", low=0, high=1, side=Side.BELOW),
        feature=Feature.FACE_VERIFICATION,
        needs="identity",
        pictured=True,
        waited_for=False,
        words=Words(
            title="Face unlike the enrolled one",
            sentence=(
                "{consecutive_mismatches} consecutive checks found less similarity to the enrolled face than "
                "required (last {current_similarity}, threshold {threshold}; quality of the picture "
                "{frame_quality_score})."
            ),
            raised=("We could not confirm that it is you. Please look into the camera; someone will check."),
            cleared="Thank you, we could confirm that it is you.",
        ),
    ),
    EventRow(
        event=EventType.IDENTITY_UNVERIFIED,
        event_class=EventClass.TECHNICAL,
        rule=DefaultRule(hold_s=30, action=Action.WARNING),
        feature=Feature.FACE_VERIFICATION,
        needs="identity",
        gap=Gap("identity", "A face was visible, but no picture of it could be compared."),
        words=Words(
            title="Identity could not be checked",
            sentence=(
                "A face was in the picture and could not be verified for {duration_seconds:s} (bound "
                "{hold_seconds:s}; {failed_gates:gates})."
            ),
            raised="We cannot see your face well enough. More light helps; please face the camera.",
            cleared="Thank you, we can see your face well again.",
        ),
    ),
    EventRow(
        event=EventType.PRESENTATION_ATTACK,
        event_class=EventClass.IDENTITY,
        # Off by default: on too little footage it was shown how seldom it is wrong about the living.
        rule=DefaultRule(hold_s=10, clear_s=10, severity=0.4, enabled=False),
        threshold=Threshold(default=0.2, unit="liveness score", low=0, high=1, side=Side.BELOW),
        feature=Feature.FACE_VERIFICATION,
        needs="liveness",
        pictured=True,
        words=Words(
            title="Face may be a picture",
            sentence=(
                "The liveness score averaged {mean_liveness} over {checks} checks (bound: under "
                "{mean_liveness_bound} for {hold_seconds:s}); advisory: light moves it too."
            ),
            raised=(
                "We cannot be sure that the camera sees you directly. Please face it; someone will check."
            ),
            cleared="Thank you, the camera sees you well again.",
        ),
    ),
)
