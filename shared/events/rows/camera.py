"""A camera that shows nothing, and missing pictures."""

from __future__ import annotations

from typing import Final

from shared.events.row import (
    BY_COORDINATOR,
    BY_NODE,
    BY_PAGE,
    DefaultRule,
    EventRow,
    Gap,
    Side,
    Threshold,
    Words,
)
from shared.events.types import Action, EventClass, EventType

_NO_PICTURE: Final = "No picture arrived for {duration_seconds:s} (bound {hold_seconds:s})."

ROWS: Final = (
    EventRow(
        event=EventType.CAMERA_BLOCKED,
        event_class=EventClass.TECHNICAL,
        rule=DefaultRule(hold_s=3, clear_s=1, action=Action.WARNING),
        threshold=Threshold(default=12, unit="mean luma level", low=0, high=255, side=Side.BELOW),
        needs="picture",
        gap=Gap("picture", "The camera showed nothing: face and body are unknown."),
        words=Words(
            title="Camera shows nothing",
            sentence=(
                "The camera's picture was black or one even surface for {duration_seconds:s} (bound "
                "{hold_seconds:s}; mean brightness {mean_luma}, bound {mean_luma_bound}; variance "
                "{luma_variance}, bound {luma_variance_bound})."
            ),
            raised="The camera's picture is dark. Please check that nothing covers it.",
            cleared="Thank you, the camera's picture is back.",
        ),
    ),
    EventRow(
        event=EventType.CAMERA_FROZEN,
        event_class=EventClass.TECHNICAL,
        rule=DefaultRule(hold_s=10, clear_s=1, action=Action.WARNING),
        threshold=Threshold(
            default=0.25, unit="change of luma where it is largest, levels", low=0, high=5, side=Side.BELOW
        ),
        needs="picture",
        gap=Gap("picture", "The picture did not change: face and body are unknown."),
        words=Words(
            title="Camera picture does not change",
            sentence=(
                "The camera's picture did not change for {duration_seconds:s} (bound {hold_seconds:s}; "
                "largest change {change} levels, bound {change_bound})."
            ),
            raised="Your camera's picture does not change. Please check the camera.",
            cleared="Thank you, the camera's picture changes again.",
        ),
    ),
    EventRow(
        event=EventType.STREAM_STALLED,
        event_class=EventClass.TECHNICAL,
        rule=DefaultRule(hold_s=3),
        gap=Gap("picture", "No picture arrived: nothing could be seen."),
        words=Words(
            title="Video stopped arriving",
            sentence=_NO_PICTURE,
            raised="Your picture has not reached us for a moment. Your exam continues while we reconnect.",
            cleared="Your picture is back.",
        ),
    ),
    EventRow(
        event=EventType.CANDIDATE_OFFLINE,
        event_class=EventClass.TECHNICAL,
        raised_by=BY_NODE | BY_COORDINATOR,
        rule=DefaultRule(hold_s=10),
        later_stage_of=EventType.STREAM_STALLED,
        gap=Gap("picture", "No picture arrived for longer: nothing could be seen."),
        words=Words(
            title="Connection lost",
            sentence=_NO_PICTURE,
            raised="We have lost the connection. Your exam continues; please check your network.",
            cleared="The connection is back.",
        ),
    ),
    EventRow(
        event=EventType.LOW_FRAME_RATE,
        event_class=EventClass.TECHNICAL,
        rule=DefaultRule(hold_s=10, clear_s=5),
        # The levels without a GPU analyse 5 pictures a second; this is a fifth less.
        threshold=Threshold(default=4, unit="frames per second", low=0.5, high=60, side=Side.BELOW),
        slow=True,
        gap=Gap("coverage", "Few pictures arrived: short events may have been missed."),
        words=Words(
            title="Few pictures per second",
            sentence=(
                "Complete pictures arrived at {frames_per_second} per second and covered "
                "{covered_share:percent} of the time, with up to {longest_gap_seconds:s} between two, over "
                "{duration_seconds:s} "
                "(bounds: {covered_share_bound:percent} at {frames_per_second_bound} per second and "
                "{longest_gap_seconds_bound:s}, for {hold_seconds:s}; {damaged_share:percent} of those that "
                "arrived were damaged by losses and not analysed)."
            ),
            raised=(
                "Few complete pictures from your camera reach us. Your exam continues; closing other "
                "programs may help."
            ),
            cleared="Your camera's pictures reach us well again.",
        ),
    ),
    # What a level leaves out is ANALYSIS_DEGRADED; this is about looks that were to be made.
    EventRow(
        event=EventType.UNWATCHED,
        event_class=EventClass.TECHNICAL,
        rule=DefaultRule(clear_s=60),
        threshold=Threshold(default=0.1, unit="share of the last 60 s", low=0.02, high=1),
        gap=Gap("coverage", "Part of this time nobody looked or listened: its figures say how much."),
        words=Words(
            title="Not watched for part of the time",
            sentence=(
                "Of the last {window_seconds:s}, {unwatched_share:percent} were not watched (bound "
                "{unwatched_share_bound:percent}; {unwatched:semicolons}); what happened then is unknown."
            ),
            raised="We could not see or hear you for part of the last minute. Your exam goes on.",
            cleared="We see and hear you well again.",
        ),
    ),
    EventRow(
        event=EventType.VIRTUAL_CAMERA_SUSPECTED,
        event_class=EventClass.TECHNICAL,
        raised_by=BY_PAGE,
        rule=DefaultRule(),
        waited_for=False,
        words=Words(
            title="Camera may be a program",
            sentence=(
                "The camera is called “{device}” ({reason}). A name proves nothing, and most such programs "
                "are harmless."
            ),
        ),
    ),
)
