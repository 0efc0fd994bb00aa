"""Bodies, hands and objects in the picture."""

from __future__ import annotations

from typing import Final

from shared.events.row import DefaultRule, EventRow, Side, Threshold, Words
from shared.events.types import Action, EventClass, EventType, Feature

_IN_THE_PICTURE: Final = (
    "was in the picture, seen over {duration_seconds:s} (bound {hold_seconds:s}; detector score {score}, "
    "bound {score_bound})."
)

ROWS: Final = (
    EventRow(
        event=EventType.LEFT_FRAME,
        event_class=EventClass.CONDUCT,
        rule=DefaultRule(hold_s=5, clear_s=2, severity=0.8, action=Action.ESCALATE),
        feature=Feature.POSE_ANALYSIS,
        needs="body",
        pictured=True,
        words=Words(
            title="Out of the picture",
            sentence=(
                "No shoulders were in the picture for {duration_seconds:s} (bound "
                "{hold_seconds:s}; {visible_keypoints} of 33 body points visible)."
            ),
            raised="We cannot see you. Please sit so that the camera sees your head and shoulders.",
            cleared="Thank you, we can see you again.",
        ),
    ),
    EventRow(
        event=EventType.HAND_NEAR_EAR,
        event_class=EventClass.CONDUCT,
        rule=DefaultRule(hold_s=4, clear_s=2, severity=0.5, action=Action.WARNING),
        threshold=Threshold(
            default=0.6,
            unit="head widths between hand and ear",
            low=0.1,
            high=3,
            side=Side.BELOW,
            at_low_sensitivity=0.45,
            at_high_sensitivity=0.7,
        ),
        feature=Feature.POSE_ANALYSIS,
        needs="hands",
        pictured=True,
        words=Words(
            title="Hand near an ear",
            sentence=(
                "A hand was {hand_to_ear_head_widths} head widths from an ear for {duration_seconds:s} "
                "(bound {hand_to_ear_head_widths_bound} for {hold_seconds:s})."
            ),
            raised="Your hand seems to be at your ear. Please keep your hands where they usually are.",
            cleared="Thank you.",
        ),
    ),
    EventRow(
        event=EventType.MULTIPLE_PERSONS,
        event_class=EventClass.CONDUCT,
        rule=DefaultRule(hold_s=3, clear_s=3, severity=0.7, action=Action.ESCALATE),
        feature=Feature.POSE_ANALYSIS,
        needs="persons",
        pictured=True,
        words=Words(
            title="More than one person",
            sentence=(
                "{persons} persons were in the picture together, seen over {duration_seconds:s} (bound: more "
                "than one for {hold_seconds:s})."
            ),
            raised="More than one person seems to be in the picture. Please make sure that you sit alone.",
            cleared="Thank you, you are alone in the picture again.",
        ),
    ),
    # A phone or a book is looked for only where the exam asks.
    EventRow(
        event=EventType.PHONE_VISIBLE,
        event_class=EventClass.CONDUCT,
        rule=DefaultRule(hold_s=2, clear_s=3, severity=0.7, action=Action.ESCALATE, enabled=False),
        threshold=Threshold(
            default=0.5,
            unit="detector score",
            low=0,
            high=1,
            at_low_sensitivity=0.65,
            at_high_sensitivity=0.4,
        ),
        needs="objects",
        pictured=True,
        words=Words(
            title="Phone in the picture",
            sentence="A phone " + _IN_THE_PICTURE,
            raised="A phone seems to be in the picture. Please put it out of reach.",
            cleared="Thank you, we do not see a phone any more.",
            sought="telephones",
        ),
    ),
    EventRow(
        event=EventType.BOOK_VISIBLE,
        event_class=EventClass.CONDUCT,
        rule=DefaultRule(hold_s=2, clear_s=3, severity=0.5, action=Action.WARNING, enabled=False),
        threshold=Threshold(
            default=0.5,
            unit="detector score",
            low=0,
            high=1,
            at_low_sensitivity=0.65,
            at_high_sensitivity=0.4,
        ),
        needs="objects",
        pictured=True,
        words=Words(
            title="Book in the picture",
            sentence="A book " + _IN_THE_PICTURE,
            raised="A book seems to be in the picture. Please put it away unless your exam allows it.",
            cleared="Thank you, we do not see a book any more.",
            sought="books",
        ),
    ),
)
