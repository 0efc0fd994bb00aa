"""The direction of gaze and head."""

from __future__ import annotations

from typing import Final

from shared.events.row import DefaultRule, EventRow, Threshold, Words
from shared.events.types import Action, EventClass, EventType, Feature

_GAZE_OFF_SCREEN: Final = (
    "The gaze was outside the zone of the screen for {duration_seconds:s} (bound {hold_seconds:s}; last at "
    "pitch {gaze_pitch_deg:deg}, yaw {gaze_yaw_deg:deg}; zone {zone_min_pitch_deg:deg} to "
    "{zone_max_pitch_deg:deg} and {zone_min_yaw_deg:deg} to {zone_max_yaw_deg:deg})."
)
_LOOK_BACK: Final = "You seem to be looking away. Please look at your screen."
_THANKS: Final = "Thank you."

ROWS: Final = (
    EventRow(
        event=EventType.GAZE_OFF_SCREEN,
        event_class=EventClass.CONDUCT,
        rule=DefaultRule(hold_s=4, clear_s=1, severity=0.4, action=Action.WARNING),
        feature=Feature.GAZE_TRACKING,
        needs="gaze",
        pictured=True,
        words=Words(
            title="Gaze off the screen",
            sentence=_GAZE_OFF_SCREEN,
            raised=_LOOK_BACK,
            cleared=_THANKS,
            beside="The gaze was off the screen at the same time.",
        ),
    ),
    EventRow(
        event=EventType.PROLONGED_LOOK_AWAY,
        event_class=EventClass.CONDUCT,
        rule=DefaultRule(hold_s=10, clear_s=1, severity=0.6, action=Action.WARNING),
        feature=Feature.GAZE_TRACKING,
        needs="gaze",
        pictured=True,
        later_stage_of=EventType.GAZE_OFF_SCREEN,
        words=Words(
            title="Gaze off the screen for long",
            sentence=_GAZE_OFF_SCREEN,
            raised=_LOOK_BACK,
            cleared=_THANKS,
        ),
    ),
    EventRow(
        event=EventType.FREQUENT_DISTRACTION,
        event_class=EventClass.CONDUCT,
        rule=DefaultRule(clear_s=60, severity=0.5, action=Action.WARNING),
        threshold=Threshold(
            default=5, unit="off-screen episodes", low=1, high=60, at_low_sensitivity=8, at_high_sensitivity=4
        ),
        feature=Feature.GAZE_TRACKING,
        needs="gaze",
        words=Words(
            title="Repeated off-screen gaze",
            sentence=(
                "The gaze left the zone of the screen {episodes} times within {window_seconds:s} (bound: "
                "more than {episodes_bound} times, each at least {episode_seconds:s})."
            ),
            raised="You have often looked away from your screen. Please keep your eyes on it where you can.",
            cleared=_THANKS,
        ),
    ),
    EventRow(
        event=EventType.HEAD_DOWN,
        event_class=EventClass.CONDUCT,
        rule=DefaultRule(hold_s=3, clear_s=1, severity=0.5, action=Action.WARNING),
        threshold=Threshold(
            default=30,
            unit="degrees below the usual pitch",
            low=5,
            high=80,
            at_low_sensitivity=40,
            at_high_sensitivity=25,
        ),
        feature=Feature.GAZE_TRACKING,
        needs="head",
        pictured=True,
        words=Words(
            title="Head down",
            sentence=(
                "The head was {pitch_below_usual_deg:deg} lower than usual for {duration_seconds:s} (bound "
                "{pitch_below_usual_deg_bound:deg} for {hold_seconds:s})."
            ),
            raised="Your head is low in the picture. Please look up to your screen.",
            cleared=_THANKS,
        ),
    ),
    EventRow(
        event=EventType.HEAD_TURNED_AWAY,
        event_class=EventClass.CONDUCT,
        rule=DefaultRule(hold_s=3, clear_s=1, severity=0.5, action=Action.WARNING),
        threshold=Threshold(
            default=45,
            unit="degrees of yaw to either side",
            low=10,
            high=90,
            at_low_sensitivity=55,
            at_high_sensitivity=40,
        ),
        feature=Feature.GAZE_TRACKING,
        needs="head",
        pictured=True,
        words=Words(
            title="Head turned away",
            sentence=(
                "The head was turned {turned_deg:deg} to the side for {duration_seconds:s} (bound "
                "{turned_deg_bound:deg} for {hold_seconds:s})."
            ),
            raised=_LOOK_BACK,
            cleared=_THANKS,
            beside="The head was turned away at the same time.",
        ),
    ),
    EventRow(
        event=EventType.SUSPICIOUS_MOVEMENT,
        event_class=EventClass.CONDUCT,
        rule=DefaultRule(clear_s=30, severity=0.2),
        threshold=Threshold(
            default=60,
            unit="degrees per second",
            low=10,
            high=720,
            at_low_sensitivity=90,
            at_high_sensitivity=50,
        ),
        feature=Feature.GAZE_TRACKING,
        needs="head",
        words=Words(
            title="Quick turns of the head",
            sentence=(
                "The head turned quickly {quick_turns} times within {window_seconds:s} (bound "
                "{quick_turns_bound} times above {degrees_per_second_bound} °/s; fastest "
                "{degrees_per_second} °/s)."
            ),
            raised="There is a lot of movement in the picture. Please sit as still as is comfortable.",
            cleared=_THANKS,
        ),
    ),
)
